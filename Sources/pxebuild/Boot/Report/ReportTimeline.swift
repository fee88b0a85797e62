import BootLab

/// What passed on a machine's cable, as rows for people: a question and what came back are one row where that can
/// be told.
struct ReportTimeline: Sendable, Equatable {
  struct Row: Sendable, Equatable {
    var seconds: Double
    /// "DHCP", "TFTP", "HTTP", "TCP".
    var way: String
    var from: String
    var to: String
    var what: String
    /// What came back; nil where nothing has.
    var answer: String?
    var isBad = false
    var details: [SeenEvent.Detail] = []
  }

  private(set) var rows: [Row] = []

  init(_ events: [SeenEvent]) {
    for event in events { add(event) }
  }

  private mutating func add(_ seen: SeenEvent) {
    switch seen.event {
    case .asked(let client):
      let kind = seen.kind ?? "question"
      let who = client.isIPXE ? "iPXE" : client.architecture.map { "architecture \($0)" }
      rows.append(row(seen, "DHCP", "\(kind)\(who.map { " of \($0)" } ?? "")"))
    case .answered(_, let answer):
      var row = row(seen, "DHCP", seen.kind ?? "answer")
      row.answer = Self.words(of: answer)
      rows.append(row)
    case .readStarted(let file): rows.append(row(seen, "TFTP", "read \(file)"))
    case .readFinished(let file, let bytes, _):
      finish("TFTP", "read \(file)", "\(bytes) bytes in ", at: seen)
    case .readFailed(let file, let code, let message):
      // edk2 asks for the size first, and breaks that off itself.
      let isBrokenOff = code == 8 || code == 0
      finish(
        "TFTP", "read \(file)", isBrokenOff ? "broken off" : "error \(code): \(message)", at: seen,
        isBad: !isBrokenOff)
    case .requested(let path, let agent):
      rows.append(row(seen, "HTTP", "GET \(path)", [.init("User-Agent", agent)]))
    case .responded(let path, _, let status, let bytes):
      let size = bytes.map { ", \($0) bytes" } ?? ""
      finish("HTTP", "GET \(path)", "\(status)\(size) after ", at: seen, isBad: status >= 400)
    case .mounted(let path, let status):
      var row = row(seen, "NFS", "mount \(path)")
      (row.from, row.to) = (row.to, row.from)
      row.answer = status == 0 ? "granted" : "error \(status)"
      row.isBad = status != 0
      rows.append(row)
    case .refused(let address, let port):
      var row = row(seen, "TCP", "port \(port) of \(address)")
      (row.from, row.to) = (row.to, row.from)
      row.answer = "nobody listens there"
      row.isBad = true
      rows.append(row)
    }
  }

  private func row(
    _ seen: SeenEvent, _ way: String, _ what: String, _ details: [SeenEvent.Detail] = []
  ) -> Row {
    Row(
      seconds: seen.seconds, way: way, from: seen.from, to: seen.to, what: what,
      details: details + seen.details)
  }

  private static func words(of answer: NetworkEvent.Answer) -> String {
    var words: [String] = []
    if let address = answer.address { words.append("address \(address)") }
    if let file = answer.file {
      words.append("boot \(file) from \(answer.server ?? "no server")")
    } else if answer.hasMenu {
      words.append("a boot server to ask")
    } else {
      words.append("nothing to boot")
    }
    return words.joined(separator: ", ")
  }

  /// Writes what came back into the row of the question; a row of its own where there is none.
  ///
  /// - Parameter answer: One that ends in a blank is followed by how long it took.
  private mutating func finish(
    _ way: String, _ what: String, _ answer: String, at seen: SeenEvent, isBad: Bool = false
  ) {
    let open = rows.lastIndex { $0.way == way && $0.what == what && $0.answer == nil }
    let index = open ?? rows.count
    if open == nil {
      rows.append(row(seen, way, what))
      (rows[index].from, rows[index].to) = (seen.to, seen.from)
    }
    let time = durationText(seen.seconds - rows[index].seconds)
    rows[index].answer = answer.hasSuffix(" ") ? answer + time : answer
    rows[index].isBad = isBad
  }
}

extension SeenEvent {
  /// "DISCOVER", "OFFER".
  fileprivate var kind: String? { details.first { $0.name == "message" }?.value }
}
