import BuildEngine
import SystemPackage

/// An image of a stick or of a disc that several kinds of firmware boot.
///
/// BIOS: SYSLINUX (on a disc ISOLINUX) loads `ipxe.lkrn`, with the script as its initrd. UEFI: the firmware starts
/// `EFI/BOOT/BOOT….EFI` of the FAT file system, which holds the script and all other files as well.
///
/// Parameters: `format` (stick, disc), `table` (mbr, gpt), `label`, `size` (of a stick, in MiB; empty for what fits),
/// `name` (what messages call it). Inputs: the programs as `bios`, `x64`, `ia32`, `arm64`; the script as `autoexec`;
/// files and folders as `files/PATH`. Output: `image`, the same bytes for the same inputs and tools.
struct BootImage: BuiltIn {
  let name = "boot-image"
  let version = 1

  /// In MiB. Programs that make a GPT of the other table want room for its copy, too.
  private static let tail = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let tree = try BootImageTree(invocation)
    let image = invocation.scratchDirectory.appending("image")
    switch try invocation.parameter("format") {
    case "disc":
      try await DiscWriter(tree, label: try invocation.parameter("label"), invocation).write(image)
    default:
      let layout = try stick(tree, invocation)
      try await StickWriter(layout, scratch: invocation.scratchDirectory).write(image)
    }
    try FileSystem.rename(image, to: invocation.output("image"))
  }

  private func stick(
    _ tree: BootImageTree, _ invocation: BuiltInInvocation
  ) throws -> StickLayout {
    let table: StickLayout.Table = try invocation.parameter("table") == "gpt" ? .gpt : .mbr
    let overhead = 1 + Self.tail
    let needed = FATGeometry.fitting(tree.sizes, folders: tree.folderCount)
    let wanted = invocation.optionalParameter("size").flatMap { Int($0) }
    let geometry = wanted.map { FATGeometry(mebibytes: $0 - overhead) } ?? needed
    guard geometry.holds(tree.sizes, folders: tree.folderCount) else {
      throw BuildError(
        .recipe, "\(tree.name) does not fit in \(wanted ?? 0) MiB",
        reason: "its files need \(needed.mebibytes + overhead) MiB",
        advice: "write size: \(needed.mebibytes + overhead)M or more, or leave size: out")
    }
    var layout = try StickLayout(
      tree.firmware, folder: tree.folder, files: tree.files, mebibytes: geometry.mebibytes)
    layout.table = table
    layout.tail = Self.tail
    layout.label = try invocation.parameter("label")
    layout.identity = StickIdentity(of: invocation.content)
    return layout
  }
}

extension BuiltInInvocation {
  /// Everything that decides what comes out, as text.
  var content: String {
    let given = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let read = request.inputs.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return (given + read).joined(separator: "\n")
  }
}
