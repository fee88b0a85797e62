import Synchronization
import SystemPackage

/// Everything that a build needs, set up and taken down: the cache and its lock, the work folder, the
/// sandbox, the jobserver and the chain of executors.
public struct BuildSession: Sendable {
  public struct Options: Sendable {
    /// How many programs run at a time, at least 1.
    public var jobs: Int
    public var keepsGoing: Bool
    /// Nothing is fetched.
    public var isOffline: Bool
    /// A folder with sources as plain files, which is looked into before anything is fetched.
    public var vendor: FilePath?
    public var sandbox: Sandbox.Mode

    public init(
      jobs: Int, keepsGoing: Bool, isOffline: Bool, vendor: FilePath? = nil, sandbox: Sandbox.Mode
    ) {
      self.jobs = jobs
      self.keepsGoing = keepsGoing
      self.isOffline = isOffline
      self.vendor = vendor
      self.sandbox = sandbox
    }
  }

  public let cache: CacheDirectory
  public let digests: FileDigests
  public let store: ContentStore
  private let options: Options
  private let builtIns: [any BuiltIn]
  private let work: WorkDirectory
  private let sink: @Sendable (BuildEvent) -> Void

  /// - Parameter sink: Gets the events of the build, from many threads.
  public init(
    cache: CacheDirectory, builtIns: [any BuiltIn], options: Options,
    sink: @escaping @Sendable (BuildEvent) -> Void
  ) throws {
    self.cache = cache
    self.builtIns = builtIns
    self.options = options
    self.sink = sink
    digests = try FileDigests(rememberedIn: cache.state("file-digests"))
    work = try WorkDirectory(in: cache)
    store = cache.store(work: work)
  }

  /// Builds a plan's targets. `use` gets the result while the cache is still locked against a clean-up:
  /// it places the artifacts. Both are run again when a blob turns out to be lost.
  public func build<Result: Sendable>(
    _ plan: Plan, use: @Sendable (BuildResult) async throws -> Result
  ) async throws -> (BuildResult, Result) {
    let lock = try await cache.lockForBuild()
    defer { lock.release() }
    let result = try await buildHealing(plan, use: use)
    try digests.save()
    return result
  }

  /// Removes the work folder. Call it when nothing of the session runs any more.
  public func close() {
    // What cannot be removed now, the next build removes.
    try? work.remove()
  }

  /// Each lost blob is dropped when it is found and made anew by the next round. Where several are lost
  /// there may be thousands: then all are looked for at once. A blob that is lost again and again is a sign
  /// of a disk that cannot be helped.
  private func buildHealing<Result: Sendable>(
    _ plan: Plan, use: @Sendable (BuildResult) async throws -> Result
  ) async throws -> (BuildResult, Result) {
    let (executor, chain) = makeExecutor(plan)
    defer { chain.open() }
    var losses: [Digest: Int] = [:]
    var rounds = 0
    while true {
      rounds += 1
      do {
        let build = Build(
          plan: plan, executor: executor, inputs: InputResolver(store: store, digests: digests),
          keepsGoing: options.keepsGoing, sink: sink)
        let result = try await build.run()
        return (result, try await use(result))
      } catch let lost as LostBlob {
        losses[lost.digest, default: 0] += 1
        guard losses[lost.digest, default: 0] < 5 else { throw losesBlobs(lost) }
        if rounds == 3 { _ = try await CacheMaintenance(cache).verify(dropsFaults: true) }
      }
    }
  }

  private func losesBlobs(_ lost: LostBlob) -> BuildError {
    BuildError(
      .failed, "the content store in \(cache.path.printable) loses a blob as often as it is made",
      reason: "its sha256 is \(lost.digest.hex)",
      advice: "check the disk, or choose another cache folder with --cache")
  }

  private func makeExecutor(_ plan: Plan) -> (ReportingExecutor, ExecutorChain) {
    let chain = ExecutorChain()
    let nextID = StepNumbers(after: plan.actions.count)
    let local = FirstUseExecutor { [self] in
      LocalExecutor(
        store: store, work: work, logs: cache.path.appending("logs"),
        sandbox: try await Sandbox(options.sandbox),
        slots: try JobSlots(max(1, options.jobs), at: work.makeName("jobserver")),
        builtIns: builtIns
      ) { _ in
        BuildContext(
          store: store, cacheDirectory: cache.path, isOffline: options.isOffline,
          vendor: options.vendor,
          perform: { try await chain.perform($0, id: nextID.next()) })
      }
    }
    let caching = CachingExecutor(
      store: store, cache: cache.actionCache, digests: digests, next: local)
    let reporting = ReportingExecutor(caching, sink: sink)
    chain.close(with: reporting)
    return (reporting, chain)
  }
}

/// Sets an executor up when the first action really runs: trying the sandbox costs more than a build that
/// finds everything in the cache.
private actor FirstUseExecutor: ActionExecutor {
  private let make: @Sendable () async throws -> any ActionExecutor
  private var made: Task<any ActionExecutor, any Error>?

  init(_ make: @escaping @Sendable () async throws -> any ActionExecutor) { self.make = make }

  nonisolated func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    try await executor().execute(request, step: step)
  }

  private func executor() async throws -> any ActionExecutor {
    if let made { return try await made.value }
    let make = make
    let task = Task { try await make() }
    made = task
    return try await task.value
  }
}

/// Lets a built-in at the end of the chain of executors start at its beginning again.
private final class ExecutorChain: Sendable {
  private let first = Mutex<ReportingExecutor?>(nil)

  func close(with executor: ReportingExecutor) { first.withLock { $0 = executor } }

  /// Lets go of the executors, which hold the chain themselves, so that they and their files go.
  func open() { first.withLock { $0 = nil } }

  func perform(_ request: ActionRequest, id: ActionID) async throws -> ActionOutputs {
    guard let executor = first.withLock({ $0 }) else {
      throw BuildError(.failed, "\(request.name) was started before the executors were set up")
    }
    return try await executor.perform(request, id: id)
  }
}

/// Numbers for the steps that built-ins start, beyond those of the plan.
private final class StepNumbers: Sendable {
  private let last: Atomic<Int>

  init(after count: Int) { last = Atomic(count) }

  func next() -> ActionID { ActionID(index: last.add(1, ordering: .relaxed).newValue) }
}
