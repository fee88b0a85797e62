/// What was selected of an image, checked: every name can be a file's, every link stays inside, every byte
/// lies in the image. Only then is the first one written.
public struct ImageTree: Sendable {
  public struct Folder: Sendable {
    public var entries: [Entry] = []
  }

  public struct Entry: Sendable {
    public enum Kind: Sendable {
      case file(FileContent, isExecutable: Bool)
      case folder(Folder)
      /// A relative link that stays inside the image.
      case link(String)
    }

    public var name: String
    public var kind: Kind
  }

  public internal(set) var root = Folder()
  /// Files, folders and links.
  public internal(set) var entryCount = 0
  /// Of all files, in bytes.
  public internal(set) var byteCount: Int64 = 0
  /// Pairs of paths that differ by case only; a Samba share shows one of each.
  public internal(set) var caseClashes: [(String, String)] = []

  init() {}

  /// Reads the folders of an image, but no file.
  ///
  /// - Parameters:
  ///   - image: The image.
  ///   - paths: What is wanted of it, as paths with "/"; nil for everything.
  /// - Throws: `ImageError`.
  public init(_ image: DiskImage, paths: [String]? = nil) throws(ImageError) {
    var reader = ImageTreeReader(image, wanted: paths.map(WantedPaths.init))
    self = try reader.read()
  }
}

/// The paths that were asked for, as a tree of names.
struct WantedPaths {
  /// True when all below is wanted.
  var isWhole = false
  private(set) var inside: [String: WantedPaths] = [:]

  private init() {}

  init(_ paths: [String]) {
    for path in paths { add(path.split(separator: "/").map(String.init)[...]) }
  }

  private mutating func add(_ components: ArraySlice<String>) {
    guard let first = components.first else {
      isWhole = true
      return
    }
    inside[first, default: WantedPaths()].add(components.dropFirst())
  }
}
