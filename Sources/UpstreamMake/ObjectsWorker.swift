import BuildEngine
import Glibc
import SystemPackage

/// Compiles the objects of a platform that are wanted, and puts together all that its links read.
///
/// Reads `source/`, `config/`, the recording `objects`, and `link-set` (names of the objects wanted, one
/// a line; without it, all). Writes the folder `kit`: the files that links read, below `src/`, and the
/// recording.
struct ObjectsWorker {
  let context: WorkerContext

  func run() throws {
    let record = try ObjectsRecord(decoding: try context.readBytes("objects"))
    try SourceTree(context: context).prepare()
    let pool = try context.makePool(in: context.sourceFolder)
    let objects = try wantedObjects(of: record)
    try makeFolders(for: record)

    let units = (sortedLongestFirst(record.early) + sortedLongestFirst(objects))
    try compile(units, pool)
    for command in record.archive {
      try pool.run(Command(ArchiveCommand.limited(command, to: objects, of: record.library)))
    }
    for command in record.late { try pool.run(Command(command)) }
    try gather(record, pool)
  }

  private func wantedObjects(of record: ObjectsRecord) throws -> [CommandUnit] {
    guard context.exists("link-set") else { return record.objects }
    let names = Set(try context.readText("link-set").split(separator: "\n").map(String.init))
    // Some objects are linked by their own names (the boot sector of a USB image).
    let named = Set(record.late.flatMap { PathTokens($0.text).tokens } + record.kept)
    return record.objects.filter {
      let stem = Recorder.stem(of: $0.target)
      return names.contains(stem) || Recorder.embeddingMembers.contains(stem)
        || named.contains($0.target)
    }
  }

  private func makeFolders(for record: ObjectsRecord) throws {
    var folders = Set<String>()
    for unit in record.objects + record.early {
      if let slash = unit.target.lastIndex(of: "/") {
        folders.insert(String(unit.target[..<slash]))
      }
    }
    for folder in folders {
      try FileSystem.createDirectories(context.sourceFolder.appending(folder))
    }
  }

  /// The size of its source is a fair guess at how long a compile takes.
  private func sortedLongestFirst(_ units: [CommandUnit]) -> [CommandUnit] {
    let sized = units.map { unit -> (CommandUnit, Int) in
      var size = 0
      for token in PathTokens(unit.commands[0].text).tokens
      where token.hasSuffix(".c") || token.hasSuffix(".S") {
        var status = stat()
        if stat(context.sourceFolder.appending(token).string, &status) == 0 {
          size += Int(status.st_size)
        }
      }
      return (unit, size)
    }
    return sized.enumerated().sorted {
      ($0.element.1, $1.offset) > ($1.element.1, $0.offset)
    }.map(\.element.0)
  }

  private func compile(_ units: [CommandUnit], _ pool: CommandPool) throws {
    // In memory where the sandbox provides it: on a disk, the creation and removal of a thousand files
    // took a fifth of the time.
    let temporary = getenv("TMPDIR").map { FilePath(String(cString: $0)) } ?? context.path("tmp")
    let assembly = temporary.appending("assembly")
    try FileSystem.createDirectories(assembly)
    let drivers = CompilerDrivers(units: units, assembly: assembly.string, pool: pool)
    var rest = units
    var done = 0
    var repairs = 0
    let step = max(1, units.count / 100)
    while !rest.isEmpty {
      var succeeded = Set<Int>()
      do {
        try pool.run(rest.map { drivers.commands(of: $0) }, said: nil) { index in
          succeeded.insert(index)
          // What stays behind is removed with the folder.
          if let text = drivers.assemblyFile(of: rest[index]) { unlink(text) }
          done += 1
          if done % step == 0 || done == units.count {
            context.print("##progress \(done) \(units.count)\n")
          }
        }
        return
      } catch let failure as CommandFailure {
        rest = rest.indices.filter { !succeeded.contains($0) }.map { rest[$0] }
        guard let index = rest.firstIndex(where: { drivers.commands(of: $0).contains(failure) }),
          repairs < 8
        else { throw failure }
        repairs += 1
        try repair(rest.remove(at: index), pool)
      }
    }
  }

  /// Makes what failed once more: by the recorded commands, then by make itself, which may know more than
  /// the recording (a header that it generates). The failure of the recorded command is what a person reads.
  private func repair(_ unit: CommandUnit, _ pool: CommandPool) throws {
    do { try pool.run([unit.commands.map { Command($0) }]) } catch let failure as CommandFailure {
      do { _ = try pool.capture(makeAlone(unit.target)) } catch is CommandFailure { throw failure }
      context.print("\(unit.target) was left to make\n")
    }
  }

  private func makeAlone(_ target: String) -> Command {
    let invocation = MakeInvocation(context: context, buildID: "0")
    return Command(
      ["make", "--no-print-directory", target, "V=1", MakeInvocation.withoutDebugInformation]
        + invocation.variables)
  }

  private func gather(_ record: ObjectsRecord, _ pool: CommandPool) throws {
    var kept = Set(record.kept)
    kept.insert(record.library)
    for unit in record.objects
    where Recorder.embeddingMembers.contains(Recorder.stem(of: unit.target)) {
      guard let words = unit.commands[0].simpleWords else { continue }
      kept.formUnion(try headers(of: words, pool))
    }
    // A script's modules are not on its command line.
    for script in record.kept where script.hasSuffix(".pl") {
      kept.formUnion(try modules(besides: script))
    }
    for path in kept.sorted() {
      let file = context.sourceFolder.appending(path)
      if context.isFile(file) {
        try context.move(file, to: context.path("kit/src").appending(path))
      }
    }
    try context.move(context.path("objects"), to: context.path("kit/objects"))
  }

  /// The Perl modules in a script's folder and the folders below.
  private func modules(besides script: String) throws -> [String] {
    guard let slash = script.lastIndex(of: "/") else { return [] }
    var found: [String] = []
    var folders = [String(script[..<slash])]
    while let folder = folders.popLast() {
      for name in try context.names(in: "source/src/\(folder)") {
        let path = "\(folder)/\(name)"
        if name.hasSuffix(".pm") {
          found.append(path)
        } else if context.isFolder(context.sourceFolder.appending(path)) {
          folders.append(path)
        }
      }
    }
    return found
  }

  /// The files that a compile reads, by the compiler's own account (`-M`).
  private func headers(of words: [String], _ pool: CommandPool) throws -> [String] {
    var arguments: [String] = []
    var skipsNext = false
    for word in words {
      if skipsNext {
        skipsNext = false
      } else if word == "-o" {
        skipsNext = true
      } else if word != "-c" {
        arguments.append(word)
      }
    }
    let rule = String(decoding: try pool.capture(Command(arguments + ["-M"])), as: UTF8.self)
    return rule.split(whereSeparator: { " \\\n".contains($0) }).map(String.init).filter {
      !$0.hasSuffix(":") && !$0.hasPrefix("/")
    }
  }
}

extension [Command] {
  fileprivate func contains(_ failure: CommandFailure) -> Bool {
    contains { $0.arguments == failure.command.arguments }
  }
}

/// The commands that make the library of its members.
enum ArchiveCommand {
  /// The same command for some of the members.
  static func limited(
    _ command: ShellCommand, to objects: [CommandUnit], of library: String
  ) -> ShellCommand {
    guard let members = Recorder.members(of: library, in: command),
      let words = command.simpleWords
    else { return command }
    let wanted = Set(objects.map(\.target))
    return ShellCommand(words: words[..<3] + members.filter(wanted.contains))
  }

  /// The commands that put one newly compiled member in its old place in the library.
  static func replacing(
    _ member: String, in library: String, recorded: [ShellCommand]
  ) throws -> [ShellCommand] {
    var replaced: [ShellCommand] = []
    for command in recorded where !command.text.hasPrefix("rm ") {
      guard let words = command.simpleWords else {
        throw WorkerFailure("the library is made by a shell command")
      }
      if Recorder.members(of: library, in: command) != nil {
        replaced.append(ShellCommand(words: words[..<3] + [member]))
      } else if words[0].hasSuffix("objcopy") {
        // Before the archiver, because here it is to change the one member.
        replaced.insert(ShellCommand(words: words.map { $0 == library ? member : $0 }), at: 0)
      }
    }
    return replaced
  }
}
