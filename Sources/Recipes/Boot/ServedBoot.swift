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
        servesTFTP: config.values[DHCPKind.serveTFTP] == true)
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
  public var stickImages: [String] {
    targets.filter { $0.values[IPXERule.goal]?.suffix == "usb" }.map(\.path)
  }

  /// The image that a stick is meant to get when nobody says which; nil when that is not clear.
  public var suggestedStick: String? { stickImages.count == 1 ? stickImages.first : nil }

  /// The targets that are images of sticks or discs for a machine, in the order of the recipes.
  ///
  /// - Parameter architecture: What the machine calls itself over the network.
  public func media(_ medium: BootMedium, architecture: Int) -> [String] {
    guard let client = ClientArchitecture(rawValue: architecture) else { return [] }
    let wanted: (platform: Platform, architecture: BuildArchitecture)? =
      switch client {
      case .bios: (.pcbios, .i386)
      case .efiIA32: (.efi, .i386)
      case .efiX64: (.efi, .x86_64)
      case .efiARM64: (.efi, .arm64)
      default: nil
      }
    return bootPrograms.filter { program in
      guard let goal = program.target.values[IPXERule.goal], goal.suffix == medium.rawValue else {
        return false
      }
      return program.platform == wanted?.platform && program.architecture == wanted?.architecture
    }.map(\.target.path)
  }
}

/// What a machine boots from that is put into it, by the suffix that iPXE's make gives its image.
public enum BootMedium: String, Sendable {
  case stick = "usb"
  case disc = "iso"
}
