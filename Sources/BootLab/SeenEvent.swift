/// Something that was seen on a machine's cable: what it means, when it passed, and what else it says.
public struct SeenEvent: Sendable, Equatable {
  /// Something that a packet says beside its event, for people.
  public struct Detail: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public var event: NetworkEvent
  /// Since power-on.
  public var seconds: Double
  /// IPv4 addresses; empty where they are not known.
  public var from: String
  public var to: String
  /// Of DHCP: the kind of message and its options.
  public var details: [Detail]

  public init(
    _ event: NetworkEvent, seconds: Double, from: String = "", to: String = "",
    details: [Detail] = []
  ) {
    self.event = event
    self.seconds = seconds
    self.from = from
    self.to = to
    self.details = details
  }
}

extension SeenEvent {
  /// The event as words of a line between processes; `init(words:)` reads them.
  var words: [String] {
    [String(Int((seconds * 1000).rounded())), from, to, String(details.count)]
      + details.flatMap { [$0.name, $0.value] } + event.words
  }

  /// Nil for words that are none.
  init?(words: ArraySlice<String>) {
    let words = Array(words)
    guard words.count > 4, let time = Int(words[0]), let count = Int(words[3]),
      (0...words.count / 2).contains(count), words.count > 4 + 2 * count,
      let event = NetworkEvent(words: Array(words[(4 + 2 * count)...]))
    else { return nil }
    let details = (0..<count).map { Detail(words[4 + 2 * $0], words[5 + 2 * $0]) }
    self.init(
      event, seconds: Double(time) / 1000, from: words[1], to: words[2], details: details)
  }
}
