import Foundation
import Testing

/// What guests of tests are made of: Debian's kernel for clouds, busybox, klibc's NFS mount and memtest86+. They are
/// unpacked beside the build, once; nothing of them is installed.
enum GuestPackages {
  /// The folder that they are unpacked in; nil, with a line that says so, when the packages cannot be had.
  static let folder = Task<String?, Never> {
    do { return try await fetch() } catch {
      print("SKIPPED: guests need packages that apt-get download does not bring: \(error)")
      #expect(
        ProcessInfo.processInfo.environment["CI"] == nil, "CI has what Debian's packages bring")
      return nil
    }
  }

  private static let place = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: ".build/guest-packages").path

  private static func fetch() async throws -> String {
    let files = FileManager.default
    let root = "\(place)/root"
    if files.fileExists(atPath: root) { return root }
    let new = "\(place)/new-\(getpid())"
    try files.createDirectory(atPath: "\(new)/root", withIntermediateDirectories: true)
    defer { removeTree(new) }
    do { try await download(to: new) } catch {
      // Package lists that are absent or too old.
      try await mustRun(["apt-get", "-q", "update"], in: new)
      try await download(to: new)
    }
    for name in try files.contentsOfDirectory(atPath: new) where name.hasSuffix(".deb") {
      try await mustRun(["dpkg-deb", "--extract", name, "root"], in: new)
    }
    try files.moveItem(atPath: "\(new)/root", toPath: root)
    return root
  }

  private static func download(to folder: String) async throws {
    let described = try await mustRun(
      ["apt-cache", "depends", "linux-image-cloud-amd64"], in: folder)
    guard let kernel = described.split(separator: " ").last.map({ $0.filter { !$0.isNewline } })
    else { throw CocoaError(.fileReadUnknown) }
    try await mustRun(
      ["apt-get", "download", kernel, "busybox-static", "klibc-utils", "libklibc", "memtest86+"],
      in: folder)
  }

  /// The one file of a folder whose name starts so.
  static func file(_ start: String, in folder: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    guard let name = names.first(where: { $0.hasPrefix(start) }) else {
      throw CocoaError(.fileNoSuchFile)
    }
    return "\(folder)/\(name)"
  }
}

/// The initrd of a guest that boots as Ubuntu's live systems do: its network, a file over HTTP, its root over NFS.
enum GuestInitrd {
  private static let script = """
    #!/bin/busybox sh
    b=/bin/busybox
    $b mount -t proc none /proc
    $b mount -t devtmpfs none /dev
    for module in /modules/*; do $b insmod $module || echo "NO $module"; done
    for word in $($b cat /proc/cmdline); do
      case $word in nfsroot=*) root=${word#nfsroot=} ;; esac
    done
    ipconfig -t 120 -c dhcp -d eth0 || echo NO-ADDRESS
    $b wget -q -O /large http://${root%%:*}/large.bin || echo NO-FILE
    set -- $($b sha256sum /large)
    echo CHECKSUM $1
    nfsmount -o ro,nolock $root /root || echo NO-ROOT
    echo ROOT-SAYS $($b cat /root/README)
    $b sleep 1000000

    """

  /// Writes it.
  ///
  /// - Parameters:
  ///   - packages: Where they are unpacked.
  ///   - scratch: A folder for what goes into it.
  static func write(to file: String, from packages: String, in scratch: String) async throws {
    let files = FileManager.default
    let tree = "\(scratch)/initrd"
    for folder in ["bin", "lib", "modules", "proc", "dev", "root"] {
      try files.createDirectory(atPath: "\(tree)/\(folder)", withIntermediateDirectories: true)
    }
    func copy(_ from: String, _ to: String) throws {
      try files.copyItem(atPath: "\(packages)/\(from)", toPath: "\(tree)/\(to)")
    }
    // Packages differ in whether /bin is /usr/bin.
    let busybox = ["bin", "usr/bin"].map { "\($0)/busybox" }
      .first { files.fileExists(atPath: "\(packages)/\($0)") }
    try copy(try #require(busybox), "bin/busybox")
    for program in ["ipconfig", "nfsmount"] {
      try copy("usr/lib/klibc/bin/\(program)", "bin/\(program)")
    }
    let library = ["lib", "usr/lib"].compactMap {
      try? GuestPackages.file("klibc-", in: "\(packages)/\($0)")
    }.first
    let name = try #require(library)
    try files.copyItem(atPath: name, toPath: "\(tree)/lib/\((name as NSString).lastPathComponent)")
    try copyModules(from: packages, to: "\(tree)/modules")
    try Data(script.utf8).write(to: URL(fileURLWithPath: "\(tree)/init"))
    chmod("\(tree)/init", 0o755)
    try await mustRun(["bsdtar", "--format", "newc", "-cf", file, "-C", tree, "."], in: scratch)
  }

  /// The modules for the network card and for NFS, each after those that it needs, by the numbers before their names.
  private static func copyModules(from packages: String, to folder: String) throws {
    let all = FileManager.default.enumerator(atPath: "\(packages)/lib/modules")
    var paths: [String: String] = [:]
    while let path = all?.nextObject() as? String {
      guard path.hasSuffix(".ko") else { continue }
      let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
      paths[name.replacingOccurrences(of: "-", with: "_")] = "\(packages)/lib/modules/\(path)"
    }
    var order: [String] = []
    func add(_ name: String) throws {
      guard let path = paths[name], !order.contains(name) else { return }
      let bytes = FileManager.default.contents(atPath: path) ?? Data()
      if let mark = bytes.range(of: Data("\0depends=".utf8)) {
        let names = bytes[mark.upperBound...].prefix { $0 != 0 }
        for part in String(decoding: names, as: UTF8.self).split(separator: ",") {
          try add(part.replacingOccurrences(of: "-", with: "_"))
        }
      }
      order.append(name)
      try FileManager.default.copyItem(
        atPath: path, toPath: "\(folder)/\(100 + order.count)-\(name).ko")
    }
    for name in ["virtio_pci", "virtio_net", "nfs", "nfsv3"] { try add(name) }
  }
}
