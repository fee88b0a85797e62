import BootLab
import Foundation
import Synchronization
import Testing

/// A machine in QEMU that boots from its network card, the ROM of which is an iPXE (Debian's, of 2019 to
/// 2021), or from a disc: what it prints, and its keyboard.
///
/// It sees this machine's loopback as 10.0.2.2.
final class VirtualMachine: Sendable {
  static let hardwareAddress = "52:54:00:12:34:56"

  private let running: Running
  private let console: String
  private let monitor: String
  private let keyboard = Mutex<Int32>(-1)

  enum Firmware: CaseIterable, Sendable { case bios, uefi }

  /// Nil, with a line that says so, when QEMU, the ROM or the firmware is not installed.
  ///
  /// - Parameters:
  ///   - script: The URL that DHCP names.
  ///   - disc: The path of an image to boot from, in place of the network.
  init?(_ site: Site, script: String = "", disc: String? = nil, firmware: Firmware = .bios) throws {
    let code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
    guard let qemu = Binary.find("qemu-system-x86_64"),
      FileManager.default.fileExists(atPath: "/usr/lib/ipxe/qemu/pxe-e1000.rom"),
      firmware == .bios || FileManager.default.fileExists(atPath: code)
    else {
      print("SKIPPED: booting needs qemu-system-x86, ipxe-qemu and ovmf")
      return nil
    }
    let name = "\(site.scratch)/machine-\(UInt32.random(in: 0 ... .max))"
    console = "\(name).serial"
    monitor = "\(name).monitor"
    var machine = ["-machine", "pc,graphics=off", "-m", "256"]
    if firmware == .uefi {
      let settings = "\(name).vars"
      try FileManager.default.copyItem(
        atPath: "/usr/share/OVMF/OVMF_VARS_4M.fd", toPath: settings)
      machine = [
        "-machine", "q35", "-m", "512", "-drive", "if=pflash,format=raw,readonly=on,file=\(code)",
        "-drive", "if=pflash,format=raw,file=\(settings)",
      ]
    }
    let place =
      disc.map { ["-boot", "d", "-cdrom", $0] } ?? [
        "-boot", "n", "-device", "e1000,netdev=n0,mac=\(Self.hardwareAddress)",
        "-netdev", "user,id=n0,bootfile=\(script)",
      ]
    running = try Running(
      [qemu, "-accel", "tcg"] + machine + [
        "-nodefaults", "-vga", "none", "-display", "none", "-no-reboot", "-serial",
        "file:\(console)", "-monitor", "unix:\(monitor),server,nowait",
      ] + place, environment: site.environment, folder: site.folder, scratch: site.scratch)
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
      if descriptor < 0 { descriptor = try UnixSocket.connect(to: monitor) }
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
