/// What a machine's firmware calls itself in a DHCP request: option 93, the client system architecture
/// type of RFC 4578, with the numbers that IANA has registered since ("Processor Architecture Types").
enum ClientArchitecture: Int, CaseIterable, Sendable {
  case bios = 0
  case efiIA32 = 6
  /// What x86-64 firmware sends; RFC 4578's own text calls it EFI byte code.
  case efiX64 = 7
  /// EFI byte code by IANA's list, x86-64 by the letter of RFC 4578: some old firmware sends it.
  case efiX64Old = 9
  case efiARM64 = 11
  case httpIA32 = 15
  case httpX64 = 16
  case httpARM64 = 19

  /// True for firmware that fetches over HTTP itself (UEFI HTTP boot): it is offered a URL, and only by a
  /// reply that carries option 60 with the value HTTPClient.
  var isHTTP: Bool {
    switch self {
    case .httpIA32, .httpX64, .httpARM64: true
    case .bios, .efiIA32, .efiX64, .efiX64Old, .efiARM64: false
    }
  }

  /// For comments in files that people read: "x64 UEFI".
  var name: String {
    switch self {
    case .bios: "BIOS"
    case .efiIA32: "IA32 UEFI"
    case .efiX64: "x64 UEFI"
    case .efiX64Old: "x64 UEFI (old number)"
    case .efiARM64: "ARM64 UEFI"
    case .httpIA32: "IA32 UEFI, HTTP boot"
    case .httpX64: "x64 UEFI, HTTP boot"
    case .httpARM64: "ARM64 UEFI, HTTP boot"
    }
  }
}

extension ValueType<ClientArchitecture> {
  /// One of the numbers of option 93 that pxebuild knows.
  static var clientArchitecture: ValueType {
    let numbers = ClientArchitecture.allCases.map { String($0.rawValue) }
    let list = numbers.joined(separator: ", ")
    return .scalar(
      "a DHCP client architecture", schema: textSchema(pattern: numbers.joined(separator: "|"))
    ) { text, scalar, checker in
      if let known = ClientArchitecture.allCases.first(where: { String($0.rawValue) == text }) {
        return known
      }
      checker.error(
        "expected a DHCP client architecture, found \(quoted(text))", at: scalar.location,
        help: "known numbers: \(list)")
      return nil
    }
  }
}
