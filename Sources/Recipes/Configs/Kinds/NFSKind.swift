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
