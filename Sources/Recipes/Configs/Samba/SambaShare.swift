/// A folder of the output tree that Windows machines connect to.
struct SambaShare: Sendable {
  var name: String
  var folder: TreeFolder
  /// Nil for everybody.
  var user: SambaUser?
  /// Where it was asked for.
  var location: SourceLocation
}

/// Who may use a share that is not for everybody.
struct SambaUser: Sendable, Hashable {
  var name: String
  /// A secret.
  var password: String
}

/// The keys of one of `shares:`.
enum SambaShareKeys {
  static let folder = Key("folder", .treeFolder, isRequired: true, "The folder of the tree.")
  static let user = Key(
    "user", .sambaUserName, "The one user that may read it; everybody when left out.")
  static let password = Key("password", .line("a password"), "The user's password.")
  static let passwordFile = Key(
    "password-file", .localPath, "A file beside the recipe whose first line is the password.")

  static let record = RecordDescription(keys: [
    folder.description, user.description, password.description, passwordFile.description,
  ])
}

extension ValueType<[SambaShare]> {
  /// Shares by name, each a folder or a mapping.
  static var sambaShares: ValueType {
    let schema: JSON = [
      "type": "object", "propertyNames": ["pattern": "^[^/\\\\\\[\\]:|<>+=;,*?\"%]{1,80}$"],
      "additionalProperties": ["anyOf": [anyScalarSchema, SambaShareKeys.record.schema]],
    ]
    return ValueType(name: "a mapping of shares", schema: schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping of shares, found \(value.kindName)", at: value.location,
          help: "write shares: { win10: win10 }")
        return nil
      }
      let shares = mapping.entries.compactMap { share($0.key, $0.value, &checker) }
      return shares.count == mapping.entries.count ? shares : nil
    }
  }

  private static func share(_ name: Scalar, _ value: LocatedValue, _ checker: inout Checker)
    -> SambaShare?
  {
    if let problem = SambaText.problem(withShare: name.text) {
      checker.error(
        "\(quoted(name.text)) cannot be a share: \(problem)", at: name.location,
        help: "a share's name is what Windows writes after \\\\SERVER\\, like win10")
      return nil
    }
    guard case .mapping(let mapping) = value else {
      return ValueType<TreeFolder>.treeFolder.read(value, &checker).map {
        SambaShare(name: name.text, folder: $0, user: nil, location: name.location)
      }
    }
    let record = SambaShareKeys.record.read(
      mapping, owner: "share \(quoted(name.text))", at: name.location, &checker)
    guard let folder = record[SambaShareKeys.folder], record.isComplete else { return nil }
    guard let user = SambaUser.read(record, &checker) else { return nil }
    return SambaShare(name: name.text, folder: folder, user: user.value, location: name.location)
  }
}

extension SambaUser {
  /// The user of a record with the keys of a share, if it has one; nil after an error.
  static func read(_ record: Record, _ checker: inout Checker) -> (value: SambaUser?, ())? {
    let keys = SambaShareKeys.self
    guard let name = record[keys.user] else {
      for key in [keys.password.name, keys.passwordFile.name] where record.isWritten(key) {
        checker.error(
          "\(record.owner) has a password and no user", at: record.location, help: "add user:")
        return nil
      }
      return (nil, ())
    }
    if record[keys.password] != nil, record[keys.passwordFile] != nil {
      checker.error(
        "\(record.owner) has two passwords", at: record.keyLocation(keys.passwordFile),
        help: "keep one of password: and password-file:")
      return nil
    }
    if let password = record[keys.password] {
      return (SambaUser(name: name, password: password), ())
    }
    guard let file = record[keys.passwordFile] else {
      checker.error(
        "\(record.owner) has a user and no password", at: record.keyLocation(keys.user),
        help: "add password-file: FILE, or password:")
      return nil
    }
    return password(in: file, &checker).map { (SambaUser(name: name, password: $0), ()) }
  }

  private static func password(in file: LocalPath, _ checker: inout Checker) -> String? {
    checker.filesRead.append(file.path)
    switch LocalFile.read(file.path, atMost: 4096) {
    case .failure(let error):
      checker.error("cannot read the password: \(error.text)", at: file.location)
      return nil
    case .success(let bytes):
      let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
      guard let text = String(validating: line, as: UTF8.self), !text.isEmpty else {
        checker.error(
          "the file has no password", at: file.location, help: "write it as its first line")
        return nil
      }
      return text
    }
  }
}

extension ValueType<String> {
  /// A user's name as Debian's adduser takes it: it is a name of the serving machine too.
  static var sambaUserName: ValueType {
    .scalar("a user's name", schema: textSchema(pattern: "[a-z_][a-z0-9_-]{0,31}")) {
      text, scalar, checker in
      let isGood =
        text.utf8.count <= 32
        && text.utf8.enumerated().allSatisfy { index, byte in
          isSmallLetter(byte) || byte == UInt8(ascii: "_")
            || index > 0 && (isDigit(byte) || byte == UInt8(ascii: "-"))
        }
      if isGood, !text.isEmpty { return text }
      checker.error(
        "expected a user's name, found \(quoted(text))", at: scalar.location,
        help:
          "small letters, digits, \"_\" and \"-\", a letter first: the machine needs such a user")
      return nil
    }
  }
}
