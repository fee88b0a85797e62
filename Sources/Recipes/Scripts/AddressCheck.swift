/// URLs of the site's own tree: there is a target behind them. And protocols that no iPXE knows.
struct AddressCheck {
  private let site: ScriptSite
  /// The paths of all targets.
  private let names: [String]

  init(_ site: ScriptSite) {
    self.site = site
    names = site.recipes.targets.map(\.path)
  }

  func run(_ script: CheckedScript, _ checker: inout Checker) {
    for call in script.calls where !call.files.isEmpty {
      for file in call.files {
        if let path = file.path {
          if !isInTree(path) { checkPath(path, file, call, script, &checker) }
        } else if let scheme = file.scheme,
          UpstreamProtocol.options(scheme, asDisk: call.usesDisk) == nil
        {
          checkScheme(scheme, file, call, script, &checker)
        }
      }
    }
  }

  /// True for a target and for what is inside one, and for the signature of either.
  private func isInTree(_ path: String) -> Bool {
    if site.recipes.hasTarget(path) { return true }
    if site.recipes.site.signing != nil, let signed = Site.Signing.signedFile(of: path) {
      return isInTree(signed)
    }
    var rest = path[...]
    while let slash = rest.utf8.lastIndex(of: UInt8(ascii: "/")) {
      rest = rest[..<slash]
      if site.recipes.hasTarget(String(rest)) { return true }
    }
    return false
  }

  private func checkScheme(
    _ scheme: String, _ file: CommandCall.File, _ call: CommandCall, _ script: CheckedScript,
    _ checker: inout Checker
  ) {
    // Without the slashes it may as well be the name of an image that has a colon.
    guard file.value.text.dropFirst(scheme.count).hasPrefix("://") else { return }
    let near = checker.help(for: scheme, among: UpstreamProtocol.names)
    checker.report(
      "iPXE has no protocol \(quoted(scheme))",
      isError: (near != nil || site.isUpstream) && !call.command.mayFail,
      at: script.location(file.word, checker),
      help: near ?? "it loads from http, https, tftp, ftp, nfs and file")
  }

  private func checkPath(
    _ path: String, _ file: CommandCall.File, _ call: CommandCall, _ script: CheckedScript,
    _ checker: inout Checker
  ) {
    let slip = checker.suggested { SlipOfThePen.target(for: path, among: names) }
    if slip == nil, call.command.isOptional { return }
    let help =
      slip.map { "did you mean \(quoted($0))?" } ?? end(of: path)
      ?? checker.help(for: path, among: names)
      ?? "nothing to do if something else puts it there"
    checker.report(
      "no target makes \(quoted(path))",
      isError: slip != nil && !file.value.isGuess && !call.command.mayFail,
      at: script.location(file.word, checker), help: help)
  }

  /// The target that a longer path ends with: the tree may be served below a folder (`/tftpboot`).
  private func end(of path: String) -> String? {
    var rest = path[...]
    while let slash = rest.firstIndex(of: "/") {
      rest = rest[rest.index(after: slash)...]
      if isInTree(String(rest)) {
        return "the target is \(quoted(String(rest))): site.http is the tree's root"
      }
    }
    return nil
  }
}

/// Whether a path is a slip of the pen for a target's, rather than the path of something else with a
/// similar name: the server may hold more than the recipes make, `ubuntu-20.04` beside `ubuntu-22.04`.
enum SlipOfThePen {
  static func target(for path: String, among names: [String]) -> String? {
    let parts = path.split(separator: "/")
    return names.first { name in
      guard name.utf8.count <= path.utf8.count + 2, name.utf8.count + 2 >= path.utf8.count else {
        return false
      }
      let others = name.split(separator: "/")
      guard others.count == parts.count else { return false }
      let differing = zip(parts, others).filter { $0 != $1 }
      guard differing.count == 1, let (written, meant) = differing.first else { return false }
      return isSlip(String(written), String(meant))
    }
  }

  private static func isSlip(_ written: String, _ meant: String) -> Bool {
    if written.lowercased() == meant.lowercased() { return true }
    // Names of another version, machine or flavour differ as little as slips do.
    guard meant.utf8.count >= 5, written.first == meant.first,
      digits(written) == digits(meant), !isMachine(written)
    else { return false }
    return nearest(to: written, among: [meant]) != nil
      && abs(written.utf8.count - meant.utf8.count) <= 1 && isOneEdit(written, meant)
  }

  private static func digits(_ text: String) -> [UInt8] {
    text.utf8.filter(isDigit)
  }

  private static func isMachine(_ text: String) -> Bool {
    ["amd", "arm", "x86", "i386", "x64", "aarch"].contains { text.contains($0) }
  }

  /// True for one letter more, less or other, and for two neighbours swapped.
  private static func isOneEdit(_ left: String, _ right: String) -> Bool {
    let one = Array(left.utf8)
    let other = Array(right.utf8)
    let start = zip(one, other).prefix { $0 == $1 }.count
    let end = zip(one.dropFirst(start).reversed(), other.dropFirst(start).reversed())
      .prefix { $0 == $1 }.count
    let a = one[start..<(one.count - end)]
    let b = other[start..<(other.count - end)]
    if a.count <= 1, b.count <= 1 { return true }
    return a.count == 2 && b.count == 2 && Array(a.reversed()) == Array(b)
  }
}
