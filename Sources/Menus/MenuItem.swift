/// One thing that a menu can do.
public struct MenuItem: Sendable, Hashable, Codable {
  /// Letters, digits, "-" and "_": part of a label of the script.
  public var name: String
  public var title: String
  /// A letter or a digit that chooses it at once.
  public var hotkey: String?
  /// The values of iPXE's `${platform}` that see it; all of them when empty.
  public var platforms: [String]
  /// The values of iPXE's `${buildarch}` that see it; all of them when empty.
  public var architectures: [String]
  public var action: ItemAction
  /// The paths of targets that may be missing from the tree; without one of them the item is left out.
  public var needs: [String]

  public init(
    name: String, title: String, hotkey: String? = nil, platforms: [String] = [],
    architectures: [String] = [], action: ItemAction, needs: [String] = []
  ) {
    self.name = name
    self.title = title
    self.hotkey = hotkey
    self.platforms = platforms
    self.architectures = architectures
    self.action = action
    self.needs = needs
  }

  /// True for an item that every machine sees.
  var isForAll: Bool { platforms.isEmpty && architectures.isEmpty }
}

/// What an item does.
public enum ItemAction: Sendable, Hashable, Codable {
  case linux(LinuxBoot)
  /// A memory test: the program for BIOS, and the one for UEFI where that is another.
  case memtest(BootFile, efi: BootFile?)
  case wimboot(WindowsBoot)
  /// The URL of a disk or CD image, or another SAN address.
  case sanboot(String)
  case chain(BootFile, arguments: [String])
  /// The URL of another menu.
  case submenu(String)
  /// Lines of iPXE's own language.
  case script([String])
  case shell, config, reboot, poweroff, exit
  /// Leaves a submenu.
  case back
}

/// A file that a machine loads.
public struct BootFile: Sendable, Hashable, Codable {
  /// One name that the file may have.
  public struct Choice: Sendable, Hashable, Codable {
    /// Its name in the folder.
    public var name: String
    public var url: String

    public init(name: String, url: String) {
      self.name = name
      self.url = url
    }
  }

  /// The likeliest first.
  public var choices: [Choice]
  /// What the build knows the folder by whose content decides; nil when there is nothing to decide.
  public var folder: String?
  /// What the build knows the file by when it finds out the case of its name; the one choice is then named by
  /// its path in the target. Nil when the case is known.
  public var anyCase: String?

  public init(choices: [Choice], folder: String?) {
    self.choices = choices
    self.folder = folder
  }

  /// A file whose name is known.
  public init(url: String) {
    self.init(choices: [Choice(name: url, url: url)], folder: nil)
  }
}

/// A Linux kernel, what goes with it, and its command line.
public struct LinuxBoot: Sendable, Hashable, Codable {
  public var kernel: BootFile
  public var initrds: [BootFile]
  /// One word each, those of the image itself excepted.
  public var arguments: [String]
  /// What the build knows the image by whose facts add arguments.
  public var image: String?
  /// Words after everything else.
  public var lastArguments: [String]

  public init(
    kernel: BootFile, initrds: [BootFile], arguments: [String] = [], image: String? = nil,
    lastArguments: [String] = []
  ) {
    self.kernel = kernel
    self.initrds = initrds
    self.arguments = arguments
    self.image = image
    self.lastArguments = lastArguments
  }
}

/// Windows PE through wimboot.
public struct WindowsBoot: Sendable, Hashable, Codable {
  /// A file under the name that wimboot gives it.
  public struct File: Sendable, Hashable, Codable {
    public var name: String
    public var file: BootFile

    public init(name: String, file: BootFile) {
      self.name = name
      self.file = file
    }
  }

  /// wimboot itself.
  public var program: BootFile
  /// One word each: `gui`, `rawwim`, `index=2`.
  public var arguments: [String]
  /// The image last: wimboot takes what comes before it as small files.
  public var files: [File]

  public init(program: BootFile, arguments: [String] = [], files: [File]) {
    self.program = program
    self.arguments = arguments
    self.files = files
  }
}
