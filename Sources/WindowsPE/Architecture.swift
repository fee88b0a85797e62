/// What a Windows PE runs on.
public enum Architecture: String, Sendable, CaseIterable {
  case amd64, x86, arm64

  /// `WINDOWS/ARCH` in an image's description (`PROCESSOR_ARCHITECTURE_…` of winnt.h).
  public init?(imageProperty: String) {
    switch imageProperty {
    case "0": self = .x86
    case "9": self = .amd64
    case "12": self = .arm64
    default: return nil
    }
  }

  /// The machine of a program or a driver (`IMAGE_FILE_MACHINE_…`).
  public init?(machine: UInt16) {
    switch machine {
    case 0x014c: self = .x86
    case 0x8664: self = .amd64
    case 0xaa64: self = .arm64
    default: return nil
    }
  }

  /// What UEFI calls the boot program of a removable disk (UEFI 2.10, 3.5.1.1), in small letters.
  public var removableBootFile: String {
    switch self {
    case .amd64: "bootx64.efi"
    case .x86: "bootia32.efi"
    case .arm64: "bootaa64.efi"
    }
  }
}

/// What the first bytes of a program or a driver say (the PE format).
public enum PEHeader {
  /// The bytes that have to be read of a file.
  public static let size = 4096

  /// The machine that the program is for; nil for what is no program.
  public static func machine(of bytes: some Collection<UInt8>) -> UInt16? {
    let bytes = Array(bytes.prefix(size))
    guard bytes.count >= 0x40, bytes.starts(with: "MZ".utf8) else { return nil }
    let place = (0..<4).reduce(0) { $0 | Int(bytes[0x3c + $1]) << (8 * $1) }
    guard place >= 0, place <= bytes.count - 6,
      bytes[place..<(place + 4)].elementsEqual([0x50, 0x45, 0, 0])
    else { return nil }
    return UInt16(bytes[place + 4]) | UInt16(bytes[place + 5]) << 8
  }
}
