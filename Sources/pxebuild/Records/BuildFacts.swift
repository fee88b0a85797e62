import BuildEngine
import Downloads
import SystemPackage

/// What each target of a build was made from.
struct BuildFacts {
  private let plan: Plan
  private let result: BuildResult
  private let session: BuildSession
  private let packages: [String: ToolPackages.Package]
  /// The recipes' folder: files below it are named by their paths in it.
  private let folder: FilePath
  private(set) var facts = ManifestFacts()
  private var known: [ActionID: Names] = [:]

  /// Keys of `facts`.
  struct Names: Equatable {
    var sources: Set<String> = []
    var tools: Set<String> = []

    mutating func add(_ other: Names) {
      sources.formUnion(other.sources)
      tools.formUnion(other.tools)
    }
  }

  init(
    _ plan: Plan, _ result: BuildResult, _ session: BuildSession, recipes folder: FilePath,
    packages: [String: ToolPackages.Package]
  ) {
    self.plan = plan
    self.result = result
    self.session = session
    self.folder = folder
    self.packages = packages
  }

  /// Of the target, as it came out: of its stand-in where that took its place.
  mutating func names(for target: PlannedTarget, _ outcome: TargetOutcome) throws -> Names {
    if case .prebuilt = outcome.state,
      case .standIn(let artifact, let version, _) = target.whenUnreachable
    {
      var names = try self.names(for: artifact)
      names.add(try self.names(for: version))
      return names
    }
    return try names(for: target.artifact)
  }

  private mutating func names(for artifact: Artifact) throws -> Names {
    switch artifact {
    case .output(let id, _): return try names(for: id)
    case .local(let path), .localInPlace(let path): return try file(FilePath(path))
    case .link(let path):
      return add(
        .init(.file, name: name(of: FilePath(path))), as: "file \(name(of: FilePath(path)))")
    case .bytes, .emptyFolder: return Names()
    }
  }

  private mutating func names(for id: ActionID) throws -> Names {
    if let names = known[id] { return names }
    // What an action could do without was not read.
    guard let outputs = result.outputs[id] else { return Names() }
    let action = plan[id]
    var names = Names()
    for artifact in action.inputs.values { names.add(try self.names(for: artifact)) }
    if action.bringsSource { names.add(try source(action, outputs)) }
    names.add(try tools(of: outputs))
    known[id] = names
    return names
  }

  private mutating func add(_ source: Manifest.Source, as key: String) -> Names {
    facts.sources[key] = source
    return Names(sources: [key])
  }

  // MARK: Sources

  private mutating func file(_ path: FilePath) throws -> Names {
    let name = name(of: path)
    let isFile = try FileIdentity.of(path, followingLinks: true)?.kind == .regular
    let sha256 = try isFile ? session.digests.digest(of: path).hex : nil
    return add(.init(.file, name: name, sha256: sha256), as: "file \(name)")
  }

  /// Below the recipes by its path there; else by its last name, since records of one build on two machines have to
  /// be equal.
  private func name(of path: FilePath) -> String {
    var rest = path.lexicallyNormalized()
    if rest.removePrefix(folder) { return rest.string }
    return path.lastComponent?.string ?? path.string
  }

  private mutating func source(_ action: PlannedAction, _ outputs: ActionOutputs) throws -> Names {
    guard case .builtIn(let step, _, let parameters) = action.operation else { return Names() }
    let url = WebAddress.withoutCredentials(parameters["url"] ?? "")
    let last =
      url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last.map(String.init) ?? url
    switch step {
    case "git-tree":
      let commit = parameters["commit"] ?? ""
      let name = last.hasSuffix(".git") ? String(last.dropLast(4)) : last
      return add(
        .init(.git, name: name, url: url, reference: parameters["ref"], commit: commit),
        as: "git \(url) \(commit)")
    case "deb-fetch":
      guard case .file(let digest, _)? = outputs.artifacts["version"] else { return Names() }
      let lines = String(decoding: try session.store.read(digest), as: UTF8.self)
        .split(separator: "\n").map(String.init)
      let prefix = "Debian package "
      let name =
        action.name.hasPrefix(prefix) ? String(action.name.dropFirst(prefix.count)) : action.name
      guard lines.count > 1 else { return Names() }
      return add(
        .init(.package, name: name, sha256: lines[1], version: lines[0]),
        as: "package \(name) \(lines[0])")
    default:
      return add(
        .init(.download, name: last, url: url, sha256: parameters["sha256"]),
        as: "download \(parameters["sha256"] ?? url)")
    }
  }

  // MARK: Tools

  private mutating func tools(of outputs: ActionOutputs) throws -> Names {
    guard let key = outputs.key else { return Names() }
    // One that is lost is back after another round: records must not lack a tool for that.
    let tools = try ActionKey.tools(behind: key, in: session.store)
    var names = Names()
    for (name, sha256) in tools {
      let package = packages[name]
      let id = "\(name) \(sha256.prefix(12))"
      facts.tools[id] = Manifest.Tool(
        name: name, sha256: sha256, package: package?.name, version: package?.version)
      names.tools.insert(id)
    }
    return names
  }
}
