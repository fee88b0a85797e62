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
    let script = try copy("script", invocation)
    let image = invocation.scratchDirectory.appending("image")
    let layout: StickLayout
    switch try invocation.parameter("kind") {
    case "bios":
      layout = try StickLayout(
        .bios,
        files: [
          ("ipxe.lkrn", try copy("ipxe.lkrn", invocation)),
          (Self.scriptName(invocation), script),
          ("syslinux.cfg", try configuration(invocation)),
        ])
    case "efi":
      layout = try StickLayout(
        .efi,
        files: [
          ("EFI/BOOT/BOOTX64.EFI", try copy("ipxe.efi", invocation)),
          ("EFI/BOOT/autoexec.ipxe", script), ("autoexec.ipxe", script),
        ])
    case let other:
      throw BuildError(.failed, "\(invocation.request.name) cannot run", reason: "kind '\(other)'")
    }
    try await StickWriter(layout, scratch: invocation.scratchDirectory).write(image)
    try FileSystem.rename(image, to: invocation.output("image"))
  }

  /// A copy of an input that may be given another time stamp.
  private func copy(_ input: String, _ invocation: BuiltInInvocation) throws -> FilePath {
    guard let artifact = invocation.request.inputs[input] else {
      throw BuildError(
        .failed, "\(invocation.request.name) cannot run", reason: "it has no input '\(input)'")
    }
    let path = invocation.scratchDirectory.appending(input)
    try invocation.context.store.materialize(artifact, at: path)
    return path
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

  private func configuration(_ invocation: BuiltInInvocation) throws -> FilePath {
    let path = invocation.scratchDirectory.appending("syslinux.cfg")
    let text = """
      DEFAULT ipxe
      LABEL ipxe
        KERNEL ipxe.lkrn
        INITRD \(Self.scriptName(invocation))

      """
    try FileSystem.replace(path, with: text.utf8)
    return path
  }
}
