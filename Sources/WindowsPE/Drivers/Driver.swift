/// A driver's package as its .inf describes it: what it says of itself, and the files that a machine of one
/// architecture needs of it.
public struct Driver: Sendable {
  /// What vouches for it, as far as its files show: nobody here can check a signature.
  public enum Signature: String, Sendable {
    /// The catalog that it names is there.
    case catalog
    /// It names one that is not there.
    case catalogMissing = "catalog missing"
    case none
  }

  /// A file that the .inf has copied.
  public struct File: Sendable, Hashable {
    /// Below the .inf's folder, with "/".
    public var path: String
    /// The line that asks for it.
    public var line: Int
  }

  public let inf: InfFile

  public init(_ inf: InfFile) { self.inf = inf }

  // MARK: What it says

  public var driverClass: String { inf.values("Class", in: "Version")?.first ?? "" }
  public var provider: String { inf.values("Provider", in: "Version")?.first ?? "" }
  /// The date and the number of `DriverVer`.
  public var version: String {
    (inf.values("DriverVer", in: "Version") ?? []).filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The catalogs for an architecture, by their paths.
  public func catalogs(for architecture: Architecture) -> [String] {
    let decorated = Self.decorations(architecture).map { "CatalogFile.\($0)" }
    return (["CatalogFile"] + decorated).compactMap {
      inf.values($0, in: "Version")?.first { !$0.isEmpty }
    }
  }

  // MARK: Models

  /// The architectures that it has models for, by the words of its [Manufacturer] section.
  public var decorations: [String] {
    var seen: Set<String> = []
    return manufacturers.flatMap { $0.values.dropFirst() }.map { $0.lowercased() }
      .filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  private var manufacturers: [InfFile.Line] { inf.section("Manufacturer")?.lines ?? [] }

  /// `NTamd64`, and for x86 also the names without an architecture, which mean it.
  private static func decorations(_ architecture: Architecture) -> [String] {
    switch architecture {
    case .amd64: ["NTamd64"]
    case .x86: ["NTx86", "NT"]
    case .arm64: ["NTarm64"]
    }
  }

  /// The sections with the models for an architecture. A name may go on with a version: `Intel.NTamd64.10.0`.
  func modelSections(for architecture: Architecture) -> [InfFile.Section] {
    manufacturers.flatMap { line -> [InfFile.Section] in
      guard let base = (line.values.first ?? line.key).map(inf.expanded) else { return [] }
      let words = line.values.dropFirst().map { inf.expanded($0) }
      var names = words.filter { word in
        Self.decorations(architecture).contains { Self.word(word, isFor: $0) }
      }.map { "\(base).\($0)" }
      if architecture == .x86 { names.append(base) }
      return names.compactMap(inf.section).filter { !$0.lines.isEmpty }
    }
  }

  private static func word(_ word: String, isFor decoration: String) -> Bool {
    let word = word.lowercased()
    let decoration = decoration.lowercased()
    return word == decoration || word.hasPrefix(decoration + ".")
  }

  // MARK: Files

  /// The files that its devices of an architecture have copied, each once.
  public func files(for architecture: Architecture) -> [File] {
    var found: [File] = []
    var seen: Set<String> = []
    for model in modelSections(for: architecture).flatMap(\.lines) {
      guard let install = model.values.first.map(inf.expanded) else { continue }
      for file in copied(by: install, architecture)
      where seen.insert(file.path.lowercased()).inserted {
        found.append(file)
      }
    }
    return found
  }

  private func copied(by install: String, _ architecture: Architecture) -> [File] {
    let suffixes = Self.decorations(architecture) + ["NT", ""]
    let parts = ["", ".CoInstallers"]
    return parts.flatMap { part -> [File] in
      guard
        let section = suffixes.lazy.compactMap({ suffix in
          inf.section(suffix.isEmpty ? install + part : "\(install).\(suffix)\(part)")
        }).first
      else { return [] }
      return section.lines.filter { $0.key?.lowercased() == "copyfiles" }.flatMap { line in
        line.values.map(inf.expanded).flatMap { copied(in: $0, line.number, architecture) }
      }
    }
  }

  /// A file itself (`@NAME`), or those of a section.
  private func copied(in list: String, _ line: Int, _ architecture: Architecture) -> [File] {
    if list.hasPrefix("@") { return [file(String(list.dropFirst()), line, architecture)] }
    return (inf.section(list)?.lines ?? []).compactMap { entry in
      let names = ([entry.key].compactMap { $0 } + entry.values).map(inf.expanded)
      guard let target = names.first, !target.isEmpty else { return nil }
      let source = names.count > 1 && !names[1].isEmpty ? names[1] : target
      return file(source, entry.number, architecture)
    }
  }

  /// Where [SourceDisksFiles] and [SourceDisksNames] say that a file is; beside the .inf when they do not.
  private func file(_ name: String, _ line: Int, _ architecture: Architecture) -> File {
    func entry(_ section: String, _ key: String) -> [String]? {
      inf.values(key, in: "\(section).\(architecture.rawValue)") ?? inf.values(key, in: section)
    }
    guard let place = entry("SourceDisksFiles", name) else { return File(path: name, line: line) }
    let disk = place.first.flatMap { entry("SourceDisksNames", $0) } ?? []
    let folders = [disk.count > 3 ? disk[3] : "", place.count > 1 ? place[1] : ""]
    let path = (folders + [name]).flatMap { $0.split { $0 == "\\" || $0 == "/" } }.filter {
      $0 != "."
    }
    return File(path: path.joined(separator: "/"), line: line)
  }

  /// Other .inf files that its devices are made with, by name; most are Windows' own.
  public var included: [String] {
    inf.sectionNames.compactMap(inf.section).flatMap(\.lines)
      .filter { $0.key?.lowercased() == "include" }
      .flatMap(\.values).map { inf.expanded($0) }
  }
}
