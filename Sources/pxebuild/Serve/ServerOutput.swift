import Glibc
import Synchronization

/// Puts what all servers print into one readable stream.
final class ServerOutput: Sendable {
  private struct State {
    /// The last things that each server said itself.
    var tails: [String: [String]] = [:]
    var waitingFor: Set<String>
  }

  private let state: Mutex<State>
  private let place: ServePlace
  private let console: Console

  /// - Parameter servers: Their names; once all are ready, it is said where they answer.
  init(servers: [String], place: ServePlace, console: Console) {
    state = Mutex(State(waitingFor: Set(servers)))
    self.place = place
    self.console = console
  }

  /// Takes what a server says.
  func receive(_ event: ServerEvent, of server: String) {
    state.withLock { state in
      switch event {
      case .ready:
        if state.waitingFor.remove(server) != nil, state.waitingFor.isEmpty { announce() }
      case .request(let request):
        print(request.line(console.outputStyle), request.json(at: console.seconds))
      case .said(let text):
        state.tails[server] = Array(((state.tails[server] ?? []) + [text]).suffix(10))
        let name = server.padded(toColumns: 7)
        print(
          "\(name)  \(text.printable())",
          Self.message(text, of: server, at: console.seconds))
      }
    }
  }

  func tail(of server: String) -> [String] { state.withLock { $0.tails[server] ?? [] } }

  func stopped() {
    if console.mode != .json { console.printNotes(["stopped; nothing is served any more"]) }
  }

  private func announce() {
    print(
      "serving \(place.httpURL)/ and \(place.tftpURL)/"
        + (place.isProxy
          ? " and telling machines on \(place.interface?.name ?? "") to boot it" : "")
        + "; Ctrl-C ends it",
      place.json(at: console.seconds))
  }

  /// The event `server-message` of docs/json.md.
  static func message(_ text: String, of server: String, at seconds: Double) -> JSON {
    .object([
      "event": .string("server-message"), "time": .seconds(seconds), "server": .string(server),
      "text": .string(text),
    ])
  }

  /// Somebody may have stopped reading; whoever boots is served all the same.
  private func print(_ line: String, _ event: JSON) {
    switch console.mode {
    case .quiet: return
    case .json: console.printEvent(event)
    case .live, .plain: try? console.printResults(["\(Self.clock)  \(line)"])
    }
  }

  /// The time of day here, "15:04:05".
  private static var clock: String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec]
      .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
