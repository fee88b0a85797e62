import BuildEngine
import Downloads
import SystemPackage

/// Asks the machine's apt, without root and without changing anything of the system's: when the
/// system's package lists do not help, lists of our own are fetched into the cache.
struct Apt {
  private let get: Program
  private let cache: Program
  /// Where our own lists are.
  private let folder: FilePath
  private let isOffline: Bool
  private let note: @Sendable (String) -> Void

  /// - Throws: `BuildError` of kind `.unreachable` on a machine without apt.
  init(for package: String, in invocation: BuiltInInvocation) throws {
    guard Toolchain.find("apt-get") != nil, Toolchain.find("apt-cache") != nil else {
      throw BuildError(
        .unreachable, "cannot get the Debian package \(package)",
        reason: "this machine has no apt-get",
        advice: "build on Debian or Ubuntu, or do without the package")
    }
    var get = try Program("apt-get", advice: "install apt")
    get.environment = ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"]
    get.silenceLimit = .seconds(120)
    self.get = get
    var cache = try Program("apt-cache", advice: "install apt")
    cache.environment = get.environment
    self.cache = cache
    folder = invocation.context.cacheDirectory.appending("apt")
    isOffline = invocation.context.isOffline
    note = invocation.note
  }

  /// What apt offers: its candidate, or the version asked for. Nil when it knows no such package.
  ///
  /// Looks into the system's lists first, then into lists of our own, brought up to date unless
  /// nothing may be fetched.
  func offer(_ name: String, version: String? = nil) async throws -> DebianPackage? {
    if let package = try await find(name, version, options: []) { return package }
    let options = try ownLists()
    if isOffline { return try await find(name, version, options: options) }
    try await update(options)
    return try await find(name, version, options: options)
  }

  private func find(
    _ name: String, _ version: String?, options: [String]
  ) async throws -> DebianPackage? {
    let wanted = version.map { "\(name)=\($0)" } ?? name
    let shown = try await cache.run(options + ["show", "--no-all-versions", "--", wanted])
    // apt-cache fails for a package that it does not know; there is no other reason.
    guard shown.isSuccess else { return nil }
    let fields = DebianPackage.fields(String(decoding: shown.output, as: UTF8.self))
    guard let version = fields["version"], let sha256 = fields["sha256"],
      let size = fields["size"].flatMap({ Int64($0) }), let architecture = fields["architecture"]
    else { return nil }
    let printed = try await get.run(
      options + ["download", "--print-uris", "-qq", "--", "\(name)=\(version)"])
    // 'URL' FILE SIZE HASH
    guard printed.isSuccess,
      let url = String(decoding: printed.output, as: UTF8.self).split(separator: "'").first
    else { return nil }
    return DebianPackage(
      name: name, version: version, architecture: architecture, sha256: sha256.lowercased(),
      size: size, url: String(url))
  }

  /// Downloads with apt itself, which knows transports, proxies and credentials that are its own.
  ///
  /// - Returns: the file, or apt's reasons in words.
  func download(_ package: DebianPackage, into scratch: FilePath) async throws -> Result<
    FilePath, Refusal
  > {
    let target = scratch.appending("apt-download")
    try FileSystem.createDirectories(target)
    var reason = ""
    for options in [[], try ownLists()] {
      let result = try await get.run(
        options + [
          "-o", "APT::Sandbox::User=root", "download", "-qq", "--",
          "\(package.name)=\(package.version)",
        ], in: target)
      if result.isSuccess,
        let name = try FileSystem.list(target).first(where: { $0.hasSuffix(".deb") })
      {
        return .success(target.appending(name))
      }
      reason = Self.reason(result)
    }
    return .failure(Refusal(reason: reason))
  }

  struct Refusal: Error { var reason: String }

  private func update(_ options: [String]) async throws {
    try await withFileLock(folder.appending("lock")) {
      note("another pxebuild is fetching package lists, waiting for it")
    } _: {
      note("the package lists of this machine do not have it, fetching lists of our own")
      let result = try await get.run(options + ["update", "-qq"])
      if !result.isSuccess { note("apt-get update: \(Self.reason(result))") }
    }
  }

  /// The options that put apt's state into the cache, and a file, because only one that is read after
  /// the system's own can take hooks away that would touch the system.
  private func ownLists() throws -> [String] {
    for name in ["state", "lists/partial", "cache/archives/partial"] {
      try FileSystem.createDirectories(folder.pushing(FilePath(name)))
    }
    let settings = """
      #clear APT::Update::Pre-Invoke;
      #clear APT::Update::Post-Invoke;
      #clear APT::Update::Post-Invoke-Success;

      """
    let file = folder.appending("apt.conf")
    if try FileSystem.read(file) != Array(settings.utf8) {
      try FileSystem.replace(file, with: settings.utf8)
    }
    // Not in the file, whose syntax cannot express a path with a quote.
    let places = [
      "Dir::State=\(folder)/state", "Dir::State::Lists=\(folder)/lists",
      "Dir::Cache=\(folder)/cache", "Dir::Cache::Archives=\(folder)/cache/archives",
      "APT::Sandbox::User=root", "Acquire::Languages=none",
    ]
    return ["--config-file=\(file)"] + places.flatMap { ["-o", $0] }
  }

  private static func reason(_ result: Program.Result) -> String {
    if result.isTimedOut { return "it did not answer in time" }
    let lines = result.errorLines.filter { $0.hasPrefix("E: ") || $0.hasPrefix("Err:") }
    return lines.isEmpty
      ? result.errorLines.suffix(3).joined(separator: "\n")
      : lines.prefix(3).map { String($0.drop { $0 != " " }.dropFirst()) }.joined(separator: "\n")
  }
}
