/// `nfs: kernel`, `ganesha` or `ports` — an NFS server for the folders that items of a menu boot from.
enum NFSKind {
  /// `kernel` is the exports file of the kernel's server, `ports` the rest that it needs.
  enum Server: String, CaseIterable, Sendable { case kernel, ganesha, ports }

  static let nfs = Key<Server>(
    "nfs", .word("an NFS server"), isRequired: true,
    "kernel (an exports file), ganesha, or ports (mountd's port for the kernel's server).")
  static let folders = Key(
    "folders", .oneOrList(.treeFolder),
    "Folders of the tree to export beside those that items need.")

  static let kind = ConfigKind(
    name: "nfs", summary: "An NFS server for what boots from it.",
    keys: [nfs.description, folders.description],
    programs: { config in
      switch config.values[nfs] {
      case .kernel: ["exportfs", "rpc.mountd", "rpc.nfsd"]
      case .ganesha: ["ganesha.nfsd"]
      case .ports, nil: []
      }
    },
    ports: { config, _ in config.values[nfs] == .ports ? [] : NFSExport.ports }, make: make)

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    guard let server = config.values[nfs] else { return nil }
    if server == .ports {
      guard !config.values.isWritten(folders.name) else {
        checker.error(
          "a file with ports exports nothing", at: config.values.keyLocation(folders),
          help: "write the folders at the config with nfs: kernel")
        return nil
      }
      return .file(ConfigText(text: KernelNFS.ports(note: note(server))))
    }
    let listed = config.values[folders] ?? []
    guard let exports = NFSExport.all(listed: listed, served, &checker) else { return nil }
    if exports.isEmpty, served.absent.isEmpty {
      checker.warn(
        "\(config.owner) exports nothing: no item needs NFS", at: config.location,
        help: "remove it, or list folders: to export")
    }
    checkRoots(config, served, &checker)
    switch server {
    case .kernel, .ports:
      return .file(ConfigText(text: KernelNFS.exports(exports, note: note(server))))
    case .ganesha:
      for export in exports {
        guard let problem = Ganesha.problem(with: export.path) else { continue }
        checker.error(
          "ganesha cannot export \(quoted(export.path)), which has \(problem) in its name",
          at: config.location, help: "rename the target, or choose another output folder")
        return nil
      }
      return .file(ConfigText(text: Ganesha.config(exports, note: note(server))))
    }
  }

  /// An item's kernel is told of the folder that `site.output` names, which a build of its own place for the tree
  /// (`--output`) does not change: the same script has to come out everywhere.
  private static func checkRoots(
    _ config: Config, _ served: ServedSite, _ checker: inout Checker
  ) {
    let roots = served.recipes.serviceNeeds.filter { need, target in
      if case .nfsExport = need { !served.absent.contains(target.path) } else { false }
    }
    func place(_ folder: String) -> String { LocalFile.resolved(absolutePath(folder, from: "/")) }
    guard let output = served.site.output, !roots.isEmpty, place(output) != place(served.output)
    else { return }
    checker.warn(
      "\(config.owner) exports \(quoted(served.output)), but items mount what is in \(quoted(output))",
      at: config.location,
      help: "items name site.output: build there, or change it, before machines boot from this tree"
    )
  }

  private static func note(_ server: Server) -> String {
    switch server {
    case .kernel:
      ConfigNote.hash("the kernel's NFS server", file: "/etc/exports.d/pxebuild.exports")
    case .ports:
      ConfigNote.hash("the kernel's NFS server", file: "/etc/nfs.conf.d/pxebuild.conf")
    case .ganesha: ConfigNote.hash("nfs-ganesha", file: "/etc/ganesha/ganesha.conf")
    }
  }
}
