import BuildEngine
import Glibc
import SystemPackage

/// Writes a disc that a BIOS boots by ISOLINUX, and UEFI from a FAT file system behind it. The same bytes boot from
/// a stick.
struct DiscWriter {
  private let tree: BootImageTree
  private let label: String
  private let invocation: BuiltInInvocation
  private var scratch: FilePath { invocation.scratchDirectory }

  private static let packages =
    "install what it needs: apt-get install xorriso isolinux syslinux-common mtools"
  /// 2020-01-01, as xorriso writes times.
  private static let time = "2020010100000000"

  init(_ tree: BootImageTree, label: String, _ invocation: BuiltInInvocation) {
    self.tree = tree
    self.label = label
    self.invocation = invocation
  }

  func write(_ image: FilePath) async throws {
    let folder = scratch.appending("disc")
    try FileSystem.createDirectories(folder)
    var words = ["-as", "mkisofs", "-quiet", "-o", image.string, "-V", label, "-J", "-r", "-l"]
    words += ["--modification-date=\(Self.time)", "--set_all_file_dates", Self.time]
    if tree.firmware != .efi { words += try addBIOS(to: folder) }
    if tree.firmware != .bios { words += try await addEFI() }
    words.append(folder.string)
    var program = try Program("xorriso", advice: Self.packages)
    program.isAlone = true
    program.environment = [
      "PATH": Toolchain.searchPath.joined(separator: ":"),
      "SOURCE_DATE_EPOCH": "\(StickWriter.time)", "TZ": "UTC", "LC_ALL": "C.UTF-8",
      "HOME": scratch.string,
    ]
    let result = try await program.run(words, in: scratch)
    if let failure = result.diskFailure(at: image) { throw failure }
    guard result.isSuccess else {
      throw BuildError(
        .failed, "cannot make a disc image: xorriso failed",
        outputTail: result.errorLines.suffix(20).map { $0 })
    }
  }

  /// What ISOLINUX needs on the disc: itself, the program, the script.
  private func addBIOS(to folder: FilePath) throws -> [String] {
    let home = folder.appending("isolinux")
    try FileSystem.createDirectories(home)
    for name in ["isolinux.bin", "ldlinux.c32"] {
      try FileSystem.replace(home.appending(name), with: try Self.part(name).bytes)
    }
    for (file, name) in [
      ("ipxe.lkrn", "ipxe.lkrn"), ("autoexec.ipxe", "autoexec.ipxe"),
      ("syslinux.cfg", "isolinux.cfg"),
    ] {
      guard let bytes = try FileSystem.read(tree.folder.appending(file)) else { continue }
      try FileSystem.replace(home.appending(name), with: bytes)
    }
    return [
      "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot",
      "-boot-load-size", "4", "-boot-info-table", "-isohybrid-mbr",
      try Self.part("isohdpfx.bin").path.string,
    ]
  }

  /// The file system that UEFI reads, behind that of the disc, where a stick's partition table finds it, too.
  private func addEFI() async throws -> [String] {
    let geometry = FATGeometry.fitting(tree.sizes, folders: tree.folderCount)
    let files = tree.files.filter { $0 != "ipxe.lkrn" && $0 != "syslinux.cfg" }
    var layout = try StickLayout(
      .efi, folder: tree.folder, files: files, mebibytes: geometry.mebibytes)
    layout.table = .none
    layout.label = label
    layout.identity = StickIdentity(of: invocation.content)
    let system = scratch.appending("system")
    try await StickWriter(layout, scratch: scratch).write(system)
    return (tree.firmware == .both ? ["-eltorito-alt-boot"] : []) + [
      "-append_partition", "2", "0xef", system.string, "-e",
      "--interval:appended_partition_2:all::", "-no-emul-boot",
    ]
  }

  /// A file of SYSLINUX, where Debian, Ubuntu, Fedora and Arch have it.
  private static func part(_ name: String) throws -> (path: FilePath, bytes: [UInt8]) {
    for folder in [
      "/usr/lib/ISOLINUX", "/usr/lib/syslinux/modules/bios", "/usr/share/syslinux",
      "/usr/lib/syslinux/bios",
    ] {
      let path = FilePath(folder).appending(name)
      if let bytes = try FileSystem.read(path) { return (path, bytes) }
    }
    throw BuildError(
      .failed, "cannot make a disc for a BIOS", reason: "there is no \(name) of SYSLINUX",
      advice: packages)
  }
}
