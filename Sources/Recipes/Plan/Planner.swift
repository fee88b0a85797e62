import BuildEngine

/// Turns targets into actions, each action once. What rules use to plan.
struct Planner {
  let recipes: RecipeSet
  let options: PlanOptions
  var plan = Plan()
  private(set) var diagnostics: [Diagnostic] = []
  private var artifacts: [String: RulePlan] = [:]
  private var trees: [String: ActionID] = [:]
  private var downloads: [String: Artifact] = [:]
  private var packages: [String: Package] = [:]
  private var goals: SharedGoals?

  /// The actions of one Debian package.
  struct Package {
    /// The unpacked files.
    let files: Artifact
    /// A text file with the version.
    let version: Artifact
  }

  /// iPXE's code and what is known of it.
  struct Code {
    let tree: Artifact
    /// A text file with the seconds since 1970.
    let commitTime: Artifact
    /// The whole name of the commit; what stands for it where there is none.
    let commit: String
  }

  init(recipes: RecipeSet, options: PlanOptions) {
    self.recipes = recipes
    self.options = options
  }

  mutating func add(_ target: Target) throws(RecipeErrors) {
    let made = try rulePlan(of: target)
    plan.add(
      PlannedTarget(
        path: target.path, artifact: made.artifact, rule: target.rule.ruleVersion,
        isCompiled: made.isCompiled, whenUnreachable: whenUnreachable(target, made),
        isEntryPoint: made.isEntryPoint, placement: made.placement, origin: "\(target.location)"))
  }

  private func whenUnreachable(_ target: Target, _ made: RulePlan) -> WhenUnreachable {
    if target.isOptional, case .fail = made.whenUnreachable { return .skip(reason: nil) }
    return made.whenUnreachable
  }

  /// True when a target is left out of the tree rather than failed when its source cannot be reached.
  mutating func mayBeSkipped(_ target: Target) throws(RecipeErrors) -> Bool {
    if case .skip = whenUnreachable(target, try rulePlan(of: target)) { return true }
    return false
  }

  /// What a target consists of, planned once.
  mutating func rulePlan(of target: Target) throws(RecipeErrors) -> RulePlan {
    if let known = artifacts[target.path] { return known }
    let made = try target.rule.plan(target, &self)
    artifacts[target.path] = made
    return made
  }

  /// What a reference names: a target's artifact first, else a file.
  mutating func artifact(of reference: ArtifactReference) throws(RecipeErrors) -> Artifact {
    if let target = recipes.target(reference.name) { return try rulePlan(of: target).artifact }
    return .local(path: absolutePath(reference.name, from: reference.folder))
  }

  /// The same for a built-in that reads files of this machine where they are.
  mutating func artifact(inPlace reference: ArtifactReference) throws(RecipeErrors) -> Artifact {
    let artifact = try artifact(of: reference)
    guard case .local(let path) = artifact else { return artifact }
    return .localInPlace(path: path)
  }

  /// Adds files to an action's inputs below a folder and returns their names with commas between.
  mutating func add(
    _ references: [ArtifactReference]?, to folder: String, _ inputs: inout [String: Artifact]
  ) throws(RecipeErrors) -> String {
    var names: [String] = []
    for reference in references ?? [] {
      let name = baseName(reference.name)
      inputs["\(folder)/\(name)"] = try artifact(of: reference)
      names.append(name)
    }
    return names.joined(separator: ",")
  }

  // MARK: sources

  /// What a source consists of.
  mutating func content(of source: Source) throws(RecipeErrors) -> Artifact {
    switch source.kind {
    case .git: return .output(tree(of: source), path: "source")
    case .path(let path): return .local(path: path)
    case .deb(let name): return package(name, at: source.location).files
    case .url(let download, let member):
      return try self.download(
        download, member: member, isExecutable: false, name: "source \(source.name)",
        RuleVersion("url", 1), at: source.location)
    }
  }

  /// A source as code to compile.
  mutating func code(of source: Source) throws(RecipeErrors) -> Code {
    let tree = try content(of: source)
    switch source.kind {
    case .git(let url, let reference):
      return Code(
        tree: tree, commitTime: .output(self.tree(of: source), path: "commit-time"),
        commit: options.lock.commit(url: url, reference) ?? "")
    case .url(let download, _):
      let digest = download.sha256 ?? options.lock.download(url: download.url)?.sha256 ?? ""
      return Code(tree: tree, commitTime: Self.noCommitTime, commit: String(digest.prefix(40)))
    case .path, .deb:
      return Code(tree: tree, commitTime: Self.noCommitTime, commit: "local")
    }
  }

  /// Code without a commit has no date of its own; any fixed one gives the same bytes every time.
  private static let noCommitTime = Artifact.bytes(Array("0\n".utf8))

  private mutating func tree(of source: Source) -> ActionID {
    if let known = trees[source.name] { return known }
    guard case .git(let url, let reference) = source.kind else {
      preconditionFailure("only a git source has a tree")
    }
    var parameters = ["url": url, "commit": options.lock.commit(url: url, reference) ?? ""]
    if case .commit = reference {} else { parameters["ref"] = reference.name }
    let isPinned = parameters["commit"] != ""
    if !isPinned {
      let request = SourceRequest.git(url: url, reference)
      if let reason = options.unreachable[request] {
        parameters["unreachable"] = reason
      } else {
        diagnostics.append(
          Diagnostic(
            "source \(quoted(source.name)): the lock file does not pin \(reference.description)",
            at: source.location, help: "pxebuild lock looks it up and writes it down"))
      }
    }
    let id = plan.add(
      PlannedAction(
        name: "source \(source.name)", rule: RuleVersion("git", 1),
        operation: .builtIn("git-tree", version: 1, parameters: parameters),
        outputs: ["source", "commit-time"], isCacheable: isPinned, origin: "\(source.location)"))
    trees[source.name] = id
    return id
  }

  /// A download, or what is inside it.
  mutating func download(
    _ download: Download, member: String?, isExecutable: Bool, name: String,
    _ rule: RuleVersion, at place: SourceLocation
  ) throws(RecipeErrors) -> Artifact {
    let file = fetch(download, isExecutable && member == nil, name, rule, place)
    guard let member else { return file }
    let key = "\(download.url)\n\(member)\n\(isExecutable)"
    if let known = downloads[key] { return known }
    let id = plan.add(
      PlannedAction(
        name: "\(name): extract", rule: rule,
        operation: .builtIn(
          "extract", version: 1,
          parameters: ["member": member, "executable": String(isExecutable)]),
        inputs: ["archive": file], outputs: ["member"], origin: "\(place)"))
    downloads[key] = .output(id, path: "member")
    return .output(id, path: "member")
  }

  private mutating func fetch(
    _ download: Download, _ isExecutable: Bool, _ name: String, _ rule: RuleVersion,
    _ place: SourceLocation
  ) -> Artifact {
    let pinned = download.sha256 ?? options.lock.download(url: download.url)?.sha256
    let key = "\(download.url)\n\(pinned ?? "")\n\(isExecutable)"
    if let known = downloads[key] { return known }
    var parameters = [
      "url": download.url, "sha256": pinned ?? "",
      "mirrors": download.mirrors.joined(separator: "\n"), "executable": String(isExecutable),
    ]
    if pinned == nil,
      let reason = options.unreachable[.url(download.url, mirrors: download.mirrors)]
    {
      parameters["unreachable"] = reason
    } else if pinned == nil {
      diagnostics.append(
        Diagnostic(
          "\(name): no SHA-256 is known for \(download.url)", at: place,
          help: "add sha256:, or let pxebuild lock download the file and write it down"))
    }
    let id = plan.add(
      PlannedAction(
        name: name, rule: rule,
        operation: .builtIn("fetch", version: 1, parameters: parameters), outputs: ["file"],
        isCacheable: parameters["unreachable"] == nil, origin: "\(place)"))
    downloads[key] = .output(id, path: "file")
    return .output(id, path: "file")
  }

  /// The files of a Debian package of this machine's release.
  mutating func package(_ name: String, at place: SourceLocation) -> Package {
    if let known = packages[name] { return known }
    let pinned = options.lock.package(name)
    if pinned == nil, options.isLocked {
      diagnostics.append(
        Diagnostic(
          "the lock file does not pin the Debian package \(quoted(name))", at: place,
          help: "pxebuild lock looks it up and writes it down"))
    }
    let rule = RuleVersion("deb", 1)
    let resolve = plan.add(
      PlannedAction(
        name: "Debian package \(name): look up", rule: rule,
        operation: .builtIn(
          "deb-resolve", version: 1,
          parameters: [
            "package": name, "locked-version": pinned?.version ?? "",
            "locked-sha256": pinned?.sha256 ?? "", "locked": String(options.isLocked),
          ]), outputs: ["package.txt"], isCacheable: false, origin: "\(place)"))
    let fetch = plan.add(
      PlannedAction(
        name: "Debian package \(name)", rule: rule,
        operation: .builtIn("deb-fetch", version: 2, parameters: [:]),
        inputs: ["package.txt": .output(resolve, path: "package.txt")],
        outputs: ["files", "version"], origin: "\(place)"))
    let made = Package(
      files: .output(fetch, path: "files"), version: .output(fetch, path: "version"))
    packages[name] = made
    return made
  }

  // MARK: iPXE

  /// The make goals that can share objects with a target.
  mutating func sharedGoals(with target: Target) -> [String] {
    let known = goals ?? SharedGoals(recipes.targets)
    goals = known
    return known.goals(with: target)
  }

  /// The recipes' folder of link sets, when there is one.
  var linkSets: Artifact? {
    let path = "\(recipes.folder)/link-sets"
    guard case .success(.folder) = LocalFile.kind(path) else { return nil }
    return .local(path: path)
  }
}
