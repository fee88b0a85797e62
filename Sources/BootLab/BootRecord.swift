/// Everything that was seen of a boot.
public struct BootRecord: Sendable, Equatable {
  public var events: [SeenEvent] = []
  /// What the machine printed, with the sequences that move the cursor and set colours (ECMA-48).
  public var console = ""
  /// What the DHCP server wrote into its log.
  public var serverLog = ""
  /// How it ended where it came to no verdict by itself.
  public var end: BootEnd?

  public init() {}

  /// The console's lines with text in them, without sequences for terminals.
  public var consoleLines: [String] { Self.lines(of: console) }

  static func lines(of console: String) -> [String] {
    // A menu is drawn again and again; its frames are told apart by where the cursor is sent.
    console.replacing(#/\u{1b}\[[0-9;?=]*[hlm]/#, with: "")
      .replacing(#/\u{1b}(\[[0-9;?=]*[A-Za-z]|c)/#, with: "\n")
      .split(whereSeparator: \.isNewline)
      .map { line in line.filter { !$0.unicodeScalars.contains { $0.value < 0x20 } } }
      .filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
