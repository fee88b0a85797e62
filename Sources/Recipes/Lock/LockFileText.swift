extension LockFile {
  /// The lock file as text: always the same for the same entries.
  public func serialised() -> String {
    var lines = [
      "# Written by `pxebuild lock`. Commit it: it says which bytes the recipes mean.",
      "format: \(Self.format)",
    ]
    if !git.isEmpty {
      lines.append("git:")
      for entry in git {
        lines.append("  - url: \(Self.text(entry.url))")
        switch entry.reference {
        case .tag(let name): lines.append("    tag: \(Self.text(name))")
        case .branch(let name): lines.append("    branch: \(Self.text(name))")
        // `pin` is never given one: a commit is its own answer.
        case .commit: break
        }
        lines.append("    commit: \(Self.text(entry.commit))")
      }
    }
    if !downloads.isEmpty {
      lines.append("url:")
      for entry in downloads {
        lines.append("  - url: \(Self.text(entry.url))")
        lines.append("    sha256: \(Self.text(entry.sha256))")
        if let size = entry.size { lines.append("    size: \(size)") }
      }
    }
    if !packages.isEmpty {
      lines.append("deb:")
      for entry in packages {
        lines.append("  - package: \(Self.text(entry.package))")
        lines.append("    version: \(Self.text(entry.version))")
        lines.append("    architecture: \(Self.text(entry.architecture))")
        lines.append("    sha256: \(Self.text(entry.sha256))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A YAML scalar: plain where that is safe in every parser, else between double quotes.
  private static func text(_ value: String) -> String {
    let isPlain =
      value.utf8.first.map(isLetterOrDigit) == true
      && !value.hasSuffix(":")
      && value.utf8.allSatisfy { isLetterOrDigit($0) || "-_./:+~@%".utf8.contains($0) }
    if isPlain { return value }
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        result += "\\x" + (digits.count < 2 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Reads a lock file. `name` is what messages call it.
  public static func parse(_ bytes: [UInt8], name: String) throws(RecipeErrors) -> LockFile {
    let file = try SourceFile.decode(bytes, name: name, folder: "/")
    var reader = YAMLReader(file)
    var checker = Checker(variables: Variables(settable: []))
    let root = reader.read()
    var lock = LockFile()
    checker.diagnostics = reader.diagnostics
    if case .mapping(let mapping)? = root {
      if let newer = newerFormat(mapping) { throw RecipeErrors(newer) }
      lock = LockKeys.read(mapping, &checker)
    } else if checker.diagnostics.isEmpty, root != nil || !bytes.isEmpty {
      checker.error(
        "\(name) is not a lock file", at: root?.location,
        help: "remove it and run pxebuild lock")
    }
    if !checker.diagnostics.isEmpty { throw RecipeErrors(checker.diagnostics) }
    return lock
  }

  /// Reads the lock file of a recipe folder; an absent file is an empty lock.
  public static func load(_ path: String, name: String? = nil) throws(RecipeErrors) -> LockFile {
    switch LocalFile.read(path) {
    case .success(let bytes): return try parse(bytes, name: name ?? path)
    case .failure(let error) where error.code == SystemError.noSuchFile: return LockFile()
    case .failure(let error):
      throw RecipeErrors(Diagnostic("cannot read \(name ?? path): \(error.text)", at: nil))
    }
  }

  private static func newerFormat(_ mapping: LocatedMapping) -> Diagnostic? {
    guard case .scalar(let scalar)? = mapping["format"]?.value, let number = Int(scalar.text),
      number > format
    else { return nil }
    return Diagnostic(
      "the lock file has format \(number), this pxebuild reads up to \(format)",
      at: scalar.location, help: "use the pxebuild that wrote it, or a newer one")
  }
}
