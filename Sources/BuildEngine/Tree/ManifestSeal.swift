/// The last member of a manifest: the SHA-256 of all that stands before it. A bit that flips in the list of our files must
/// neither make somebody else's file ours nor ours somebody else's.
enum ManifestSeal {
  private static let start = Array(",\n  \"seal\" : \"".utf8)
  private static let end = Array("\"\n}\n".utf8)

  /// - Parameter object: A JSON object that ends with its closing bracket in a line of its own.
  static func sealing(_ object: [UInt8]) -> [UInt8] {
    let content = object.dropLast(2)
    return content + start + Digest(of: content).hex.utf8 + end
  }

  /// False when it is sealed and no longer what was sealed. One without a seal was written by an older pxebuild, or by
  /// hand.
  static func isWhole(_ bytes: [UInt8]) -> Bool {
    let seal = bytes.suffix(start.count + 64 + end.count)
    guard seal.starts(with: start), seal.suffix(end.count).elementsEqual(end) else { return true }
    let digest = seal.dropFirst(start.count).dropLast(end.count)
    return Digest(of: bytes[..<seal.startIndex]).hex.utf8.elementsEqual(digest)
  }
}
