/// A boot menu: what one iPXE script shows. Every URL in it is complete and escaped as a URL; texts are
/// as a person wrote them, and become part of a script through `MenuText` alone.
public struct Menu: Sendable, Hashable, Codable {
  public var title: String
  /// Seconds until the default item is chosen; 0 waits for ever. A key that is pressed ends the count.
  public var timeout: Int
  /// The name of the item that is marked first.
  public var defaultItem: String?
  /// The URL of a PNG picture to show behind the menu, where the iPXE that runs can.
  public var background: String?
  public var colours: [MenuColours]
  /// Machines that get a page of their own before this menu.
  public var pages: [MachinePage]
  public var entries: [MenuEntry]
  /// True when everything that is loaded is verified by the signature beside it, and nothing else may run. Nil for a
  /// menu that verifies nothing.
  public var verifies: Bool?

  public init(
    title: String, timeout: Int = 0, defaultItem: String? = nil, background: String? = nil,
    colours: [MenuColours] = [], pages: [MachinePage] = [], entries: [MenuEntry],
    verifies: Bool? = nil
  ) {
    self.title = title
    self.timeout = timeout
    self.defaultItem = defaultItem
    self.background = background
    self.colours = colours
    self.pages = pages
    self.entries = entries
    self.verifies = verifies
  }

  /// The entries that can be chosen.
  public var items: [MenuItem] {
    entries.compactMap { if case .item(let item) = $0 { item } else { nil } }
  }
}

/// One line of a menu.
public enum MenuEntry: Sendable, Hashable, Codable {
  /// A line that cannot be chosen.
  case separator(String)
  case item(MenuItem)
}

/// Machines, by what they are known by, and the script that is theirs.
public struct MachinePage: Sendable, Hashable, Codable {
  /// What a machine is known by, as iPXE's settings give it.
  public enum Key: String, Sendable, Hashable, Codable, CaseIterable {
    /// Of the interface it boots from: six bytes in small hexadecimal digits, ":" between.
    case mac
    /// From its SMBIOS tables, in small hexadecimal digits.
    case uuid
    /// Its serial number from the SMBIOS tables.
    case serial
    /// What the DHCP server calls it.
    case hostname
  }

  public var key: Key
  public var value: String
  /// The URL of the script.
  public var url: String
  /// The path of the target, when it may be missing from the tree.
  public var need: String?

  public init(key: Key, value: String, url: String, need: String? = nil) {
    self.key = key
    self.value = value
    self.url = url
    self.need = need
  }
}

/// The colours of one kind of text.
public struct MenuColours: Sendable, Hashable, Codable {
  /// A colour pair of iPXE's text screens (`CPAIR_…` of its ansicol.h).
  public enum Part: Int, Sendable, Hashable, Codable, CaseIterable {
    case normal = 1
    case selected, separator, edit, alert, url
  }

  /// One of the eight colours of a text screen (ECMA-48, SGR 30 to 37), or what the screen has anyway.
  public enum Colour: Int, Sendable, Hashable, Codable, CaseIterable {
    case black, red, green, yellow, blue, magenta, cyan, white
    case none = 9
  }

  public var part: Part
  public var foreground: Colour
  public var background: Colour

  public init(part: Part, foreground: Colour, background: Colour) {
    self.part = part
    self.foreground = foreground
    self.background = background
  }
}
