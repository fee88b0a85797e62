/// What a lab says while it runs, one line each on its standard output.
public enum LabReport: Sendable, Equatable {
  /// The servers answer, and the machine is switched on.
  case powered
  /// Something passed on the cable.
  case seen(SeenEvent)
  /// A program of the lab ended by itself; the status is 128 and a signal's number when one ended it.
  case ended(name: String, status: Int)
  /// The lab cannot be.
  case failed(reason: String)
  /// These ports are still not taken, long after the servers were started.
  case silent(ports: String)

  /// A line without its end.
  var line: String {
    let words =
      switch self {
      case .powered: ["powered"]
      case .seen(let seen): ["seen"] + seen.words
      case .ended(let name, let status): ["ended", name, String(status)]
      case .failed(let reason): ["failed", reason]
      case .silent(let ports): ["silent", ports]
      }
    return words.map(Self.escaped).joined(separator: "\t")
  }

  /// Nil for a line that is none of a lab's.
  public init?(line: String) {
    let words = line.split(separator: "\t", omittingEmptySubsequences: false)
      .map { Self.unescaped($0) }
    switch (words.first, words.count) {
    case ("powered", 1): self = .powered
    case ("seen", _):
      guard let seen = SeenEvent(words: words.dropFirst()) else { return nil }
      self = .seen(seen)
    case ("ended", 3): self = .ended(name: words[1], status: Int(words[2]) ?? 0)
    case ("failed", 2): self = .failed(reason: words[1])
    case ("silent", 2): self = .silent(ports: words[1])
    default: return nil
    }
  }

  /// Machines say what they like: no byte of it ends a word or a line.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || scalar == "%" {
        result += (scalar.value < 16 ? "%0" : "%") + String(scalar.value, radix: 16)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func unescaped(_ text: Substring) -> String {
    let parts = text.split(separator: "%", omittingEmptySubsequences: false)
    var result = String(parts[0])
    for part in parts.dropFirst() {
      guard let code = UInt32(part.prefix(2), radix: 16), let scalar = Unicode.Scalar(code) else {
        continue
      }
      result.unicodeScalars.append(scalar)
      result += part.dropFirst(2)
    }
    return result
  }
}
