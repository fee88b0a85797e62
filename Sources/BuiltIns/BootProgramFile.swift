import BuildEngine
import SystemPackage

/// A program that firmware starts from a stick, known by its first bytes.
enum BootProgramFile: String, CaseIterable {
  case bios, x64, ia32, arm64

  struct EFIKind {
    /// The input's name.
    var name: String
    /// The file that the firmware looks for (UEFI specification 2.10, 3.5.1.1).
    var file: String
  }

  static let efiKinds: [EFIKind] = [
    EFIKind(name: "x64", file: "BOOTX64.EFI"), EFIKind(name: "ia32", file: "BOOTIA32.EFI"),
    EFIKind(name: "arm64", file: "BOOTAA64.EFI"),
  ]

  /// The machine that a PE file is for (Microsoft's PE specification, "Machine Types").
  private static let machines: [Int: BootProgramFile] = [
    0x8664: .x64, 0x14c: .ia32, 0xaa64: .arm64,
  ]

  /// - Parameter name: What messages call the file.
  func check(_ path: FilePath, name: String) throws {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    bytes.removeLast(bytes.count - count)
    let name = name.printable
    if self == .bios {
      // A Linux kernel's boot sector and header (Linux' boot protocol, 2.00).
      guard bytes.count > 0x206, bytes[0x1fe..<0x200] == [0x55, 0xaa],
        bytes[0x202..<0x206].elementsEqual("HdrS".utf8)
      else {
        throw BuildError(
          .recipe, "a BIOS cannot start \(name) from a stick",
          reason: "SYSLINUX starts what has the header of a Linux kernel",
          advice: "name a program made by ipxe: bin/ipxe.lkrn")
      }
      return
    }
    let found = Self.machine(of: bytes)
    guard found == self else {
      throw BuildError(
        .recipe, "UEFI for \(rawValue) cannot start \(name)",
        reason: found.map { "it is a program for \($0.rawValue)" } ?? "it is no program for UEFI",
        advice: found.map { "name it with \($0.rawValue):" })
    }
  }

  private static func machine(of bytes: [UInt8]) -> BootProgramFile? {
    guard bytes.count >= 0x40, bytes.starts(with: "MZ".utf8) else { return nil }
    let start = Int(bytes[0x3c]) | Int(bytes[0x3d]) << 8
    guard bytes.count >= start + 6, bytes[start..<(start + 4)].elementsEqual("PE\0\0".utf8) else {
      return nil
    }
    return machines[Int(bytes[start + 4]) | Int(bytes[start + 5]) << 8]
  }
}
