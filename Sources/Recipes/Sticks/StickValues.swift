/// A kind of firmware that a stick may boot on.
enum StickFirmware: String, CaseIterable, Sendable {
  case bios, x64, ia32, arm64

  /// For messages: "a BIOS", "x64 UEFI".
  var name: String {
    switch self {
    case .bios: "a BIOS"
    case .x64: "x64 UEFI"
    case .ia32: "IA32 UEFI"
    case .arm64: "ARM64 UEFI"
    }
  }

  var platform: Platform { self == .bios ? .pcbios : .efi }

  var architecture: BuildArchitecture {
    switch self {
    case .bios, .ia32: .i386
    case .x64: .x86_64
    case .arm64: .arm64
    }
  }

  /// What upstream's make calls the program that it starts.
  var usualGoal: String {
    switch self {
    case .bios: "bin/ipxe.lkrn"
    case .x64: "bin-x86_64-efi/ipxe.efi"
    case .ia32: "bin-i386-efi/ipxe.efi"
    case .arm64: "bin-arm64-efi/ipxe.efi"
    }
  }

  /// True for what it starts from a stick.
  func starts(_ goal: MakeGoal) -> Bool {
    guard self != .bios else { return goal.isBIOS && goal.suffix == "lkrn" }
    let name = goal.folder.split(separator: "-").dropFirst().first.map(String.init)
    return goal.isEFI && goal.suffix == "efi" && name == architecture.rawValue
  }
}

/// A program on a stick.
struct StickProgram: Sendable {
  var firmware: StickFirmware
  var reference: ArtifactReference
}

/// A file or folder on a stick.
struct StickFile: Sendable {
  var path: String
  /// Where the path stands.
  var location: SourceLocation
  var reference: ArtifactReference
}

/// Which partition table a stick has.
enum StickTable: String, CaseIterable, Sendable { case mbr, gpt }

extension ValueType<[StickProgram]> {
  /// Programs by the firmware that starts them.
  static var stickPrograms: ValueType {
    let names = StickFirmware.allCases.map(\.rawValue)
    let schema: JSON = [
      "type": "object", "additionalProperties": false,
      "properties": .object(names.map { ($0, anyScalarSchema) }),
    ]
    return ValueType(name: "programs by firmware", schema: schema) { value, checker in
      let help = "write image: {bios: ipxe.lkrn, x64: ipxe.efi}"
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected programs by firmware, found \(value.kindName)", at: value.location, help: help)
        return nil
      }
      if mapping.entries.isEmpty {
        checker.error("nothing would boot from it", at: value.location, help: help)
        return nil
      }
      var result: [StickProgram] = []
      for (key, value) in mapping.entries {
        guard let firmware = StickFirmware(rawValue: key.text) else {
          checker.error(
            "there is no firmware \(quoted(key.text))", at: key.location,
            help: checker.help(for: key.text, among: names, listing: "known firmware"))
          continue
        }
        if let reference = ValueType<ArtifactReference>.artifact.read(value, &checker) {
          result.append(StickProgram(firmware: firmware, reference: reference))
        }
      }
      return result.count == mapping.entries.count ? result : nil
    }
  }
}

extension ValueType<[StickFile]> {
  /// Files and folders by their paths on the stick.
  static var stickFiles: ValueType {
    let schema: JSON = ["type": "object", "additionalProperties": anyScalarSchema]
    return ValueType(name: "files by their paths", schema: schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected files by their paths, found \(value.kindName)", at: value.location,
          help: "write files: {menu.ipxe: install.ipxe}")
        return nil
      }
      var result: [StickFile] = []
      for (key, value) in mapping.entries {
        let path = key.text
        if let problem = TargetPath.problem(with: path) ?? StickFile.problem(with: path) {
          checker.error("\(problem): \(quoted(path))", at: key.location)
          continue
        }
        if let reference = ValueType<ArtifactReference>.artifact.read(value, &checker) {
          result.append(StickFile(path: path, location: key.location, reference: reference))
        }
      }
      return result.count == mapping.entries.count ? result : nil
    }
  }
}

extension StickFile {
  /// Why FAT, or mtools, cannot have a path; nil when it can.
  fileprivate static func problem(with path: String) -> String? {
    if path.utf8.contains(where: { $0 >= 0x7f }) {
      return "names on the stick are plain ASCII"
    }
    let forbidden = Set("\"*:<>?\\|[]")
    if let character = path.first(where: forbidden.contains) {
      return "a name on the stick cannot have \(quoted(String(character))) in it"
    }
    let parts = path.split(separator: "/")
    let isOdd = parts.contains { $0.hasSuffix(".") || $0.hasSuffix(" ") || $0.hasPrefix(" ") }
    return isOdd ? "a name on the stick cannot end in a dot or have blanks around it" : nil
  }
}

extension ValueType<String> {
  /// The name of a FAT volume: up to eleven characters, capitals only.
  static var volumeLabel: ValueType {
    let pattern = "[A-Z0-9_-]([A-Z0-9 _-]{0,9}[A-Z0-9_-])?"
    return .scalar("a label", schema: textSchema(pattern: pattern)) { text, scalar, checker in
      let count = text.utf8.count
      let isPlain = text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "):
          true
        default: false
        }
      }
      if (1...11).contains(count), isPlain, !text.hasPrefix(" "), !text.hasSuffix(" ") {
        return text
      }
      checker.error(
        count > 11
          ? "a label has at most 11 characters, this has \(count)"
          : "a label is made of A-Z, 0-9, \"_\", \"-\" and blanks, found \(quoted(text))",
        at: scalar.location, help: "it is what systems show as the stick's name, like NETBOOT")
      return nil
    }
  }
}

extension ValueType<Int> {
  /// A size in MiB, written as 64M or 2G.
  static var imageSize: ValueType {
    .scalar("a size", schema: textSchema(pattern: "[1-9][0-9]*[MG]")) { text, scalar, checker in
      let number = Int(text.dropLast())
      let digits = text.utf8.dropLast().allSatisfy { (0x30...0x39).contains($0) }
      let factor = text.hasSuffix("G") ? 1024 : text.hasSuffix("M") ? 1 : nil
      guard digits, let number, number < 100_000, let factor else {
        checker.error(
          "expected a size, found \(quoted(text))", at: scalar.location,
          help: "write it in MiB or GiB: 64M, 2G")
        return nil
      }
      let size = number * factor
      // The least that is FAT16 everywhere, the most that a person would write to a stick.
      guard (10...32768).contains(size) else {
        checker.error(
          "a stick has 10M to 32G, found \(quoted(text))", at: scalar.location,
          help: "leave it out for what the files need")
        return nil
      }
      return size
    }
  }
}

extension ValueType<StickTable> {
  static var stickTable: ValueType {
    let names = StickTable.allCases.map(\.rawValue)
    return .scalar(
      "a partition table", schema: textSchema(pattern: names.joined(separator: "|"))
    ) { text, scalar, checker in
      if let table = StickTable(rawValue: text) { return table }
      checker.error(
        "expected a partition table, found \(quoted(text))", at: scalar.location,
        help: checker.help(for: text, among: names, listing: "known tables"))
      return nil
    }
  }
}
