import ArgumentParser

/// An age on the command line: `30d`, `12h`, or a number of days.
struct AgeLimit: ExpressibleByArgument, Equatable, Sendable {
  var seconds: Int64

  init(seconds: Int64) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Int64] = ["h": 3600, "d": 86_400, "w": 604_800]
    guard let last = argument.last else { return nil }
    let digits = units[last] == nil ? argument[...] : argument.dropLast()
    guard let count = Int64(digits), (0...1_000_000).contains(count) else { return nil }
    seconds = count * (units[last] ?? 86_400)
  }
}

/// A size on the command line: `500M`, `20G`, or a number of bytes. Powers of 1000, as sizes are shown.
struct SizeLimit: ExpressibleByArgument, Equatable, Sendable {
  var bytes: Int64

  init?(argument: String) {
    let units: [Character: Int64] = [
      "k": 1000, "K": 1000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000,
    ]
    guard let last = argument.last else { return nil }
    let digits = units[last] == nil ? argument[...] : argument.dropLast()
    guard let count = Int64(digits), count >= 0 else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: units[last] ?? 1)
    guard !overflow else { return nil }
    self.bytes = bytes
  }
}
