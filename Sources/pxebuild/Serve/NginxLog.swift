import Recipes

/// The log of an nginx that runs with `NginxConfig` in the foreground: requests on standard output, one a line
/// with `NginxConfig.logFields`; everything else on standard error.
struct NginxLog: ServerLog {
  mutating func event(of line: String, from stream: Daemon.Stream) -> ServerEvent? {
    switch stream {
    case .output: Self.request(line).map(ServerEvent.request)
    case .errors: Self.message(line)
    }
  }

  private static func request(_ line: String) -> ServedRequest? {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == NginxConfig.logFields.count, let status = Int(fields[3]) else {
      return nil
    }
    let outcome: ServedRequest.Outcome =
      (200..<400).contains(status) ? .sent : status == 404 ? .notFound : .failed
    let range = fields[5].hasPrefix("bytes=") ? String(fields[5].dropFirst(6)) : nil
    let path = decoded(String(fields[2]))
    return ServedRequest(
      service: .http, client: String(fields[0]), method: String(fields[1]),
      path: path.hasPrefix("/") ? String(path.dropFirst()) : path, outcome: outcome,
      status: status, bytes: Int64(fields[4]), range: range)
  }

  /// "2026/11/26 15:00:00 [notice] 12#12: start worker processes", or "nginx: [emerg] …".
  private static func message(_ line: String) -> ServerEvent? {
    if line.hasSuffix("start worker processes") { return .ready }
    guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]") else {
      return line.isEmpty ? nil : .said(line)
    }
    let level = line[line.index(after: open)..<close]
    guard level != "notice", level != "info", level != "debug" else { return nil }
    // Compiled in, opened before the file that says otherwise is read.
    if level == "alert", line.contains("could not open error log file") { return nil }
    var text = line[line.index(after: close)...].drop { $0 == " " }
    // "12#12: *3 …": process, thread and connection.
    if let colon = text.firstRange(of: ": "),
      text[..<colon.lowerBound].allSatisfy({ $0.isNumber || $0 == "#" })
    {
      text = text[colon.upperBound...]
    }
    return .said(String(text))
  }

  /// A URL's path as the name of a file: nginx's `\xNN` and the URL's `%NN` undone.
  private static func decoded(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), let byte = hexadecimal(bytes, at: index + 1) {
        result.append(byte)
        index += 3
      } else if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count,
        bytes[index + 1] == UInt8(ascii: "x"), let byte = hexadecimal(bytes, at: index + 2)
      {
        result.append(byte)
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func hexadecimal(_ bytes: [UInt8], at index: Int) -> UInt8? {
    guard index + 2 <= bytes.count else { return nil }
    return UInt8(String(decoding: bytes[index..<(index + 2)], as: UTF8.self), radix: 16)
  }
}
