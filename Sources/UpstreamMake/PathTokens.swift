/// The words of a command line that may be paths, without any knowledge of the program they are for.
///
/// A line is split at blanks, quotes and the characters that shells and options put around a path, so
/// that `>bin/x.map`, `-Map=bin/x.map` and `"bin/x"` all give the path.
struct PathTokens: Sendable {
  /// In the order of the line, a leading `./` removed; may repeat.
  let tokens: [String]
  /// The word after the last `-o`.
  let compiledFile: String?
  /// The word after a `>`.
  let redirectedFile: String?
  /// The word after a `>>`.
  let appendedFile: String?

  init(_ text: String) {
    var tokens: [String] = []
    var compiled: String?
    var redirected: String?
    var appended: String?
    var redirections = 0
    var expectsObject = false
    var word: [UInt8] = []
    func finish() {
      guard !word.isEmpty else { return }
      var bytes = word[...]
      while bytes.starts(with: "./".utf8) { bytes = bytes.dropFirst(2) }
      let token = String(decoding: bytes, as: UTF8.self)
      word.removeAll(keepingCapacity: true)
      if expectsObject { compiled = token }
      if redirections == 1 { redirected = token }
      if redirections >= 2 { appended = token }
      redirections = 0
      expectsObject = token == "-o"
      tokens.append(token)
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: ">"):
        finish()
        redirections += 1
      case _ where Self.separators.contains(byte):
        finish()
      default:
        word.append(byte)
      }
    }
    finish()
    self.tokens = tokens
    compiledFile = compiled
    redirectedFile = redirected
    appendedFile = appended
  }

  private static let separators = Set(" \t\n\\'\"=,()<|;:&".utf8)
}
