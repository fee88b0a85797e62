/// What a machine asked a server for, and what it got.
struct ServedRequest: Sendable, Equatable {
  enum Service: String, Sendable { case http, tftp }
  enum Outcome: String, Sendable {
    case sent
    case notFound = "not-found"
    /// It could not be read, the transfer was cut off, or the request was one that is not answered.
    case failed
  }

  var service: Service
  /// The address of the machine, where the server says it.
  var client: String?
  /// Of HTTP: "GET".
  var method: String?
  /// A path below the tree, without a slash before it; of HTTP with the query.
  var path: String
  var outcome: Outcome
  /// Of HTTP.
  var status: Int?
  /// Of HTTP: what was sent of the file, in bytes.
  var bytes: Int64?
  /// Of HTTP: the part that was asked for, as "0-99".
  var range: String?

  /// The request as a line for people.
  func line(_ style: Style) -> String {
    let who = (client ?? "").padded(toColumns: 15)
    let what = ([method].compactMap(\.self) + [path.isEmpty ? "/" : path.printable()])
      .joined(separator: " ")
    let paint: Style.Paint = outcome == .sent ? .green : .yellow
    return "\(service.rawValue)  \(who.printable())  \(what)  \(style(paint, result))"
  }

  private var result: String {
    let word =
      switch outcome {
      case .sent: "sent"
      case .notFound: "not found"
      case .failed: "not sent"
      }
    var facts = [word]
    if let status, status != 200, status != 206, status != 404 { facts.append("status \(status)") }
    if outcome == .sent, let bytes { facts.append(sizeText(bytes)) }
    if let range { facts.append("bytes \(range.printable())") }
    return facts.joined(separator: ", ")
  }

  /// The event `request` of docs/json.md.
  func json(at seconds: Double) -> JSON {
    .object([
      "event": .string("request"), "time": .seconds(seconds), "protocol": .string(service.rawValue),
      "client": client.map(JSON.string), "method": method.map(JSON.string), "path": .string(path),
      "outcome": .string(outcome.rawValue), "status": status.map { .integer(Int64($0)) },
      "bytes": outcome == .sent ? bytes.map(JSON.integer) : nil, "range": range.map(JSON.string),
    ])
  }
}

/// What a line of a server's log says.
enum ServerEvent: Sendable, Equatable {
  /// It has taken its port and answers.
  case ready
  case request(ServedRequest)
  /// Something that a person should read, in the server's own words.
  case said(String)
}

/// Understands the log of one server. What is of no interest becomes no event.
protocol ServerLog: Sendable {
  mutating func event(of line: String, from stream: Daemon.Stream) -> ServerEvent?
}
