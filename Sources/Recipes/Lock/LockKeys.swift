/// The keys of the lock file, read like those of a recipe.
enum LockKeys {
  private static let format = Key(
    "format", .lockFormat, isRequired: true, "The version of the file's format.")
  private static let git = Key("git", .entries(gitRecord), "Commits of tags and branches.")
  private static let url = Key("url", .entries(urlRecord), "Digests of downloads.")
  private static let deb = Key("deb", .entries(debRecord), "Versions of Debian packages.")

  private static let record = RecordDescription(keys: [
    format.description, git.description, url.description, deb.description,
  ])

  private static let entryURL = Key("url", .line, isRequired: true, "What was asked for.")
  private static let tag = Key("tag", .gitReference, "The tag that was asked for.")
  private static let branch = Key("branch", .gitReference, "The branch that was asked for.")
  private static let commit = Key("commit", .commit, isRequired: true, "The commit it names.")
  private static let gitRecord = RecordDescription(keys: [
    entryURL.description, tag.description, branch.description, commit.description,
  ])

  private static let sha256 = Key("sha256", .sha256, isRequired: true, "The digest of the bytes.")
  private static let size = Key("size", .byteCount, "The number of bytes.")
  private static let urlRecord = RecordDescription(keys: [
    entryURL.description, sha256.description, size.description,
  ])

  private static let package = Key("package", .packageName, isRequired: true, "The package.")
  private static let version = Key("version", .line, isRequired: true, "Its version.")
  private static let architecture = Key(
    "architecture", .line, isRequired: true, "Its architecture.")
  private static let debRecord = RecordDescription(keys: [
    package.description, version.description, architecture.description, sha256.description,
  ])

  static func read(_ mapping: LocatedMapping, _ checker: inout Checker) -> LockFile {
    let top = record.read(mapping, owner: "the lock file", at: mapping.location, &checker)
    var lock = LockFile()
    for entry in top[git] ?? [] where entry.isComplete {
      let reference = entry[tag].map(GitReference.tag) ?? entry[branch].map(GitReference.branch)
      guard let url = entry[entryURL], let commit = entry[commit] else { continue }
      guard let reference, !(entry.isWritten("tag") && entry.isWritten("branch")) else {
        checker.error("an entry has either a tag or a branch", at: entry.location)
        continue
      }
      lock.pin(.init(url: url, reference: reference, commit: commit))
    }
    for entry in top[url] ?? [] {
      guard let url = entry[entryURL], let sha256 = entry[sha256] else { continue }
      lock.pin(.init(url: url, sha256: sha256, size: entry[size]))
    }
    for entry in top[deb] ?? [] {
      guard let package = entry[package], let version = entry[version],
        let sha256 = entry[sha256], let architecture = entry[architecture]
      else { continue }
      lock.pin(
        .init(package: package, version: version, sha256: sha256, architecture: architecture))
    }
    return lock
  }
}

extension ValueType<[Record]> {
  /// A list of mappings with the same keys.
  static func entries(_ description: RecordDescription) -> ValueType {
    ValueType(name: "a list", schema: ["type": "array", "items": description.schema]) {
      value, checker in
      guard case .list(let elements, _) = value else {
        checker.error("expected a list, found \(value.kindName)", at: value.location)
        return nil
      }
      return elements.compactMap { element in
        guard case .mapping(let mapping) = element else {
          checker.error("expected a mapping, found \(element.kindName)", at: element.location)
          return nil
        }
        return description.read(mapping, owner: "an entry", at: element.location, &checker)
      }
    }
  }
}

extension ValueType<Int> {
  static var lockFormat: ValueType {
    .scalar("a format number", schema: ["type": "integer"]) { text, scalar, checker in
      if let number = Int(text), number >= 1 { return number }
      checker.error("expected a format number, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}

extension ValueType<Int64> {
  static var byteCount: ValueType {
    .scalar("a number of bytes", schema: ["type": "integer"]) { text, scalar, checker in
      if let number = Int64(text), number >= 0 { return number }
      checker.error("expected a number of bytes, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}
