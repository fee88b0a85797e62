extension RecipeSet {
  /// Everything that some targets (or all) ask of the outside world and that a lock file can pin, each
  /// request once: what `pxebuild lock` resolves.
  public func requestedSources(for paths: [String]? = nil) throws(RecipeErrors) -> [RequestedSource]
  {
    var gathered = RequestList()
    let all = try wanted(paths)
    let needed = closure(of: all)
    if paths == nil {
      for source in sources { gathered.add(source) }
    }
    for target in needed {
      for reference in target.sourceReferences {
        if let source = source(reference.name) { gathered.add(source) }
      }
      for request in target.rule.requests(target.values) {
        gathered.add(request, name: target.path, at: target.location)
      }
    }
    return gathered.list
  }

  /// The requests that must be answered before `plan` can run: tags, branches and downloads without a
  /// digest that the lock file does not pin. Packages are looked up during the build.
  public func unresolvedSources(lock: LockFile, for paths: [String]? = nil) throws(RecipeErrors)
    -> [RequestedSource]
  {
    try requestedSources(for: paths).filter {
      if case .deb = $0.request { return false }
      return !lock.resolves($0.request)
    }
  }

  /// Some targets and everything they refer to.
  private func closure(of start: [Target]) -> [Target] {
    var seen = Set(start.map(\.path))
    var result = start
    var next = 0
    while next < result.count {
      for (target, _) in targets(namedBy: result[next]) where seen.insert(target.path).inserted {
        result.append(target)
      }
      next += 1
    }
    return result
  }
}

/// Requests in the order they were met, each once, with everyone who makes it.
private struct RequestList {
  private var order: [SourceRequest] = []
  private var made: [SourceRequest: (names: [String], location: SourceLocation)] = [:]

  var list: [RequestedSource] {
    order.compactMap { request in
      made[request].map {
        RequestedSource(names: $0.names, request: request, location: $0.location)
      }
    }
  }

  mutating func add(_ source: Source) {
    switch source.kind {
    case .git(_, .commit), .path: break
    case .git(let url, let reference):
      add(.git(url: url, reference), name: source.name, at: source.location)
    case .url(let download, _):
      if download.sha256 == nil {
        add(
          .url(download.url, mirrors: download.mirrors), name: source.name, at: source.location)
      }
    case .deb(let package): add(.deb(package: package), name: source.name, at: source.location)
    }
    if let package = source.prebuiltPackage {
      add(.deb(package: package), name: source.name, at: source.location)
    }
  }

  mutating func add(_ request: SourceRequest, name: String, at place: SourceLocation) {
    if made[request] == nil {
      order.append(request)
      made[request] = ([], place)
    }
    if made[request]?.names.contains(name) == false { made[request]?.names.append(name) }
  }
}
