/// What a booting machine loads: a target, a path inside a target that is a folder, or a URL elsewhere.
struct ServedReference: Sendable {
  enum Place: Hashable, Sendable {
    /// A path in the output tree.
    case tree(String)
    /// A URL, or an address that iPXE's SAN drivers understand.
    case elsewhere(String)
  }

  let place: Place
  /// The folder of the recipe that names it.
  let folder: String
  let location: SourceLocation
  /// What to do when there is no such target, where that is not the usual thing.
  var help: String?
}

extension ValueType<ServedReference> {
  /// A file or folder that a machine loads.
  static var served: ValueType { served("a target, a path inside one, or a URL", sanSchemes: []) }

  /// The same, or the address of a network disk: `iscsi:…`, `aoe:…`.
  static var disk: ValueType {
    served("a target, a path inside one, a URL, or iscsi:…", sanSchemes: ["iscsi:", "aoe:"])
  }

  private static func served(_ name: String, sanSchemes: [String]) -> ValueType {
    .scalar(name, schema: anyScalarSchema) { text, scalar, checker in
      guard checker.isPlainForIPXE(text, scalar) else { return nil }
      func reference(_ place: ServedReference.Place) -> ServedReference {
        ServedReference(
          place: place, folder: scalar.location.file.folder, location: scalar.location)
      }
      if text.contains("://") {
        let schemes = ["http", "https", "tftp", "ftp", "nfs"]
        return ValueType<String>.url(schemes).read(.scalar(scalar), &checker)
          .map { reference(.elsewhere($0)) }
      }
      if sanSchemes.contains(where: text.hasPrefix), !text.contains(" ") {
        return reference(.elsewhere(text))
      }
      var path = text[...]
      while path.hasSuffix("/") { path = path.dropLast() }
      if let problem = TargetPath.problem(with: String(path)) {
        checker.error(
          "expected \(name): \(problem)", at: scalar.location,
          help: "write the path in the output tree, like winpe/boot.wim")
        return nil
      }
      let found = reference(.tree(String(path)))
      checker.servedReferences.append(found)
      return found
    }
  }
}

extension RecipeSet {
  /// The target that a path in the tree belongs to, and the path inside it when that is a folder.
  func owner(of path: String) -> (target: Target, inner: String?)? {
    if let target = target(path) { return (target, nil) }
    var folder = path[...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      if let target = target(String(folder)) {
        return (target, String(path[path.index(after: slash)...]))
      }
    }
    return nil
  }

  /// The targets that a target names, with the place of each name.
  func targets(namedBy target: Target) -> [(target: Target, location: SourceLocation)] {
    let files = target.references.compactMap { reference in
      self.target(reference.name).map { ($0, reference.location) }
    }
    let served = target.servedReferences.compactMap { reference in
      guard case .tree(let path) = reference.place else {
        return nil as (Target, SourceLocation)?
      }
      return owner(of: path).map { ($0.target, reference.location) }
    }
    return files + served
  }
}
