/// One command of iPXE's scripts: what it takes, and what has to be compiled in for it.
///
/// A class, so that every line of every script can point at it for the price of a reference.
final class UpstreamCommand: Sendable {
  /// An option of a command ("--name VALUE", "-n VALUE").
  struct Option: Sendable {
    let name: String
    let letter: Character
    let takesValue: Bool
    /// The first version that has it; nil for one that is as old as its command.
    let since: UpstreamVersion?
  }

  /// Which of the arguments name files to load.
  enum Files: Sendable { case none, first, second, all }

  let name: String
  let options: [Option]
  let arguments: ClosedRange<Int>
  /// Options of the configuration; one of them is enough. Empty for what is always there.
  let needs: [String]
  let since: UpstreamVersion
  let files: Files

  init(
    _ name: String, _ needs: String..., takes arguments: ClosedRange<Int>,
    options: [Option] = [], files: Files = .none, since: UpstreamVersion = .v1_20_1
  ) {
    self.name = name
    self.needs = needs
    self.arguments = arguments
    self.options = options
    self.files = files
    self.since = since
  }

  /// As many as a person likes.
  static let any = 1_000_000
}

extension UpstreamCommand.Option {
  static func flag(_ name: String, _ letter: Character, since: UpstreamVersion? = nil) -> Self {
    Self(name: name, letter: letter, takesValue: false, since: since)
  }

  static func value(_ name: String, _ letter: Character, since: UpstreamVersion? = nil) -> Self {
    Self(name: name, letter: letter, takesValue: true, since: since)
  }
}

extension UpstreamCommand {
  static let all: [UpstreamCommand] = control + images + disks + menus + network + others

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  static let names = all.map(\.name)

  private static let timeout = Option.value("timeout", "t")
  private static let keep = Option.flag("keep", "k")
  private static let quiet = Option.flag("quiet", "q", since: .newest)

  private static let control: [UpstreamCommand] = [
    .init("echo", takes: 0...any, options: [.flag("n", "n")]),
    .init("exit", takes: 0...1),
    .init("iseq", takes: 2...2),
    .init("isset", takes: 1...1),
    .init("sleep", takes: 1...1),
    .init("goto", "IMAGE_SCRIPT", takes: 1...1),
    .init("prompt", "IMAGE_SCRIPT", takes: 0...any, options: [.value("key", "k"), timeout]),
    .init("shell", "SHELL_CMD", takes: 0...0),
    .init("help", "SHELL_CMD", takes: 0...any),
    .init("set", "NVO_CMD", takes: 1...any),
    .init("clear", "NVO_CMD", takes: 1...1),
    .init("read", "NVO_CMD", takes: 1...1, options: [.value("timeout", "t", since: .v2_0_0)]),
    .init("show", "NVO_CMD", takes: 1...1, options: [quiet]),
    .init("inc", "NVO_CMD", takes: 1...2),
    .init("config", "CONFIG_CMD", takes: 0...1),
    .init(
      "reboot", "REBOOT_CMD", takes: 0...0,
      options: [.flag("warm", "w"), .flag("setup", "s", since: .v2_0_0)]),
    .init("poweroff", "POWEROFF_CMD", takes: 0...0),
    .init("time", "TIME_CMD", takes: 1...any),
    .init("sync", "SYNC_CMD", takes: 0...0, options: [timeout]),
  ]

  private static let imageOptions: [Option] = [
    .value("name", "n"), timeout, quiet, .flag("autofree", "a"),
  ]
  private static let bootOptions = imageOptions + [.flag("replace", "r")]
  private static let verifyOptions: [Option] = [.value("signer", "s"), keep, timeout, quiet]
  private static let extractOptions: [Option] = [.value("name", "n"), keep, timeout, quiet]

  private static let images: [UpstreamCommand] = [
    .init("imgfetch", "IMAGE_CMD", takes: 1...any, options: imageOptions, files: .first),
    .init("module", "IMAGE_CMD", takes: 1...any, options: imageOptions, files: .first),
    .init("initrd", "IMAGE_CMD", takes: 1...any, options: imageOptions, files: .first),
    .init("imgselect", "IMAGE_CMD", takes: 1...any, options: imageOptions, files: .first),
    .init("imgload", "IMAGE_CMD", takes: 1...any, options: imageOptions, files: .first),
    .init("kernel", "IMAGE_CMD", takes: 1...any, options: imageOptions, files: .first),
    .init("imgexec", "IMAGE_CMD", takes: 0...any, options: bootOptions, files: .first),
    .init("chain", "IMAGE_CMD", takes: 0...any, options: bootOptions, files: .first),
    .init("boot", "IMAGE_CMD", takes: 0...any, options: bootOptions, files: .first),
    .init("imgargs", "IMAGE_CMD", takes: 1...any, options: imageOptions),
    .init("imgstat", "IMAGE_CMD", takes: 0...any),
    .init("imgfree", "IMAGE_CMD", takes: 0...any),
    .init(
      "imgtrust", "IMAGE_TRUST_CMD", takes: 0...0,
      options: [.flag("allow", "a"), .flag("permanent", "p")]),
    .init("imgverify", "IMAGE_TRUST_CMD", takes: 2...2, options: verifyOptions, files: .second),
    .init(
      "imgextract", "IMAGE_ARCHIVE_CMD", takes: 1...1, options: extractOptions, files: .first,
      since: .v2_0_0),
    .init("imgdecrypt", "IMAGE_CRYPT_CMD", takes: 2...2, options: extractOptions, since: .v2_0_0),
    .init("imgmem", "IMAGE_MEM_CMD", takes: 2...2, options: [.value("name", "n")], since: .v2_0_0),
    .init(
      "imgset", "IMAGE_SET_CMD", takes: 2...2, options: [keep, timeout, quiet], since: .newest),
    .init(
      "shim", "SHIM_CMD", takes: 0...1,
      options: [
        timeout, quiet, .flag("require-loader", "l"), .flag("allow-pxe", "p"),
        .flag("allow-sbat", "s"),
      ], files: .first, since: .v2_0_0),
    .init(
      "fdt", "FDT_CMD", takes: 0...1, options: [timeout, quiet], files: .first, since: .v2_0_0),
    .init("md5sum", "DIGEST_CMD", takes: 1...any, options: digestOptions, files: .all),
    .init("sha1sum", "DIGEST_CMD", takes: 1...any, options: digestOptions, files: .all),
    .init(
      "md4sum", "CRYPTO_DIGEST_MD4", takes: 1...any, options: digestOptions, files: .all,
      since: .v2_0_0),
    .init(
      "sha224sum", "DIGEST_CMD", takes: 1...any, options: digestOptions, files: .all,
      since: .v2_0_0),
    .init(
      "sha256sum", "DIGEST_CMD", takes: 1...any, options: digestOptions, files: .all,
      since: .v2_0_0),
    .init(
      "sha384sum", "DIGEST_CMD", takes: 1...any, options: digestOptions, files: .all,
      since: .v2_0_0),
    .init(
      "sha512sum", "DIGEST_CMD", takes: 1...any, options: digestOptions, files: .all,
      since: .v2_0_0),
    .init("certstat", "CERT_CMD", takes: 0...0, options: [.value("subject", "s")]),
    .init(
      "certstore", "CERT_CMD", takes: 0...1, options: [.value("subject", "s"), keep],
      files: .first),
    .init("certfree", "CERT_CMD", takes: 0...0, options: [.value("subject", "s")]),
  ]

  private static let digestOptions: [Option] = [.value("set", "s", since: .v2_0_0)]

  private static let disks: [UpstreamCommand] = [
    .init(
      "sanboot", "SANBOOT_CMD", takes: 0...any,
      options: [
        .value("drive", "d"), .flag("no-describe", "n"), keep, .value("filename", "f"),
        .value("extra", "e", since: .v2_0_0), .value("label", "l", since: .v2_0_0),
        .value("uuid", "u", since: .v2_0_0),
      ], files: .all),
    .init(
      "sanhook", "SANBOOT_CMD", takes: 1...any,
      options: [.value("drive", "d"), .flag("no-describe", "n")], files: .all),
    .init("sanunhook", "SANBOOT_CMD", takes: 0...0, options: [.value("drive", "d")]),
  ]

  private static let menus: [UpstreamCommand] = [
    .init(
      "menu", "MENU_CMD", "FORM_CMD", takes: 0...any,
      options: [.value("name", "n"), .flag("delete", "d")]),
    .init(
      "form", "MENU_CMD", "FORM_CMD", takes: 0...any,
      options: [.value("name", "n"), .flag("delete", "d")], since: .v2_0_0),
    .init(
      "item", "MENU_CMD", "FORM_CMD", takes: 0...any,
      options: [
        .value("menu", "m"), .value("form", "f", since: .v2_0_0), .value("key", "k"),
        .flag("default", "d"), .flag("secret", "s", since: .v2_0_0), .flag("gap", "g"),
      ]),
    .init(
      "choose", "MENU_CMD", "FORM_CMD", takes: 1...1,
      options: [
        .value("menu", "m"), .value("default", "d"), timeout,
        .value("retimeout", "r", since: .v2_0_0), keep,
      ]),
    .init(
      "present", "MENU_CMD", "FORM_CMD", takes: 0...0, options: [.value("form", "f"), keep],
      since: .v2_0_0),
    .init("login", "LOGIN_CMD", takes: 0...0),
    .init(
      "console", "CONSOLE_CMD", takes: 0...0,
      options: [
        .value("x", "x"), .value("y", "y"), .value("left", "l"), .value("right", "r"),
        .value("top", "t"), .value("bottom", "b"), .value("depth", "d"), .value("picture", "p"),
        keep,
      ]),
    .init(
      "colour", "CONSOLE_CMD", takes: 1...1, options: [.value("basic", "b"), .value("rgb", "r")]),
    .init(
      "cpair", "CONSOLE_CMD", takes: 1...1,
      options: [.value("foreground", "f"), .value("background", "b")]),
  ]

  private static let network: [UpstreamCommand] = [
    .init("autoboot", "AUTOBOOT_CMD", takes: 0...any),
    .init("dhcp", "DHCP_CMD", takes: 0...any, options: configureOptions),
    .init("ifconf", "IFMGMT_CMD", takes: 0...any, options: configureOptions),
    .init("ifopen", "IFMGMT_CMD", takes: 0...any),
    .init("ifclose", "IFMGMT_CMD", takes: 0...any),
    .init("ifstat", "IFMGMT_CMD", takes: 0...any),
    .init("iflinkwait", "IFMGMT_CMD", takes: 0...any, options: [timeout], since: .v2_0_0),
    .init("iwstat", "IWMGMT_CMD", takes: 0...any),
    .init("iwlist", "IWMGMT_CMD", takes: 0...any),
    .init("pxebs", "DHCP_CMD", takes: 2...2),
    .init("route", "ROUTE_CMD", takes: 0...0),
    .init("nstat", "NEIGHBOUR_CMD", takes: 0...0),
    .init("ipstat", "IPSTAT_CMD", takes: 0...0),
    .init("nslookup", "NSLOOKUP_CMD", takes: 2...2),
    .init("ntp", "NTP_CMD", takes: 1...1),
    .init(
      "ping", "PING_CMD", takes: 1...1,
      options: [.value("size", "s"), timeout, .value("count", "c"), .flag("quiet", "q")]),
    .init(
      "vcreate", "VLAN_CMD", takes: 1...1,
      options: [.value("tag", "t"), .value("priority", "p")]),
    .init("vdestroy", "VLAN_CMD", takes: 1...1),
    .init(
      "params", "PARAM_CMD", takes: 0...0,
      options: [.value("name", "n"), .value("method", "m", since: .newest), .flag("delete", "d")]),
    .init(
      "param", "PARAM_CMD", takes: 1...any,
      options: [.value("params", "p"), .flag("header", "H", since: .v2_0_0)]),
    .init("startpxe", "PXE_CMD", takes: 0...any),
    .init("stoppxe", "PXE_CMD", takes: 0...0),
  ]

  private static let configureOptions: [Option] = [
    .value("configurator", "c"), .value("timeout", "t", since: .v1_21_1),
  ]

  private static let others: [UpstreamCommand] = [
    .init(
      "cpuid", "CPUID_CMD", takes: 1...1,
      options: [.flag("ext", "e"), .flag("amd", "a"), .flag("ecx", "c")]),
    .init("pciscan", "PCI_CMD", takes: 1...1),
    .init("usbscan", "USB_CMD", takes: 1...1, since: .v2_0_0),
    .init("fcstat", "FCMGMT_CMD", takes: 0...0),
    .init("fcels", "FCMGMT_CMD", takes: 1...1, options: [.value("port", "p"), .value("id", "i")]),
    .init("ibstat", "IBMGMT_CMD", takes: 0...0),
    .init(
      "lotest", "LOTEST_CMD", takes: 2...2,
      options: [.value("mtu", "m"), .flag("broadcast", "b")]),
    .init("profstat", "PROFSTAT_CMD", takes: 0...0),
    .init("gdbstub", "GDBSERIAL", "GDBUDP", takes: 1...any),
  ]
}
