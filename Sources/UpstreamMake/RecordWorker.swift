import BuildEngine

/// Asks make which commands it would run for a platform's goals, and sorts them.
///
/// Reads `source/`, `config/`, `embed/`, `trust/`, `certificates/`; writes the recordings `objects` and
/// `links`. The recording `objects` does not depend on what is embedded. When the commands cannot be
/// replayed, `objects` holds the reason instead and `links` is empty.
struct RecordWorker {
  let context: WorkerContext

  func run() throws {
    do {
      let (objects, links) = try record()
      try context.write(objects.encoded, to: "objects")
      try context.write(links.encoded, to: "links")
    } catch let reason as NotUnderstood {
      try context.write(
        RecordFormat.lines([["not-understood", reason.reason]]), to: "objects")
      try context.write([], to: "links")
      context.print("make's commands cannot be replayed: \(reason.reason)\n")
    }
  }

  private func record() throws -> (ObjectsRecord, LinksRecord) {
    let goals = context.list("goals")
    let binFolder = goals.first?.split(separator: "/").first.map(String.init) ?? ""
    if binFolder.hasSuffix("-sb") {
      throw NotUnderstood("a Secure Boot folder checks each object's dependencies")
    }
    let tree = SourceTree(context: context)
    try tree.prepare()
    try tree.placeOwnFiles(below: context.sourceFolder)
    let pool = try context.makePool(in: context.sourceFolder)
    let invocation = MakeInvocation(context: context, buildID: Recorder.buildIDMark)
    let printed = context.path("make-commands")
    let basic = ["make", "-n", "--no-print-directory"] + goals + ["V=1"] + invocation.variables
    do {
      let complaints = try pool.capture(
        Command(
          basic + [MakeInvocation.withoutDependencies, MakeInvocation.withoutDebugInformation],
          standardOutput: printed.string))
      // A command of make's that failed while it read its makefiles left something out of the list.
      let lines = complaints.split(separator: UInt8(ascii: "\n")).filter {
        !$0.starts(with: "make: warning:".utf8)
      }
      if let line = lines.first {
        throw NotUnderstood("make -n said: \(String(decoding: line.prefix(300), as: UTF8.self))")
      }
    } catch let failure as CommandFailure {
      // Make's own words count only when they are not about our overrides.
      try pool.run(Command(basic, standardOutput: printed.string))
      let reason = String(decoding: failure.output.prefix(500), as: UTF8.self)
      throw NotUnderstood("make -n refused the overrides: \(reason)")
    }
    let commands = try ShellCommand.commands(inOutputOfMake: try context.readBytes("make-commands"))
    return try Recorder(binFolder: binFolder, goals: goals).sort(commands)
  }

  /// The reason why a recording cannot be replayed, if it says so.
  static func reasonNotUnderstood(_ recording: [UInt8]) throws -> String? {
    let lines = try RecordFormat.fields(recording)
    guard let first = lines.first, first[0] == "not-understood", first.count == 2 else {
      return nil
    }
    return first[1]
  }
}
