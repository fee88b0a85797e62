/// One of `files:`: a file or folder, and where it goes in an image.
struct ImageFile: Sendable {
  /// With "/"; empty for the image's root.
  var path: String
  var source: ArtifactReference
}

extension ValueType<[ImageFile]> {
  /// A folder (or several) for the image's root, or a mapping of paths in the image.
  static var imageFiles: ValueType {
    let artifact = ValueType<ArtifactReference>.artifact
    let roots = ValueType<[ArtifactReference]>.oneOrList(artifact)
    let schema: JSON = [
      "anyOf": [roots.schema, ["type": "object", "additionalProperties": artifact.schema]]
    ]
    return ValueType(name: "files by their paths in the image", schema: schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        return roots.read(value, &checker)?.map { ImageFile(path: "", source: $0) }
      }
      let files = mapping.entries.compactMap { key, value -> ImageFile? in
        guard let path = path(key, &checker), let source = artifact.read(value, &checker) else {
          return nil
        }
        return ImageFile(path: path, source: source)
      }
      return files.count == mapping.entries.count ? files : nil
    }
  }

  /// A path as people write it for Windows or Linux; nil after an error.
  private static func path(_ key: Scalar, _ checker: inout Checker) -> String? {
    var path = key.text.replacing("\\", with: "/")[...]
    while path.hasPrefix("/") { path = path.dropFirst() }
    while path.hasSuffix("/") { path = path.dropLast() }
    if path.isEmpty, !key.text.isEmpty { return "" }
    if path.contains(":") {
      checker.error(
        "a path in the image has no drive: \(quoted(key.text))", at: key.location,
        help: "write it from the root on: Windows/System32/tools")
      return nil
    }
    guard let problem = TargetPath.problem(with: String(path)) else { return String(path) }
    checker.error(
      path.split(separator: "/").contains("..")
        ? "the path leaves the image by \"..\": \(quoted(key.text))"
        : "\(problem): \(quoted(key.text))", at: key.location,
      help: "write the path in the image, like Windows/System32/tools")
    return nil
  }
}
