// The types that keys of any rule, source or site may have. A rule adds types of its own in its file.

extension ValueType {
  /// A type read from one scalar after substitution. `convert` returns nil after a diagnostic.
  static func scalar(
    _ name: String, schema: JSON,
    _ convert: @escaping @Sendable (String, Scalar, inout Checker) -> Value?
  ) -> ValueType {
    ValueType(name: name, schema: schema) { value, checker in
      guard case .scalar(let scalar) = value else {
        checker.error("expected \(name), found \(value.kindName)", at: value.location)
        return nil
      }
      guard let text = checker.text(scalar) else { return nil }
      return convert(text, scalar, &checker)
    }
  }

  /// A list of values, or one value written without a list.
  static func oneOrList<Element: Sendable>(_ element: ValueType<Element>) -> ValueType
  where Value == [Element] {
    let schema: JSON = [
      "anyOf": [element.schema, ["type": "array", "items": element.schema]]
    ]
    return ValueType(name: "\(element.name), or a list of them", schema: schema) {
      value, checker in
      guard case .list(let elements, _) = value else {
        return element.read(value, &checker).map { [$0] }
      }
      var result: [Element] = []
      for item in elements {
        if let one = element.read(item, &checker) { result.append(one) }
      }
      return result.count == elements.count ? result : nil
    }
  }
}

/// What a YAML parser with types of its own may make of text without quotes.
let anyScalarSchema: JSON = ["type": ["string", "number", "boolean"]]

/// Text of a form; a value with `{{…}}` is checked after substitution only.
func textSchema(pattern: String) -> JSON {
  ["type": ["string", "number"], "pattern": .string("^(\(pattern)|[\\s\\S]*\\{\\{[\\s\\S]*)$")]
}

extension ValueType<String> {
  /// Text of any number of lines.
  static var text: ValueType {
    .scalar("text", schema: anyScalarSchema) { text, _, _ in text }
  }

  /// Text of one line that is not empty.
  static var line: ValueType { line("one line of text") }

  static func line(_ name: String) -> ValueType {
    .scalar(name, schema: anyScalarSchema) { text, scalar, checker in
      guard !text.isEmpty, !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
        checker.error("expected \(name), found \(quoted(text))", at: scalar.location)
        return nil
      }
      return text
    }
  }

  /// 64 hexadecimal digits; the value is in lower case.
  static var sha256: ValueType {
    .scalar("a SHA-256", schema: textSchema(pattern: "[0-9A-Fa-f]{64}")) { text, scalar, checker in
      if text.utf8.count == 64, text.utf8.allSatisfy(isHexadecimal) { return text.lowercased() }
      let wrong = text.unicodeScalars.first {
        !$0.isASCII || !isHexadecimal(UInt8(truncatingIfNeeded: $0.value))
      }
      let found = wrong.map { "this has \(quoted(String($0)))" } ?? "this has \(text.utf8.count)"
      checker.error(
        "a SHA-256 is 64 hexadecimal digits, \(found)", at: scalar.location,
        help: "sha256sum FILE prints it")
      return nil
    }
  }

  /// The whole name of a git commit, in lower case.
  static var commit: ValueType {
    .scalar(
      "a commit", schema: textSchema(pattern: "[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
    ) { text, scalar, checker in
      let length = text.utf8.count
      if length == 40 || length == 64, text.utf8.allSatisfy(isHexadecimal) {
        return text.lowercased()
      }
      checker.error(
        "a commit is named by 40 hexadecimal digits, found \(quoted(text))", at: scalar.location,
        help: "git rev-parse prints all of them; a tag or branch has a key of its own")
      return nil
    }
  }

  /// The name of a git tag or branch, as `git check-ref-format` allows.
  static var gitReference: ValueType {
    .scalar("a tag or branch name", schema: anyScalarSchema) { text, scalar, checker in
      let bad: [Character] = [" ", "~", "^", ":", "?", "*", "[", "\\"]
      let isGood =
        !text.isEmpty && !text.hasPrefix("-") && !text.hasPrefix("/") && !text.hasSuffix("/")
        && !text.hasSuffix(".") && !text.hasSuffix(".lock") && !text.contains("..")
        && !text.contains("@{") && !text.contains("//")
        && !text.contains {
          bad.contains($0) || $0.asciiValue.map { $0 < 0x20 || $0 == 0x7f } == true
        }
      if isGood { return text }
      checker.error("git has no tag or branch named \(quoted(text))", at: scalar.location)
      return nil
    }
  }

  /// An absolute URL of one of the schemes.
  static func url(_ schemes: [String]) -> ValueType {
    let name = "a URL (\(schemes.map { "\($0)://" }.joined(separator: ", ")))"
    let pattern = "(\(schemes.joined(separator: "|")))://[^ ]*"
    return .scalar(name, schema: textSchema(pattern: pattern)) { text, scalar, checker in
      if let problem = urlProblem(text, schemes) {
        checker.error("expected \(name), \(problem)", at: scalar.location)
        return nil
      }
      return text
    }
  }

  /// A path as Linux takes it: any characters but NUL.
  static var path: ValueType {
    .scalar("a path", schema: anyScalarSchema) { text, scalar, checker in
      if !text.isEmpty, !text.utf8.contains(0) { return text }
      checker.error("expected a path, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }

  /// A path inside an archive, package or source: relative, without "..".
  static var innerPath: ValueType {
    .scalar("a path inside it", schema: anyScalarSchema) { text, scalar, checker in
      var path = text[...]
      while path.hasSuffix("/") { path = path.dropLast() }
      if let problem = TargetPath.problem(with: String(path)) {
        checker.error("\(problem): \(quoted(text))", at: scalar.location)
        return nil
      }
      return String(path)
    }
  }
}

extension ValueType<Bool> {
  /// `true` or `false` and nothing else.
  static var boolean: ValueType {
    .scalar("true or false", schema: ["type": "boolean"]) { text, scalar, checker in
      if scalar.style == .plain {
        if text == "true" { return true }
        if text == "false" { return false }
      }
      checker.error("expected true or false, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}

extension ValueType<Int> {
  /// A whole number.
  static func integer(_ name: String, _ range: ClosedRange<Int>) -> ValueType {
    .scalar(name, schema: textSchema(pattern: "[0-9]+")) { text, scalar, checker in
      if text.utf8.allSatisfy(isDigit), let number = Int(text),
        range.contains(number)
      {
        return number
      }
      checker.error(
        "expected \(name), found \(quoted(text))", at: scalar.location,
        help: "write a number from \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
  }
}

/// A file or folder of this machine.
struct LocalPath: Hashable, Sendable {
  /// Absolute.
  let path: String
  let location: SourceLocation
}

extension ValueType<LocalPath> {
  /// A path that starts at the recipe's own folder unless it is absolute. It must exist.
  static var localPath: ValueType {
    .scalar("a path", schema: anyScalarSchema) { text, scalar, checker in
      guard !text.isEmpty, !text.utf8.contains(0) else {
        checker.error("expected a path, found \(quoted(text))", at: scalar.location)
        return nil
      }
      let path = absolutePath(text, from: scalar.location.file.folder)
      if let problem = LocalFile.problem(path) {
        checker.error(
          "\(problem): \(quoted(text))", at: scalar.location, help: "looked at \(printable(path))")
        return nil
      }
      return LocalPath(path: path, location: scalar.location)
    }
  }
}

/// The name of a target, or a file beside the recipe.
struct ArtifactReference: Sendable {
  let name: String
  /// The folder of the recipe that names it.
  let folder: String
  let location: SourceLocation
}

extension ValueType<ArtifactReference> {
  /// A target's name first, else a file relative to the recipe. Resolved when every target is known.
  static var artifact: ValueType {
    .scalar("a target or a file", schema: anyScalarSchema) { text, scalar, checker in
      guard !text.isEmpty, !text.utf8.contains(0) else {
        checker.error("expected a target or a file, found \(quoted(text))", at: scalar.location)
        return nil
      }
      let reference = ArtifactReference(
        name: text, folder: scalar.location.file.folder, location: scalar.location)
      checker.references.append(reference)
      return reference
    }
  }
}

/// The name of a source.
struct SourceReference: Sendable {
  let name: String
  let location: SourceLocation
}

extension ValueType<SourceReference> {
  /// The name of an entry of `sources:`. Resolved when every source is known.
  static var source: ValueType {
    .scalar("the name of a source", schema: anyScalarSchema) { text, scalar, checker in
      let reference = SourceReference(name: text, location: scalar.location)
      checker.sourceReferences.append(reference)
      return reference
    }
  }
}

/// What is wrong with a URL, or nil.
private func urlProblem(_ text: String, _ schemes: [String]) -> String? {
  let bytes = Array(text.utf8)
  if bytes.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
    return "found a space or control character in \(quoted(text))"
  }
  guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
    bytes[colon...].starts(with: "://".utf8)
  else { return "found \(quoted(text))" }
  let scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
  guard schemes.contains(scheme) else { return "found \(quoted(text))" }
  let rest = bytes[(colon + 3)...]
  if scheme == "file" {
    return rest.first == UInt8(ascii: "/") ? nil : "\(quoted(text)) is not file:///an/absolute/path"
  }
  let ends: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")]
  let authority = rest.prefix { !ends.contains($0) }
  return authority.isEmpty ? "\(quoted(text)) names no host" : nil
}
