import SystemPackage

/// What is mounted and what is swap: proc_pid_mountinfo(5) and proc_swaps(5).
struct MountTable: Sendable {
  struct Mount: Sendable, Equatable {
    var number: DeviceNumber
    var place: String
    /// What was mounted: "/dev/sdb1", or a word.
    var source: String
  }

  private(set) var mounts: [Mount] = []
  /// Paths of devices and files.
  private(set) var swaps: [String] = []

  init(_ files: KernelFiles) {
    let process = files.root.appending("proc")
    for line in Self.lines(files, process.appending("self/mountinfo")) {
      let words = line.split(separator: " ").map(String.init)
      guard words.count > 6, let end = words.firstIndex(of: "-"), end + 2 < words.count,
        let number = DeviceNumber(words[2])
      else { continue }
      mounts.append(
        Mount(
          number: number, place: Self.unescaped(words[4]), source: Self.unescaped(words[end + 2])))
    }
    for line in Self.lines(files, process.appending("swaps")).dropFirst() {
      if let path = line.split(separator: " ").first { swaps.append(Self.unescaped(path)) }
    }
  }

  /// Where the file system that holds a path is mounted.
  ///
  /// - Parameter path: Absolute, without links.
  func place(holding path: String) -> String? {
    // Of two at one place the later one covers the other.
    mounts.map(\.place).filter { place in
      place == "/" || path == place || path.hasPrefix(place + "/")
    }.max { $0.utf8.count < $1.utf8.count }
  }

  private static func lines(_ files: KernelFiles, _ path: FilePath) -> [Substring] {
    (files.text(keepingLines: path) ?? "").split(separator: "\n")
  }

  /// Blanks and backslashes are written as a backslash and three octal digits.
  static func unescaped(_ text: some StringProtocol) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let digits = bytes[index...].dropFirst().prefix(3)
      if bytes[index] == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        result.append(value)
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
