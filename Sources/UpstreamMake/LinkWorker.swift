import BuildEngine
import SystemPackage

/// Replays the commands that make one goal of a platform's kit.
///
/// Reads `kit/`, the recording `links`, `embed/`, `trust/`, `certificates/`, `private-key/`, and `base`
/// when the goal is an image of another goal. Writes `product` and `report`: the members of the library
/// that were linked, or that the kit has too few of them (then `product` is empty).
struct LinkWorker {
  let context: WorkerContext

  func run() throws {
    let name = context["goal"]
    let buildID = context["build-id"]
    let links = try LinksRecord(decoding: try context.readBytes("links"))
    guard let goal = links.goals[name] else {
      throw WorkerFailure("\(name) is not in the recording")
    }
    let folder = context.path("kit/src")
    let record = try ObjectsRecord(decoding: try context.readBytes("kit/objects"))
    try SourceTree(context: context).placeOwnFiles(below: folder)
    try FileSystem.createDirectories(folder.appending(name).removingLastComponent())
    if let base = goal.base { try context.move(context.path("base"), to: folder.appending(base)) }
    let pool = try context.makePool(in: folder)
    context.print("build id \(buildID)\n")

    // What is embedded is prepared by the first steps, then compiled, then linked.
    var members = goal.members
    for step in goal.steps {
      let text = step.text.replacing(Recorder.buildIDMark, with: buildID)
      if PathTokens(text).tokens.contains(record.library) {
        try replace(members, in: record, pool)
        members = []
      }
      do { try pool.run(Command(ShellCommand(text))) } catch let failure as CommandFailure {
        guard context["complete"].isEmpty, Self.isLink(failure, library: record.library) else {
          throw failure
        }
        context.explain(failure)
        try context.write([], to: "product")
        try context.write(LinkReport.tooFewObjects.encoded, to: "report")
        return
      }
    }
    try context.move(folder.appending(name), to: context.path("product"))
    try context.write(LinkReport.linked(try linkedMembers(goal, folder)).encoded, to: "report")
  }

  private func replace(
    _ members: [CommandUnit], in record: ObjectsRecord, _ pool: CommandPool
  ) throws {
    for unit in members {
      for command in unit.commands { try pool.run(Command(command)) }
      for command in try ArchiveCommand.replacing(
        unit.target, in: record.library, recorded: record.archive)
      { try pool.run(Command(command)) }
    }
  }

  private static func isLink(_ failure: CommandFailure, library: String) -> Bool {
    failure.command.arguments.contains(library) && failure.status < 128
  }

  /// The library's members that the link map names.
  private func linkedMembers(_ goal: LinksRecord.Goal, _ folder: FilePath) throws -> Set<String> {
    var members: Set<String> = []
    for step in goal.steps {
      guard let words = step.simpleWords, let option = words.firstIndex(of: "-Map"),
        option + 1 < words.count, let map = try FileSystem.read(folder.appending(words[option + 1]))
      else { continue }
      members.formUnion(LinkMap.members(of: "blib.a", in: map))
    }
    return members
  }
}

/// What a link action says about the library's members.
enum LinkReport: Equatable {
  case linked(Set<String>)
  case tooFewObjects

  var encoded: [UInt8] {
    switch self {
    case .tooFewObjects: Array("too few objects\n".utf8)
    case .linked(let names):
      Array((["linked"] + names.sorted()).map { $0 + "\n" }.joined().utf8)
    }
  }

  /// Nil for bytes that are no report.
  init?(decoding bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    switch lines.first {
    case "too few objects": self = .tooFewObjects
    case "linked": self = .linked(Set(lines.dropFirst()))
    default: return nil
    }
  }
}

/// GNU ld's link map.
enum LinkMap {
  /// The stems of the archive members that a map names as `…/blib.a(NAME.o)`.
  static func members(of archive: String, in map: [UInt8]) -> Set<String> {
    let mark = Array("\(archive)(".utf8)
    var names: Set<String> = []
    var index = 0
    map.withUnsafeBufferPointer { bytes in
      while index + mark.count < bytes.count {
        guard bytes[index] == mark[0],
          bytes[index..<index + mark.count].elementsEqual(mark)
        else {
          index += 1
          continue
        }
        let start = index + mark.count
        index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: ")"), bytes[index] > 32 {
          index += 1
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ")") {
          names.insert(Recorder.stem(of: String(decoding: bytes[start..<index], as: UTF8.self)))
        }
      }
    }
    return names
  }
}
