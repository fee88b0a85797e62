import BuildEngine
import SystemPackage

/// The log of a server in a lab. What cannot be read is no more than a message without its context.
enum LogText {
  static func text(_ path: FilePath) -> String {
    String(decoding: (try? FileSystem.read(path)) ?? [], as: UTF8.self)
  }

  /// The lines with text in them.
  static func lines(_ path: FilePath) -> [String] {
    text(path).split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
