/// What a target needs of a server beside TFTP and HTTP, so that the configuration of that server has it
/// because the target is there, and not because somebody remembered to write it twice.
enum ServiceNeed: Hashable, Sendable {
  /// A folder of the output tree that NFS has to export, by its path in the tree.
  case nfsExport(folder: String)
  /// An image that the serving machine has to mount at a folder of the output tree.
  case mount(image: String, folder: String)
  /// A folder of the output tree that Windows machines connect to under a name, by Samba; for everybody when there
  /// is no user.
  case share(name: String, folder: String, user: SambaUser?)
}

extension RecipeSet {
  /// Everything that targets need of servers, each once, in the order of the recipes.
  var serviceNeeds: [(need: ServiceNeed, target: Target)] {
    var seen: Set<ServiceNeed> = []
    return targets.flatMap { target in
      target.rule.needs(target, self).filter { seen.insert($0).inserted }.map { ($0, target) }
    }
  }
}
