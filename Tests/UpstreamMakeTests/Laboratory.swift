import BuildEngine
import Glibc
import Synchronization
import SystemPackage

@testable import UpstreamMake

/// A folder with a content store, an upstream, and an executor that keeps every result in memory.
final class Laboratory {
  let folder: FilePath
  let store: ContentStore
  let executor: Executor

  /// - Parameters:
  ///   - name: Part of the folder's name.
  ///   - slots: How many commands may run at a time.
  init(_ name: String = "build", slots: Int = 1) throws {
    let unique = "\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    folder = FilePath("/tmp/pxebuild-make-\(name)-\(unique)")
    for part in ["blobs", "temporary", "cache", "runs"] {
      try FileSystem.createDirectories(folder.appending(part))
    }
    store = ContentStore(
      directory: folder.appending("blobs"), temporaryDirectory: folder.appending("temporary"))
    var environment = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/nonexistent"]
    if slots > 1 {
      let fifo = folder.appending("slots").string
      mkfifo(fifo, 0o600)
      let descriptor = open(fifo, O_RDWR)
      slotsDescriptor = descriptor
      _ = [UInt8](repeating: UInt8(ascii: "+"), count: slots - 1).withUnsafeBytes {
        write(descriptor, $0.baseAddress, $0.count)
      }
      environment.append("PXEBUILD_JOBSERVER=\(fifo)")
    }
    executor = Executor(
      store: store, runs: folder.appending("runs"), environment: environment)
  }

  private var slotsDescriptor: Int32 = -1

  /// The free slots that are back in the jobserver.
  func countSlots() -> Int {
    var bytes = [UInt8](repeating: 0, count: 64)
    _ = fcntl(slotsDescriptor, F_SETFL, O_NONBLOCK)
    return max(0, read(slotsDescriptor, &bytes, bytes.count))
  }

  func remove() {
    if slotsDescriptor >= 0 { close(slotsDescriptor) }
    do { try FileSystem.remove(folder) } catch { print("cannot remove \(folder): \(error)") }
  }

  /// The miniature upstream that lies beside these tests.
  static var miniature: FilePath {
    FilePath(#filePath).removingLastComponent().removingLastComponent()
      .appending("MiniatureUpstream")
  }

  func copy(_ source: FilePath, to target: FilePath) throws {
    try CommandPool(
      directory: "/", environment: ["PATH=/usr/bin:/bin"], jobserver: nil, print: { _ in }
    ).run(Command(["cp", "-r", source.string, target.string]))
  }

  func insert(_ text: String) throws -> StoredArtifact {
    .file(try store.insert(Array(text.utf8)), executable: false)
  }

  func insert(tree: FilePath) throws -> StoredArtifact {
    let copied = folder.appending("tree-\(UInt32.random(in: 0...UInt32.max))")
    try copy(tree, to: copied)
    var inserted = Set<Digest>()
    return try store.insert(movingTree: copied, inserted: &inserted)
  }

  /// Runs the built-in as the engine does and returns the product with its build id.
  func build(_ recipe: Recipe, source: StoredArtifact) async throws -> Built {
    var inputs = ["source": source, "commit-time": try insert("1700000000\n")]
    for (path, text) in recipe.files { inputs[path] = try insert(text) }
    if let linkSets = recipe.linkSets {
      let name = "\(Recipe.commit).txt"
      inputs["link-sets"] = try store.insert(StoredDirectory(entries: [name: insert(linkSets)]))
    }
    let request = ActionRequest(
      name: recipe.goal, rule: RuleVersion("ipxe", 1),
      operation: .builtIn("ipxe", version: 1, parameters: recipe.parameters), inputs: inputs,
      outputs: ["product"])
    let output = folder.appending("output-\(UInt32.random(in: 0...UInt32.max))")
    let cache = folder.appending("cache")
    try FileSystem.createDirectories(output)
    let executor = executor
    let notes = Notes()
    let context = BuildContext(
      store: store, cacheDirectory: cache, isOffline: true,
      perform: { try await executor.perform($0) })
    try await IPXEBuiltIn().run(
      BuiltInInvocation(
        request: request, parameters: recipe.parameters, outputDirectory: output,
        scratchDirectory: output, context: context, progress: { _ in }, note: { notes.add($0) }))
    let product = output.appending("product")
    let bytes = try FileSystem.read(product) ?? []
    let buildID = try BuildID.of(product: Digest(of: bytes), cacheDirectory: cache)
    return Built(bytes: bytes, buildID: buildID ?? 0, notes: notes.all)
  }

  /// What plain make builds of the same recipe in a folder of its own.
  func makePlainly(_ recipe: Recipe, upstream: FilePath, buildID: UInt32) throws -> [UInt8] {
    let tree = folder.appending("plain-\(UInt32.random(in: 0...UInt32.max))")
    try copy(upstream, to: tree)
    let src = tree.appending("src")
    for (path, text) in recipe.files {
      let target =
        path.hasPrefix("config/")
        ? src.appending("config/local").appending(String(path.dropFirst(7))) : src.appending(path)
      try FileSystem.createDirectories(target.removingLastComponent())
      try FileSystem.replace(target, with: Array(text.utf8))
    }
    var arguments = [
      "make", "-j2", recipe.goal, "GITVERSION=\(Recipe.commit)", "BUILD_ID_CMD=echo \(buildID)",
    ]
    for (variable, kind, names) in [
      ("EMBED", "embed", recipe.embed), ("TRUST", "trust", recipe.trust),
      ("CERT", "certificates", recipe.certificates), ("PRIVKEY", "private-key", recipe.privateKey),
    ] where !names.isEmpty {
      arguments.append("\(variable)=" + names.map { "\(kind)/\($0)" }.joined(separator: ","))
    }
    if !recipe.debug.isEmpty { arguments.append("DEBUG=\(recipe.debug)") }
    let pool = CommandPool(
      directory: src.string,
      environment: ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=1700000000"],
      jobserver: nil, print: { _ in })
    _ = try pool.capture(Command(arguments))
    return try FileSystem.read(src.appending(recipe.goal)) ?? []
  }
}

struct Built {
  var bytes: [UInt8]
  var buildID: UInt32
  var notes: [String]
}

/// What a recipe says about one goal.
struct Recipe {
  static let commit = "0123456789abcdef0123456789abcdef01234567"

  var goal: String
  var goals: [String] = []
  var embed: [String] = []
  var trust: [String] = []
  var certificates: [String] = []
  var privateKey: [String] = []
  var debug = ""
  /// Text by input path: `config/…`, `embed/…`, `trust/…`, `patches/…`.
  var files: [String: String] = [:]
  var linkSets: String?

  init(_ goal: String) { self.goal = goal }

  static func embedding(_ script: String, _ goal: String) -> Recipe {
    var recipe = Recipe(goal)
    recipe.embed = ["chain.ipxe"]
    recipe.files = ["embed/chain.ipxe": script]
    return recipe
  }

  var parameters: [String: String] {
    [
      "goal": goal, "goals": goals.joined(separator: ","), "commit": Self.commit,
      "embed": embed.joined(separator: ","), "trust": trust.joined(separator: ","),
      "certificates": certificates.joined(separator: ","),
      "private-key": privateKey.first ?? "", "debug": debug, "cross": "",
    ]
  }
}

/// Runs workers one after the other and remembers what they wrote.
actor Executor {
  private let store: ContentStore
  private let runs: FilePath
  private let environment: [String]
  private var results: [String: ActionOutputs] = [:]
  /// The workers that ran, by name, since the last call of `takeRuns`.
  private var ran: [String] = []

  init(store: ContentStore, runs: FilePath, environment: [String]) {
    self.store = store
    self.runs = runs
    self.environment = environment
  }

  func takeRuns() -> [String] {
    defer { ran = [] }
    return ran
  }

  func perform(_ request: ActionRequest) throws -> ActionOutputs {
    guard case .worker(let name, _, let arguments) = request.operation else {
      throw BuildError(.failed, "only workers run here")
    }
    let inputs = request.inputs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let key = ([name] + arguments + inputs).joined(separator: "\n")
    if var known = results[key] {
      known.wasCached = true
      return known
    }
    ran.append(name)
    let root = runs.appending("run-\(UInt32.random(in: 0...UInt32.max))")
    try FileSystem.createDirectories(root)
    for (path, artifact) in request.inputs {
      try FileSystem.createDirectories(root.appending(path).removingLastComponent())
      try store.materialize(artifact, at: root.appending(path))
    }
    let log = Notes()
    let code = UpstreamMakeWorkers.run(
      name: name, arguments: arguments, root: root, environment: environment,
      print: { log.add($0) })
    let lines = log.all.joined().split(separator: "\n").map(String.init)
    guard code == 0 else {
      throw BuildError(.failed, "\(request.name) failed", outputTail: lines)
    }
    var outputs = ActionOutputs(artifacts: [:], wasCached: false, key: nil)
    var inserted = Set<Digest>()
    for output in request.outputs {
      outputs.artifacts[output] = try store.insert(
        movingTree: root.appending(output), inserted: &inserted)
    }
    try FileSystem.remove(root)
    results[key] = outputs
    return outputs
  }
}

/// Lines from several threads.
final class Notes: Sendable {
  private let lines = Mutex<[String]>([])

  func add(_ line: String) { lines.withLock { $0.append(line) } }

  var all: [String] { lines.withLock { $0 } }
}
