/// The log of a dnsmasq in the foreground, on standard error: "dnsmasq-tftp[12]: sent /tree/a to 10.0.0.5".
struct DnsmasqLog: ServerLog {
  /// The folder that it serves, with a slash at the end.
  let root: String

  mutating func event(of line: String, from stream: Daemon.Stream) -> ServerEvent? {
    guard let colon = line.firstRange(of: ": ") else {
      return line.isEmpty ? nil : .said(line)
    }
    let service = line[..<colon.lowerBound].prefix { $0 != "[" }
    let text = String(line[colon.upperBound...])
    switch service {
    case "dnsmasq-tftp": return tftp(text)
    case "dnsmasq-dhcp": return .said(text)
    // What it is compiled with, what it is called, that it ends.
    case "dnsmasq":
      let isOfNoInterest = ["started", "compile time", "exiting", "chown of"].contains {
        text.hasPrefix($0)
      }
      return isOfNoInterest ? nil : .said(text)
    default: return .said(line)
    }
  }

  private func tftp(_ text: String) -> ServerEvent? {
    if text.hasPrefix("TFTP root is ") { return .ready }
    let forms: [(start: String, middle: String, outcome: ServedRequest.Outcome)] = [
      ("sent ", " to ", .sent), ("failed sending ", " to ", .failed),
      ("file ", " not found for ", .notFound), ("cannot access ", ": ", .failed),
    ]
    for form in forms where text.hasPrefix(form.start) {
      // The last one: a file's name may hold the same words.
      guard let middle = text.ranges(of: form.middle).last else { continue }
      let path = text[text.index(text.startIndex, offsetBy: form.start.count)..<middle.lowerBound]
      let client = text[middle.upperBound...]
      return .request(
        ServedRequest(
          service: .tftp, client: form.middle == ": " ? nil : String(client),
          path: path.hasPrefix(root) ? String(path.dropFirst(root.count)) : String(path),
          outcome: form.outcome))
    }
    if text.hasSuffix(" not found"), text.hasPrefix("file ") {
      // Before 2.87 it did not say for whom.
      let path = text.dropFirst("file ".count).dropLast(" not found".count)
      return .request(
        ServedRequest(
          service: .tftp,
          path: path.hasPrefix(root) ? String(path.dropFirst(root.count)) : String(path),
          outcome: .notFound))
    }
    return .said(text)
  }
}
