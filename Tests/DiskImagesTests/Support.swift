import Glibc
import Testing

@testable import DiskImages

/// A temporary folder, removed with its files at the end.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/pxebuild-images-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  private var names: [String] = []

  func write(_ bytes: [UInt8], to name: String = "image") throws -> String {
    if !names.contains(name) { names.append(name) }
    let file = try #require(fopen("\(path)/\(name)", "w"))
    defer { fclose(file) }
    try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    return "\(path)/\(name)"
  }

  func image(_ bytes: [UInt8]) throws -> DiskImage {
    try DiskImage(ImageFile(path: try write(bytes)))
  }
}

/// Every path of a tree: "/" for folders, "x" for what is executable, "-> TARGET" for links; files with
/// their size, and what their bytes add up to.
func listing(_ image: DiskImage, paths: [String]? = nil) throws -> [String] {
  func lines(_ folder: ImageTree.Folder, _ prefix: String) throws -> [String] {
    try folder.entries.sorted { $0.name < $1.name }.flatMap { entry -> [String] in
      let path = prefix + entry.name
      switch entry.kind {
      case .folder(let inner): return ["\(path)/"] + (try lines(inner, "\(path)/"))
      case .link(let target): return ["\(path) -> \(target)"]
      case .file(let content, let isExecutable):
        let bytes = try content.bytes(in: image.file, atMost: 1 << 24, name: path)
        let text = bytes.count < 40 ? String(decoding: bytes, as: UTF8.self) : ""
        let sum = bytes.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) }
        return [
          "\(path)\(isExecutable ? " x" : ""): \(bytes.count) \(text.isEmpty ? "#\(sum)" : text)"
        ]
      }
    }
  }
  return try lines(try ImageTree(image, paths: paths).root, "")
}

/// What reading all of an image says: "no error", or the error's reason.
func failure(_ bytes: [UInt8], paths: [String]? = nil) throws -> String {
  let folder = try Folder()
  do {
    _ = try listing(try folder.image(bytes), paths: paths)
    return "no error"
  } catch let error as ImageError {
    return error.reason
  }
}

/// Bytes that differ at every place.
func pattern(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}

func sum(_ bytes: [UInt8]) -> UInt32 { bytes.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) } }
