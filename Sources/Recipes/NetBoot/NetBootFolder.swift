/// What is written in a NetBoot folder (`.nbi`) beside the boot program: the files that Apple's NetBoot server
/// (`bootplib/nbimages.c` of Apple's bootp) and BSDPy look for.
struct NetBootFolder: Sendable {
  /// What a Mac shows in its list of startup disks.
  var name: String
  var description: String
  /// By which servers and Macs know the folder: 1 to 65535, and another one for each folder.
  var index: Int
  /// True for the one that a Mac takes when a person holds N, or asks for no other.
  var isDefault: Bool
  /// The Macs that are offered it, by model; all when empty.
  var models: [String]
  /// The Macs that are offered it, by the board's identifier.
  var boards: [String]

  /// The folder of a boot program: what Intel Macs call themselves, whatever they are compiled for.
  static let architecture = "i386"
  /// The name that Apple's own folders have for it; BSDPy looks for no other.
  static let bootFile = "booter"
  /// Servers want a disk image to be there. iPXE needs none, so it is empty.
  static let rootImage = "NetBoot.dmg"

  /// The files by their paths in the folder, the boot program left out.
  var files: [String: [UInt8]] {
    var files = [
      "NBImageInfo.plist": Array(imageInfo.document.utf8),
      "\(Self.architecture)/com.apple.Boot.plist": Array(bootOptions.document.utf8),
      Self.rootImage: [],
    ]
    if let platforms {
      files["\(Self.architecture)/PlatformSupport.plist"] = Array(platforms.document.utf8)
    }
    return files
  }

  /// What a server knows of the folder.
  private var imageInfo: PropertyList {
    .dictionary([
      .init("Architectures", .array([.string(Self.architecture)])),
      .init("BackwardCompatible", .boolean(false)),
      .init("BootFile", .string(Self.bootFile)),
      .init("Description", .string(description)),
      .init("DisabledSystemIdentifiers", .array([])),
      .init("EnabledSystemIdentifiers", .array(models.map { .string($0) })),
      .init("Index", .integer(index)),
      .init("IsDefault", .boolean(isDefault)),
      .init("IsEnabled", .boolean(true)),
      .init("IsInstall", .boolean(false)),
      // 1 is Mac OS X: a Mac shows no other kind in its list of startup disks.
      .init("Kind", .integer(1)),
      .init("Language", .string("Default")),
      .init("Name", .string(name)),
      .init("RootPath", .string(Self.rootImage)),
      .init("SupportsDiskless", .boolean(false)),
      .init("Type", .string("HTTP")),
      .init("imageType", .string("netboot")),
      .init("osVersion", .string("10.x")),
    ])
  }

  /// The options of macOS's own loader; iPXE reads none, and no server wants any.
  private var bootOptions: PropertyList { .dictionary([.init("Kernel Flags", .string(""))]) }

  /// An empty list would say that no Mac is supported.
  private var platforms: PropertyList? {
    guard !models.isEmpty || !boards.isEmpty else { return nil }
    return .dictionary([
      .init("SupportedBoardIds", .array(boards.map { .string($0) })),
      .init("SupportedModelProperties", .array(models.map { .string($0) })),
    ])
  }
}
