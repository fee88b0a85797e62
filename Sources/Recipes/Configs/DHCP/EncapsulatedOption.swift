/// One of iPXE's own DHCP options, which travel inside option 175: https://ipxe.org/howto/dhcpd.
struct EncapsulatedOption: Sendable {
  enum Kind: Sendable {
    case flag, signed, text

    /// As dhcpd names it (dhcp-options(5)).
    var isc: String {
      switch self {
      case .flag: "unsigned integer 8"
      case .signed: "signed integer 8"
      case .text: "string"
      }
    }
  }

  let code: Int
  let name: String
  let kind: Kind

  private init(_ code: Int, _ name: String, _ kind: Kind = .flag) {
    self.code = code
    self.name = name
    self.kind = kind
  }

  /// What an administrator may set.
  static let settings = [
    EncapsulatedOption(1, "priority", .signed), EncapsulatedOption(8, "keep-san"),
    EncapsulatedOption(9, "skip-san-boot"), EncapsulatedOption(85, "syslogs", .text),
    EncapsulatedOption(91, "cert", .text), EncapsulatedOption(92, "privkey", .text),
    EncapsulatedOption(93, "crosscert", .text), EncapsulatedOption(176, "no-pxedhcp"),
    EncapsulatedOption(177, "bus-id", .text), EncapsulatedOption(188, "san-filename", .text),
    EncapsulatedOption(189, "bios-drive"), EncapsulatedOption(190, "username", .text),
    EncapsulatedOption(191, "password", .text), EncapsulatedOption(192, "reverse-username", .text),
    EncapsulatedOption(193, "reverse-password", .text), EncapsulatedOption(235, "version", .text),
  ]

  /// What iPXE says that it can do.
  static let features = [
    EncapsulatedOption(16, "pxeext"), EncapsulatedOption(17, "iscsi"),
    EncapsulatedOption(18, "aoe"),
    EncapsulatedOption(19, "http"), EncapsulatedOption(20, "https"), EncapsulatedOption(21, "tftp"),
    EncapsulatedOption(22, "ftp"), EncapsulatedOption(23, "dns"),
    EncapsulatedOption(24, "bzimage"), EncapsulatedOption(25, "multiboot"),
    EncapsulatedOption(26, "slam"), EncapsulatedOption(27, "srp"), EncapsulatedOption(32, "nbi"),
    EncapsulatedOption(33, "pxe"), EncapsulatedOption(34, "elf"), EncapsulatedOption(35, "comboot"),
    EncapsulatedOption(36, "efi"), EncapsulatedOption(37, "fcoe"), EncapsulatedOption(38, "vlan"),
    EncapsulatedOption(39, "menu"), EncapsulatedOption(40, "sdi"), EncapsulatedOption(41, "nfs"),
  ]
}
