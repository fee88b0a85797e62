import Foundation
import Synchronization
import Testing

/// A BIOS machine in QEMU that boots from its network card, the ROM of which is an iPXE (Debian's, of 2019 to
/// 2021): what it prints, and its keyboard.
///
/// It sees this machine's loopback as 10.0.2.2.
final class VirtualMachine: Sendable {
  static let hardwareAddress = "52:54:00:12:34:56"

  private let running: Running
  private let console: String
  private let monitor: String
  private let keyboard = Mutex<Int32>(-1)

  /// Nil, with a line that says so, when QEMU or the ROM is not installed.
  ///
  /// - Parameter script: The URL that DHCP names.
  init?(_ site: Site, script: String) throws {
    guard let qemu = Binary.find("qemu-system-x86_64"),
      FileManager.default.fileExists(atPath: "/usr/lib/ipxe/qemu/pxe-e1000.rom")
    else {
      print("SKIPPED: booting a menu needs qemu-system-x86 and ipxe-qemu")
      return nil
    }
    let name = "\(site.scratch)/machine-\(UInt32.random(in: 0 ... .max))"
    console = "\(name).serial"
    monitor = "\(name).monitor"
    running = try Running(
      [
        qemu, "-accel", "tcg", "-machine", "pc,graphics=off", "-m", "256", "-nodefaults",
        "-vga", "none", "-display", "none", "-no-reboot", "-boot", "n",
        "-device", "e1000,netdev=n0,mac=\(Self.hardwareAddress)",
        "-netdev", "user,id=n0,bootfile=\(script)", "-serial", "file:\(console)",
        "-monitor", "unix:\(monitor),server,nowait",
      ], environment: site.environment, folder: site.folder, scratch: site.scratch)
  }

  /// Everything printed so far, without the sequences that move the cursor and set colours (ECMA-48).
  var screen: String {
    let text = String(
      decoding: FileManager.default.contents(atPath: console) ?? Data(), as: UTF8.self)
    return text.replacing(#/\u{1b}\[[0-9;]*[A-Za-z]/#, with: "\n")
  }

  /// Waits until a text has been printed so many times.
  func wait(for text: String, times: Int = 1) async throws {
    try await wait("\(text), \(times) times") {
      screen.split(separator: text, omittingEmptySubsequences: false).count > times
    }
  }

  /// Waits until a condition holds, at most three minutes.
  func wait(_ what: String, until condition: () -> Bool) async throws {
    let start = ContinuousClock.now
    while !condition() {
      guard ContinuousClock.now - start < .seconds(180) else {
        throw NotSeen(what: what, screen: String(screen.suffix(3000)))
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  struct NotSeen: Error { let what: String, screen: String }

  /// Presses a key, by QEMU's name for it: "a", "ret", "esc", "down".
  func press(_ key: String) throws {
    let monitor = monitor
    let descriptor = try keyboard.withLock { descriptor in
      if descriptor < 0 { descriptor = try connection(to: monitor) }
      return descriptor
    }
    let command = Array("sendkey \(key)\n".utf8)
    guard write(descriptor, command, command.count) == command.count else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }

  /// Switches it off.
  func stop() async {
    running.send(SIGKILL)
    _ = await running.wait()
    keyboard.withLock { if $0 >= 0 { close($0) } }
  }
}

private func connection(to path: String) throws -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) {
    $0.copyBytes(from: path.utf8.prefix($0.count - 1))
  }
  let length = socklen_t(MemoryLayout<sockaddr_un>.size)
  let isConnected = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) == 0 }
  }
  guard isConnected else {
    close(descriptor)
    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
  }
  return descriptor
}
