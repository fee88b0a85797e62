/// What a machine starts with.
public enum Firmware: String, CaseIterable, Sendable {
  case bios
  case uefiX64 = "uefi-x64"
  case uefiIA32 = "uefi-ia32"
  case uefiARM64 = "uefi-arm64"

  /// What it calls itself when it asks what to boot by PXE: option 93 (IANA, "Processor Architecture Types").
  public var pxeArchitecture: Int {
    switch self {
    case .bios: 0
    case .uefiIA32: 6
    case .uefiX64: 7
    case .uefiARM64: 11
    }
  }

  /// The same of UEFI HTTP boot; nil for a BIOS, which has none.
  public var httpArchitecture: Int? {
    switch self {
    case .bios: nil
    case .uefiIA32: 15
    case .uefiX64: 16
    case .uefiARM64: 19
    }
  }

  /// For people: "x64 UEFI".
  public var name: String {
    switch self {
    case .bios: "BIOS"
    case .uefiX64: "x64 UEFI"
    case .uefiIA32: "IA32 UEFI"
    case .uefiARM64: "ARM64 UEFI"
    }
  }

  /// QEMU's program for such a machine.
  public var emulator: String {
    switch self {
    case .bios, .uefiX64: "qemu-system-x86_64"
    case .uefiIA32: "qemu-system-i386"
    case .uefiARM64: "qemu-system-aarch64"
    }
  }
}

/// How a machine comes to its boot program.
public enum BootMethod: String, CaseIterable, Sendable {
  /// DHCP and TFTP.
  case pxe
  /// UEFI HTTP boot.
  case http
  /// A stick.
  case usb
  /// A disc: an ISO image in a CD-ROM drive.
  case iso

  /// True when the machine boots from something that is put into it, and not over the network.
  public var isMedium: Bool { self == .usb || self == .iso }

  /// For people: "PXE".
  public var name: String { rawValue.uppercased() }
}

/// The files that a machine's own firmware consists of.
public struct FirmwareImages: Sendable, Equatable {
  /// The firmware's program, mapped read-only.
  public var code: String
  /// The empty store of variables; what a machine writes is forgotten.
  public var variables: String

  /// Those of Debian's packages ovmf, ovmf-ia32 and qemu-efi-aarch64; nil for a BIOS, which QEMU brings.
  public init?(_ firmware: Firmware) {
    switch firmware {
    case .bios: return nil
    case .uefiX64:
      code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
      variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"
    case .uefiIA32:
      code = "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd"
      variables = "/usr/share/OVMF/OVMF32_VARS_4M.fd"
    case .uefiARM64:
      code = "/usr/share/AAVMF/AAVMF_CODE.fd"
      variables = "/usr/share/AAVMF/AAVMF_VARS.fd"
    }
  }
}
