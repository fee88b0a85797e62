import BootLab
import BuildEngine
import BuiltIns
import Glibc
import SystemPackage

/// What the probe of KVM has found, kept in a file until this machine is started again, or its kernel or the emulator
/// is another. A probe takes up to four seconds.
struct ProbeMemory: Sendable {
  private let file: FilePath
  /// What has to be as it was.
  private let conditions: String

  /// How long a "no" is believed, in seconds: a machine that was too busy may not be so any more.
  static let longestNo: Int64 = 3600

  init(file: FilePath, conditions: String) {
    self.file = file
    self.conditions = conditions
  }

  /// In the person's folder for caches (XDG Base Directory Specification); nil where there is none, or it belongs
  /// to somebody else, as a home that sudo has left as it was.
  init?(emulator: FilePath) {
    guard let caches = Self.caches, let name = emulator.lastComponent?.string else { return nil }
    var kernel = utsname()
    guard uname(&kernel) == 0,
      let start = try? FileSystem.read("/proc/sys/kernel/random/boot_id"),
      let program = try? FileIdentity.of(FilePath(emulator.string)), !start.isEmpty
    else { return nil }
    func text<Field>(_ field: Field) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    self.init(
      file: caches.appending("pxebuild").appending("kvm-\(name)"),
      conditions: [
        String(decoding: start, as: UTF8.self).filter { !$0.isWhitespace },
        text(kernel.release), text(kernel.version), emulator.string,
        "\(program.inode).\(program.size).\(program.changed)",
      ].joined(separator: " "))
  }

  private static var caches: FilePath? {
    func variable(_ name: String) -> FilePath? {
      // A path that is not absolute counts as none.
      getenv(name).map { FilePath(String(cString: $0)) }.flatMap { $0.isAbsolute ? $0 : nil }
    }
    let own = variable("XDG_CACHE_HOME") ?? variable("HOME")?.appending(".cache")
    guard var folder = own else { return nil }
    var status = stat()
    while folder.withPlatformString({ stat($0, &status) }) != 0 {
      guard folder.removeLastComponent() else { return nil }
    }
    return status.st_uid == geteuid() ? own : nil
  }

  /// - Parameter now: Seconds since 1970.
  /// - Returns: Nil where nothing is known, for whatever reason: then it takes a probe.
  func recall(now: Int64 = Int64(time(nil))) -> Machine.Accelerator? {
    guard let bytes = try? FileSystem.read(file) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[0] == conditions, let then = Int64(lines[2]),
      let found = Machine.Accelerator(rawValue: String(lines[1]))
    else { return nil }
    return found == .kvm || (0..<Self.longestNo).contains(now &- then) ? found : nil
  }

  /// Where that cannot be written, the next one probes again.
  func remember(_ found: Machine.Accelerator, now: Int64 = Int64(time(nil))) {
    let text = "\(conditions)\n\(found.rawValue)\n\(now)\n"
    try? FileSystem.createDirectories(file.removingLastComponent())
    try? FileSystem.replace(file, with: text.utf8)
  }
}
