import BuildEngine
import CLinux
import Glibc

/// Builds one goal with make itself, for an upstream whose commands cannot be replayed.
///
/// Reads what the other workers read; writes `product`.
struct WholeWorker {
  let context: WorkerContext

  func run() throws {
    let goal = context["goal"]
    let tree = SourceTree(context: context)
    try tree.prepare()
    try tree.placeOwnFiles(below: context.sourceFolder)
    let pool = try context.makePool(in: context.sourceFolder)
    let invocation = MakeInvocation(context: context, buildID: context["build-id"])
    context.print("build id \(context["build-id"])\n")

    let arguments = ["make", "--no-print-directory", goal] + invocation.variables
    var inherited: [Int32] = []
    var variables: [String] = []
    if let path = context.jobserverPath, !path.isEmpty {
      // Make takes slots itself and waits for them, so it gets a descriptor that blocks.
      let descriptor = linux_open(path, O_RDWR | O_CLOEXEC, 0)
      guard descriptor >= 0 else { throw WorkerFailure("cannot open the jobserver \(path)") }
      inherited = [descriptor]
      variables = ["MAKEFLAGS= -j --jobserver-auth=\(descriptor),\(descriptor)"]
    }
    defer { for descriptor in inherited { close(descriptor) } }
    // The Secure Boot check reads the dependencies, so they stay.
    let command = Command(
      arguments + [MakeInvocation.withoutDebugInformation],
      inheritedDescriptors: inherited, variables: variables)
    do { try pool.run(command) } catch is CommandFailure {
      context.print("make failed; once more without any override, one command at a time\n")
      try pool.run(Command(["make", "--no-print-directory", goal] + invocation.variables))
    }
    try context.move(context.sourceFolder.appending(goal), to: context.path("product"))
  }
}
