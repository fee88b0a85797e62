import BuildEngine
import SystemPackage
import WindowsPE

/// Writes an image that boots a Windows PE from a CD or a stick, in BIOS and in UEFI: one file system and an entry of
/// the El Torito boot catalog for each.
struct WinPEDisc {
  let invocation: BuiltInInvocation
  let parts: WinPEParts
  let stop: StopFlag

  /// What a CD needs beside BCD, boot.sdi and the image, the firmware's own part first.
  private static let bios: [(part: MediaLayout.Part, path: String)] = [
    (.biosBootImage, "boot/etfsboot.com"), (.bootManager, "bootmgr"),
  ]
  private static let efi: [(part: MediaLayout.Part, path: String)] = [
    (.efiBootImage, "efi/microsoft/boot/efisys.bin"), (.efiBCD, "efi/microsoft/boot/bcd"),
    (.efiBootManager, "bootmgr.efi"),
  ]

  private var folder: FilePath { invocation.scratchDirectory.appending("disc") }

  /// Gathers the files: to be done while the image can still be read.
  func gather(_ image: SourceImage) throws {
    try FileSystem.createDirectories(folder)
    let bootFile = image.architecture.removableBootFile
    // Arm machines have no BIOS, and old media (a WAIK's, 32-bit ones) nothing for UEFI.
    let hasBIOS =
      try image.architecture != .arm64 && parts.find(.biosBootImage, image) != nil
    let hasEFI = try parts.find(.efiBootImage, image) != nil || !hasBIOS
    for (part, path) in (hasBIOS ? Self.bios : [])
      + (hasEFI ? Self.efi + [(.efiBootFile, "efi/boot/\(bootFile)")] : [])
    {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      try copy(try parts.file(part, image, called: name, key: nil), to: path)
    }
    if !hasEFI {
      invocation.note("winpe.iso boots in BIOS only: the media have no efisys.bin")
    } else if !hasBIOS, image.architecture != .arm64 {
      invocation.note("winpe.iso boots in UEFI only: the media have no etfsboot.com")
    }
    for font in try parts.fonts(image) { try copy(font.path, to: "boot/fonts/\(font.name)") }
  }

  private func copy(_ file: FilePath, to path: String) throws {
    let target = folder.pushing(FilePath(path))
    try FileSystem.createDirectories(target.removingLastComponent())
    guard let bytes = try FileSystem.read(file) else {
      throw BuildError(errno: 2, doing: "read", path: file)
    }
    try FileSystem.replace(target, with: bytes)
  }

  /// Writes the image.
  ///
  /// - Parameters:
  ///   - content: What wimboot loads: `Boot/BCD`, `Boot/boot.sdi`, `sources/boot.wim`.
  ///   - target: The image.
  func write(_ content: FilePath, to target: FilePath) throws {
    let program = try XorrisoProgram()
    let hasBIOS = try FileIdentity.of(folder.pushing(FilePath(Self.bios[0].path))) != nil
    let hasEFI = try FileIdentity.of(folder.pushing(FilePath(Self.efi[0].path))) != nil
    // xorriso sees one tree: paths of this machine under the paths of the disc.
    let grafts =
      [
        "/=\(folder.string)", "/boot/bcd=\(content.pushing("Boot/BCD").string)",
        "/boot/boot.sdi=\(content.pushing("Boot/boot.sdi").string)",
        "/sources/boot.wim=\(content.pushing("sources/boot.wim").string)",
      ]
    let result = try stop.waiting {
      try await program.run(Self.arguments(hasBIOS: hasBIOS, hasEFI: hasEFI, target) + grafts)
    }
    if let failure = result.diskFailure(at: target) { throw failure }
    guard result.isSuccess else {
      throw BuildError(
        .failed, "xorriso could not write winpe.iso", outputTail: Array(result.errorLines.suffix(8))
      )
    }
  }

  private static func arguments(hasBIOS: Bool, hasEFI: Bool, _ target: FilePath) -> [String] {
    // Windows' own boot programs look for names without a version and a dot at their end.
    var words = [
      "-as", "mkisofs", "-quiet", "-iso-level", "3", "-full-iso9660-filenames", "-omit-period",
      "-omit-version-number", "-J", "-joliet-long", "-r", "-V", "WINPE", "-graft-points",
      "--set_all_file_dates", "2000010100000000",
    ]
    if hasBIOS { words += ["-b", bios[0].path, "-no-emul-boot", "-boot-load-size", "8"] }
    if hasBIOS, hasEFI { words.append("-eltorito-alt-boot") }
    if hasEFI { words += ["-e", efi[0].path, "-no-emul-boot"] }
    return words + ["-o", target.string]
  }
}

/// xorriso, whose volume gets a fixed date and number.
struct XorrisoProgram: Sendable {
  private var program: Program

  init() throws {
    program = try Program("xorriso", advice: "it writes winpe.iso: apt-get install xorriso")
    // The first day of 2000, as for what else has no date of its own.
    program.isAlone = true
    program.environment = [
      "PATH": Toolchain.searchPath.joined(separator: ":"),
      "SOURCE_DATE_EPOCH": "946684800", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent",
    ]
  }

  func run(_ arguments: [String]) async throws -> Program.Result {
    try await program.run(arguments)
  }
}
