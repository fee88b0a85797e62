/// Sorts the commands of `make -n` into what the objects action runs and what each goal's link action runs.
///
/// Nothing is assumed of a command but that the files it writes stand on its line. A command belongs to
/// the link when it names something that only the link knows: the build id, an embedded file, or a file
/// that such a command wrote. Where the sorting meets something it does not know, it throws
/// `NotUnderstood` and real make builds the target.
struct Recorder {
  /// Stands for the build id in a recording: ten digits that no source has.
  static let buildIDMark = "4071523869"
  /// The folder below `src/` that holds what recipes add to the build.
  static let ownFolder = "pxebuild"
  /// Members of the library that upstream compiles with what is embedded.
  static let embeddingMembers: Set<String> = ["embedded", "rootcert", "certstore", "privkey"]

  /// The folder that make builds in, "bin-x86_64-efi".
  let binFolder: String
  let goals: [String]

  private struct Step {
    var command: ShellCommand
    var paths: PathTokens
    /// Files that appear for the first time on this line.
    var writes: Set<String> = []
  }

  func sort(_ commands: [ShellCommand]) throws -> (ObjectsRecord, LinksRecord) {
    let library = "\(binFolder)/blib.a"
    guard let members = commands.lazy.compactMap({ Self.members(of: library, in: $0) }).first else {
      throw NotUnderstood("no command makes \(library)")
    }
    var record = ObjectsRecord.empty
    record.library = library
    var units: [String: CommandUnit] = [:]
    var steps: [Step] = []
    let memberSet = Set(members)
    for command in commands {
      let paths = PathTokens(command.text)
      let inBin = paths.tokens.filter { $0.hasPrefix("\(binFolder)/") }
      if let object = paths.compiledFile, memberSet.contains(object) {
        units[object, default: CommandUnit(target: object, commands: [])].commands.append(command)
      } else if let object = inBin.first, memberSet.contains(object), Set(inBin).count == 1 {
        units[object, default: CommandUnit(target: object, commands: [])].commands.append(command)
      } else if inBin.contains(library), paths.compiledFile == nil {
        record.archive.append(command)
      } else {
        steps.append(Step(command: command, paths: paths))
      }
    }
    for member in members {
      guard let unit = units[member] else { throw NotUnderstood("no command makes \(member)") }
      record.objects.append(unit)
    }

    let embedding = try separateEmbedding(&record)
    noteWrites(&steps, library: library, members: memberSet)
    let links = try separateLinks(steps, embedding: embedding, record: &record)
    return (record, links)
  }

  /// The members of the library, if the command is `ar FLAGS LIBRARY MEMBER…`.
  static func members(of library: String, in command: ShellCommand) -> [String]? {
    guard let words = command.simpleWords, words.count > 3, words[2] == library,
      words[0].hasSuffix("ar"), words[1].contains("r")
    else { return nil }
    let members = words[3...]
    return members.allSatisfy { $0.hasSuffix(".o") } ? Array(members) : nil
  }

  /// The stem of an object's name without what `DEBUG=` adds: `tcp` of `bin/tcp.dbg1.o`.
  static func stem(of object: String) -> String {
    let name = object.split(separator: "/").last ?? ""
    var stem = name.dropLast(2)
    if let range = stem.utf8.lastIndex(of: UInt8(ascii: ".")), stem[range...].hasPrefix(".dbg") {
      stem = stem[..<range]
    }
    return String(stem)
  }

  /// Gives the embedding members the commands they have when nothing is embedded, and returns those
  /// whose recorded commands differ.
  private func separateEmbedding(_ record: inout ObjectsRecord) throws -> [CommandUnit] {
    var changed: [CommandUnit] = []
    for index in record.objects.indices {
      let unit = record.objects[index]
      guard Self.embeddingMembers.contains(Self.stem(of: unit.target)) else {
        let mentions = unit.commands.contains { Self.mentionsOwnFiles($0) }
        guard !mentions else {
          throw NotUnderstood("\(unit.target) is compiled with what is embedded")
        }
        continue
      }
      let plain = try unit.commands.map { command in
        guard let words = command.simpleWords else {
          throw NotUnderstood("\(unit.target) is compiled by a shell command")
        }
        let kept = Self.withoutEmbedding(words)
        return kept == words ? command : ShellCommand(words: kept)
      }
      if plain != unit.commands { changed.append(unit) }
      record.objects[index].commands = plain
    }
    return changed
  }

  private static func withoutEmbedding(_ words: [String]) -> [String] {
    words.compactMap { word in
      for define in ["-DTRUSTED=", "-DALLOW_TRUST_OVERRIDE=", "-DPRIVATE_KEY="]
      where word.hasPrefix(define) { return nil }
      for define in ["-DEMBED_ALL=", "-DCERT_ALL="] where word.hasPrefix(define) {
        let value = word.dropFirst(define.count)
        return value.allSatisfy { $0 == " " } ? word : define
      }
      return word
    }
  }

  private static func mentionsOwnFiles(_ command: ShellCommand) -> Bool {
    command.text.contains("\(ownFolder)/")
  }

  /// A file is written by the first command that names it, or that names it as its result.
  private func noteWrites(_ steps: inout [Step], library: String, members: Set<String>) {
    var known = members
    known.insert(library)
    for index in steps.indices {
      let paths = steps[index].paths
      var writes = Set(paths.tokens.filter { $0.hasPrefix("\(binFolder)/") })
      if let file = paths.compiledFile { writes.insert(file) }
      if let file = paths.redirectedFile { writes.insert(file) }
      writes.subtract(known)
      writes.subtract(writes.filter { Self.isOwn($0) })
      steps[index].writes = writes
      known.formUnion(writes)
    }
  }

  private static func isOwn(_ path: String) -> Bool { path.hasPrefix("\(ownFolder)/") }

  /// The commands, in order, that a file needs, and those that what is embedded needs.
  private func slice(of goal: String, in steps: [Step], embedding: [CommandUnit]) -> [Int] {
    var needed: Set<String> = [goal]
    for command in embedding.flatMap(\.commands) {
      needed.formUnion(PathTokens(command.text).tokens)
    }
    var chosen: [Int] = []
    for index in steps.indices.reversed() {
      let step = steps[index]
      let isNeeded: Bool
      if step.writes.isEmpty {
        // A change in place, or a listing of one: the append to a link map is left out, nobody reads it.
        isNeeded =
          step.paths.appendedFile?.hasSuffix(".map") != true
          && step.paths.tokens.contains { $0.hasPrefix("\(binFolder)/") && needed.contains($0) }
      } else {
        isNeeded = step.writes.contains { written in
          needed.contains(written) || needed.contains { $0.hasPrefix(written + "/") }
        }
      }
      if isNeeded, !Self.isRemoval(step.command) {
        chosen.append(index)
        needed.formUnion(step.paths.tokens)
      }
    }
    return chosen.reversed()
  }

  /// Make removes intermediate files at the end of its list.
  private static func isRemoval(_ command: ShellCommand) -> Bool { command.text.hasPrefix("rm ") }

  private func separateLinks(
    _ steps: [Step], embedding: [CommandUnit], record: inout ObjectsRecord
  ) throws -> LinksRecord {
    var slices: [String: [Int]] = [:]
    for goal in goals {
      let slice = slice(of: goal, in: steps, embedding: embedding)
      guard slice.contains(where: { steps[$0].writes.contains(goal) }) else {
        throw NotUnderstood("no command makes \(goal)")
      }
      slices[goal] = slice
    }
    let wanted = Set(slices.values.joined())
    // Files that only the link knows, and the commands over them.
    var late: Set<String> = embedding.isEmpty ? [] : [record.library]
    late.formUnion(embedding.map(\.target))
    var linkSteps: Set<Int> = []
    for index in steps.indices where wanted.contains(index) {
      let step = steps[index]
      let belongsToLink =
        step.command.text.contains(Self.buildIDMark) || Self.mentionsOwnFiles(step.command)
        || step.paths.tokens.contains(where: late.contains)
      if belongsToLink {
        linkSteps.insert(index)
        late.formUnion(step.writes)
        continue
      }
      let inBin = Set(step.paths.tokens.filter { $0.hasPrefix("\(binFolder)/") })
      if let target = step.paths.compiledFile ?? (inBin.count == 1 ? inBin.first : nil),
        inBin.subtracting([target]).isEmpty
      {
        if let unit = record.early.firstIndex(where: { $0.target == target }) {
          record.early[unit].commands.append(step.command)
        } else {
          record.early.append(CommandUnit(target: target, commands: [step.command]))
        }
      } else {
        record.late.append(step.command)
      }
    }
    var links = LinksRecord(goals: [:])
    var read: Set<String> = []
    for (goal, slice) in slices {
      let own = slice.filter(linkSteps.contains)
      links.goals[goal] = LinksRecord.Goal(members: embedding, steps: own.map { steps[$0].command })
      for index in own { read.formUnion(steps[index].paths.tokens) }
      read.insert(goal)
    }
    record.kept = read.filter { !Self.isOwn($0) && Self.mayBeFile($0) && !late.contains($0) }
      .sorted()
    shareBases(
      &links, steps: steps, slices: slices, linkSteps: linkSteps, embedding: embedding)
    return links
  }

  private static func mayBeFile(_ token: String) -> Bool {
    !token.hasPrefix("-") && !token.hasPrefix("/") && !token.split(separator: "/").contains("..")
      && (token.contains("/") || token.contains("."))
  }

  /// A goal made of nothing but another `.efi` file is an image of it: linked once for both.
  private func shareBases(
    _ links: inout LinksRecord, steps: [Step], slices: [String: [Int]], linkSteps: Set<Int>,
    embedding: [CommandUnit]
  ) {
    for goal in goals where goal.hasSuffix(".usb") || goal.hasSuffix(".iso") {
      let base = String(goal.dropLast(4)) + ".efi"
      guard let own = slices[goal]?.filter(linkSteps.contains),
        own.contains(where: { steps[$0].writes.contains(base) })
      else { continue }
      let baseSteps = Set(slice(of: base, in: steps, embedding: embedding)).intersection(linkSteps)
      let rest = own.filter { !baseSteps.contains($0) }
      let made = baseSteps.reduce(into: Set<String>()) { $0.formUnion(steps[$1].writes) }
      let readsOnlyBase = rest.allSatisfy { index in
        !steps[index].command.text.contains(Self.buildIDMark)
          && !steps[index].paths.tokens.contains {
            $0 != base && (made.contains($0) || $0.hasSuffix("/blib.a"))
          }
      }
      guard !rest.isEmpty, readsOnlyBase else { continue }
      if links.goals[base] == nil {
        links.goals[base] = LinksRecord.Goal(
          members: links.goals[goal]?.members ?? [],
          steps: baseSteps.sorted().map { steps[$0].command })
      }
      links.goals[goal] = LinksRecord.Goal(
        members: [], steps: rest.map { steps[$0].command }, base: base)
    }
  }
}
