/// One option of iPXE's configuration that scripts can notice, with its default for each kind of machine:
/// the version from which on it is defined, or nil for never.
struct UpstreamOption: Sendable {
  let name: String
  /// The header of src/config that has it.
  let header: String
  /// The first version that knows it at all.
  let since: UpstreamVersion
  let bios: UpstreamVersion?
  let efiX86: UpstreamVersion?
  let efiOther: UpstreamVersion?

  func isDefault(on machine: UpstreamMachine, in version: UpstreamVersion) -> Bool {
    let first =
      switch machine {
      case .bios: bios
      case .efiX86: efiX86
      case .efiOther: efiOther
      }
    return first.map { $0 <= version } ?? false
  }

  /// What upstream's code has for some machines only, whatever the configuration says.
  private static let limited: [String: [UpstreamMachine]] = [
    "CPUID_CMD": [.bios, .efiX86], "DOWNLOAD_PROTO_FILE": [.efiX86, .efiOther],
    "FDT_CMD": [.efiOther], "PXE_CMD": [.bios],
  ]

  /// False where defining the option cannot bring what it stands for.
  func isPossible(on machine: UpstreamMachine) -> Bool {
    Self.limited[name]?.contains(machine) ?? true
  }

  /// Always defined.
  static func on(_ name: String, since: UpstreamVersion = .v1_20_1) -> Self {
    .init(name, since, bios: since, efi: since)
  }

  /// Never defined.
  static func off(_ name: String, since: UpstreamVersion = .v1_20_1, header: String = "general.h")
    -> Self
  {
    .init(name, since, header: header, bios: nil, efi: nil)
  }

  /// Defined for EFI only, from a version on.
  static func efi(_ name: String, from version: UpstreamVersion, since: UpstreamVersion = .v1_20_1)
    -> Self
  {
    .init(name, since, bios: nil, efi: version)
  }

  init(
    _ name: String, _ since: UpstreamVersion = .v1_20_1, header: String = "general.h",
    bios: UpstreamVersion?, efi: UpstreamVersion?
  ) {
    self.init(name, since, header: header, bios: bios, efiX86: efi, efiOther: efi)
  }

  init(
    _ name: String, _ since: UpstreamVersion = .v1_20_1, header: String = "general.h",
    bios: UpstreamVersion?, efiX86: UpstreamVersion?, efiOther: UpstreamVersion?
  ) {
    self.name = name
    self.header = header
    self.since = since
    self.bios = bios
    self.efiX86 = efiX86
    self.efiOther = efiOther
  }
}

extension UpstreamOption {
  static let all: [Self] = commands + protocols

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  private static let commands: [Self] = [
    .on("AUTOBOOT_CMD"),
    .efi("CERT_CMD", from: .v2_0_0),
    .on("CONFIG_CMD"),
    .efi("CONSOLE_CMD", from: .v2_0_0),
    .init("CPUID_CMD", bios: .v1_20_1, efiX86: .v1_20_1, efiOther: nil),
    .off("CRYPTO_DIGEST_MD4", since: .v1_21_1, header: "crypto.h"),
    .on("DHCP_CMD"),
    .efi("DIGEST_CMD", from: .v2_0_0),
    .on("FCMGMT_CMD"),
    .init("FDT_CMD", .v2_0_0, bios: nil, efiX86: nil, efiOther: .v2_0_0),
    .on("FORM_CMD", since: .v2_0_0),
    .off("GDBSERIAL"),
    .off("GDBUDP"),
    .on("IBMGMT_CMD"),
    .on("IFMGMT_CMD"),
    .on("IMAGE_ARCHIVE_CMD", since: .v2_0_0),
    .on("IMAGE_CMD"),
    .off("IMAGE_CRYPT_CMD", since: .v2_0_0),
    .off("IMAGE_MEM_CMD", since: .v2_0_0),
    .on("IMAGE_SCRIPT"),
    .on("IMAGE_SET_CMD", since: .newest),
    .off("IMAGE_TRUST_CMD"),
    .off("IPSTAT_CMD"),
    .on("IWMGMT_CMD"),
    .on("LOGIN_CMD"),
    .off("LOTEST_CMD"),
    .on("MENU_CMD"),
    .off("NEIGHBOUR_CMD"),
    .off("NSLOOKUP_CMD"),
    .efi("NTP_CMD", from: .v2_0_0),
    .on("NVO_CMD"),
    .efi("PARAM_CMD", from: .v2_0_0),
    .efi("PCI_CMD", from: .v2_0_0),
    .off("PING_CMD"),
    .init("POWEROFF_CMD", bios: .v2_0_0, efi: .v2_0_0),
    .off("PROFSTAT_CMD"),
    .off("PXE_CMD"),
    .on("REBOOT_CMD"),
    .on("ROUTE_CMD"),
    .on("SANBOOT_CMD"),
    .on("SHELL_CMD"),
    .on("SHIM_CMD", since: .v2_0_0),
    .on("SYNC_CMD"),
    .off("TIME_CMD"),
    .efi("USB_CMD", from: .v2_0_0, since: .v2_0_0),
    .efi("VLAN_CMD", from: .v2_0_0),
  ]

  private static let protocols: [Self] = [
    .on("DOWNLOAD_PROTO_DATA", since: .newest),
    .efi("DOWNLOAD_PROTO_FILE", from: .v1_20_1),
    .off("DOWNLOAD_PROTO_FTP"),
    .on("DOWNLOAD_PROTO_HTTP"),
    .efi("DOWNLOAD_PROTO_HTTPS", from: .v2_0_0),
    .off("DOWNLOAD_PROTO_NFS"),
    .off("DOWNLOAD_PROTO_SLAM"),
    .on("DOWNLOAD_PROTO_TFTP"),
    .on("SANBOOT_PROTO_AOE"),
    .on("SANBOOT_PROTO_FCP"),
    .on("SANBOOT_PROTO_HTTP"),
    .on("SANBOOT_PROTO_IB_SRP"),
    .on("SANBOOT_PROTO_ISCSI"),
  ]
}

/// What a URL's scheme needs of a compiled program.
enum UpstreamProtocol {
  /// The option behind each scheme that downloads (src/net, src/core, src/interface), in small letters.
  static let downloads: [String: String] = [
    "tftp": "DOWNLOAD_PROTO_TFTP", "tftm": "DOWNLOAD_PROTO_TFTP", "mtftp": "DOWNLOAD_PROTO_TFTP",
    "http": "DOWNLOAD_PROTO_HTTP", "https": "DOWNLOAD_PROTO_HTTPS", "ftp": "DOWNLOAD_PROTO_FTP",
    "nfs": "DOWNLOAD_PROTO_NFS", "x-slam": "DOWNLOAD_PROTO_SLAM", "file": "DOWNLOAD_PROTO_FILE",
    "data": "DOWNLOAD_PROTO_DATA",
  ]

  /// The option behind each scheme of a disk.
  static let disks: [String: String] = [
    "iscsi": "SANBOOT_PROTO_ISCSI", "aoe": "SANBOOT_PROTO_AOE", "fcp": "SANBOOT_PROTO_FCP",
    "ib_srp": "SANBOOT_PROTO_IB_SRP",
  ]

  /// Schemes that no option turns off.
  static let others: Set<String> = ["hw", "tcp", "udp", "usb"]

  static let names = Array(downloads.keys) + Array(disks.keys) + Array(others)

  /// The options that a URL needs all of; nil for a scheme that iPXE does not know.
  static func options(_ scheme: String, asDisk: Bool) -> [String]? {
    if let option = disks[scheme] { return [option] }
    if let option = downloads[scheme] {
      return asDisk && option.hasPrefix("DOWNLOAD_PROTO_HTTP")
        ? [option, "SANBOOT_PROTO_HTTP"] : [option]
    }
    return others.contains(scheme) ? [] : nil
  }
}
