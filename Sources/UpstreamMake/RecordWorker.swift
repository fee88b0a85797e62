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
    var goals = context.list("goals")
    let binFolder = goals.first.map(Goal.folder(of:)) ?? ""
    if binFolder.hasSuffix("-sb") {
      throw NotUnderstood("a Secure Boot folder checks each object's dependencies")
    }
    let tree = SourceTree(context: context)
    try tree.prepare()
    try tree.placeOwnFiles(below: context.sourceFolder)
    let pool = try context.makePool(in: context.sourceFolder)
    var unknown: [String: String] = [:]
    while true {
      do {
        try listCommands(of: goals, pool)
        break
      } catch let failure as CommandFailure {
        let words = String(decoding: failure.output, as: UTF8.self)
        // One goal that make does not know must not cost the others their shared objects.
        guard let goal = goals.first(where: { words.contains("No rule to make target '\($0)'.") })
        else { throw failure }
        unknown[goal] = words.split(separator: "\n").last.map(String.init) ?? words
        goals.removeAll { $0 == goal }
      }
      if goals.isEmpty { return (.empty, LinksRecord(goals: [:], unknown: unknown)) }
    }
    let commands = try ShellCommand.commands(inOutputOfMake: try context.readBytes("make-commands"))
    var (objects, links) = try Recorder(binFolder: binFolder, goals: goals).sort(commands)
    links.unknown = unknown
    return (objects, links)
  }

  /// Writes what `make -n` prints to `make-commands`.
  private func listCommands(of goals: [String], _ pool: CommandPool) throws {
    let invocation = MakeInvocation(context: context, buildID: Recorder.buildIDMark)
    let printed = context.path("make-commands")
    let basic = ["make", "-n", "--no-print-directory"] + goals + ["V=1"] + invocation.variables
    let overrides = [
      MakeInvocation.withoutDependencies, MakeInvocation.withoutDebugInformation,
    ]
    let complaints: [UInt8]
    do {
      complaints = try pool.capture(Command(basic + overrides, standardOutput: printed.string))
    } catch let failure as CommandFailure {
      let words = String(decoding: failure.output, as: UTF8.self)
      if words.contains("No rule to make target") { throw failure }
      // Make's own words count only when they are not about our overrides.
      _ = try pool.capture(Command(basic, standardOutput: printed.string))
      throw NotUnderstood("make -n refused the overrides: \(words.prefix(500))")
    }
    // A command of make's that failed while it read its makefiles left something out of the list.
    let lines = complaints.split(separator: UInt8(ascii: "\n"))
    if let line = lines.first(where: { !$0.starts(with: "make: warning:".utf8) }) {
      throw NotUnderstood("make -n said: \(String(decoding: line.prefix(300), as: UTF8.self))")
    }
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
