import FoundationEssentials
import Menus

/// The keys of `known-bugs:` entries.
enum KnownBugKeys {
  static let family = Key(
    "family", .oneOrList(.line), "What the release calls itself: Ubuntu, or [Ubuntu, Lubuntu].")
  static let version = Key(
    "version", .oneOrList(.line), "18.04.1 is that one, 20.04 is also 20.04.6.")
  static let codename = Key(
    "codename", .oneOrList(.line), "What the release, or the one it is made from, is called: focal."
  )
  static let volume = Key(
    "volume", .oneOrList(.line), "The volume identifier; \"*\" at its end stands for anything.")
  static let add = Key(
    "add", .kernelArguments, isRequired: true, "The kernel arguments that help; [] for none.")
  static let see = Key("see", .line, "Where one can read about it.")

  static let record = RecordDescription(keys: [
    family.description, version.description, codename.description, volume.description,
    add.description, see.description,
  ])
}

/// Reads one entry of `known-bugs:`.
enum KnownBugReader {
  static func read(_ name: Scalar, _ value: LocatedValue, _ checker: inout Checker) -> KnownBug? {
    let owner = "known bug \(quoted(name.text))"
    guard case .mapping(let mapping) = value else {
      checker.error(
        "\(owner) must be a mapping, found \(value.kindName)", at: value.location,
        help: "write \(name.text): {codename: focal, add: fsck.mode=skip}")
      return nil
    }
    let record = KnownBugKeys.record.read(mapping, owner: owner, at: name.location, &checker)
    guard record.isComplete, let arguments = record[KnownBugKeys.add] else { return nil }
    let conditions = [
      KnownBugKeys.family, KnownBugKeys.version, KnownBugKeys.codename, KnownBugKeys.volume,
    ]
    guard conditions.contains(where: { record[$0] != nil }) || arguments.isEmpty else {
      checker.error(
        "\(owner) does not say which images have it", at: name.location,
        help: "give it one of the keys \(conditions.map(\.name).joined(separator: ", "))")
      return nil
    }
    return KnownBug(
      name: name.text, families: record[KnownBugKeys.family] ?? [],
      versions: record[KnownBugKeys.version] ?? [],
      codenames: record[KnownBugKeys.codename] ?? [], volumes: record[KnownBugKeys.volume] ?? [],
      addedArguments: arguments)
  }

  /// The bugs of `recipes/known-bugs.yaml`, which is inside the program.
  static let shipped: [KnownBug] = {
    let file = SourceFile(
      name: "known-bugs.yaml", folder: "/", bytes: Array(ShippedKnownBugs.text.utf8))
    var reader = YAMLReader(file)
    guard case .mapping(let root)? = reader.read(),
      case .mapping(let section)? = root["known-bugs"]?.value
    else { preconditionFailure("the shipped known-bugs.yaml is tested") }
    var checker = Checker(variables: Variables(settable: []))
    return section.entries.compactMap { read($0.key, $0.value, &checker) }
  }()

  /// The shipped bugs with those of the recipes, which take the place of a shipped one of their name.
  static func merged(with own: [KnownBug]) -> [KnownBug] {
    let names = Set(own.map(\.name))
    return shipped.filter { !names.contains($0.name) } + own
  }

  /// The same bytes for the same bugs.
  static func encoded(_ bugs: [KnownBug]) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(bugs)) } catch {
      preconditionFailure("texts and lists always have a JSON form: \(error)")
    }
  }
}

extension ValueType<[String]> {
  /// Words of a kernel's command line, in one text or a list.
  static var kernelArguments: ValueType {
    let words = ValueType<[String]>.scalar("kernel arguments", schema: anyScalarSchema) {
      text, scalar, checker in
      guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
        checker.error("expected kernel arguments, found \(quoted(text))", at: scalar.location)
        return nil
      }
      guard !text.contains("${") else {
        checker.error(
          "iPXE would put a value of its own in place of \"${…}\"", at: scalar.location,
          help: "write the argument without it")
        return nil
      }
      return text.split(separator: " ").map(String.init)
    }
    let list = ValueType<[[String]]>.oneOrList(words)
    return ValueType(name: "kernel arguments, or a list of them", schema: list.schema) {
      value, checker in list.read(value, &checker).map { $0.flatMap(\.self) }
    }
  }
}
