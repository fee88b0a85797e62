import Foundation

/// Runs `body` with a site in a folder of its own, which is removed afterwards.
///
/// - Parameter name: What the folder with recipes, cache and output is called.
func withSite<Result>(
  named name: String = "site", _ body: (Site) async throws -> Result
) async throws -> Result {
  var template = Array("\(temporaryFolder)/pxebuild-e2e-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
  let top = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  chmod(top, 0o755)
  defer { removeTree(top) }
  let site = Site(top: top, folder: "\(top)/\(name)")
  try site.makeFolder("recipes")
  mkdir(site.scratch, 0o777)
  chmod(site.scratch, 0o1777)
  try FileManager.default.createDirectory(atPath: site.home, withIntermediateDirectories: true)
  // Git reads repositories of other users only when a file says so.
  try Data("[safe]\n\tdirectory = *\n".utf8).write(
    to: URL(fileURLWithPath: "\(site.home)/.gitconfig"))
  return try await body(site)
}

private var temporaryFolder: String {
  let given = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
  guard let resolved = realpath(given, nil) else { return given }
  defer { free(resolved) }
  return String(cString: resolved)
}

/// Removes a folder whatever the modes in it.
func removeTree(_ path: String) {
  var status = stat()
  guard lstat(path, &status) == 0 else { return }
  if status.st_mode & S_IFMT == S_IFDIR {
    chmod(path, 0o700)
    // What cannot be listed cannot be removed: it stays behind in the folder for temporary files.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      removeTree("\(path)/\(name)")
    }
    rmdir(path)
  } else {
    unlink(path)
  }
}

/// A site for one test: `recipes`, `cache` and `out` in one folder, from which pxebuild is run.
struct Site: Sendable {
  /// The folder of this test alone.
  let top: String
  let folder: String

  var recipes: String { "\(folder)/recipes" }
  var output: String { "\(folder)/out" }
  var cache: String { "\(folder)/cache" }
  var scratch: String { "\(top)/scratch" }
  var home: String { "\(top)/home" }

  /// Another site with recipes, cache and output of its own beside this one.
  func sibling(_ name: String) throws -> Site {
    let other = Site(top: top, folder: "\(top)/\(name)")
    try other.makeFolder("recipes")
    return other
  }

  // MARK: Files

  func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
  }

  /// Writes a file by its path below the site's folder; a recipe is `recipes/NAME.yaml`.
  func write(_ text: String, to path: String) throws {
    try write(Data(text.utf8), to: path)
  }

  func write(_ data: Data, to path: String) throws {
    let whole = "\(folder)/\(path)"
    try FileManager.default.createDirectory(
      atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try data.write(to: URL(fileURLWithPath: whole))
  }

  /// The recipe of the site.
  func recipe(_ text: String) throws { try write(text, to: "recipes/site.yaml") }

  func read(_ path: String) -> String? {
    FileManager.default.contents(atPath: "\(folder)/\(path)").map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: "\(folder)/\(path)") }

  func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat("\(folder)/\(path)", &status) == 0
  }

  /// Every file and link below a folder of the site, sorted.
  func files(below path: String) -> [String] {
    var found: [String] = []
    let all = FileManager.default.enumerator(atPath: "\(folder)/\(path)")
    while let name = all?.nextObject() as? String {
      var status = stat()
      lstat("\(folder)/\(path)/\(name)", &status)
      if status.st_mode & S_IFMT != S_IFDIR { found.append(name) }
    }
    return found.sorted()
  }

  /// What is served: the output tree without pxebuild's own folder.
  var served: [String] { files(below: "out").filter { !$0.hasPrefix(".pxebuild/") } }

  /// Everything below a folder with its bytes, times and modes: equal before and after means untouched.
  func snapshot(of path: String) -> [String: String] {
    var result: [String: String] = [:]
    for name in files(below: path) {
      var status = stat()
      lstat("\(folder)/\(path)/\(name)", &status)
      let time = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
      let content = FileManager.default.contents(atPath: "\(folder)/\(path)/\(name)") ?? Data()
      result[name] = "\(status.st_ino) \(status.st_mode) \(time) \(content.hashValue)"
    }
    return result
  }

  /// Every file of the tree, the configs and the records with its bytes; where a config names the site's folder, it
  /// says SITE.
  func everything() -> [String: Data] {
    var result: [String: Data] = [:]
    for place in ["out", "out-conf", "out-records"] {
      for name in files(below: place) where !name.hasPrefix(".pxebuild/") {
        let path = "\(place)/\(name)"
        let text =
          place == "out-conf" ? read(path)?.replacingOccurrences(of: folder, with: "SITE") : nil
        result[path] = text.map { Data($0.utf8) } ?? bytes(path)
      }
    }
    return result
  }

  // MARK: Running

  /// The user with the fewest rights.
  static let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  var environment: [String: String] {
    [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home,
      "LANG": "C.UTF-8",
    ]
  }

  /// A pxebuild command on this site, started.
  ///
  /// - Parameter prefix: A program that starts it: `setpriv`, `sh` for a umask.
  func start(
    _ arguments: [String], prefix: [String] = [], environment extra: [String: String] = [:],
    output: Int32? = nil, bare: Bool = false
  ) throws -> Running {
    try Running(
      prefix + [Binary.pxebuild] + arguments + (bare ? [] : options(for: arguments)),
      environment: environment.merging(extra) { $1 }, folder: folder, scratch: scratch,
      output: output)
  }

  /// Runs a pxebuild command on this site.
  func run(
    _ arguments: String..., prefix: [String] = [], environment extra: [String: String] = [:]
  ) async throws -> Run {
    try await run(arguments, prefix: prefix, environment: extra)
  }

  /// - Parameter bare: Without the options that name the site's folders.
  func run(
    _ arguments: [String], prefix: [String] = [], environment extra: [String: String] = [:],
    bare: Bool = false
  ) async throws -> Run {
    await Turns.shared.take()
    let running: Running
    do { running = try start(arguments, prefix: prefix, environment: extra, bare: bare) } catch {
      await Turns.shared.give()
      throw error
    }
    let run = await running.wait()
    await Turns.shared.give()
    return Run(
      status: run.status, signal: run.signal, output: plain(run.output), errors: plain(run.errors),
      peakMemory: run.peakMemory, seconds: run.seconds)
  }

  private func options(for arguments: [String]) -> [String] {
    let standAlone: Set = ["schema", "completions", "init", "--version", "--help", "internal"]
    guard let command = arguments.first, !standAlone.contains(command) else { return [] }
    var result: [String] = []
    for (name, value) in [("--recipes", "recipes"), ("--output", "out"), ("--cache", "cache")]
    where !arguments.contains(name) {
      result += [name, value]
    }
    return result
  }

  /// The text with what differs from run to run replaced: folders, times, process numbers.
  func plain(_ text: String) -> String {
    var text = text.replacingOccurrences(of: folder, with: "SITE")
    text = text.replacingOccurrences(of: top, with: "TOP")
    text.replace(#/(?m)^ +[0-9]+\.[0-9]s /#, with: "TIME ")
    text.replace(#/\b[0-9]+(\.[0-9]+)? ?(ms|s)\b/#, with: "TIME")
    text.replace(#/process [0-9]+ of user .* on .*/#, with: "process NUMBER of user NAME on HOST")
    return text
  }
}
