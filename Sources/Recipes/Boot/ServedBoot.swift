/// A DHCP server of the recipes, as far as one who runs it has to know.
public struct ServedDHCP: Sendable, Equatable {
  public enum Server: String, CaseIterable, Sendable { case isc, kea, dnsmasq }

  /// The config's path.
  public var config: String
  public var server: Server
  /// True when it needs another DHCP server beside it.
  public var isProxy: Bool
  /// True when it is the TFTP server too.
  public var servesTFTP: Bool
  /// The URL of what iPXE is sent to; nil for a site without `http`.
  public var script: String?
}

extension RecipeSet {
  /// The DHCP servers that recipes have a config for, in their order.
  public var servedDHCP: [ServedDHCP] {
    configs.compactMap { config in
      guard config.kind.name == DHCPKind.kind.name, let kind = config.values[DHCPKind.dhcp],
        let server = ServedDHCP.Server(rawValue: kind.rawValue)
      else { return nil }
      return ServedDHCP(
        config: config.path, server: server, isProxy: config.values[DHCPKind.mode] == .proxy,
        servesTFTP: config.values[DHCPKind.serveTFTP] == true,
        script: DHCPKind.scriptName(config).flatMap { site.url(of: $0) })
    }
  }

  /// The config of a dnsmasq that is nothing but the TFTP server; nil when in.tftpd is it.
  public var dnsmasqForTFTP: String? {
    configs.first {
      $0.kind.name == TFTPKind.kind.name && $0.values[TFTPKind.tftp] == .dnsmasq
    }?.path
  }

  /// The target that a machine is offered over the network.
  ///
  /// - Parameters:
  ///   - architecture: What the machine calls itself: option 93.
  ///   - absent: Targets that the tree lacks.
  /// - Returns: Its path; nil when nothing is for such a machine.
  public func offered(architecture: Int, absent: Set<String>) -> String? {
    guard let client = ClientArchitecture(rawValue: architecture) else { return nil }
    return ServedSite(recipes: self, output: "/", absent: absent).offers[client]?.path
  }

  /// The targets that are images of sticks, in the order of the recipes.
  public var stickImages: [String] { images(.stick).map(\.path) }

  /// The image that a stick is meant to get when nobody says which: the only one, or the first that several kinds
  /// of firmware boot.
  public var suggestedStick: String? {
    let all = images(.stick)
    let one = all.count == 1 ? all.first : all.first { $0.ruleName == ImageRule.rule.name }
    return one?.path
  }

  /// The targets that are images of sticks or discs for a machine, in the order of the recipes.
  ///
  /// - Parameter architecture: What the machine calls itself over the network.
  public func media(_ medium: BootMedium, architecture: Int) -> [String] {
    guard let firmware = StickFirmware(architecture: architecture) else { return [] }
    return images(medium).filter { target in
      if let programs = target.values[ImageRule.image] {
        return programs.contains { $0.firmware == firmware }
      }
      guard let program = BootProgram(target) else { return false }
      return program.platform == firmware.platform && program.architecture == firmware.architecture
    }.map(\.path)
  }

  private func images(_ medium: BootMedium) -> [Target] {
    targets.filter { target in
      if target.ruleName == ImageRule.rule.name { return target.isDisc == (medium == .disc) }
      return target.values[IPXERule.goal]?.suffix == medium.rawValue
    }
  }
}

extension StickFirmware {
  /// - Parameter architecture: What a machine calls itself over the network.
  fileprivate init?(architecture: Int) {
    switch ClientArchitecture(rawValue: architecture) {
    case .bios: self = .bios
    case .efiIA32: self = .ia32
    case .efiX64: self = .x64
    case .efiARM64: self = .arm64
    default: return nil
    }
  }
}

/// What a machine boots from that is put into it, by the suffix that iPXE's make gives its image.
public enum BootMedium: String, Sendable {
  case stick = "usb"
  case disc = "iso"
}
