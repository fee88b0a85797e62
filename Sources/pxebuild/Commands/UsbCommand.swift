import ArgumentParser
import BuildEngine

struct UsbCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usb",
    abstract: "Write an image to a stick, or list the disks of this machine.",
    discussion: """
      Builds the image first when it must; the output tree stays as it is. Refuses every disk that is in use, and \
      every one that is not removable and on USB or MMC. Asks before it writes, reads everything back afterwards, and \
      erases what was on the stick.
      """)

  @Option(
    help:
      "The target to write; the only image of the recipes, or their first image: target, when left out."
  )
  var image: String?

  @Option(help: "The disk, like /dev/sdb; with --to-file, the file.")
  var device: String?

  @Flag(help: "List the disks that there are, and what is on them.")
  var list = false

  @Flag(name: [.short, .long], help: "Ask nothing.")
  var yes = false

  @Flag(name: .customLong("no-verify"), help: "Do not read back what was written.")
  var skipsVerification = false

  @Flag(help: "Read the disk first, and write only what is not right yet.")
  var delta = false

  @Flag(help: "Write to a plain file instead of a disk.")
  var toFile = false

  @Option(
    help: ArgumentHelp(
      "Write to a disk that is not removable; NAME is its serial number, or its kernel name where it has none.",
      valueName: "name"))
  var forceFixedDisk: String?

  @OptionGroup var site: SiteOptions
  @OptionGroup var build: BuildOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    if list {
      guard device == nil, image == nil else {
        throw ValidationError("--list shows every disk; it goes without --device and --image")
      }
    } else if device == nil {
      throw ValidationError("--device says where to write; --list shows the disks that there are")
    }
    if toFile, forceFixedDisk != nil {
      throw ValidationError("--force-fixed-disk is about a disk, --to-file about a file")
    }
  }

  func run() async throws {
    let console = Console(terminal)
    guard let device else { return try DiskList(site: site).show(on: console) }
    let run = StickRun(
      site: site, build: build, console: console,
      request: .init(
        image: image, device: device, isFile: toFile, asks: !yes, verifies: !skipsVerification,
        onlyDifferences: delta, forcedName: forceFixedDisk))
    throw try await Interruption.cancelling { try await run.run() }.code
  }
}
