import BuildEngine
import SystemPackage

/// The files of a bootable image, in a folder and checked.
struct BootImageTree {
  /// What messages call the image.
  let name: String
  let folder: FilePath
  let firmware: StickLayout.Firmware
  /// By their paths, sorted.
  private(set) var files: [String] = []
  private(set) var sizes: [Int64] = []

  /// A FAT file's size has 32 bits.
  private static let largest = Int64(UInt32.max)

  init(_ invocation: BuiltInInvocation) throws {
    name = invocation.optionalParameter("name") ?? "the image"
    folder = invocation.scratchDirectory.appending("tree")
    let inputs = invocation.request.inputs
    let isEFI = BootProgramFile.efiKinds.contains { inputs[$0.name] != nil }
    firmware = inputs["bios"] == nil ? .efi : isEFI ? .both : .bios
    try FileSystem.createDirectories(folder)
    for (path, input) in Self.places(inputs) {
      guard let artifact = inputs[input] else { continue }
      let place = folder.appending(path)
      try FileSystem.createDirectories(place.removingLastComponent())
      try invocation.context.store.materialize(artifact, at: place)
      if let kind = BootProgramFile(rawValue: input) {
        try kind.check(place, name: invocation.optionalParameter(input) ?? input)
      }
    }
    if inputs["bios"] != nil {
      let script = inputs["autoexec"] == nil ? nil : "autoexec.ipxe"
      try FileSystem.replace(
        folder.appending("syslinux.cfg"), with: SyslinuxConfig.text(script: script).utf8)
    }
    try list(folder, below: "")
  }

  /// Where each input goes.
  private static func places(
    _ inputs: [String: StoredArtifact]
  ) -> [(path: String, input: String)] {
    var places = [(path: "ipxe.lkrn", input: "bios"), ("autoexec.ipxe", "autoexec")]
    for kind in BootProgramFile.efiKinds where inputs[kind.name] != nil {
      places.append(("EFI/BOOT/\(kind.file)", kind.name))
    }
    // Beside the program, too, is where iPXE looks.
    if places.count > 2 { places.append(("EFI/BOOT/autoexec.ipxe", "autoexec")) }
    let prefix = "files/"
    for input in inputs.keys.sorted() where input.hasPrefix(prefix) {
      places.append((String(input.dropFirst(prefix.count)), input))
    }
    return places
  }

  var folderCount: Int { Set(files.flatMap(Self.folders)).count }

  private static func folders(of path: String) -> [String] {
    let parts = path.split(separator: "/").dropLast()
    return parts.indices.map { parts[...$0].joined(separator: "/") }
  }

  // MARK: What FAT can hold

  private mutating func list(_ place: FilePath, below prefix: String) throws {
    var seen: [String: String] = [:]
    for name in try FileSystem.list(place) {
      let path = prefix + name
      if let other = seen.updateValue(path, forKey: name.lowercased()) {
        throw BuildError(
          .recipe, "\(self.name) cannot hold \(other.printable) and \(path.printable)",
          reason: "FAT does not tell capitals from small letters", advice: "rename one of them")
      }
      if let problem = FATName.problem(with: name) {
        throw BuildError(
          .recipe, "\(self.name) cannot hold \(path.printable)", reason: problem,
          advice: "rename the file")
      }
      let inner = place.appending(name)
      let identity = try FileIdentity.of(inner)
      switch identity?.kind {
      case .directory: try list(inner, below: path + "/")
      case .regular: try add(path, identity?.size ?? 0)
      default:
        throw BuildError(
          .recipe, "\(self.name) cannot hold \(path.printable)",
          reason: "it is a link, which FAT does not have", advice: "name the file that it leads to")
      }
    }
  }

  private mutating func add(_ path: String, _ size: Int64) throws {
    guard size <= Self.largest else {
      throw BuildError(
        .recipe, "\(name) cannot hold \(path.printable)",
        reason: "it has \(size) bytes; files on FAT have less than 4 GiB",
        advice: "serve it over HTTP instead")
    }
    files.append(path)
    sizes.append(size)
  }
}

/// Names of files on FAT, as far as mtools takes them for names.
enum FATName {
  /// What is wrong with a name, in words, or nil.
  static func problem(with name: String) -> String? {
    if name.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) {
      return "its name has letters beyond ASCII"
    }
    let forbidden = Set("\"*/:<>?\\|[]")
    if let character = name.first(where: forbidden.contains) {
      return "its name has \"\(character)\" in it"
    }
    if name.hasSuffix(".") || name.hasSuffix(" ") || name.hasPrefix(" ") {
      return "its name starts with a blank, or ends in a blank or a dot"
    }
    return name.utf8.count > 255 ? "its name is longer than 255 letters" : nil
  }
}
