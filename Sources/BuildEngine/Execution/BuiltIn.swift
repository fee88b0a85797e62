import Synchronization
import SystemPackage

/// A step of pxebuild's own that runs inside this process: fetching, reading archives.
///
/// It is pure towards the engine: it reads its parameters and inputs and whatever outside source its
/// parameters name by digest, and writes its outputs; the engine caches what it wrote.
public protocol BuiltIn: Sendable {
  /// The name that a plan uses.
  var name: String { get }
  /// Raised whenever the same parameters and inputs would give other bytes; part of the key.
  var version: Int { get }
  /// Throws `BuildError`. On return every output that the action declares must be below
  /// `invocation.outputDirectory`.
  func run(_ invocation: BuiltInInvocation) async throws
}

/// What a built-in is given.
public struct BuiltInInvocation: Sendable {
  public var request: ActionRequest
  public var parameters: [String: String]
  /// An empty folder of its own on the disk of the store; outputs are moved from here, not copied.
  public var outputDirectory: FilePath
  /// An empty folder of its own for anything else, removed afterwards.
  public var scratchDirectory: FilePath
  public var context: BuildContext
  /// Takes outputs that are in the content store already, in place of files in `outputDirectory`.
  public var stored: StoredOutputs
  /// Shows how far it is. May be called often; the printer thins it out.
  public var progress: @Sendable (Progress) -> Void
  /// Shows one line ("mirror 1 did not answer").
  public var note: @Sendable (String) -> Void

  public init(
    request: ActionRequest, parameters: [String: String], outputDirectory: FilePath,
    scratchDirectory: FilePath, context: BuildContext, stored: StoredOutputs = StoredOutputs(),
    progress: @escaping @Sendable (Progress) -> Void, note: @escaping @Sendable (String) -> Void
  ) {
    self.request = request
    self.parameters = parameters
    self.outputDirectory = outputDirectory
    self.scratchDirectory = scratchDirectory
    self.context = context
    self.stored = stored
    self.progress = progress
    self.note = note
  }
}

/// Outputs that a built-in has put into the content store by itself.
public final class StoredOutputs: Sendable {
  private let state = Mutex<(artifacts: [String: StoredArtifact], inserted: Set<Digest>)>(([:], []))

  public init() {}

  /// - Parameter inserted: The digests of all blobs that the artifact consists of.
  public func add(_ artifact: StoredArtifact, at output: String, inserted: Set<Digest>) {
    state.withLock {
      $0.artifacts[output] = artifact
      $0.inserted.formUnion(inserted)
    }
  }

  public var artifacts: [String: StoredArtifact] { state.withLock { $0.artifacts } }
  var inserted: Set<Digest> { state.withLock { $0.inserted } }
}

/// What built-ins may use of the build they run in.
public struct BuildContext: Sendable {
  public var store: ContentStore
  /// The cache folder, for what is not an artifact (bare git clones, partial downloads).
  public var cacheDirectory: FilePath
  /// True when nothing may be fetched.
  public var isOffline: Bool
  /// A folder with sources as plain files, which is looked into before anything is fetched.
  public var vendor: FilePath?
  /// Runs another action through the whole chain of executors, action cache included. How a built-in
  /// that is made of several steps keeps each of them cached by its own key.
  public var perform: @Sendable (ActionRequest) async throws -> ActionOutputs

  public init(
    store: ContentStore, cacheDirectory: FilePath, isOffline: Bool, vendor: FilePath? = nil,
    perform: @escaping @Sendable (ActionRequest) async throws -> ActionOutputs
  ) {
    self.store = store
    self.cacheDirectory = cacheDirectory
    self.isOffline = isOffline
    self.vendor = vendor
    self.perform = perform
  }
}
