/// A program to start: its argument vector, where its output goes, what it reads.
struct Command: Sendable {
  var arguments: [String]
  /// A path for standard output; without one it is collected with standard error.
  var standardOutput: String?
  /// Descriptors that the child keeps open under their own numbers.
  var inheritedDescriptors: [Int32] = []

  /// `NAME=value` each, beside the pool's.
  var variables: [String] = []

  init(
    _ arguments: [String], standardOutput: String? = nil, inheritedDescriptors: [Int32] = [],
    variables: [String] = []
  ) {
    self.arguments = arguments
    self.standardOutput = standardOutput
    self.inheritedDescriptors = inheritedDescriptors
    self.variables = variables
  }

  init(_ command: ShellCommand) { self.init(command.argumentVector) }
}

/// Why a worker gives up; its text is the last thing it prints.
struct WorkerFailure: Error {
  var message: String
  init(_ message: String) { self.message = message }
}

/// A command that ended with another status than 0.
struct CommandFailure: Error {
  var command: Command
  /// As a shell counts: the exit code, or 128 + the signal.
  var status: Int32
  var output: [UInt8]
}
