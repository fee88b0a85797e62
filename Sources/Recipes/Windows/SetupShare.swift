import WindowsPE

/// `setup:` of a startnet: the share that the setup program of a Windows is on.
struct SetupShare: Sendable {
  var name: String
  /// Of another machine; nil for a share of this site.
  var server: String?
  /// The folder of the tree behind it, where no config lists the share.
  var folder: TreeFolder?
  var user: SambaUser?
  /// Where the name stands.
  var location: SourceLocation

  /// Any that the server does not know: Windows wants to give one, and a share for everybody takes any.
  static let guest = SambaUser(name: "user", password: "pass")
}

/// The keys of `setup:`.
enum SetupKeys {
  static let share = Key(
    "share", .line("the name of a share"), isRequired: true,
    "The share: one of the config with samba: shares, or the name of a folder of the tree.")
  static let folder = Key(
    "folder", .treeFolder, "The folder of the tree behind the share, where it has another name.")
  static let server = Key(
    "server", .line("a server's name or address"), "Another machine that has the share.")

  static let record = RecordDescription(keys: [
    share.description, folder.description, server.description,
    SambaShareKeys.user.description, SambaShareKeys.password.description,
    SambaShareKeys.passwordFile.description,
  ])
}

extension ValueType<SetupShare> {
  static var setupShare: ValueType {
    ValueType(name: "a mapping", schema: SetupKeys.record.schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping, found \(value.kindName)", at: value.location,
          help: "write setup: {share: win10}")
        return nil
      }
      let record = SetupKeys.record.read(
        mapping, owner: "setup", at: value.location, &checker)
      guard record.isComplete, let name = record[SetupKeys.share] else { return nil }
      guard let user = SambaUser.read(record, &checker) else { return nil }
      let share = SetupShare(
        name: name, server: record[SetupKeys.server], folder: record[SetupKeys.folder],
        user: user.value, location: record.location(SetupKeys.share))
      return check(share, record, &checker) ? share : nil
    }
  }

  private static func check(
    _ share: SetupShare, _ record: Record, _ checker: inout Checker
  ) -> Bool {
    if let problem = SambaText.problem(withShare: share.name) {
      checker.error(
        "\(quoted(share.name)) cannot be a share: \(problem)", at: share.location,
        help: "write the name alone; server: is for a share of another machine")
      return false
    }
    if let server = share.server, server.contains(where: { "\\/\" ".contains($0) }) {
      checker.error(
        "expected a server's name or address, found \(quoted(server))",
        at: record.location(SetupKeys.server))
      return false
    }
    if share.server != nil, let folder = share.folder {
      checker.error(
        "the share of another server is no folder of this tree", at: folder.location,
        help: "keep one of server: and folder:")
      return false
    }
    let texts = [
      ("share", share.name, share.location),
      ("server", share.server ?? "", record.location(SetupKeys.server)),
      ("password", share.user?.password ?? "", passwordLocation(record)),
    ]
    for (what, text, place) in texts {
      guard let problem = CommandText.problem(with: text) else { continue }
      checker.error(
        "the \(what) has \(problem)", at: place,
        help: "Windows PE reads startnet.cmd in a code page that nobody knows here: use ASCII")
      return false
    }
    return checkPassword(share.user?.password, passwordLocation(record), &checker)
  }

  /// `net use` takes some words for something else, quoted or not.
  private static func checkPassword(
    _ password: String?, _ place: SourceLocation, _ checker: inout Checker
  ) -> Bool {
    guard let password, password == "*" || password.hasPrefix("/") else { return true }
    checker.error(
      password == "*"
        ? "net use takes the password * for the wish to be asked"
        : "net use takes a password that starts with / for an option",
      at: place, help: "choose another password")
    return false
  }

  private static func passwordLocation(_ record: Record) -> SourceLocation {
    record.isWritten(SambaShareKeys.password.name)
      ? record.keyLocation(SambaShareKeys.password)
      : record.keyLocation(SambaShareKeys.passwordFile)
  }
}

extension SetupShare {
  /// What `startnet.cmd` connects to, and the share that the site's Samba server has to have for it, when no
  /// config lists it.
  struct Resolved: Sendable {
    var share: Startnet.Share
    var need: ServiceNeed?
  }

  /// - Returns: Nil after an error.
  func resolve(in recipes: RecipeSet, _ checker: inout Checker) -> Resolved? {
    if let server { return Resolved(share: share(on: server, name, user)) }
    guard let address = recipes.site.server else {
      checker.error(
        "share \(quoted(name)) is of the machine that serves, whose address is not known",
        at: location, help: "add server: 10.0.0.200 to site:, or server: to setup:")
      return nil
    }
    if let listed = recipes.sambaShare(name) {
      guard agrees(with: listed, &checker) else { return nil }
      return Resolved(share: share(on: "\(address)", listed.name, listed.user))
    }
    let folder = folder ?? TreeFolder(path: name, location: location)
    guard folder.exists(in: recipes) else {
      missing(folder, recipes, &checker)
      return nil
    }
    return Resolved(
      share: share(on: "\(address)", name, user),
      need: .share(name: name, folder: folder.path, user: user))
  }

  private func share(on server: String, _ name: String, _ user: SambaUser?) -> Startnet.Share {
    let user = user ?? Self.guest
    return Startnet.Share(
      server: server, name: name, user: user.name, password: user.password)
  }

  /// What the config says of the share counts; what is said here again has to be the same.
  private func agrees(with listed: SambaShare, _ checker: inout Checker) -> Bool {
    let note = Diagnostic.Note("the share is listed here", at: listed.location)
    if let folder, folder.path != listed.folder.path {
      checker.error(
        "share \(quoted(name)) is the folder \(quoted(listed.folder.path))", at: folder.location,
        notes: [note], help: "remove folder: here")
      return false
    }
    guard let user, user != listed.user else { return true }
    let difference =
      if let other = listed.user {
        user.name == other.name
          ? "has another password" : "is for the user \(quoted(other.name))"
      } else {
        "is for everybody"
      }
    checker.error(
      "share \(quoted(name)) \(difference)", at: location, notes: [note],
      help: "remove user: and the password here: the share has them")
    return false
  }

  private func missing(
    _ folder: TreeFolder, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    guard self.folder == nil else {
      checker.error(
        "no target makes a folder \(quoted(folder.path))", at: folder.location,
        help: "name the target that is the content of the installation media")
      return
    }
    let shares = recipes.sambaShares.map(\.name)
    checker.error(
      "there is no share \(quoted(name))", at: location,
      help: nearest(to: name, among: shares + recipes.targets.map(\.path)).map {
        "did you mean \(quoted($0))?"
      }
        ?? "list it at the config with samba: shares, say with folder: what it is, or with server: who has it"
    )
  }
}

extension RecipeSet {
  /// The shares that configs list.
  var sambaShares: [SambaShare] { configs.flatMap { $0.values[SambaKind.shares] ?? [] } }

  /// The share of a name, whose case does not matter to Windows.
  func sambaShare(_ name: String) -> SambaShare? {
    sambaShares.first { $0.name.lowercased() == name.lowercased() }
  }
}
