import Glibc
import Subprocess
import SystemPackage

/// Runs actions on this machine: programs and workers as processes in the sandbox, built-ins in this
/// process. Puts what they wrote into the store.
public struct LocalExecutor: ActionExecutor {
  private let store: ContentStore
  private let work: WorkDirectory
  private let logs: FilePath
  private let sandbox: Sandbox
  private let slots: JobSlots
  private let builtIns: [String: any BuiltIn]
  private let context: @Sendable (Step) -> BuildContext

  /// - Parameter context: Makes the context of a built-in; it closes over the whole chain of executors.
  public init(
    store: ContentStore, work: WorkDirectory, logs: FilePath, sandbox: Sandbox, slots: JobSlots,
    builtIns: [any BuiltIn], context: @escaping @Sendable (Step) -> BuildContext
  ) {
    self.store = store
    self.work = work
    self.logs = logs
    self.sandbox = sandbox
    self.slots = slots
    self.builtIns = Dictionary(builtIns.map { ($0.name, $0) }) { _, new in new }
    self.context = context
  }

  public func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    let folder = work.makeName("action")
    try FileSystem.createDirectories(folder)
    do {
      let outputs: [String: StoredArtifact]
      if case .builtIn(let name, let version, let parameters) = request.operation {
        outputs = try await runBuiltIn(
          name, version, parameters, request, step: step, in: folder)
      } else {
        outputs = try await runProcess(request, step: step, in: folder)
      }
      try FileSystem.remove(folder)
      return ActionOutputs(artifacts: outputs, wasCached: false, key: nil)
    } catch {
      try? FileSystem.remove(folder)  // the first error is the one to report
      throw error
    }
  }

  private func runBuiltIn(
    _ name: String, _ version: Int, _ parameters: [String: String], _ request: ActionRequest,
    step: Step,
    in folder: FilePath
  ) async throws -> [String: StoredArtifact] {
    guard let builtIn = builtIns[name] else {
      throw BuildError(.failed, "\(request.name): there is no built-in named \(name)")
    }
    // The version is part of the key: a result must not be filed under that of another one.
    guard builtIn.version == version else {
      throw BuildError(
        .failed,
        "\(request.name) was planned for version \(version) of the built-in \(name), "
          + "but this is version \(builtIn.version)",
        advice: "this is a fault of the rule \(request.rule.name), please report it")
    }
    step.begin()
    let output = folder.appending("output")
    let scratch = folder.appending("scratch")
    try FileSystem.createDirectories(output)
    try FileSystem.createDirectories(scratch)
    let stored = StoredOutputs()
    try await builtIn.run(
      BuiltInInvocation(
        request: request, parameters: parameters, outputDirectory: output,
        scratchDirectory: scratch, context: context(step), stored: stored,
        progress: { step.progress($0) }, note: { step.note($0) }))
    return try collect(request, from: output, stored: stored, logPath: nil)
  }

  private func runProcess(_ request: ActionRequest, step: Step, in folder: FilePath) async throws
    -> [String: StoredArtifact]
  {
    try await slots.acquire()
    do {
      let outputs = try await runProcessWithSlot(request, step: step, in: folder)
      await slots.release()
      return outputs
    } catch {
      await slots.release()
      throw error
    }
  }

  private func runProcessWithSlot(_ request: ActionRequest, step: Step, in folder: FilePath)
    async throws
    -> [String: StoredArtifact]
  {
    try Task.checkCancellation()
    step.begin()
    let root = folder.appending("root")
    try FileSystem.createDirectories(root)
    try FileSystem.createDirectories(folder.appending("tmp"))
    for (path, artifact) in request.inputs.sorted(by: { $0.key < $1.key }) {
      let target = root.pushing(FilePath(path))
      try FileSystem.createDirectories(target.removingLastComponent())
      try store.materialize(artifact, at: target)
    }
    let invocation = try sandbox.invocation(
      of: request.operation, in: root, environment: request.environment, slots: slots.path)
    let log = ActionLog(path: folder.appending("log"))
    let status = try await log.watch(step: step) {
      try await spawn(invocation, log: log.path)
    }
    try Task.checkCancellation()
    let kept = logs.appending("\(request.name.fileNameSafe).log")
    try log.keep(at: kept)
    guard case .exited(0) = status else {
      var failure = BuildError(
        .failed, "\(request.name) failed (\(status.words))",
        outputTail: try ActionLog.tail(of: kept),
        logPath: kept.string)
      // Compilers say what strerror(3) says, in the language that actions run in.
      if failure.outputTail.contains(where: { $0.contains("No space left on device") }) {
        failure.kind = .cannotWrite
        failure.advice = BuildError(errno: ENOSPC, doing: "write", path: folder).advice
      }
      throw failure
    }
    return try collect(request, from: root, logPath: kept)
  }

  private func spawn(_ invocation: Sandbox.Invocation, log: FilePath) async throws
    -> TerminationStatus
  {
    let file = try FileSystem.open(
      log, .writeOnly, options: [.create, .append], doing: "write")
    var options = PlatformOptions()
    // A session of its own, so that one signal reaches every grandchild and none reaches us.
    options.createSession = true
    options.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2)),
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
    ]
    let environment = Dictionary(
      uniqueKeysWithValues: invocation.environment.map {
        (Environment.Key(stringLiteral: $0.key), $0.value)
      })
    let result = try await run(
      .path(invocation.program), arguments: Arguments(invocation.arguments),
      environment: .custom(environment), workingDirectory: invocation.directory,
      platformOptions: options, input: .none,
      output: .fileDescriptor(file, closeAfterSpawningProcess: true), error: .combinedWithOutput)
    // The program has ended, but what it started in the background, or what ignored the interrupt, may
    // not have. The group's number cannot belong to others yet: the kernel counts up through all numbers
    // before it uses one again.
    kill(-result.processIdentifier.value, SIGKILL)
    return result.terminationStatus
  }

  private func collect(
    _ request: ActionRequest, from root: FilePath, stored: StoredOutputs = StoredOutputs(),
    logPath: FilePath?
  ) throws -> [String: StoredArtifact] {
    var artifacts = stored.artifacts
    var inserted = stored.inserted
    for path in request.outputs where artifacts[path] == nil {
      let file = root.pushing(FilePath(path))
      try checkFolders(of: path, in: root, request)
      guard try FileIdentity.of(file) != nil else {
        throw BuildError(
          .failed, "\(request.name) ended well but did not write \(path.printable)",
          advice: "this is a fault of the rule \(request.rule.name), please report it",
          logPath: logPath?.string)
      }
      artifacts[path] = try store.insert(movingTree: file, inserted: &inserted)
    }
    try store.settle(inserted)
    return artifacts
  }
}

extension LocalExecutor {
  /// What lies behind a link is not taken: it would be moved into the store from wherever it is.
  private func checkFolders(of path: String, in root: FilePath, _ request: ActionRequest) throws {
    guard path.isPlainPath else {
      throw BuildError(
        .failed, "\(request.name) has an output at \"\(path.printable)\"",
        reason: "that is no plain path below the action's root",
        advice: "this is a fault of the rule \(request.rule.name), please report it")
    }
    var folder = root
    for component in path.split(separator: "/").dropLast() {
      folder.append(String(component))
      guard try FileIdentity.of(folder)?.kind == .symlink else { continue }
      throw BuildError(
        .failed,
        "\(request.name) made a link where the folder of its output \(path.printable) belongs",
        reason: "it points to \(try FileSystem.readSymlink(folder).printable)")
    }
  }
}

extension TerminationStatus {
  var words: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signaled(let signal): "ended by signal \(signal)"
    }
  }
}

extension String {
  /// The text as one file name: everything but letters, digits, dot, dash and underscore becomes "_".
  var fileNameSafe: String {
    String(
      unicodeScalars.map { scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": Character(scalar)
        default: "_"
        }
      }.prefix(200))
  }
}
