/// What upstream's make is asked for: a bin folder, which names the platform, and a file.
struct MakeGoal: Hashable, Sendable {
  /// "bin-x86_64-efi"
  let folder: String
  /// "ipxe.efi"
  let file: String

  var text: String { "\(folder)/\(file)" }
  /// What follows the last dot: "efi".
  var suffix: String { file.split(separator: ".").last.map(String.init) ?? "" }
  var isEFI: Bool { folder.hasSuffix("-efi") || folder.hasSuffix("-efi-sb") }
  /// True for the folders of programs that a BIOS starts.
  var isBIOS: Bool { folder == "bin" || folder.hasSuffix("-pcbios") }

  /// Reads "bin…/NAME.SUFFIX"; nil for anything that upstream's make could not take.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "bin" || parts[0].hasPrefix("bin-"),
      !parts[0].hasSuffix("-"), isMakeName(parts[0]), isMakeName(parts[1]),
      let dot = parts[1].lastIndex(of: "."), dot != parts[1].startIndex,
      parts[1].index(after: dot) != parts[1].endIndex
    else { return nil }
    folder = String(parts[0])
    file = String(parts[1])
  }
}

/// True for names that make, and the shell it starts, take as one word: letters, digits and `.+_-`, the
/// first one neither `-` nor `.`.
func isMakeName(_ name: some StringProtocol) -> Bool {
  guard let first = name.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".")
  else { return false }
  return name.utf8.allSatisfy { isLetterOrDigit($0) || ".+_-".utf8.contains($0) }
}

extension ValueType<MakeGoal> {
  static var makeGoal: ValueType {
    let pattern = "bin(-[A-Za-z0-9.+_-]+)?/[A-Za-z0-9.+_-]+\\.[A-Za-z0-9+_-]+"
    return .scalar("a make target of iPXE", schema: textSchema(pattern: pattern)) {
      text, scalar, checker in
      if let goal = MakeGoal(text) { return goal }
      checker.error(
        "expected a make target of iPXE, found \(quoted(text))", at: scalar.location,
        help: "write it like bin/undionly.kpxe or bin-x86_64-efi/ipxe.efi")
      return nil
    }
  }
}

extension ValueType<String> {
  /// One object of iPXE with or without a level: "dhcp", "net:3".
  static var debugObject: ValueType {
    .scalar(
      "the name of an object",
      schema: textSchema(pattern: "[A-Za-z0-9_,-]+(:[0-9]+)?[A-Za-z0-9_,:-]*")
    ) { text, scalar, checker in
      let isGood = text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
        let halves = part.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = halves.first, halves.count <= 2, isMakeName(name) else { return false }
        guard halves.count == 2 else { return true }
        return !halves[1].isEmpty && halves[1].utf8.allSatisfy(isDigit)
      }
      if isGood { return text }
      checker.error(
        "expected the name of an object, found \(quoted(text))", at: scalar.location,
        help: "write debug: [dhcp, net:3]")
      return nil
    }
  }

  static var crossPrefix: ValueType {
    .scalar(
      "the prefix of a compiler", schema: textSchema(pattern: "[A-Za-z0-9.+_-]+-")
    ) { text, scalar, checker in
      if isMakeName(text), text.hasSuffix("-") { return text }
      checker.error(
        "expected the prefix of a compiler, found \(quoted(text))", at: scalar.location,
        help: "write it with the last \"-\", like aarch64-linux-gnu-")
      return nil
    }
  }
}

/// Options of iPXE's configuration headers.
enum IPXEConfig {
  enum Define: Hashable, Sendable {
    case on
    case off
    case value(String)
  }

  /// The header as bytes: the same for the same options, in whatever order they were written. Each
  /// option is undefined first, because upstream compiles with -Werror and a second definition warns.
  static func text(of defines: [String: Define]) -> [UInt8] {
    var lines = ["/* Written by pxebuild from the recipe's config: */"]
    for (name, define) in defines.sorted(by: { $0.key < $1.key }) {
      lines.append("#undef \(name)")
      switch define {
      case .on: lines.append("#define \(name)")
      case .off: break
      case .value(let value): lines.append("#define \(name) \(value)")
      }
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}

extension ValueType<[String: [String: IPXEConfig.Define]]> {
  /// `{HEADER: {NAME: true, false or a value}}`
  static var config: ValueType {
    let schema: JSON = [
      "type": "object", "propertyNames": ["pattern": "^[a-z0-9_]+\\.h$"],
      "additionalProperties": [
        "type": "object", "propertyNames": ["pattern": "^[A-Za-z_][A-Za-z0-9_]*$"],
        "additionalProperties": anyScalarSchema,
      ],
    ]
    return ValueType(name: "a mapping of headers", schema: schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping of headers, found \(value.kindName)", at: value.location,
          help: "write config: {console.h: {CONSOLE_SERIAL: true}}")
        return nil
      }
      var result: [String: [String: IPXEConfig.Define]] = [:]
      for (header, options) in mapping.entries {
        guard isHeader(header.text) else {
          checker.error(
            "iPXE has no configuration header \(quoted(header.text))", at: header.location,
            help: "write the name of a file of its src/config folder, like general.h")
          continue
        }
        guard case .mapping(let options) = options else {
          checker.error(
            "expected a mapping of options, found \(options.kindName)", at: options.location,
            help: "write \(header.text): {OPTION: true}")
          continue
        }
        result[header.text] = read(options, &checker)
      }
      return result
    }
  }

  private static func read(_ options: LocatedMapping, _ checker: inout Checker)
    -> [String: IPXEConfig.Define]
  {
    var result: [String: IPXEConfig.Define] = [:]
    for (name, value) in options.entries {
      guard isIdentifier(name.text) else {
        checker.error("\(quoted(name.text)) is not the name of an option", at: name.location)
        continue
      }
      guard case .scalar(let scalar) = value, !scalar.isNull else {
        checker.error("expected true, false or a value", at: value.location)
        continue
      }
      guard let text = ValueType<String>.line("true, false or a value").read(value, &checker)
      else { continue }
      let isPlain = scalar.style == .plain
      switch text.lowercased() {
      case "true" where isPlain: result[name.text] = .on
      case "false" where isPlain: result[name.text] = .off
      case "yes", "no", "on", "off":
        guard isPlain else { fallthrough }
        checker.error(
          "\(quoted(text)) is not an option's value", at: value.location,
          help: "write true or false; put it between quotes if it is meant as a value")
      default: result[name.text] = .value(text)
      }
    }
    return result
  }

  private static func isHeader(_ name: String) -> Bool {
    name.hasSuffix(".h") && name.utf8.count > 2
      && name.dropLast(2).utf8.allSatisfy {
        isSmallLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_")
      }
  }

  private static func isIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { byte in
      byte != UInt8(ascii: ".") && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-")
    } && isMakeName(name)
  }
}
