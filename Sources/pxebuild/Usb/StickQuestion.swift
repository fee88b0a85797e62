import BuildEngine
import DiskWriter
import Glibc
import SystemPackage

/// Asks a person once before anything is lost.
struct StickQuestion: Sendable {
  let image: StickImage
  let device: String
  let place: DevicePlace
  let asks: Bool
  let console: Console

  /// Nil when it may be written, else what the command ends with.
  ///
  /// - Throws: `CancellationError` on Ctrl-C.
  func ask() async throws -> ExitStatus? {
    guard asks, losesAnything else { return nil }
    guard isatty(0) == 1, isatty(2) == 1, console.mode != .json else {
      console.show(
        BuildError(
          .cannotWrite, "nobody can be asked whether \(device.printable) may be written over",
          reason: "there is no terminal",
          advice: "when you are sure of the device: --yes"))
      return .usage
    }
    console.printErrors(
      description + [
        "All of it will be lost: \(image.text) will be written over it.",
        "Type \(name.printable) to go on:",
      ])
    let answer = try await line()
    if [name, device, "/dev/\(name)"].contains(answer) { return nil }
    console.printErrors(["Nothing was written."])
    return .targetFailed
  }

  private var losesAnything: Bool {
    if case .missing = place { return false }
    return (try? FileIdentity.of(FilePath(device), followingLinks: true))??.size != 0
      || isDisk
  }

  private var isDisk: Bool { if case .disk = place { true } else { false } }

  private var name: String {
    if case .disk(let disk, _) = place { return disk.name }
    return FilePath(device).lastComponent?.string ?? device
  }

  private var description: [String] {
    if case .disk(let disk, let contents) = place {
      return DiskText(disk: disk, contents: contents).lines
    }
    return ["\(device.printable) is there already."]
  }

  /// A line of standard input, without blanks around it. Waits so that Ctrl-C is heard.
  private func line() async throws -> String {
    var bytes: [UInt8] = []
    while true {
      var wanted = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 0) > 0 else {
        try await Task.sleep(for: .milliseconds(50))
        continue
      }
      var byte: UInt8 = 0
      let count = read(0, &byte, 1)
      if count < 0, errno == EINTR { continue }
      if count <= 0 || byte == UInt8(ascii: "\n") || bytes.count > 4096 { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
  }
}

extension StickImage {
  /// "usb/stick.img (16.8 MB)"
  var text: String { "\(source.name.printable) (\(sizeText(source.digest.size)))" }
}
