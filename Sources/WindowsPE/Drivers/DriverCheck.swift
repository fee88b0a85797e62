/// Looks at a driver for what would keep Windows PE from loading it, before a machine finds out.
public struct DriverCheck: Sendable {
  public var driver: Driver
  /// Everything that is wrong.
  public var problems: [InfFile.Problem]
  /// True when nothing is wrong but that it is for other machines.
  public var isForOthers: Bool
  public var signature: Driver.Signature
  /// What has to be beside the .inf, by the paths that it has there, as the package spells them.
  public var files: [String]

  /// - Parameters:
  ///   - bytes: The .inf.
  ///   - architecture: That of the image.
  ///   - find: The spelling of a path beside the .inf whatever its case, and the file's first bytes
  ///     (`PEHeader.size` of them); nil when there is none.
  /// - Throws: what makes it unreadable.
  public init(
    _ bytes: [UInt8], for architecture: Architecture,
    find: (String) throws -> (path: String, start: [UInt8])?
  ) throws {
    driver = Driver(try InfFile(bytes))
    problems = Self.versionProblems(driver.inf)
    isForOthers = false
    files = []
    if let problem = Self.modelProblem(driver, architecture) {
      isForOthers = problems.isEmpty && driver.inf.section("Manufacturer") != nil
      problems.append(problem)
    }
    for file in driver.files(for: architecture) {
      if let problem = Self.pathProblem(file.path) {
        problems.append(.init(line: file.line, problem))
      } else if let found = try find(file.path) {
        files.append(found.path)
        if let problem = Self.machineProblem(found, architecture) {
          problems.append(.init(line: file.line, problem))
        }
      } else if let packed = try find(String(file.path.dropLast()) + "_") {
        // As compress.exe names it; Windows unpacks it.
        files.append(packed.path)
      } else {
        problems.append(.init(line: file.line, "there is no file \(file.path) beside it"))
      }
    }
    signature = .none
    for catalog in driver.catalogs(for: architecture) where Self.pathProblem(catalog) == nil {
      if let found = try find(catalog) {
        files.append(found.path)
        signature = .catalog
      } else if signature == .none {
        signature = .catalogMissing
      }
    }
    for name in driver.included where Self.pathProblem(name) == nil {
      if let found = try find(name) { files.append(found.path) }
    }
    var seen: Set<String> = []
    files = files.filter { seen.insert($0.lowercased()).inserted }
  }

  private static func versionProblems(_ inf: InfFile) -> [InfFile.Problem] {
    guard let version = inf.section("Version") else {
      return [.init("it has no section [Version]")]
    }
    var problems: [InfFile.Problem] = []
    let signature = inf.values("Signature", in: "Version")?.first
    if !["$windows nt$", "$chicago$", "$windows 95$"].contains(signature?.lowercased()) {
      let line = version.lines.first { $0.key?.lowercased() == "signature" }?.number
      problems.append(
        .init(
          line: line ?? version.number,
          signature.map { "its Signature is \"\($0)\", not \"$Windows NT$\"" }
            ?? "[Version] has no Signature"
        ))
    }
    for key in ["Class", "Provider"] where (inf.values(key, in: "Version")?.first ?? "").isEmpty {
      problems.append(.init(line: version.number, "[Version] has no \(key)"))
    }
    return problems
  }

  private static func modelProblem(
    _ driver: Driver, _ architecture: Architecture
  ) -> InfFile.Problem? {
    guard let manufacturer = driver.inf.section("Manufacturer") else {
      return .init("it has no section [Manufacturer]: there is no device in it")
    }
    guard driver.modelSections(for: architecture).isEmpty else { return nil }
    let others = driver.decorations
    return .init(
      line: manufacturer.number,
      "it has no models for \(architecture.rawValue)"
        + (others.isEmpty
          ? "; those that it has are for x86" : "; it has \(others.joined(separator: ", "))"))
  }

  /// A path that leads out of the package is followed by nobody.
  private static func pathProblem(_ path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if path.isEmpty || parts.contains("..") || path.contains(":") || path.contains("\\") {
      return "the path \(path) leads out of the package"
    }
    return nil
  }

  /// A program beside a driver may be for another machine; what the kernel loads cannot.
  private static func machineProblem(
    _ file: (path: String, start: [UInt8]), _ architecture: Architecture
  ) -> String? {
    guard file.path.lowercased().hasSuffix(".sys") else { return nil }
    guard let machine = PEHeader.machine(of: file.start) else {
      return "\(file.path) is no driver: it has not the first bytes of a program"
    }
    guard Architecture(machine: machine) != architecture else { return nil }
    let other =
      Architecture(machine: machine)?.rawValue
      ?? "another machine (0x\(String(machine, radix: 16)))"
    return "\(file.path) is for \(other), not for \(architecture.rawValue)"
  }
}
