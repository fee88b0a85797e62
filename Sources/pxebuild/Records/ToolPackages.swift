import BuildEngine
import Glibc
import Subprocess
import SystemPackage

/// Which Debian package of this machine brings a tool, and its version. What was found is remembered as long as the
/// tool's file is the same: asking dpkg takes longer than everything else that a build without changes does.
struct ToolPackages: Sendable {
  struct Package: Sendable, Equatable {
    var name: String
    var version: String
  }

  private static let header = "pxebuild tool packages 1\n"
  private let file: FilePath

  init(rememberedIn file: FilePath) { self.file = file }

  /// The packages of some tools, by the names that recipes' rules have for them. A tool that no package brings, or a
  /// machine without dpkg, is no error.
  func look(for tools: Set<String>) async throws -> [String: Package] {
    var places: [String: (path: FilePath, identity: FileIdentity)] = [:]
    for tool in tools {
      let found = tool.hasPrefix("/") ? FilePath(tool) : Toolchain.find(tool)
      guard let found, let path = found.withPlatformString({ realpath($0, nil) }) else { continue }
      defer { free(path) }
      let real = FilePath(String(cString: path))
      if let identity = try FileIdentity.of(real) { places[tool] = (real, identity) }
    }
    var known = try load()
    let unknown = Set(
      places.values.filter { known[Self.key($0.path, $0.identity)] == nil }.map(\.path))
    if !unknown.isEmpty {
      let packages = try await ask(unknown.map(\.string).sorted())
      for (path, identity) in places.values where unknown.contains(path) {
        // An empty name stands for a tool that no package brings.
        known[Self.key(path, identity)] = packages[path.string] ?? Package(name: "", version: "")
      }
      try save(known, keeping: Set(places.values.map { Self.key($0.path, $0.identity) }))
    }
    return places.compactMapValues { place in
      known[Self.key(place.path, place.identity)].flatMap { $0.name.isEmpty ? nil : $0 }
    }
  }

  private static func key(_ path: FilePath, _ identity: FileIdentity) -> String {
    "\(identity.inode) \(identity.size) \(identity.modified) \(path)"
  }

  private func load() throws -> [String: Package] {
    guard let bytes = try CheckedFile.read(file) else { return [:] }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(Self.header) else { return [:] }
    var known: [String: Package] = [:]
    for line in text.dropFirst(Self.header.count).split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      if fields.count == 3 {
        known[String(fields[0])] = Package(name: String(fields[1]), version: String(fields[2]))
      }
    }
    return known
  }

  private func save(_ known: [String: Package], keeping keys: Set<String>) throws {
    var text = Self.header
    for (key, package) in known.sorted(by: { $0.key < $1.key }) where keys.contains(key) {
      text += "\(key)\t\(package.name)\t\(package.version)\n"
    }
    try CheckedFile.write(text.utf8, to: file)
  }

  // MARK: dpkg

  private func ask(_ paths: [String]) async throws -> [String: Package] {
    guard let program = Toolchain.find("dpkg-query") else { return [:] }
    // Where /bin is a link, a package may list its files there.
    let asked = paths.flatMap { $0.hasPrefix("/usr/") ? [$0, String($0.dropFirst(4))] : [$0] }
    var owners: [String: String] = [:]
    for line in try await output(of: program, ["--search", "--"] + asked) {
      // "gcc-12: /usr/bin/x86_64-linux-gnu-gcc-12"; several packages have commas between, diversions "by …".
      guard let colon = line.firstRange(of: ": ") else { continue }
      let package = line[..<colon.lowerBound].split(separator: ",").first.map(String.init) ?? ""
      let path = String(line[colon.upperBound...])
      if !package.contains(" ") { owners[path] = package }
    }
    let names = Set(owners.values).sorted()
    guard !names.isEmpty else { return [:] }
    var versions: [String: String] = [:]
    for line in try await output(
      of: program,
      ["--show", "--showformat=${binary:Package} ${Package} ${Version}\n", "--"] + names)
    {
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 3 else { continue }
      versions[words[0]] = words[2]
      versions[words[1]] = words[2]
    }
    var packages: [String: Package] = [:]
    for path in paths {
      let short = path.hasPrefix("/usr/") ? String(path.dropFirst(4)) : path
      guard let owner = owners[path] ?? owners[short], let version = versions[owner] else {
        continue
      }
      let name = owner.prefix { $0 != ":" }
      packages[path] = Package(name: String(name), version: version)
    }
    return packages
  }

  /// Its lines; it exits with 1 where it does not know something, which is no error here.
  private func output(of program: FilePath, _ arguments: [String]) async throws -> [String] {
    let result = try await Subprocess.run(
      .path(program), arguments: Arguments(arguments),
      environment: .inherit.updating(["LC_ALL": "C.UTF-8"]), output: .string(limit: 1 << 20),
      error: .discarded)
    return result.standardOutput.split(separator: "\n").map(String.init)
  }
}
