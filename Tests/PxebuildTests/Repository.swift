import SystemPackage

/// The text of a file of this repository, by its path from the top.
func text(ofRepositoryFile path: String, here: String = #filePath) throws -> String {
  let top = FilePath(here).removingLastComponent().removingLastComponent().removingLastComponent()
  return try text(of: top.appending(path))
}

func text(of path: FilePath) throws -> String {
  let file = try FileDescriptor.open(path, .readOnly)
  defer { try? file.close() }  // nothing was written
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}
