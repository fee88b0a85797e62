import BuildEngine
import SystemPackage
import WindowsImages
import WindowsPE

/// Finds the files of a Windows PE beside its image: on the media, in the cabinets of a WAIK, or in the image.
struct WinPEParts {
  let invocation: BuiltInInvocation
  let media: WinPEMedia
  let stop: StopFlag
  /// What a person asked for; nil when the image decides.
  let architecture: Architecture?

  private var scratch: FilePath { invocation.scratchDirectory }

  // MARK: The image

  /// The file with the image.
  func image() throws -> FilePath {
    let paths = MediaLayout.paths(of: .image, architecture)
    if let found = try media.file(paths) { return found }
    guard try isWAIK else {
      throw BuildError(
        .failed, "there is no Windows PE on \(media.name.printable)",
        reason: "looked for \(paths.joined(separator: ", ")), and for the WAIK's WinPE.cab",
        advice: "a Windows medium has sources/boot.wim; name an image itself as winpe: FILE.wim")
    }
    guard let architecture else {
      throw BuildError(
        .recipe, "\(media.name.printable) is a WAIK, which has an image for each architecture",
        advice: "say which: arch: amd64, or arch: x86")
    }
    if let found = try cabinetMember(.image, architecture) { return found }
    throw BuildError(
      .failed, "there is no Windows PE for \(architecture.rawValue) on \(media.name.printable)",
      reason: "its cabinets have no \(Self.member(of: .image, architecture))",
      advice: "a WAIK has amd64 and x86")
  }

  // MARK: The rest

  /// A part that wimboot or a CD needs: its file, or an error that says where it was looked for.
  func file(_ part: MediaLayout.Part, _ image: SourceImage, called name: String, key: String?)
    throws -> FilePath
  {
    if let found = try find(part, image) { return found }
    let inImage = MediaLayout.pathsInImage(of: part)
    let places =
      "on \(media.name.printable): "
      + MediaLayout.paths(of: part, image.architecture).joined(separator: ", ")
      + (inImage.isEmpty ? "" : "\nin the image: " + inImage.joined(separator: ", "))
    throw BuildError(
      .failed, "there is no \(name) for this Windows PE", reason: "looked for it \(places)",
      advice: key.map { "name the file with \($0):" }
        ?? "take the whole medium, not the image alone, or leave iso: out")
  }

  /// The same, nil where it is nowhere.
  func find(_ part: MediaLayout.Part, _ image: SourceImage) throws -> FilePath? {
    let paths = MediaLayout.paths(of: part, image.architecture)
    if let found = try media.file(paths) { return found }
    if let found = try cabinetMember(part, image.architecture) { return found }
    for path in MediaLayout.pathsInImage(of: part) {
      if let found = try image.file(path, scratch: scratch) { return found }
    }
    return nil
  }

  /// The boot loader's fonts.
  func fonts(_ image: SourceImage) throws -> [(name: String, path: FilePath)] {
    let found = try media.fonts(in: MediaLayout.fontFolders(image.architecture))
    if !found.isEmpty { return found }
    return try image.files(
      in: MediaLayout.fontFolderInImage, scratch: scratch, where: WinPEMedia.isFont)
  }

  // MARK: Cabinets

  private var isWAIK: Bool {
    get throws {
      try Architecture.allCases.contains { architecture in
        guard let place = MediaLayout.cabinet(of: .image, architecture) else { return false }
        return try media.file(place.file) != nil
      }
    }
  }

  private static func member(of part: MediaLayout.Part, _ architecture: Architecture) -> String {
    MediaLayout.cabinet(of: part, architecture)?.member ?? ""
  }

  /// A file out of a cabinet, which may be inside of an installer (.msi).
  private func cabinetMember(
    _ part: MediaLayout.Part, _ architecture: Architecture
  ) throws -> FilePath? {
    guard let place = MediaLayout.cabinet(of: part, architecture) else { return nil }
    for name in place.file {
      guard let cabinet = try media.file([name]) else { continue }
      let target = scratch.appending("cabinet-\(part)")
      let program = try Program(
        "cabextract", advice: "it reads the cabinets of a WAIK: apt-get install cabextract")
      let result = try stop.waiting {
        try await program.run(
          ["--quiet", "--pipe", "--filter", place.member, cabinet.string], outputFile: target)
      }
      guard result.isSuccess else {
        throw BuildError(
          .failed, "cannot read \(name) of \(media.name.printable)",
          reason: result.errorLines.last.map {
            "cabextract: \($0.replacing(cabinet.printable, with: name))"
          } ?? "cabextract failed",
          advice: "compare the medium's size and digest with what its publisher gives")
      }
      if let identity = try FileIdentity.of(target), identity.size > 0 { return target }
    }
    return nil
  }
}
