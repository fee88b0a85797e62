import BootLab
import BuildEngine
import Recipes
import SystemPackage

/// Something that boots on QEMU's user network say nothing of.
struct Untested: Sendable, Equatable {
  /// A word or two: "DHCP".
  var what: String
  /// Why, as a part of a sentence.
  var why: String

  /// For people; nothing when all is tested.
  static func lines(_ all: [Untested]) -> [String] {
    guard !all.isEmpty else { return [] }
    return ["not tested without root (sudo pxebuild boot does):"]
      + all.map { "  \($0.what.padded(toColumns: 14))  \($0.why.printable())" }
  }
}

extension BootSite {
  /// What QEMU's arguments say of its network.
  ///
  /// - Parameter program: What firmware is offered; nil for a machine with a stick or a disc.
  func userNetwork(
    _ addresses: UserAddresses, program: String?, in folder: LabFolder
  ) throws -> UserNetwork {
    UserNetwork(
      subnet: "\(addresses.subnet)", host: "\(addresses.host)", dns: "\(addresses.dns)",
      machine: "\(addresses.machine)", tree: Self.link(in: folder).string, program: program,
      server: "\(address)", port: endpoint.port,
      connection: [
        try FileSystem.readSymlink("/proc/self/exe"), "internal", "connect", "--",
        Self.socket(in: folder),
      ])
  }

  /// Combinations that QEMU's user network cannot serve are left out, with why.
  ///
  /// - Parameter item: What is chosen from the menu then.
  func fitted(_ combinations: [BootCombination], item: BootItem?) -> [BootCombination] {
    guard userNetwork != nil else { return combinations }
    return combinations.map { combination in
      guard combination.outlook == .boots else { return combination }
      var combination = combination
      if combination.method == .http {
        combination.outlook = .skipped(
          because: "it takes root: QEMU's user network has no offer for UEFI HTTP boot")
      } else if let item, item.nfsConfig != nil {
        combination.outlook = .skipped(
          because: "it takes root: item \(item.route.name) needs an NFS server")
      }
      return combination
    }
  }

  /// The config that a DHCP server of the lab reads; nil on QEMU's user network.
  var servedDHCP: String? { userNetwork == nil ? dhcp.config : nil }

  /// What machines are booted with, as the end of a sentence.
  var setting: String { servedDHCP.map { "with \($0)" } ?? "on QEMU's user network" }

  /// What these boots leave untested because they are without root; nothing in a lab with the site's servers.
  var untested: [Untested] {
    guard userNetwork != nil else { return [] }
    let others = [recipes.dnsmasqForTFTP, recipes.ganeshaConfig].compactMap(\.self)
    let configs = (recipes.servedDHCP.map(\.config) + others).joined(separator: ", ")
    return [
      Untested(what: "configs", why: "no server read \(configs)"),
      Untested(
        what: "DHCP",
        why: "QEMU answered, with what the recipes offer each machine; no other server, no proxy"),
      Untested(what: "TFTP", why: "QEMU sent the files of the tree"),
      Untested(
        what: "HTTP", why: "nginx was at a socket to which QEMU passed \(http), not at its address"),
      Untested(what: "UEFI HTTP boot", why: "QEMU has no offer for it"),
      Untested(what: "NFS", why: "there was no server"),
    ]
  }
}
