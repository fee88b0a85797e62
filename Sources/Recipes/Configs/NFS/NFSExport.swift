/// A folder of the output tree that machines mount over NFS, read-only.
struct NFSExport: Sendable, Hashable {
  /// Absolute.
  var path: String
  /// Who may mount it: a network in CIDR notation, or "*".
  var clients: String
  /// A number for a folder whose file system has no lasting number of its own: an image that is mounted.
  var fileSystemID: Int?

  /// What targets need and the config lists, each once, by their paths.
  ///
  /// - Returns: Nil after an error.
  static func all(
    listed: [TreeFolder], _ served: ServedSite, _ checker: inout Checker
  ) -> [NFSExport]? {
    guard listed.filter({ !$0.check(served, &checker) }).isEmpty else { return nil }
    var folders = Set(listed.map(\.path))
    var mounted: [String] = []
    for (need, target) in served.recipes.serviceNeeds where !served.absent.contains(target.path) {
      switch need {
      case .nfsExport(let folder): folders.insert(folder)
      case .mount(_, let folder): mounted.append(folder)
      case .share: break
      }
    }
    let clients = served.site.network.subnet?.description ?? "*"
    var number = 0
    return folders.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { folder in
      let isOnImage = mounted.contains { $0 == folder || folder.hasPrefix($0 + "/") }
      if isOnImage { number += 1 }
      return NFSExport(
        path: served.output == "/" ? "/\(folder)" : "\(served.output)/\(folder)", clients: clients,
        fileSystemID: isOnImage ? number : nil)
    }
  }

  /// The ports of NFS 3 and 4, with mountd's fixed: it has none of its own.
  static let mountPort = 20048
  static let ports: [ServedPort] = [111, 2049, mountPort].flatMap { [.tcp($0), .udp($0)] }
}

/// The kernel's NFS server (exports(5), nfs.conf(5)).
enum KernelNFS {
  /// `/etc/exports`, or a file of `/etc/exports.d`.
  static func exports(_ exports: [NFSExport], note: String) -> String {
    let lines = exports.map { export in
      let number = export.fileSystemID.map { ",fsid=\($0)" } ?? ""
      return "\(octalEscaped(export.path)) \(export.clients)(ro,async,no_subtree_check\(number))"
    }
    return ([note] + lines).joined(separator: "\n") + "\n"
  }

  /// What `/etc/nfs.conf.d` takes: a fixed port for mountd, so that a firewall can let it through.
  static func ports(note: String) -> String { "\(note)\n[mountd]\nport=\(NFSExport.mountPort)\n" }

  /// A path as exports(5) reads it: everything but plain characters by three octal digits.
  private static func octalEscaped(_ path: String) -> String {
    escaped(path, keeping: "/._-+,:@=") { byte in
      let digits = String(byte, radix: 8)
      return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }
  }
}

/// nfs-ganesha, an NFS server without the kernel's (ganesha-config(8), ganesha-export-config(8)).
enum Ganesha {
  /// Why it cannot export a folder, or nil: its files have no way to write these in a text.
  static func problem(with path: String) -> String? {
    if path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "a control character"
    }
    return path.first { "\"\\".contains($0) }.map { quoted(String($0)) }
  }

  /// - Precondition: no export has a `problem`.
  static func config(_ exports: [NFSExport], note: String) -> String {
    let core = """
      \(note)
      NFS_CORE_PARAM {
        NFS_Protocols = 3, 4;
        # Machines that boot lock nothing.
        Enable_NLM = false;
        Enable_RQUOTA = false;
        NFS_Port = 2049;
        MNT_Port = \(NFSExport.mountPort);
      }
      NFSV4 {
        Graceless = true;
      }

      """
    return core
      + exports.enumerated().map { index, export in
        """
        EXPORT {
          Export_Id = \(index + 1);
          Path = "\(export.path)";
          Pseudo = "\(export.path)";
          Access_Type = RO;
          Squash = root_squash;
          SecType = sys;
          Protocols = 3, 4;
          Transports = TCP, UDP;
          CLIENT {
            Clients = \(export.clients);
            Access_Type = RO;
          }
          FSAL {
            Name = VFS;
          }
        }

        """
      }.joined()
  }
}
