import BuildEngine
import SystemPackage
import WindowsImages
import WindowsPE

/// Makes a Windows PE: one bootable image with what a recipe adds, and what wimboot loads beside it.
///
/// The same bytes for the same inputs, whatever the folder, the disk, the clock and the number of threads.
///
/// Inputs: `media` (a file or a folder) or the files of a folder below `media/`; `files/N`, `startnet.cmd`,
/// `start-script`, `bcd` and `sdi`, each where wanted. Parameters: `media`, `start-script` (names for messages and for
/// the image), `files` (a line each: where `files/N` goes, a tab,
/// and its name), and optionally `arch`, `image`, `compress`, `fonts`,
/// `iso`, `drivers` (a line each: what `drivers/N` is called).
/// Output: `folder` with `sources/boot.wim`, `Boot/BCD`, `Boot/boot.sdi`, and `Boot/Fonts` and `winpe.iso` where
/// wanted.
struct WinPE: BuiltIn {
  let name = "winpe"
  let version = 3

  func run(_ invocation: BuiltInInvocation) async throws {
    try await onOwnThread { stop in try WinPEWriter(invocation, stop).run() }
  }
}

/// One run of the built-in, on a thread of its own.
private struct WinPEWriter {
  let invocation: BuiltInInvocation
  let stop: StopFlag
  let media: WinPEMedia
  let parts: WinPEParts

  init(_ invocation: BuiltInInvocation, _ stop: StopFlag) throws {
    self.invocation = invocation
    self.stop = stop
    media = try WinPEMedia(invocation, stop: stop)
    parts = WinPEParts(
      invocation: invocation, media: media, stop: stop,
      architecture: invocation.optionalParameter("arch").flatMap {
        Architecture(rawValue: $0)
      })
  }

  private var output: FilePath { invocation.output("folder") }
  private var scratch: FilePath { invocation.scratchDirectory }

  func run() throws {
    do { try make() } catch let error as WimError {
      try stop.check()
      throw BuildError(error, wim: media.nameOfImage)
    }
  }

  private func make() throws {
    let file = try parts.image()
    let image = try SourceImage(
      file, name: media.nameOfImage, wanted: invocation.optionalParameter("image"),
      isMedium: media.isMedium, architecture: parts.architecture, scratch: scratch)
    for folder in ["Boot", "sources"] {
      try FileSystem.createDirectories(output.appending(folder))
    }
    try place(.bcd, input: "bcd", at: "Boot/BCD", image)
    try place(.sdi, input: "sdi", at: "Boot/boot.sdi", image)
    if try invocation.flag("fonts") { try placeFonts(image) }
    let disc =
      try invocation.flag("iso")
      ? WinPEDisc(invocation: invocation, parts: parts, stop: stop) : nil
    try disc?.gather(image)
    var (stage, hasOwnStart) = try stagedFiles()
    if try WinPEDrivers(invocation: invocation, architecture: image.architecture).add(to: &stage) {
      hasOwnStart = try loadDrivers(image, &stage)
    }
    try WinPEImageWriter(
      invocation: invocation, stop: stop, stage: stage, hasOwnStart: hasOwnStart
    ).write(image, to: output.pushing("sources/boot.wim"))
    try disc?.write(output, to: output.appending("winpe.iso"))
    try media.checkUnchanged()
  }

  // MARK: Beside the image

  private func place(
    _ part: MediaLayout.Part, input: String, at path: String, _ image: SourceImage
  ) throws {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let file =
      invocation.request.inputs[input] == nil
      ? try parts.file(part, image, called: name, key: input)
      : try InputFile(invocation, input).path
    try copy(file, to: output.pushing(FilePath(path)))
  }

  private func placeFonts(_ image: SourceImage) throws {
    let fonts = try parts.fonts(image)
    if fonts.isEmpty {
      invocation.note("\(media.name.printable) and its image have no fonts for the boot loader")
      return
    }
    let folder = output.pushing("Boot/Fonts")
    try FileSystem.createDirectories(folder)
    for font in fonts { try copy(font.path, to: folder.appending(font.name)) }
  }

  /// Small files: whole.
  private func copy(_ file: FilePath, to target: FilePath) throws {
    guard let bytes = try FileSystem.read(file) else {
      throw BuildError(errno: 2, doing: "read", path: file)
    }
    try FileSystem.replace(target, with: bytes)
  }

  // MARK: In the image

  /// What the recipe adds but for drivers, and whether there is a startnet.cmd in it.
  private func stagedFiles() throws -> (WinPEStage, hasOwnStart: Bool) {
    let inputs = invocation.request.inputs
    var stage = try WinPEStage(scratch.appending("stage"), store: invocation.context.store)
    let places = (invocation.parameters["files"] ?? "").split(
      separator: "\n", omittingEmptySubsequences: false)
    for (number, place) in places.enumerated() {
      guard let artifact = inputs["files/\(number)"] else { continue }
      let parts = place.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      var path = parts.first ?? ""
      if path.isEmpty, case .file = artifact { path = parts.last ?? "" }
      let source = invocation.request.filesInPlace["files/\(number)"]
      try stage.add(artifact, in: source, at: path, owner: "files:")
    }
    if inputs["startnet.cmd"] != nil {
      try stage.add(
        try invocation.inputBytes("startnet.cmd"), at: Self.startnet, owner: "startnet:")
    }
    if let script = inputs["start-script"] {
      let name = try invocation.parameter("start-script")
      try stage.add(script, at: name, owner: "start-script:")
      let hasDrivers = !(invocation.parameters["drivers"] ?? "").isEmpty
      try stage.add(
        Startnet.shellSettings(running: name, afterDrivers: hasDrivers),
        at: "Windows/System32/winpeshl.ini", owner: "start-script:")
    }
    return (stage, stage.contains(Self.startnet))
  }

  private static let startnet = "Windows/System32/startnet.cmd"

  /// Has the image's own startnet.cmd load the drivers, where the recipe brings no other.
  ///
  /// - Returns: True when startnet.cmd is what runs.
  private func loadDrivers(_ image: SourceImage, _ stage: inout WinPEStage) throws -> Bool {
    guard invocation.request.inputs["start-script"] == nil else { return false }
    if invocation.request.inputs["startnet.cmd"] != nil { return true }
    guard !stage.contains(Self.startnet) else {
      throw BuildError(
        .recipe, "nothing loads the drivers: files: has a startnet.cmd of its own",
        advice: "write its lines as startnet: in the recipe, which loads the drivers first")
    }
    let own = try image.file("/\(Self.startnet)", scratch: scratch).map { try FileSystem.read($0) }
    let lines = (own ?? nil) ?? Array("wpeinit\r\n".utf8)
    try stage.add(Startnet.text(ofLines: lines), at: Self.startnet, owner: "drivers:")
    return true
  }
}
