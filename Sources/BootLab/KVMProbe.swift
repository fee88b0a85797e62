import BuildEngine
import Glibc
import Subprocess
import SystemPackage

extension Machine.Accelerator {
  /// KVM where a guest really runs under it, else the translator. That the device is there says nothing: it may
  /// belong to others, or the processor may lack what it needs.
  public static func available(emulator: FilePath) async -> Self {
    guard access("/dev/kvm", R_OK | W_OK) == 0 else { return .tcg }
    return await runsGuest(.kvm, emulator: emulator) ? .kvm : .tcg
  }

  /// True when a guest of one instruction that matters runs to its end: it writes 16 to a port that QEMU ends at.
  static func runsGuest(_ accelerator: Self, emulator: FilePath) async -> Bool {
    guard let folder = try? LabFolder(for: "probe") else { return false }
    defer { folder.remove() }
    // The processor starts 16 bytes before the end: mov al, 16; out 0xf4, al; hlt; jmp to hlt.
    var image = [UInt8](repeating: 0, count: 64 * 1024)
    image.replaceSubrange(0xfff0..<0xfff7, with: [0xb0, 0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd])
    let file = folder.path.appending("probe")
    guard (try? FileSystem.replace(file, with: image)) != nil else { return false }
    let arguments = [
      "-accel", accelerator.rawValue, "-machine", "pc", "-no-user-config", "-nodefaults", "-vga",
      "none", "-display", "none", "-no-reboot", "-bios", file.string, "-device",
      "isa-debug-exit,iobase=0xf4,iosize=1",
    ]
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        var options = PlatformOptions()
        options.createSession = true
        let end = try? await Subprocess.run(
          .path(emulator), arguments: Arguments(arguments), platformOptions: options,
          output: .discarded, error: .discarded
        ).terminationStatus
        // QEMU ends with twice the value and one.
        return end == .exited(33)
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(20))
        return false
      }
      let result = await group.next() ?? false
      group.cancelAll()
      return result
    }
  }
}
