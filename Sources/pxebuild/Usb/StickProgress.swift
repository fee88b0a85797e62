import BuildEngine
import DiskWriter
import Synchronization

/// Shows the steps of a writing like actions of a build.
final class StickProgress: Sendable {
  private struct State {
    var step: ImageWrite.Step?
    var started = 0.0
    var count = 0
  }

  private let image: StickImage
  private let device: String
  private let console: Console
  private let first: Int
  private let state = Mutex(State())

  /// - Parameter first: The first number that no action of the build has.
  init(image: StickImage, device: String, console: Console, first: Int) {
    self.image = image
    self.device = device
    self.console = console
    self.first = first
  }

  /// Runs a writing, and gives it what it tells its progress.
  func run<Result: Sendable>(
    _ body: @Sendable (@escaping @Sendable (ImageWrite.Step, Int64) -> Void) async throws -> Result
  ) async throws -> Result {
    do {
      let result = try await body { self.tell($0, $1) }
      state.withLock { end(&$0, .executed) }
      return result
    } catch let error as BuildError {
      state.withLock { end(&$0, .failed(error)) }
      throw error
    }
  }

  private func tell(_ step: ImageWrite.Step, _ done: Int64) {
    state.withLock { state in
      if state.step != step {
        end(&state, .executed)
        state.step = step
        state.started = console.seconds
        state.count += 1
        console.receive(.actionStarted(id(state), name: name(of: step)))
      }
      let progress = Progress(done: done, total: image.source.digest.size, unit: .bytes)
      console.receive(.actionProgress(id(state), progress))
    }
  }

  private func end(_ state: inout State, _ outcome: BuildEvent.Outcome) {
    guard let step = state.step else { return }
    state.step = nil
    console.receive(
      .actionFinished(
        id(state), name: name(of: step), outcome, seconds: console.seconds - state.started))
  }

  private func id(_ state: State) -> ActionID { ActionID(index: first + state.count) }

  private func name(of step: ImageWrite.Step) -> String {
    let image = image.source.name
    switch step {
    case .writing: return "write \(image) to \(device)"
    case .comparing: return "compare \(device) with \(image)"
    case .readingBack: return "read \(device) back"
    }
  }
}
