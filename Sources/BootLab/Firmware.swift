/// What a machine starts with.
public enum Firmware: String, CaseIterable, Sendable {
  case bios
  case uefiX64 = "uefi-x64"
  case uefiIA32 = "uefi-ia32"

  /// What it calls itself when it asks what to boot by PXE: option 93 (IANA, "Processor Architecture Types").
  public var pxeArchitecture: Int {
    switch self {
    case .bios: 0
    case .uefiIA32: 6
    case .uefiX64: 7
    }
  }

  /// The same of UEFI HTTP boot; nil for a BIOS, which has none.
  public var httpArchitecture: Int? {
    switch self {
    case .bios: nil
    case .uefiIA32: 15
    case .uefiX64: 16
    }
  }

  /// For people: "x64 UEFI".
  public var name: String {
    switch self {
    case .bios: "BIOS"
    case .uefiX64: "x64 UEFI"
    case .uefiIA32: "IA32 UEFI"
    }
  }

  /// QEMU's program for such a machine.
  public var emulator: String {
    self == .uefiIA32 ? "qemu-system-i386" : "qemu-system-x86_64"
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
}

/// The files that a machine's own firmware consists of.
public struct FirmwareImages: Sendable, Equatable {
  /// OVMF's program, mapped read-only.
  public var code: String
  /// OVMF's empty store of variables; each machine writes to a copy.
  public var variables: String

  /// Those of Debian's packages ovmf and ovmf-ia32; nil for a BIOS, which QEMU brings.
  public init?(_ firmware: Firmware) {
    switch firmware {
    case .bios: return nil
    case .uefiX64:
      code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
      variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"
    case .uefiIA32:
      code = "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd"
      variables = "/usr/share/OVMF/OVMF32_VARS_4M.fd"
    }
  }
}
