import BuildEngine
import Glibc
import SystemPackage

extension Machine.Accelerator {
  /// Runs a program that has files in a folder, to its end or until the task is cancelled, and leaves nothing of
  /// it when this process is killed; the exit code, or nil.
  public typealias Runner =
    @Sendable (
      _ program: FilePath, _ arguments: [String], _ folder: FilePath
    ) async -> Int32?

  /// True when KVM's device is there for whoever runs this, which takes no time to find out.
  public static var mayBeKVM: Bool { access("/dev/kvm", R_OK | W_OK) == 0 }

  /// KVM where a guest really runs under it, else the translator. That the device is there says nothing: it may
  /// belong to others, the processor may lack what it needs, and under another hypervisor it may be far slower
  /// than the translator.
  public static func available(emulator: FilePath, run: @escaping Runner) async -> Self {
    guard mayBeKVM else { return .tcg }
    return await runsGuest(.kvm, emulator: emulator, seconds: 4, run: run) ? .kvm : .tcg
  }

  /// True when a guest comes in time through its firmware, a loop of 33 million turns in real mode, which some
  /// processors do not have for guests, and a second of its clock: a boot sector that then writes 16 to a port at
  /// which QEMU ends.
  static func runsGuest(
    _ accelerator: Self, emulator: FilePath, seconds: Double, run: @escaping Runner
  ) async -> Bool {
    guard let folder = try? LabFolder(for: "probe") else { return false }
    defer { folder.remove() }
    // sti; mov ecx, 0x2000000; turn: dec ecx; jnz turn; mov cx, 18; tick: hlt; loop tick;
    // mov al, 16; out 0xf4, al; end: hlt; jmp end
    let code: [UInt8] = [
      0xfb, 0x66, 0xb9, 0, 0, 0, 2, 0x66, 0x49, 0x75, 0xfc, 0xb9, 18, 0, 0xf4, 0xe2, 0xfd, 0xb0,
      0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd,
    ]
    let sector = code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xaa]
    guard let file = try? folder.write(sector, to: "probe") else { return false }
    let arguments = [
      "-accel", accelerator.rawValue, "-machine", "pc", "-no-user-config", "-nodefaults", "-vga",
      "none", "-display", "none", "-no-reboot", "-boot", "c", "-drive",
      "if=ide,format=raw,file=\(file)", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
    ]
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        // QEMU ends with twice the value and one.
        await run(emulator, arguments, folder.path) == 33
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(seconds))
        return false
      }
      let result = await group.next() ?? false
      group.cancelAll()
      return result
    }
  }
}
