/// `samba: shares` or `samba: users` — a Samba server for Windows that installs from a share.
enum SambaKind {
  /// `shares` is smb.conf; `users` is the secret part of it, a file of its own.
  enum Part: String, CaseIterable, Sendable { case shares, users }

  static let samba = Key<Part>(
    "samba", .word("shares or users"), isRequired: true,
    "shares (smb.conf), or users (the passwords of those that shares name).")
  static let shares = Key(
    "shares", .sambaShares, "Folders of the tree by share name, beside those that targets need.")

  static let kind = ConfigKind(
    name: "samba", summary: "A Samba server for Windows that installs from a share.",
    keys: [samba.description, shares.description],
    programs: { $0.values[samba] == .shares ? ["smbd"] : ["smbpasswd"] },
    ports: { config, _ in config.values[samba] == .shares ? [.tcp(445)] : [] }, make: make)

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    switch config.values[samba] {
    case .shares: makeShares(config, served, &checker)
    case .users: makeUsers(config, served, &checker)
    case nil: nil
    }
  }

  // MARK: Shares

  private static func makeShares(
    _ config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> ConfigContent? {
    guard let found = allShares(config, served, &checker) else { return nil }
    if found.isEmpty, served.absent.isEmpty {
      checker.warn(
        "\(config.owner) shares nothing: no target needs a share", at: config.location,
        help: "list shares:, or remove it")
    }
    let hasPasswords = served.recipes.configs.contains {
      $0.kind.name == kind.name && $0.values[samba] == .users
    }
    if let share = found.first(where: { $0.user != nil }), !hasPasswords {
      checker.warn(
        "share \(quoted(share.name)) has a user, and no config has the passwords",
        at: share.location, help: "add smbpasswd: { samba: users } to configs:")
    }
    for share in found { checkSecret(of: share, served, &checker) }
    return .file(
      ConfigText(
        text: SambaText.config(
          found, output: served.output,
          note: ConfigNote.hash("Samba", file: "/etc/samba/smb.conf"))))
  }

  /// What is listed and what targets need, by name; nil after an error.
  private static func allShares(
    _ config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> [SambaShare]? {
    let listed = config.values[shares] ?? []
    var found = listed
    for (need, target) in served.recipes.serviceNeeds where !served.absent.contains(target.path) {
      guard case .share(let name, let folder, let user) = need else { continue }
      if let same = found.first(where: { $0.name.lowercased() == name.lowercased() }) {
        if same.folder.path == folder, same.user == user { continue }
        if same.folder.path == folder {
          checker.error(
            "share \(quoted(name)) is for two users, or for one with two passwords",
            at: same.location, notes: [.init("the other one is needed here", at: target.location)],
            help: "list the share with its user once, and name it elsewhere without")
          return nil
        }
        checker.error(
          "share \(quoted(name)) is two folders, \(same.folder.path) and \(folder)",
          at: same.location, notes: [.init("the other one is needed here", at: target.location)],
          help: "rename one of the two")
        return nil
      }
      found.append(
        SambaShare(
          name: name, folder: TreeFolder(path: folder, location: target.location), user: user,
          location: target.location))
    }
    var isGood = true
    for share in found {
      isGood = check(share, served, &checker) && isGood
    }
    return isGood ? found.sorted { $0.name < $1.name } : nil
  }

  private static func check(
    _ share: SambaShare, _ served: ServedSite, _ checker: inout Checker
  ) -> Bool {
    guard share.folder.check(served, &checker) else { return false }
    let path = share.folder.path(in: served.output)
    if let problem = SambaText.problem(withPath: path) {
      checker.error(
        "Samba cannot share the folder \(quoted(path)), which has \(problem) in its name",
        at: share.location, help: "rename the target, or choose another output folder")
      return false
    }
    return checkLinks(share, served, &checker)
  }

  /// Clients do not get what a link means: a folder would look whole and be not.
  private static func checkLinks(
    _ share: SambaShare, _ served: ServedSite, _ checker: inout Checker
  ) -> Bool {
    let targets = served.recipes.targets.filter { $0.values[IsoRule.link] == true }.map(\.path)
    let links = served.links.union(targets).filter { $0.hasPrefix(share.folder.path + "/") }
      .sorted()
    guard let first = links.first else { return true }
    checker.error(
      "\(counted(links.count, "symbolic link")) inside share \(quoted(share.name)): \(printable(first))",
      at: share.location,
      help: "Windows cannot follow them: put the files themselves there, or share another folder")
    return false
  }

  /// Warns of texts in the tree that hold a share's user and password: whoever is served may read them.
  private static func checkSecret(
    of share: SambaShare, _ served: ServedSite, _ checker: inout Checker
  ) {
    guard let user = share.user else { return }
    for target in served.recipes.targets {
      guard let text = target.values[ScriptRule.script], text.contains(user.name),
        text.contains(user.password)
      else { continue }
      checker.warn(
        "\(target.owner) tells everybody who is served the password of share \(quoted(share.name))",
        at: target.values.location(ScriptRule.script),
        help: "leave it out of the tree, or let everybody read the share")
    }
  }

  // MARK: Users

  private static func makeUsers(
    _ config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> ConfigContent? {
    if config.values.isWritten(shares.name) {
      checker.error(
        "a file with users shares nothing", at: config.values.keyLocation(shares),
        help: "write the shares at the config with samba: shares")
      return nil
    }
    var users: [SambaUser] = []
    for (user, place) in allUsers(served) {
      if let same = users.first(where: { $0.name == user.name }) {
        guard same.password != user.password else { continue }
        checker.error(
          "user \(quoted(user.name)) has two passwords", at: place,
          help: "write the same at each share")
        return nil
      }
      users.append(user)
    }
    if users.isEmpty {
      checker.warn(
        "\(config.owner) has no users: no share names one", at: config.location,
        help: "give a share user: and password-file:, or remove the config")
    }
    return .file(
      ConfigText(
        text: SambaText.passwordFile(
          users.sorted { $0.name < $1.name },
          note: ConfigNote.hash("Samba", file: SambaText.passwords)), isPrivate: true))
  }

  /// Of the shares that are listed, and of those that targets need.
  private static func allUsers(_ served: ServedSite) -> [(SambaUser, SourceLocation)] {
    let listed = served.recipes.sambaShares.compactMap { share in
      share.user.map { ($0, share.location) }
    }
    let needed = served.recipes.serviceNeeds.compactMap { need, target in
      if case .share(_, _, let user?) = need, !served.absent.contains(target.path) {
        return (user, target.location)
      }
      return nil
    }
    return listed + needed
  }
}
