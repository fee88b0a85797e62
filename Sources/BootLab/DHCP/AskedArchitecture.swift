/// What machines call themselves when they ask what to boot: option 93 (IANA, "Processor Architecture Types"). Those
/// that are sold, whether a site has something for them or not.
public enum AskedArchitecture: Int, CaseIterable, Sendable {
  case bios = 0
  case efiIA32 = 6
  case efiX64 = 7
  /// Byte code by IANA's list; some x64 firmware says it.
  case efiX64Old = 9
  case efiARM32 = 10
  case efiARM64 = 11
  case httpIA32 = 15
  case httpX64 = 16
  case httpARM32 = 18
  case httpARM64 = 19

  /// True for UEFI HTTP boot, which wants a URL and an answer with option 60 that says HTTPClient.
  public var isHTTP: Bool {
    switch self {
    case .httpIA32, .httpX64, .httpARM32, .httpARM64: true
    case .bios, .efiIA32, .efiX64, .efiX64Old, .efiARM32, .efiARM64: false
    }
  }

  /// For people: "x64 UEFI by HTTP".
  public var name: String {
    switch self {
    case .bios: "BIOS"
    case .efiIA32: "IA32 UEFI"
    case .efiX64: "x64 UEFI"
    case .efiX64Old: "x64 UEFI"
    case .efiARM32: "ARM32 UEFI"
    case .efiARM64: "ARM64 UEFI"
    case .httpIA32: "IA32 UEFI by HTTP"
    case .httpX64: "x64 UEFI by HTTP"
    case .httpARM32: "ARM32 UEFI by HTTP"
    case .httpARM64: "ARM64 UEFI by HTTP"
    }
  }

  /// "x64 UEFI (7)".
  public var title: String { "\(name) (\(rawValue))" }

  /// What is asked for each of them: once as the firmware, and once as an iPXE that runs on it. iPXE itself never
  /// says that it boots by HTTP.
  public static func questions(hardware: [UInt8] = DHCPQuestion.usualHardware) -> [DHCPQuestion] {
    allCases.flatMap { architecture in
      (architecture.isHTTP ? [false] : [false, true]).map {
        DHCPQuestion(architecture: architecture.rawValue, isIPXE: $0, hardware: hardware)
      }
    }
  }
}
