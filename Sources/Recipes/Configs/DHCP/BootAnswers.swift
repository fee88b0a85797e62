/// What a DHCP server tells each kind of machine to boot. The files of all DHCP servers are written from this
/// one value, so that they say the same.
struct BootAnswers: Sendable {
  /// Machines that are offered the same file.
  struct Group: Sendable {
    /// By their numbers.
    var clients: [ClientArchitecture]
    /// A path for TFTP, a URL for firmware that fetches over HTTP.
    var file: String

    /// True when the reply has to carry option 60 with the value HTTPClient.
    var isHTTP: Bool { clients[0].isHTTP }
    /// A name for it in a server's file.
    var tag: String { clients[0].tag }
    var names: String { clients.map(\.name).joined(separator: ", ") }
  }

  /// The machine with the files.
  let server: IPv4Address
  /// Where iPXE is sent, whatever it runs on; nil when that script is not there.
  let script: String?
  /// In the order of their numbers. What is in none of them is offered nothing.
  let groups: [Group]

  /// The user class (option 77) of iPXE.
  static let userClass = "iPXE"
  /// The vendor class (option 60) that UEFI HTTP boot wants to read in a reply.
  static let httpVendorClass = "HTTPClient"
  /// The most bytes that the file's name may have in a DHCP packet: its field has 128 and ends in a zero.
  static let longestFile = 127
}

extension BootAnswers {
  /// Nil after an error at the config.
  init?(
    for config: Config, script name: String, _ served: ServedSite, _ checker: inout Checker
  ) {
    let server = config.need(.server, of: served, &checker)
    let script = Self.script(name, config, served, &checker)
    // Where there is a server there is a URL: it follows from the address.
    guard let server, let script else { return nil }
    self.server = server
    self.script = served.absent.contains(script) ? nil : served.site.url(of: script)
    groups = Self.groups(served)
    guard fits(config, &checker) else { return nil }
    if groups.isEmpty, served.absent.isEmpty {
      checker.warn(
        "\(config.owner) offers nothing: no target boots over the network", at: config.location,
        help: "add an ipxe: target, or say boots: of one that is ready-made")
    }
  }

  /// The path of the script's target, or nil after an error.
  private static func script(
    _ name: String, _ config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> String? {
    if served.recipes.target(name) != nil { return name }
    let isWritten = config.values.isWritten(DHCPKind.script.name)
    checker.error(
      isWritten
        ? "there is no target \(quoted(name))"
        : "\(config.owner) sends iPXE to \(quoted(name)), and there is no such target",
      at: config.values.location(DHCPKind.script),
      help: isWritten
        ? checker.help(
          for: name, among: served.recipes.targets.map(\.path), listing: "targets")
        : "name the target that iPXE shall load with script:")
    return nil
  }

  private static func groups(_ served: ServedSite) -> [Group] {
    let offers = served.offers
    var groups: [Group] = []
    for client in ClientArchitecture.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
      guard let target = offers[client] else { continue }
      let file = client.isHTTP ? served.site.url(of: target.path) : target.path
      guard let file else { continue }
      if let same = groups.firstIndex(where: { $0.file == file && $0.isHTTP == client.isHTTP }) {
        groups[same].clients.append(client)
      } else {
        groups.append(Group(clients: [client], file: file))
      }
    }
    return groups
  }

  private func fits(_ config: Config, _ checker: inout Checker) -> Bool {
    var isGood = true
    for file in groups.map(\.file) + [script].compactMap(\.self)
    where file.utf8.count > Self.longestFile {
      isGood = false
      checker.error(
        "\(quoted(file)) is too long for a DHCP packet", at: config.location,
        help: "a file's name or URL has at most \(Self.longestFile) bytes there, this has "
          + "\(file.utf8.count)")
    }
    return isGood
  }
}

extension ClientArchitecture {
  /// A word for it in a server's file.
  fileprivate var tag: String {
    switch self {
    case .bios: "bios"
    case .efiIA32: "efi-ia32"
    case .efiX64: "efi-x64"
    case .efiX64Old: "efi-x64-old"
    case .efiARM64: "efi-arm64"
    case .httpIA32: "http-ia32"
    case .httpX64: "http-x64"
    case .httpARM64: "http-arm64"
    }
  }
}
