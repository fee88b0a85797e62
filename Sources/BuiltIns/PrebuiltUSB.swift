import BuildEngine
import Glibc
import SystemPackage

/// A USB image from iPXE binaries that somebody else compiled, with a script beside them.
///
/// BIOS: SYSLINUX loads `ipxe.lkrn` with the script as its initrd, which iPXE runs. EFI: the firmware
/// starts `EFI/BOOT/BOOTX64.EFI`; the script stands as `autoexec.ipxe` at the root and beside the
/// binary, where iPXE has looked since January 2021 and February 2023. An older one (Debian 12's is
/// of January 2019) has no way to reach a file of the stick: it does what DHCP says.
///
/// Parameters: `kind` (bios, efi), `script` (its file name). Inputs: `ipxe.lkrn` or `ipxe.efi`, and
/// `script`. Output: `image`, the same bytes for the same inputs and tools.
struct PrebuiltUSB: BuiltIn {
  let name = "prebuilt-usb"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let image = invocation.scratchDirectory.appending("image")
    let folder = invocation.scratchDirectory.appending("tree")
    let layout: StickLayout
    switch try invocation.parameter("kind") {
    case "bios":
      let name = Self.scriptName(invocation)
      try copy("ipxe.lkrn", to: folder.appending("ipxe.lkrn"), invocation)
      try copy("script", to: folder.appending(name), invocation)
      try FileSystem.replace(
        folder.appending("syslinux.cfg"), with: SyslinuxConfig.text(script: name).utf8)
      layout = try StickLayout(.bios, folder: folder, files: ["ipxe.lkrn", name, "syslinux.cfg"])
    case "efi":
      let files = ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/autoexec.ipxe", "autoexec.ipxe"]
      for (file, input) in zip(files, ["ipxe.efi", "script", "script"]) {
        try copy(input, to: folder.appending(file), invocation)
      }
      layout = try StickLayout(.efi, folder: folder, files: files)
    case let other:
      throw BuildError(.failed, "\(invocation.request.name) cannot run", reason: "kind '\(other)'")
    }
    try await StickWriter(layout, scratch: invocation.scratchDirectory).write(image)
    try FileSystem.rename(image, to: invocation.output("image"))
  }

  /// Makes a copy of an input that may be given another time stamp.
  private func copy(
    _ input: String, to path: FilePath, _ invocation: BuiltInInvocation
  ) throws {
    guard let artifact = invocation.request.inputs[input] else {
      throw BuildError(
        .failed, "\(invocation.request.name) cannot run", reason: "it has no input '\(input)'")
    }
    try FileSystem.createDirectories(path.removingLastComponent())
    try invocation.context.store.materialize(artifact, at: path)
  }

  /// The script's name on the stick, for people who look at it; anything that SYSLINUX or FAT could
  /// stumble over becomes "script.ipxe".
  private static func scriptName(_ invocation: BuiltInInvocation) -> String {
    let name = invocation.optionalParameter("script")?.split(separator: "/").last.map(String.init)
    guard let name, name.utf8.count <= 60, name.first != ".",
      !["ipxe.lkrn", "syslinux.cfg", "ldlinux.sys", "ldlinux.c32"].contains(name.lowercased()),
      name.unicodeScalars.allSatisfy({ scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
        default: false
        }
      })
    else { return "script.ipxe" }
    return name
  }
}

/// What SYSLINUX and ISOLINUX read: how iPXE is started.
enum SyslinuxConfig {
  /// - Parameter script: The file that iPXE runs; nil for a program with a script inside.
  static func text(script: String?) -> String {
    let start = """
      DEFAULT ipxe
      LABEL ipxe
        KERNEL ipxe.lkrn

      """
    return start + (script.map { "  INITRD \($0)\n" } ?? "")
  }
}
