import BuildEngine
import Glibc

/// Where an image comes from.
enum ImageReference: Sendable {
  case url(String)
  /// A target, or a file of this machine, which is read where it is.
  case file(ArtifactReference)
}

extension ValueType<ImageReference> {
  /// A URL, the name of a target, or a path that starts at the recipe's own folder unless it is absolute.
  static var image: ValueType {
    let url = ValueType<String>.url(["https", "http", "file"])
    let file = ValueType<ArtifactReference>.artifact
    return ValueType(name: "an image: a path, a target or a URL", schema: anyScalarSchema) {
      value, checker in
      guard case .scalar(let scalar) = value,
        scalar.text.contains("://") || scalar.text.contains("{{")
      else { return file.read(value, &checker).map(ImageReference.file) }
      guard let text = checker.text(scalar) else { return nil }
      if text.contains("://") { return url.read(value, &checker).map(ImageReference.url) }
      return file.read(value, &checker).map(ImageReference.file)
    }
  }
}

extension LocalFile {
  /// A path without "..", for people who read it elsewhere: links in its folders are followed, the file's own
  /// name stays, be it a link (to the newest of several images). The path itself when that cannot be done.
  static func resolved(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), let found = realpath(String(path[...slash]), nil)
    else { return path }
    defer { free(found) }
    let folder = String(cString: found)
    return (folder == "/" ? "" : folder) + path[slash...]
  }

  /// True when every user of the machine may read a file: a server is another user than who builds.
  static func isReadableByAll(_ path: String) -> Bool {
    guard let mode = Self.mode(path), mode & 0o004 != 0 else { return false }
    var folder = path[...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      guard let mode = Self.mode(folder.isEmpty ? "/" : String(folder)), mode & 0o001 != 0 else {
        return false
      }
    }
    return true
  }
}
