/// Commands that make one file and follow each other.
struct CommandUnit: Equatable, Sendable {
  /// The file, relative to `src/`.
  var target: String
  var commands: [ShellCommand]
}

/// What the objects action has to run: everything in a recording that no embedded file, certificate, key
/// or build id can change.
struct ObjectsRecord: Equatable, Sendable {
  /// The library, "bin/blib.a".
  var library: String
  /// The members of the library in its order.
  var objects: [CommandUnit]
  /// The commands that make the library of its members.
  var archive: [ShellCommand]
  /// Files that need no object: host tools, version records.
  var early: [CommandUnit]
  /// Commands over the objects, in order.
  var late: [ShellCommand]
  /// What the link commands read, if it exists by then.
  var kept: [String]

  static let empty = ObjectsRecord(
    library: "", objects: [], archive: [], early: [], late: [], kept: [])
}

/// What the link action of each goal has to run.
struct LinksRecord: Equatable, Sendable {
  struct Goal: Equatable, Sendable {
    /// Members of the library that are compiled anew because of what is embedded.
    var members: [CommandUnit] = []
    /// Commands in order; they hold `Recorder.buildIDMark`.
    var steps: [ShellCommand] = []
    /// Another goal that this one is an image of (`ipxe.efi` of `ipxe.usb`): it is linked first, under
    /// its own build id, and read from its place.
    var base: String?
  }
  var goals: [String: Goal]
  /// Goals that make has no rule for, with its words.
  var unknown: [String: String] = [:]
}

/// Recordings are kept as lines of fields with a tab between, so that a person can read them.
enum RecordFormat {
  static let header = "pxebuild recording 1"

  static func lines(_ text: [[String]]) -> [UInt8] {
    var bytes = Array("\(header)\n".utf8)
    for fields in text {
      bytes += fields.map(escaped).joined(separator: "\t").utf8
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// Throws for a file of another version.
  static func fields(_ bytes: [UInt8]) throws -> [[String]] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard !lines.isEmpty, String(decoding: lines.removeFirst(), as: UTF8.self) == header else {
      throw WorkerFailure(
        "the recording of make's commands has another format than this version reads")
    }
    return lines.map { line in
      line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(unescaped)
    }
  }

  private static func escaped(_ field: String) -> String {
    guard field.utf8.contains(where: { $0 == 9 || $0 == 10 || $0 == UInt8(ascii: "\\") }) else {
      return field
    }
    var bytes: [UInt8] = []
    for byte in field.utf8 {
      switch byte {
      case 9: bytes += Array("\\t".utf8)
      case 10: bytes += Array("\\n".utf8)
      case UInt8(ascii: "\\"): bytes += Array("\\\\".utf8)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(field.count)
    var isEscaped = false
    for byte in field {
      if isEscaped {
        bytes.append(byte == UInt8(ascii: "t") ? 9 : byte == UInt8(ascii: "n") ? 10 : byte)
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension ObjectsRecord {
  var encoded: [UInt8] {
    var lines = [["library", library]]
    for unit in objects { lines += unit.commands.map { ["object", unit.target, $0.text] } }
    lines += archive.map { ["archive", library, $0.text] }
    for unit in early { lines += unit.commands.map { ["early", unit.target, $0.text] } }
    lines += late.map { ["late", "", $0.text] }
    lines += kept.map { ["keep", $0] }
    return RecordFormat.lines(lines)
  }

  init(decoding bytes: [UInt8]) throws {
    self.init(library: "", objects: [], archive: [], early: [], late: [], kept: [])
    for fields in try RecordFormat.fields(bytes) {
      switch (fields[0], fields.count) {
      case ("library", 2): library = fields[1]
      case ("keep", 2): kept.append(fields[1])
      case ("object", 3): objects.add(ShellCommand(fields[2]), to: fields[1])
      case ("early", 3): early.add(ShellCommand(fields[2]), to: fields[1])
      case ("archive", 3): archive.append(ShellCommand(fields[2]))
      case ("late", 3): late.append(ShellCommand(fields[2]))
      default: throw WorkerFailure("the recording of make's commands has a line \"\(fields[0])\"")
      }
    }
  }
}

extension [CommandUnit] {
  /// Adds a command to the last unit when it is for the same file, else begins a unit.
  mutating func add(_ command: ShellCommand, to target: String) {
    if let last = indices.last, self[last].target == target {
      self[last].commands.append(command)
    } else {
      append(CommandUnit(target: target, commands: [command]))
    }
  }
}

extension LinksRecord {
  var encoded: [UInt8] {
    var lines: [[String]] = []
    for (name, goal) in goals.sorted(by: { $0.key < $1.key }) {
      lines.append(["goal", name])
      if let base = goal.base { lines.append(["base", base]) }
      for unit in goal.members { lines += unit.commands.map { ["member", unit.target, $0.text] } }
      lines += goal.steps.map { ["step", $0.text] }
    }
    lines += unknown.sorted { $0.key < $1.key }.map { ["unknown", $0.key, $0.value] }
    return RecordFormat.lines(lines)
  }

  init(decoding bytes: [UInt8]) throws {
    goals = [:]
    var name = ""
    for fields in try RecordFormat.fields(bytes) {
      switch (fields[0], fields.count) {
      case ("goal", 2):
        name = fields[1]
        goals[name] = Goal()
      case ("unknown", 3): unknown[fields[1]] = fields[2]
      case ("base", 2): goals[name]?.base = fields[1]
      case ("member", 3): goals[name]?.members.add(ShellCommand(fields[2]), to: fields[1])
      case ("step", 2): goals[name]?.steps.append(ShellCommand(fields[1]))
      default: throw WorkerFailure("the recording of make's commands has a line \"\(fields[0])\"")
      }
    }
  }
}
