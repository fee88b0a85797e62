import WindowsPE

/// What `startnet:` says: lines of a person's own, or an installation from a share.
enum StartnetValue: Sendable {
  case lines(String)
  case setup(SetupShare)

  static let setupKey = Key(
    "setup", .setupShare, isRequired: true,
    "Installs from a share: {share: win10}, with user: and password: where it is not for everybody."
  )
  static let record = RecordDescription(keys: [setupKey.description])

  /// The file, or nil after an error.
  func text(in recipes: RecipeSet, _ checker: inout Checker) -> [UInt8]? {
    switch self {
    case .lines(let lines): Startnet.text(ofLines: lines)
    case .setup(let setup):
      setup.resolve(in: recipes, &checker).map { Startnet.text(installingFrom: $0.share) }
    }
  }

  /// What the site's servers have to have for it.
  func needs(in recipes: RecipeSet) -> [ServiceNeed] {
    guard case .setup(let setup) = self else { return [] }
    // What is wrong with it has been said when the recipes were checked.
    var checker = Checker(variables: Variables(settable: []))
    return setup.resolve(in: recipes, &checker)?.need.map { [$0] } ?? []
  }

  /// Errors, and what is suspicious.
  func check(in recipes: RecipeSet, at place: SourceLocation, _ checker: inout Checker) {
    switch self {
    case .lines(let lines):
      if let problem = CommandText.problem(with: lines.filter { !$0.isNewline && $0 != "\t" }) {
        checker.warn(
          "startnet.cmd has \(problem)", at: place,
          help: "Windows PE reads it in a code page that nobody knows here: use ASCII")
      }
      if !lines.lowercased().contains("wpeinit") {
        checker.warn(
          "startnet.cmd does not run wpeinit", at: place,
          help: "without it Windows PE has no network and no plug and play: make it the first line")
      }
    case .setup(let setup):
      guard let resolved = setup.resolve(in: recipes, &checker), resolved.need != nil else {
        return
      }
      let isShared = recipes.configs.contains {
        $0.kind.name == SambaKind.kind.name && $0.values[SambaKind.samba] == .shares
      }
      if !isShared {
        checker.warn(
          "nothing shares \(quoted(setup.name)) with Windows", at: setup.location,
          help: "add smb.conf: { samba: shares } to configs:, or say with server: who has it")
      }
    }
  }
}

extension ValueType<StartnetValue> {
  /// Lines in one text, or a mapping with `setup`.
  static var startnet: ValueType {
    let schema: JSON = ["anyOf": [anyScalarSchema, StartnetValue.record.schema]]
    return ValueType(name: "lines, or {setup: …}", schema: schema) { value, checker in
      switch value {
      case .scalar(let scalar): return checker.text(scalar).map(StartnetValue.lines)
      case .mapping(let mapping):
        let record = StartnetValue.record.read(
          mapping, owner: "startnet", at: value.location, &checker)
        return record[StartnetValue.setupKey].map(StartnetValue.setup)
      case .list:
        checker.error(
          "expected lines, or {setup: …}, found \(value.kindName)", at: value.location,
          help: "write startnet: | and the lines below it")
        return nil
      }
    }
  }
}
