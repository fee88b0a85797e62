import SystemPackage

/// What the last builds with a cache found in it, oldest first.
public struct BuildHistory: Sendable {
  public struct Entry: Sendable, Equatable {
    /// Seconds since 1970.
    public var time: Int64
    /// Actions that ran, and those whose result was there.
    public var executed: Int
    public var cached: Int
    /// The output folder.
    public var site: String

    public init(time: Int64, executed: Int, cached: Int, site: String) {
      self.time = time
      self.executed = executed
      self.cached = cached
      self.site = site
    }
  }

  private static let header = "pxebuild build history 1\n"
  private static let longest = 20
  private let file: FilePath

  public init(in cache: CacheDirectory) { file = cache.state("build-history") }

  /// Nothing when it is damaged: it is for people, and no build depends on it.
  public func entries() throws -> [Entry] {
    guard let bytes = try CheckedFile.read(file) else { return [] }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(Self.header) else { return [] }
    return text.dropFirst(Self.header.count).split(separator: "\0").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 3)
      guard fields.count == 4, let time = Int64(fields[0]), let executed = Int(fields[1]),
        let cached = Int(fields[2])
      else { return nil }
      return Entry(time: time, executed: executed, cached: cached, site: String(fields[3]))
    }
  }

  public func add(_ entry: Entry) throws {
    let all = try (entries() + [entry]).suffix(Self.longest)
    let lines = all.map { "\($0.time) \($0.executed) \($0.cached) \($0.site)\0" }
    try CheckedFile.write((Self.header + lines.joined()).utf8, to: file)
  }
}
