/// What a program for UEFI says of itself: the machine that it is for, and how long its file has to be (the
/// headers of Microsoft's "PE Format").
public struct ProgramImage: Sendable, Equatable {
  /// The field Machine of its header.
  public var machine: UInt16
  /// Where its last section ends in the file, in bytes.
  public var end: Int64
  /// How long the file is.
  public var size: Int64

  /// Nil for bytes that are no such program.
  public init?(_ bytes: [UInt8]) {
    func little(_ index: Int, _ count: Int) -> Int? {
      guard index >= 0, index + count <= bytes.count else { return nil }
      return bytes[index..<(index + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard bytes.starts(with: "MZ".utf8), let header = little(0x3c, 4),
      little(header, 4) == 0x4550, let machine = little(header + 4, 2),
      let sections = little(header + 6, 2), let options = little(header + 20, 2)
    else { return nil }
    self.machine = UInt16(machine)
    size = Int64(bytes.count)
    let ends = (0..<sections).compactMap { index -> Int? in
      let section = header + 24 + options + index * 40
      guard let length = little(section + 16, 4), let start = little(section + 20, 4) else {
        return nil
      }
      return start + length
    }
    end = Int64(ends.max() ?? 0)
  }

  /// True when the file ends before its last section does.
  public var isCutOff: Bool { size < end }

  /// For people: "x64 UEFI"; nil for a machine that pxebuild does not boot.
  public var firmware: Firmware? {
    switch machine {
    case 0x14c: .uefiIA32
    case 0x8664: .uefiX64
    case 0xaa64: .uefiARM64
    default: nil
    }
  }
}
