import BuildEngine
import SystemPackage

/// Builds one goal of iPXE, or of an upstream with the same make interface, in steps that are cached each
/// by its own key: make's commands are recorded, the wanted objects compiled, the goal linked.
///
/// A changed chain script costs one link. Goals of one folder share the objects. Whatever cannot be
/// replayed is built by make itself.
///
/// Parameters: `goal`; `goals`, every goal of the recipes with the same source, configuration and folder,
/// this one included, sorted; `commit`; `embed`, `trust`, `certificates`, names in order; `private-key`, a
/// name; `debug`; `cross`. Lists have commas between, anything but the goal may be empty.
///
/// Inputs: `source`, a directory that holds `src/`; `commit-time`, decimal seconds; `config/NAME.h`,
/// `embed/NAME`, `trust/NAME`, `certificates/NAME`, `private-key/NAME`; `patches/NAME`, applied in the order
/// of their names with `patch -p1`; `link-sets`, a directory of `COMMIT.txt` (`LinkSets`). Output: `product`.
public struct IPXEBuiltIn: BuiltIn {
  public let name = "ipxe"
  public let version = 1

  public init() {}

  public func run(_ invocation: BuiltInInvocation) async throws {
    var build = try await IPXEBuild(invocation)
    let (product, buildID) = try await build.product()
    guard case .file(let digest, _) = product else {
      throw BuildError(.failed, "the link of \(build.parameters.goal) wrote no file")
    }
    let store = invocation.context.store
    try store.materialize(
      .file(digest, executable: false), at: invocation.outputDirectory.appending("product"))
    try BuildID.note(buildID, product: digest, cacheDirectory: invocation.context.cacheDirectory)
  }
}

/// One run of the built-in.
struct IPXEBuild {
  let parameters: IPXEParameters
  private let invocation: BuiltInInvocation
  private let linkSets: LinkSetCache
  /// The source, patched.
  private let source: StoredArtifact
  private let commitTime: StoredArtifact

  init(_ invocation: BuiltInInvocation) async throws {
    parameters = try IPXEParameters(invocation.parameters)
    self.invocation = invocation
    linkSets = LinkSetCache(cache: invocation.context.cacheDirectory)
    guard let source = invocation.request.inputs["source"],
      let commitTime = invocation.request.inputs["commit-time"]
    else {
      throw BuildError(.failed, "the built-in \"ipxe\" needs the inputs source and commit-time")
    }
    self.commitTime = commitTime
    let patches = Self.inputs(of: invocation.request, below: "patches")
    if patches.isEmpty {
      self.source = source
    } else {
      let request = Self.request(
        invocation.request, name: "patched source", worker: "make-patch", arguments: [],
        inputs: patches.merging(["source": source, "commit-time": commitTime]) { $1 },
        outputs: ["patched"])
      self.source = try await Self.output("patched", of: request, invocation)
    }
  }

  /// The product and its build id.
  mutating func product() async throws -> (StoredArtifact, UInt32) {
    let objects: StoredArtifact
    let links: StoredArtifact
    (objects, links) = try await recording()
    if let reason = try RecordWorker.reasonNotUnderstood(read(objects)) {
      invocation.note("make builds \(parameters.goal) itself: \(reason)")
      return try await whole()
    }
    let record = try LinksRecord(decoding: read(links))
    if let words = record.unknown[parameters.goal] {
      throw BuildError(
        .recipe, "this version of the source cannot build \(parameters.goal)", reason: words,
        advice: "check the name against the goals of the upstream's make")
    }
    var choice = try chooseObjects(for: record)
    var kit = try await compiled(choice, objects: objects)
    do {
      if let linked = try await link(
        parameters.goal, record, links: links, kit: kit, isComplete: choice == .all)
      {
        try pin(choice)
        return linked
      }
      choice = .all
      kit = try await compiled(choice, objects: objects)
      try pin(choice)
      if let linked = try await link(
        parameters.goal, record, links: links, kit: kit, isComplete: true)
      {
        return linked
      }
    } catch let error as BuildError where error.kind == .failed {
      let cause = error.outputTail.last { !$0.isEmpty } ?? error.message
      invocation.note("make builds \(parameters.goal) itself, the recorded link failed: \(cause)")
    }
    return try await whole()
  }

  // MARK: - The steps

  /// Make's commands for every goal of the folder; for this one alone when another stands in the way.
  private func recording() async throws -> (StoredArtifact, StoredArtifact) {
    func record(_ goals: [String]) async throws -> (StoredArtifact, StoredArtifact) {
      let request = request(
        "\(Goal.folder(of: parameters.goal)): make's commands", "make-record",
        ["goals=\(goals.joined(separator: ","))"] + parameters.makeArguments
          + parameters.ownFileArguments,
        inputs: sourceInputs.merging(ownFiles(["trust", "certificates"])) { $1 },
        outputs: ["objects", "links"])
      let outputs = try await invocation.context.perform(request)
      return (try Self.output("objects", in: outputs), try Self.output("links", in: outputs))
    }
    do {
      let recorded = try await record(parameters.goals)
      if parameters.goals.count == 1 { return recorded }
      if try RecordWorker.reasonNotUnderstood(read(recorded.0)) == nil { return recorded }
    } catch let error as BuildError where error.kind == .failed && parameters.goals.count > 1 {
      // Another goal of the folder may be the one that make does not know.
    }
    return try await record([parameters.goal])
  }

  private func compiled(
    _ choice: LinkSetCache.Choice, objects: StoredArtifact
  ) async throws -> StoredArtifact {
    var inputs = sourceInputs
    inputs["objects"] = objects
    if let bytes = choice.bytes {
      inputs["link-set"] = .file(try invocation.context.store.insert(bytes), executable: false)
    }
    let request = request(
      "\(Goal.folder(of: parameters.goal)): objects", "make-objects", parameters.makeArguments,
      inputs: inputs, outputs: ["kit"])
    return try await Self.output("kit", of: request, invocation)
  }

  /// Nil when the kit has too few objects.
  private func link(
    _ goal: String, _ record: LinksRecord, links: StoredArtifact, kit: StoredArtifact,
    isComplete: Bool
  ) async throws -> (StoredArtifact, UInt32)? {
    var inputs = ownFiles(["embed", "trust", "certificates", "private-key"])
    inputs["kit"] = kit
    inputs["links"] = links
    inputs["commit-time"] = commitTime
    var baseID: UInt32?
    if let base = record.goals[goal]?.base {
      guard
        let linked = try await link(base, record, links: links, kit: kit, isComplete: isComplete)
      else { return nil }
      inputs["base"] = linked.0
      baseID = linked.1
    }
    let buildID = baseID ?? self.buildID(of: goal)
    let request = request(
      "\(goal): link", "make-link",
      ["goal=\(goal)", "build-id=\(buildID)"] + (isComplete ? ["complete=1"] : [])
        + parameters.ownFileArguments,
      inputs: inputs, outputs: ["product", "report"])
    let outputs = try await invocation.context.perform(request)
    switch LinkReport(decoding: try read(Self.output("report", in: outputs))) {
    case .tooFewObjects: return nil
    case .linked(let members):
      if !members.isEmpty { try linkSets.learn(members, goal: goal, name: linkSetName) }
      return (try Self.output("product", in: outputs), buildID)
    case nil:
      throw BuildError(.failed, "the link of \(goal) wrote a report that cannot be read")
    }
  }

  private func whole() async throws -> (StoredArtifact, UInt32) {
    var inputs = sourceInputs
    inputs.merge(ownFiles(["embed", "trust", "certificates", "private-key"])) { $1 }
    let buildID = buildID(of: parameters.goal)
    let request = request(
      "\(parameters.goal): make", "make-whole",
      ["goal=\(parameters.goal)", "build-id=\(buildID)"] + parameters.makeArguments
        + parameters.ownFileArguments,
      inputs: inputs, outputs: ["product"])
    return (try await Self.output("product", of: request, invocation), buildID)
  }

  /// Taken from the source and the recipe's values for this goal, and from nothing else: not from the kit,
  /// whose objects depend on link sets, and not from the other goals of the folder. (Tools are in the key
  /// of every step, but a built-in does not know their digests.)
  private func buildID(of goal: String) -> UInt32 {
    BuildID.make(
      goal: "\(goal) \(parameters.makeArguments.joined(separator: " ")) "
        + parameters.ownFileArguments.joined(separator: " "),
      inputs: sourceInputs.merging(
        ownFiles(["embed", "trust", "certificates", "private-key"])
      ) { $1 })
  }

  // MARK: - Which objects

  private func chooseObjects(for record: LinksRecord) throws -> LinkSetCache.Choice {
    let shipped = try shippedLinkSets()
    let learned = try linkSets.learned(linkSetName)
    var wanted = LinkSetCache.Choice.some([])
    for goal in record.goals.keys where record.goals[goal]?.base == nil {
      guard case .some(let names) = wanted,
        let known = learned.objects[goal] ?? shipped.objects[goal]
      else {
        wanted = .all
        break
      }
      wanted = .some(names.union(known))
    }
    return .covering(wanted, pinned: try linkSets.pinned(pinKey))
  }

  private func pin(_ choice: LinkSetCache.Choice) throws { try linkSets.pin(choice, pinKey) }

  private func shippedLinkSets() throws -> LinkSets {
    guard linkSetName == parameters.commit, let text = try shippedLinkSetText() else {
      return LinkSets()
    }
    do { return try LinkSets(parsing: text) } catch {
      // A hint: without it the build takes longer and comes to the same bytes.
      invocation.note("link-sets/\(parameters.commit).txt is left out, \(error)")
      return LinkSets()
    }
  }

  /// The recipes' own file if there is one, else the one that came with pxebuild.
  private func shippedLinkSetText() throws -> String? {
    if let folder = invocation.request.inputs["link-sets"],
      case .file(let digest, _)? = try invocation.context.store.artifact(
        at: "\(parameters.commit).txt", in: folder)
    {
      return String(decoding: try invocation.context.store.read(digest), as: UTF8.self)
    }
    return ShippedLinkSets.byCommit[parameters.commit]
  }

  /// What a link set is filed under: the commit for the source as it is, else everything that could make
  /// other objects be linked. A set of another configuration would nearly always do, but if one of its
  /// objects defined a symbol that a missing object should, the link would succeed with other bytes.
  private var linkSetName: String {
    let isPlain =
      Self.inputs(of: invocation.request, below: "config").isEmpty
      && Self.inputs(of: invocation.request, below: "patches").isEmpty
      && parameters.debug.isEmpty && parameters.cross.isEmpty && parameters.commit.utf8.count == 40
    if isPlain { return parameters.commit }
    let text = "\(parameters.debug) \(parameters.cross)\n" + sourceInputs.canonicalText
    return Digest(of: Array(text.utf8)).hex
  }

  private var pinKey: Digest {
    let text = "\(Goal.folder(of: parameters.goal)) \(linkSetName)\n"
    return Digest(of: Array(text.utf8))
  }

  // MARK: - Inputs and requests

  private var sourceInputs: [String: StoredArtifact] {
    var inputs = Self.inputs(of: invocation.request, below: "config")
    inputs["source"] = source
    inputs["commit-time"] = commitTime
    return inputs
  }

  /// The recipe's own files of these kinds, all but embedded ones under a number for a name.
  private func ownFiles(_ kinds: [String]) -> [String: StoredArtifact] {
    let names = [
      "trust": parameters.trust, "certificates": parameters.certificates,
      "private-key": parameters.privateKey.isEmpty ? [] : [parameters.privateKey],
    ]
    var files: [String: StoredArtifact] = [:]
    for kind in kinds {
      if kind == "embed" {
        for name in parameters.embed { files["embed/\(name)"] = input("embed/\(name)") }
      }
      for (index, name) in (names[kind] ?? []).enumerated() {
        files["\(kind)/\(OwnFiles.numbered(index))"] = input("\(kind)/\(name)")
      }
    }
    return files
  }

  private func input(_ path: String) -> StoredArtifact? { invocation.request.inputs[path] }

  private static func inputs(
    of request: ActionRequest, below folder: String
  ) -> [String: StoredArtifact] {
    request.inputs.filter { $0.key.hasPrefix("\(folder)/") }
  }

  private func request(
    _ name: String, _ worker: String, _ arguments: [String], inputs: [String: StoredArtifact],
    outputs: [String]
  ) -> ActionRequest {
    Self.request(
      invocation.request, name: name, worker: worker, arguments: arguments, inputs: inputs,
      outputs: outputs)
  }

  private static func request(
    _ incoming: ActionRequest, name: String, worker: String, arguments: [String],
    inputs: [String: StoredArtifact], outputs: [String]
  ) -> ActionRequest {
    // Only some links put file systems together. Were their tools in the keys of the other steps, goals
    // that need them would not share objects with those that do not.
    let makesMedia = worker == "make-link" || worker == "make-whole"
    return ActionRequest(
      name: name, rule: incoming.rule, operation: .worker(worker, version: 1, arguments: arguments),
      inputs: inputs, outputs: outputs, environment: incoming.environment,
      tools: incoming.tools.filter { makesMedia || !Self.mediaTools.contains($0) })
  }

  private static let mediaTools: Set = [
    "mformat", "mcopy", "mmd", "truncate", "xorriso", "syslinux", "/usr/lib/ISOLINUX/isolinux.bin",
    "/usr/lib/syslinux/modules/bios/ldlinux.c32",
  ]

  private static func output(
    _ path: String, of request: ActionRequest, _ invocation: BuiltInInvocation
  ) async throws -> StoredArtifact {
    try output(path, in: await invocation.context.perform(request))
  }

  private static func output(_ path: String, in outputs: ActionOutputs) throws -> StoredArtifact {
    guard let artifact = outputs.artifacts[path] else {
      throw BuildError(.failed, "a step of the build did not write \(path)")
    }
    return artifact
  }

  private func read(_ artifact: StoredArtifact) throws -> [UInt8] {
    guard case .file(let digest, _) = artifact else {
      throw BuildError(.failed, "a step of the build wrote a folder where a file belongs")
    }
    return try invocation.context.store.read(digest)
  }
}
