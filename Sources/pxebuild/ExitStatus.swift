import ArgumentParser
import BuildEngine

/// The exit codes, those of sysexits.h where it has one.
enum ExitStatus: Int32 {
  case success = 0
  case targetFailed = 1
  case usage = 64
  case recipeError = 65
  case unreachable = 69
  case cannotWrite = 73
  case noPermission = 77
  case interrupted = 130

  var code: ExitCode { ExitCode(rawValue) }

  init(_ kind: BuildError.Kind) {
    switch kind {
    case .failed: self = .targetFailed
    case .unreachable: self = .unreachable
    case .recipe: self = .recipeError
    case .cannotWrite: self = .cannotWrite
    case .noPermission: self = .noPermission
    case .cancelled: self = .interrupted
    }
  }

  /// The code for a build's outcomes: the first failure decides, and an interrupt before all.
  init(_ outcomes: [TargetOutcome]) {
    var result = ExitStatus.success
    for outcome in outcomes {
      guard case .failed(let error) = outcome.state else { continue }
      if error.kind == .cancelled {
        self = .interrupted
        return
      }
      if result == .success { result = ExitStatus(error.kind) }
    }
    self = result
  }
}
