extension SourceFile {
  /// Makes a file of its bytes; throws when they are not UTF-8, at the first byte that is not.
  static func decode(_ bytes: [UInt8], name: String, folder: String) throws(RecipeErrors)
    -> SourceFile
  {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    let content = bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes
    if content.allSatisfy({ $0 < 0x80 }) || String(validating: content, as: UTF8.self) != nil {
      return SourceFile(name: name, folder: folder, bytes: content)
    }
    let isWide = bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
    let repaired = String(decoding: content, as: UTF8.self)
    let shown = SourceFile(name: name, folder: folder, bytes: Array(repaired.utf8))
    // The first byte that the repaired text does not have is where the text stops being UTF-8.
    let index = zip(content, shown.bytes).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
    let place = shown.position(ofByte: index)
    throw RecipeErrors(
      Diagnostic(
        isWide ? "\(name) is UTF-16, not UTF-8" : "\(name) is not UTF-8",
        at: isWide ? nil : SourceLocation(shown, line: place.line, offset: place.offset),
        help: "save the file as UTF-8"))
  }
}
