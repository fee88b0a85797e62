import BootLab
import BuildEngine
import Glibc
import Recipes
import SystemPackage

/// The item of the menu that every machine chooses, and the server that it needs beside the others.
struct BootItem: Sendable {
  let route: MenuRoute
  /// The file of nfs-ganesha, where the item's root is mounted over NFS.
  let nfsConfig: FilePath?

  /// - Parameter name: As it was asked for.
  /// - Throws: `BuildError` that says what there is instead, or what the site lacks.
  init(_ name: String, _ loaded: LoadedSite) throws {
    guard let route = loaded.recipes.menuRoute(to: name) else {
      throw BuildError(
        .recipe, "there is no item \"\(name.printable)\" in a menu of the recipes",
        advice: loaded.recipes.menuAdvice(for: name))
    }
    self.route = route
    guard route.choices.last?.needsNFS == true else {
      nfsConfig = nil
      return
    }
    guard let config = loaded.recipes.ganeshaConfig else {
      throw BuildError(
        .recipe, "item \(route.name) mounts its root over NFS, and the lab has no NFS server",
        reason: "it can run nfs-ganesha, and the recipes have no config for that",
        advice: "add ganesha.conf: { nfs: ganesha } to configs:, and build the site")
    }
    nfsConfig = try BootSite.written(config, of: loaded)
  }

  /// The programs that it takes beside those of every boot.
  var programs: [String] { nfsConfig == nil ? [] : Self.programs }

  private static let programs = ["ganesha.nfsd", "rpcbind"]

  /// Folders that those two write to, whatever of them this machine has.
  private static let folders = ["/run", "/run/rpcbind", "/run/ganesha", "/var/lib/nfs"]

  /// Adds the NFS server to a lab, where the item needs one.
  func addServers(to plan: inout LabPlan, in folder: LabFolder) throws {
    guard let nfsConfig else { return }
    plan.emptyFolders += Self.folders.filter { access($0, F_OK) == 0 || $0.hasPrefix("/run/") }
    plan.servers += [
      .init("rpcbind", [try Lab.program("rpcbind").string, "-f"]),
      .init(
        "ganesha",
        [
          try Lab.program("ganesha.nfsd").string, "-F", "-f", nfsConfig.string, "-L", "STDOUT",
          "-p",
          "\(folder.path.string)/ganesha.pid",
        ]),
    ]
    plan.tcpPorts += [111, 2049]
  }

  /// Combinations that a machine cannot choose the item on are left out, with why.
  func fitted(_ combinations: [BootCombination], _ site: BootSite) throws -> [BootCombination] {
    try combinations.map { combination in
      guard combination.outlook == .boots else { return combination }
      var combination = combination
      if combination.firmware == .uefiARM64 {
        combination.outlook = .skipped(because: "the lab's ARM64 machine has no keyboard")
      } else if try site.expectation(of: route, on: combination.firmware) == nil {
        combination.outlook = .skipped(
          because: "the menu does not show it item \(route.name)")
      }
      return combination
    }
  }
}
