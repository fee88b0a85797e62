/// One kind of source: its keys, the first of which names it, and how its values become a `Source`.
struct SourceKind: Sendable {
  let record: RecordDescription
  /// Makes the source's kind from values that are complete; nil after a diagnostic.
  let make: @Sendable (Record, inout Checker) -> Source.Kind?

  var name: String { record.keys[0].name }

  static let all = [git, url, path, deb]
}

/// The keys of `sources:` entries.
enum SourceKeys {
  static let git = Key("git", .gitURL, isRequired: true, "The repository.")
  static let tag = Key("tag", .gitReference, "The tag to build; the lock file pins its commit.")
  static let branch = Key(
    "branch", .gitReference, "The branch to build; the lock file pins its commit.")
  static let commit = Key("commit", .commit, "The commit to build, all 40 digits.")
  static let prebuilt = Key(
    "prebuilt", .prebuilt,
    "The Debian package that may stand in with --allow-prebuilt: {deb: NAME}.")

  static let url = Key(
    "url", .url(["https", "http", "file"]), isRequired: true, "The file to download.")
  static let sha256 = Key(
    "sha256", .sha256, "The SHA-256 of the file; the lock file has it when left out.")
  static let mirrors = Key(
    "mirrors", .oneOrList(.url(["https", "http", "file"])),
    "Other URLs of the same bytes, tried in order.")
  static let member = Key("member", .innerPath, "A file or folder inside the archive.")

  static let path = Key(
    "path", .localPath, isRequired: true,
    "A file or folder of this machine, relative to the recipe's folder.")

  static let deb = Key("deb", .packageName, isRequired: true, "The Debian package.")

  static let prebuiltDeb = Key(
    "deb", .packageName, isRequired: true, "The Debian package with the binaries.")
}

extension SourceKind {
  static let git = SourceKind(
    record: RecordDescription(keys: [
      SourceKeys.git.description, SourceKeys.tag.description, SourceKeys.branch.description,
      SourceKeys.commit.description, SourceKeys.prebuilt.description,
    ])
  ) { record, checker in
    let names = ["tag", "branch", "commit"].filter(record.isWritten)
    guard names.count == 1 else {
      let found = names.isEmpty ? "it has none" : "it has \(names.joined(separator: " and "))"
      checker.error(
        "\(record.owner) needs exactly one of tag, branch and commit, \(found)",
        at: record.location)
      return nil
    }
    guard let url = record[SourceKeys.git] else { return nil }
    if let tag = record[SourceKeys.tag] { return .git(url: url, .tag(tag)) }
    if let branch = record[SourceKeys.branch] { return .git(url: url, .branch(branch)) }
    if let commit = record[SourceKeys.commit] { return .git(url: url, .commit(commit)) }
    return nil
  }

  static let url = SourceKind(
    record: RecordDescription(keys: [
      SourceKeys.url.description, SourceKeys.sha256.description, SourceKeys.mirrors.description,
      SourceKeys.member.description,
    ])
  ) { record, _ in
    guard let url = record[SourceKeys.url] else { return nil }
    let download = Download(
      url: url, sha256: record[SourceKeys.sha256], mirrors: record[SourceKeys.mirrors] ?? [])
    return .url(download, member: record[SourceKeys.member])
  }

  static let path = SourceKind(
    record: RecordDescription(keys: [SourceKeys.path.description])
  ) { record, _ in record[SourceKeys.path].map { .path($0.path) } }

  static let deb = SourceKind(
    record: RecordDescription(keys: [SourceKeys.deb.description])
  ) { record, _ in record[SourceKeys.deb].map { .deb(package: $0) } }
}

extension ValueType<String> {
  /// Where git can clone from: a URL, an absolute path or `host:path`.
  static var gitURL: ValueType {
    .scalar("a git repository", schema: anyScalarSchema) { text, scalar, checker in
      let help = "write https://HOST/PATH, ssh://HOST/PATH, HOST:PATH or an absolute path"
      // "ext::sh -c …" and other remote helpers run programs; "-x" would be read as an option.
      let isHostile =
        text.hasPrefix("-") || text.contains("::")
        || text.unicodeScalars.contains { $0.value <= 0x20 || $0.value == 0x7f }
      guard !text.isEmpty, !isHostile, text.hasPrefix("/") || text.contains(":") else {
        checker.error(
          "expected a git repository, found \(quoted(text))", at: scalar.location, help: help)
        return nil
      }
      if let end = text.firstRange(of: "://") {
        let scheme = String(text[..<end.lowerBound])
        guard ["https", "http", "git", "ssh", "file"].contains(scheme) else {
          checker.error(
            "git cannot clone from \(quoted(text))", at: scalar.location, help: help)
          return nil
        }
      }
      return text
    }
  }

  /// A Debian package's name (Debian Policy 5.6.1).
  static var packageName: ValueType {
    .scalar("the name of a Debian package", schema: textSchema(pattern: "[a-z0-9][a-z0-9+.-]+")) {
      text, scalar, checker in
      let isGood =
        text.utf8.count >= 2 && text.utf8.first.map { isSmallLetter($0) || isDigit($0) } == true
        && text.utf8.allSatisfy {
          isSmallLetter($0) || isDigit($0)
            || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")]
              .contains($0)
        }
      if isGood { return text }
      checker.error(
        "expected the name of a Debian package, found \(quoted(text))", at: scalar.location,
        help: "names have small letters, digits, \"+\", \"-\" and \".\" only")
      return nil
    }
  }

  /// `{deb: NAME}`; the value is the package's name.
  static var prebuilt: ValueType {
    let record = RecordDescription(keys: [SourceKeys.prebuiltDeb.description])
    return ValueType(name: "a mapping", schema: record.schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping, found \(value.kindName)", at: value.location,
          help: "write prebuilt: {deb: ipxe}")
        return nil
      }
      return record.read(mapping, owner: "prebuilt", at: value.location, &checker)[
        SourceKeys.prebuiltDeb]
    }
  }
}
