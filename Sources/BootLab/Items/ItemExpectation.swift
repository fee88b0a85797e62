/// What shows that an item of a menu boots.
public enum ItemSign: Sendable, Equatable {
  /// The kernel's first line on the serial console.
  case kernel
  /// The NFS server has let the machine mount its root.
  case nfsRoot
  /// wimboot names the file that it starts of the image.
  case wimboot
  /// What the image of a path holds has started: it is read on after iPXE has handed over to it.
  case loader(image: String)
  /// The memory test's screen.
  case memtest
  /// A text on the console.
  case text(String)
  /// The machine switches itself off, or restarts.
  case end
  /// iPXE has left the menu without an error, and asks for no more.
  case left

  /// For people: what was waited for.
  public var name: String {
    switch self {
    case .kernel: "its kernel's first line on the serial console"
    case .nfsRoot: "the mount of its root over NFS"
    case .wimboot: "the name of wimboot's boot file"
    case .loader: "the loader of its image"
    case .memtest: "the memory test's screen"
    case .text(let text): "\"\(text)\" on the console"
    case .end: "the machine's end"
    case .left: "iPXE to leave the menu"
    }
  }
}

/// An item of a menu that a machine boots from, and how to come to it.
public struct ItemExpectation: Sendable, Equatable {
  /// A menu on the way, and what to press there.
  public struct Step: Sendable, Equatable {
    /// The line above the menu, and the line to choose.
    public var menu: String
    public var line: String
    /// QEMU's names of keys, in order.
    public var keys: [String]

    /// - Parameters:
    ///   - hotkey: A key of the item's own.
    ///   - position: Its place among the lines that can be chosen, from 0.
    public init(menu: String, line: String, hotkey: String?, position: Int) {
      self.menu = menu
      self.line = line
      if let hotkey, hotkey.lowercased() == hotkey {
        keys = [hotkey]
      } else {
        keys = ["home"] + Array(repeating: "down", count: position) + ["ret"]
      }
    }
  }

  /// What it is called in the recipes.
  public var name: String
  public var steps: [Step]
  public var sign: ItemSign

  public init(name: String, steps: [Step], sign: ItemSign) {
    self.name = name
    self.steps = steps
    self.sign = sign
  }
}

/// What shows that an item has booted.
public struct ItemEvidence: Sendable, Equatable {
  public var name: String
  /// What was seen: "Linux version 6.1.0".
  public var sign: String
  /// From power-on to that.
  public var seconds: Double

  public init(name: String, sign: String, seconds: Double) {
    self.name = name
    self.sign = sign
    self.seconds = seconds
  }
}
