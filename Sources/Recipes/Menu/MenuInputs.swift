import BuildEngine
import Menus

/// What a menu's step has to look at: gathered while the menu's items are planned.
struct MenuInputs {
  private(set) var artifacts: [String: Artifact] = [:]
  private(set) var described: [MenuRequest.Input] = []
  /// Inputs of targets that may be left out of the tree.
  private(set) var dispensable: Set<String> = []
  /// The paths of targets that the item being planned needs and that may be missing.
  private var needs: [String] = []
  private var known: Set<String> = []

  /// The needs of the item that was planned last.
  mutating func takeNeeds() -> [String] {
    defer { needs = [] }
    return needs
  }

  /// The URL of a file.
  mutating func file(_ reference: ServedReference, _ planner: inout Planner) throws(RecipeErrors)
    -> BootFile
  {
    switch reference.place {
    case .elsewhere(let url): return BootFile(url: url)
    case .tree(let path):
      try note(path, &planner)
      return BootFile(url: planner.recipes.site.url(of: path) ?? "")
    }
  }

  /// A file inside a folder, which may have one of several paths there.
  mutating func file(
    in folder: ServedReference, _ paths: [String], _ planner: inout Planner
  ) throws(RecipeErrors) -> BootFile {
    guard case .tree(let path) = folder.place else {
      guard case .elsewhere(let url) = folder.place else { return BootFile(url: "") }
      return BootFile(url: "\(url)/\(percentEncoded(paths.first ?? ""))")
    }
    if let local = planner.recipes.localPath(of: folder) {
      let found = paths.first { LocalFile.problem("\(local)/\($0)") == nil } ?? paths.first ?? ""
      try note(path, &planner)
      return BootFile(url: planner.recipes.site.url(of: "\(path)/\(found)") ?? "")
    }
    if paths.count == 1 {
      try note("\(path)/\(paths[0])", &planner)
      return BootFile(url: planner.recipes.site.url(of: "\(path)/\(paths[0])") ?? "")
    }
    try note(path, &planner)
    return try choice(in: path, paths, &planner)
  }

  /// A file inside a folder whose names mean the same in any case.
  ///
  /// - Parameter item: The title of the item that boots it, when it is an image for wimboot.
  mutating func file(
    in folder: ServedReference, anyCase inner: String, imageOf item: String? = nil,
    _ planner: inout Planner
  ) throws(RecipeErrors) -> BootFile {
    guard case .tree(let path) = folder.place, let owner = planner.recipes.owner(of: path),
      Self.isPlain(inner)
    else { return try file(in: folder, [inner], &planner) }
    let whole = try planner.rulePlan(of: owner.target).artifact
    switch whole {
    case .output, .local: break
    // What the server mounts there is not seen by the build.
    case .bytes, .localInPlace, .link, .emptyFolder:
      return try file(in: folder, [inner], &planner)
    }
    let key = "\(path)/\(inner)"
    try note(path, &planner)
    var file = BootFile(
      choices: [.init(name: inner, url: planner.recipes.site.url(of: key) ?? "")], folder: nil)
    file.anyCase = key
    try add(
      item.map { .windowsImage(inner, item: $0) } ?? .anyCase(inner), path: key,
      artifact: owner.inner.map { whole.appending($0) } ?? whole, owner.target, &planner)
    return file
  }

  /// An image that is a target itself.
  mutating func addImage(
    _ reference: ServedReference, of item: String, _ planner: inout Planner
  ) throws(RecipeErrors) {
    guard case .tree(let path) = reference.place else { return }
    try add(.windowsImage("", item: item), path: path, &planner)
  }

  /// What a URL has as it is.
  private static func isPlain(_ path: String) -> Bool {
    path.utf8.allSatisfy { isLetterOrDigit($0) || "._-/".utf8.contains($0) }
  }

  /// One whose name the build finds out. All paths are looked for in the folder of the first.
  private mutating func choice(
    in path: String, _ paths: [String], _ planner: inout Planner
  ) throws(RecipeErrors) -> BootFile {
    var places: [(path: String, names: [String])] = []
    for inner in paths {
      let parts = inner.split(separator: "/").map(String.init)
      let place = ([path] + parts.dropLast()).joined(separator: "/")
      if let index = places.firstIndex(where: { $0.path == place }) {
        places[index].names.append(parts.last ?? "")
      } else {
        places.append((place, [parts.last ?? ""]))
      }
    }
    let choices = places.flatMap { place in
      place.names.map {
        BootFile.Choice(name: $0, url: planner.recipes.site.url(of: "\(place.path)/\($0)") ?? "")
      }
    }
    guard places.count == 1, let owner = planner.recipes.owner(of: places[0].path),
      case .output = try planner.rulePlan(of: owner.target).artifact
    else { return BootFile(choices: [choices[0]], folder: nil) }
    try add(.folder, path: places[0].path, &planner)
    return BootFile(choices: choices, folder: places[0].path)
  }

  /// What the build knows an image's facts by; nil for one that has none.
  mutating func facts(of image: ServedReference, _ planner: inout Planner) throws(RecipeErrors)
    -> String?
  {
    guard case .tree(let path) = image.place, let owner = planner.recipes.owner(of: path),
      let identity = try planner.rulePlan(of: owner.target).identity
    else { return nil }
    try add(.facts, path: owner.target.path, artifact: identity, owner.target, &planner)
    return owner.target.path
  }

  /// Has the build look at the size of an image that is not here yet.
  mutating func addSize(
    of image: ServedReference, limit: Int64, item: String, _ planner: inout Planner
  ) throws(RecipeErrors) {
    guard case .tree(let path) = image.place, planner.recipes.localPath(of: image) == nil,
      planner.recipes.owner(of: path) != nil
    else { return }
    try add(.size(limit: limit, item: item), path: path, &planner)
  }

  /// Notes what the item needs of the tree: whether the target is there at all, and whether the path is in
  /// it.
  private mutating func note(_ path: String, _ planner: inout Planner) throws(RecipeErrors) {
    guard let owner = planner.recipes.owner(of: path) else { return }
    let mayBeMissing = try planner.mayBeSkipped(owner.target)
    if mayBeMissing, !needs.contains(owner.target.path) { needs.append(owner.target.path) }
    guard mayBeMissing || owner.inner != nil,
      case .output = try planner.rulePlan(of: owner.target).artifact
    else { return }
    try add(.presence, path: path, &planner)
  }

  private mutating func add(
    _ kind: MenuRequest.Input.Kind, path: String, _ planner: inout Planner
  ) throws(RecipeErrors) {
    guard let owner = planner.recipes.owner(of: path) else { return }
    let whole = try planner.rulePlan(of: owner.target).artifact
    try add(
      kind, path: path, artifact: owner.inner.map { whole.appending($0) } ?? whole, owner.target,
      &planner)
  }

  private mutating func add(
    _ kind: MenuRequest.Input.Kind, path: String, artifact: Artifact, _ target: Target,
    _ planner: inout Planner
  ) throws(RecipeErrors) {
    guard known.insert("\(kind) \(path)").inserted else { return }
    let name = "inputs/\(artifacts.count)"
    artifacts[name] = artifact
    described.append(.init(name: name, kind: kind, path: path, target: target.path))
    if try planner.mayBeSkipped(target) { dispensable.insert(name) }
  }
}
