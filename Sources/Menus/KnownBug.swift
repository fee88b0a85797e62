/// A fault of some releases, and the kernel arguments that help.
///
/// Every condition that is written has to hold; of a list one is enough.
public struct KnownBug: Sendable, Hashable, Codable {
  public var name: String
  /// What the release calls itself: "Ubuntu", "Linux Mint". Case does not count.
  public var families: [String]
  /// "18.04.1" is that one, "20.04" is also 20.04.6.
  public var versions: [String]
  /// What the release, or the one that it is made from, is called: "focal".
  public var codenames: [String]
  /// Volume identifiers; one with "*" at its end stands for all that start so.
  public var volumes: [String]
  /// Kernel arguments, one word each.
  public var addedArguments: [String]

  public init(
    name: String, families: [String] = [], versions: [String] = [], codenames: [String] = [],
    volumes: [String] = [], addedArguments: [String]
  ) {
    self.name = name
    self.families = families
    self.versions = versions
    self.codenames = codenames
    self.volumes = volumes
    self.addedArguments = addedArguments
  }

  public func applies(to release: ImageRelease) -> Bool {
    holds(families) { family in
      release.family.map { Self.folded($0) == Self.folded(family) } ?? false
    }
      && holds(versions) { version in
        release.version.map { $0 == version || $0.hasPrefix("\(version).") } ?? false
      }
      && holds(codenames) { release.codenames.contains($0.lowercased()) }
      && holds(volumes) { volume in
        guard let own = release.volumeID else { return false }
        return volume.hasSuffix("*") ? own.hasPrefix(volume.dropLast()) : own == volume
      }
  }

  private func holds(_ values: [String], _ test: (String) -> Bool) -> Bool {
    values.isEmpty || values.contains(where: test)
  }

  /// "Ubuntu-Server" and "Ubuntu Server" are the same.
  private static func folded(_ name: String) -> String {
    String(name.lowercased().map { $0 == "-" || $0 == "_" ? " " : $0 })
  }
}

/// What of an image's identity says which release it is.
public struct ImageRelease: Sendable, Hashable {
  public var volumeID: String?
  public var family: String?
  public var version: String?
  /// In lower case: of the release itself, and of the suites whose packages are in the image, which is how a
  /// derivative says what it is made from.
  public var codenames: Set<String> = []

  /// - Parameter suites: The names in the image's `dists`.
  public init(_ identity: ImageIdentity, suites: [String] = []) {
    volumeID = identity.volumeID
    family = identity.family
    version = identity.version
    // What .treeinfo says is exact; .disk/info and the volume's name are sentences.
    for text in [identity.diskInfo, identity.volumeID] where family == nil || version == nil {
      guard let text, let read = Self.read(text) else { continue }
      (family, version) = (read.family, read.version)
    }
    if let name = identity.diskInfo.flatMap(Self.quotedName) { codenames.insert(name) }
    for suite in suites { codenames.insert(suite.lowercased()) }
  }

  /// `Ubuntu 18.04.1 LTS "Bionic Beaver" - Release amd64 (20180725)`: the words before the first number,
  /// and that.
  private static func read(_ text: String) -> (family: String, version: String)? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard let index = words.firstIndex(where: { $0.first?.isNumber == true }), index > 0 else {
      return nil
    }
    return (words[..<index].joined(separator: " "), String(words[index]))
  }

  /// The first word between quotation marks, "focal" of "Focal Fossa".
  private static func quotedName(_ text: String) -> String? {
    guard let open = text.firstIndex(of: "\"") else { return nil }
    let rest = text[text.index(after: open)...].prefix { $0 != "\"" }
    return rest.split(separator: " ").first.map { $0.lowercased() }
  }
}

extension ImageFacts {
  /// The facts of an image, with what its known bugs demand, each argument once.
  public init(identity: ImageIdentity, suites: [String], knownBugs: [KnownBug]) {
    let release = ImageRelease(identity, suites: suites)
    var arguments: [String] = []
    for bug in knownBugs where bug.applies(to: release) {
      for argument in bug.addedArguments where !arguments.contains(argument) {
        arguments.append(argument)
      }
    }
    self.init(identity: identity, addedArguments: arguments)
  }
}
