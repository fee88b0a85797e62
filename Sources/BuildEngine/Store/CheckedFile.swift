import SystemPackage

/// A small file that tells whether its bytes are those that were written: a line with the SHA-256 of the rest in
/// hexadecimal digits, then the rest. One that is damaged is as good as absent.
public enum CheckedFile {
  /// What was written; nil when there is no such file, or its bytes have changed since.
  public static func read(_ path: FilePath) throws -> ArraySlice<UInt8>? {
    try FileSystem.read(path).flatMap { content(of: $0) }
  }

  /// Replaces it in one step.
  public static func write(_ content: some Sequence<UInt8>, to path: FilePath) throws {
    let content = Array(content)
    try FileSystem.replace(path, with: Array("\(Digest(of: content).hex)\n".utf8) + content)
  }

  static func content(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
    let content = bytes.dropFirst(65)
    guard bytes.count >= 65, bytes[64] == UInt8(ascii: "\n"),
      Digest(of: content).hex.utf8.elementsEqual(bytes[..<64])
    else { return nil }
    return content
  }
}
