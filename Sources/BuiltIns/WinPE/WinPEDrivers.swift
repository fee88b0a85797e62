import BuildEngine
import SystemPackage
import WindowsPE

/// The drivers that a recipe adds to an image: looked at for everything that would keep Windows PE from loading them,
/// then laid into `\Drivers`, each .inf with its files in a folder of its own.
struct WinPEDrivers {
  /// One .inf, and what is around it.
  private struct Package {
    /// What messages call it: a path as a person knows it.
    var name: String
    /// Its path in what was given.
    var path: String
    var digest: Digest
    /// Everything that was given with it, by path in small letters.
    var files: [String: (path: String, digest: Digest)]
    /// True for one of many in a folder, which may be for other machines.
    var isOneOfMany: Bool
  }

  let invocation: BuiltInInvocation
  let architecture: Architecture

  private var store: ContentStore { invocation.context.store }

  /// Adds the drivers and what loads them.
  ///
  /// - Returns: True when there are any.
  /// - Throws: every problem of all drivers in one `BuildError`.
  func add(to stage: inout WinPEStage) throws -> Bool {
    let packages = try self.packages()
    guard !packages.isEmpty else { return false }
    var problems: [String] = []
    var loaded: [String] = []
    for package in packages {
      do {
        let check = try self.check(package)
        if check.isForOthers, package.isOneOfMany {
          let why = check.problems.first?.text ?? ""
          invocation.note("\(package.name) is left out: \(why)".printable)
          continue
        }
        problems += check.problems.map { Self.line($0, package) }
        guard check.problems.isEmpty else { continue }
        loaded.append(try lay(package, check, number: loaded.count + 1, into: &stage))
      } catch let problem as InfFile.Problem {
        problems.append(Self.line(problem, package))
      }
    }
    guard problems.isEmpty else {
      throw BuildError(
        .failed, "Windows PE could not load the drivers", reason: problems.joined(separator: "\n"),
        advice: "unpack the maker's whole package for \(architecture.rawValue), and name its folder"
      )
    }
    guard !loaded.isEmpty else {
      throw BuildError(
        .failed, "none of the drivers is for \(architecture.rawValue)",
        advice: "name the folder with those for \(architecture.rawValue)")
    }
    try stage.add(
      DriverScript.text(loading: loaded),
      at: "\(Startnet.driverFolder)/\(Startnet.driverScript)", owner: "drivers:")
    return true
  }

  private static func line(_ problem: InfFile.Problem, _ package: Package) -> String {
    "\(package.name)\(problem.line.map { ":\($0)" } ?? ""): \(problem.text)".printable
  }

  // MARK: What was given

  /// Every .inf, in the order of the recipe, those of one folder by their paths.
  private func packages() throws -> [Package] {
    let names = (invocation.parameters["drivers"] ?? "").split(
      separator: "\n", omittingEmptySubsequences: false)
    return try names.enumerated().flatMap { number, name -> [Package] in
      let files = try self.files(number)
      let isInf = name.lowercased().hasSuffix(".inf")
      let last = name.split(separator: "/").last.map { $0.lowercased() } ?? ""
      let infs = files.keys.sorted().filter { isInf ? $0 == last : $0.hasSuffix(".inf") }
      if infs.isEmpty, !name.isEmpty {
        throw BuildError(
          .recipe, "there is no driver in \(String(name).printable)",
          reason: "it has no .inf file", advice: "name an .inf file, or a folder with some")
      }
      return infs.compactMap { key in
        files[key].map { file in
          Package(
            name: isInf ? String(name) : "\(name)/\(file.path)", path: file.path,
            digest: file.digest,
            files: files, isOneOfMany: infs.count > 1)
        }
      }
    }
  }

  private func files(_ number: Int) throws -> [String: (path: String, digest: Digest)] {
    var files: [String: (path: String, digest: Digest)] = [:]
    let prefix = "drivers/\(number)"
    for (input, artifact) in invocation.request.inputs.sorted(by: { $0.key < $1.key })
    where input == prefix || input.hasPrefix(prefix + "/") {
      let base = String(input.dropFirst(prefix.count + 1))
      for case (let inner, .file(let digest, _)) in try store.leaves(of: artifact) {
        let path = [base, inner].filter { !$0.isEmpty }.joined(separator: "/")
        files[path.lowercased()] = files[path.lowercased()] ?? (path, digest)
      }
    }
    return files
  }

  private func check(_ package: Package) throws -> DriverCheck {
    let folder = Self.folder(of: package.path)
    let name = Self.lastPart(package.path)
    if let problem = DriverScript.problem(withName: name) {
      throw InfFile.Problem("its name has \(problem): rename it")
    }
    return try DriverCheck(try store.read(package.digest), for: architecture) { path in
      guard let found = package.files["\(folder)\(path)".lowercased()] else { return nil }
      try store.verify(found.digest)
      return (
        String(found.path.dropFirst(folder.count)),
        try firstBytes(of: store.path(of: found.digest), PEHeader.size)
      )
    }
  }

  /// Copies a driver's files and returns where its .inf is below `\Drivers`.
  private func lay(
    _ package: Package, _ check: DriverCheck, number: Int, into stage: inout WinPEStage
  ) throws -> String {
    let folder = Self.folder(of: package.path)
    let name = Self.lastPart(package.path)
    let place = "\(Startnet.driverFolder)/\(number)"
    let owner = "the driver \(package.name)"
    try stage.add(.file(package.digest, executable: false), at: "\(place)/\(name)", owner: owner)
    for path in check.files where path.lowercased() != name.lowercased() {
      guard let file = package.files["\(folder)\(path)".lowercased()] else { continue }
      try stage.add(
        .file(file.digest, executable: false), at: "\(place)/\(path)", owner: owner)
    }
    if check.signature != .catalog {
      invocation.note("\(package.name) is not signed: no catalog is beside it".printable)
    }
    return "\(number)/\(name)"
  }

  /// With a slash at its end; empty for the root.
  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  private static func lastPart(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
