import BuildEngine
import FoundationEssentials
import Menus
import WindowsPE

/// Writes the iPXE script of a menu.
///
/// Input: `menu.json`, a `MenuRequest`, and the inputs that it names; those that are missing belong to
/// targets that are not in the tree. Output: `script`.
struct RenderMenu: BuiltIn {
  let name = "menu"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let request = try decode(MenuRequest.self, "menu.json", invocation)
    var findings = BuildFindings()
    for input in request.inputs {
      guard let artifact = invocation.request.inputs[input.name] else {
        findings.missing.insert(input.target)
        continue
      }
      switch (input.kind, artifact) {
      case (.presence, _): break
      case (.facts, _):
        findings.facts[input.path] = try decode(ImageFacts.self, input.name, invocation)
      case (.folder, .directory(let digest)):
        let entries = try invocation.context.store.directory(digest).entries
        findings.folders[input.path] = Set(entries.keys)
      case (.folder, _): findings.folders[input.path] = []
      case (.anyCase(let path), let artifact):
        let found = try find(path, in: artifact, input, invocation)
        findings.spellings[input.path] = found.spelling
      case (.windowsImage(let path, let item), let artifact):
        let found = try find(path, in: artifact, input, invocation)
        findings.spellings[input.path] = found.spelling
        try checkImage(found.artifact, called: input.path, item, invocation)
      case (.size(let limit, let item), .file(let digest, _)) where digest.size > limit:
        invocation.note(
          "warning: \"\(item)\" boots \(input.path) with sanboot, \(digest.size >> 20) MiB: a system "
            + "with drivers of its own loses it")
      case (.size, _): break
      }
    }
    for title in MenuScript.leftOut(of: request.menu, findings: findings) {
      invocation.note("\"\(title)\" is left out: what it boots is not in the tree")
    }
    do {
      try invocation.write(MenuScript.text(of: request.menu, findings: findings), to: "script")
    } catch let error as MenuError {
      throw BuildError(
        .recipe, "\(error.folder) has no \(error.wanted.joined(separator: ", no "))",
        reason: "\"\(error.item)\" needs it; the folder holds "
          + (error.found.isEmpty ? "nothing" : error.found.prefix(12).joined(separator: ", ")),
        advice: "say with kernel: and initrd: where the item's files are")
    }
  }

  /// What stands at a path whatever its case, and how it is spelled.
  private func find(
    _ path: String, in whole: StoredArtifact, _ input: MenuRequest.Input,
    _ invocation: BuiltInInvocation
  ) throws -> (spelling: String, artifact: StoredArtifact) {
    var artifact = whole
    var spelling: [String] = []
    for part in path.split(separator: "/").map(String.init) {
      var names: [String] = []
      if case .directory(let digest) = artifact {
        let entries = try invocation.context.store.directory(digest).entries
        names = entries.keys.sorted()
        let name =
          entries[part] != nil ? part : names.first { $0.lowercased() == part.lowercased() }
        if let name, let entry = entries[name] {
          spelling.append(name)
          artifact = entry
          continue
        }
      }
      let list = names.prefix(12).joined(separator: ", ")
      throw BuildError(
        .recipe, "\(input.target.printable) has no \(path)",
        reason: names.isEmpty
          ? nil
          : "\(spelling.isEmpty ? "it" : spelling.joined(separator: "/")) holds \(list)".printable,
        advice: "the keys bcd:, sdi: and wim: of the item say where its files are")
    }
    return (spelling.joined(separator: "/"), artifact)
  }

  /// What wimboot and Windows' loader cannot read is found out here, and not by a machine.
  private func checkImage(
    _ artifact: StoredArtifact, called name: String, _ item: String,
    _ invocation: BuiltInInvocation
  ) throws {
    guard case .file(let digest, _) = artifact else { return }
    let path = invocation.context.store.path(of: digest)
    let problem: (reason: String, advice: String)?
    if digest.size > WimHeader.largestFile {
      problem = (
        "it has \(digest.size) bytes, and wimboot loads less than 4 GiB",
        "keep what is large on a share"
      )
    } else if let header = WimHeader(try firstBytes(of: path, WimHeader.size)) {
      problem = header.problem
    } else {
      problem = ("it is no Windows image (WIM)", "name sources/boot.wim of a Windows medium")
    }
    guard let problem else { return }
    throw BuildError(
      .recipe, "\"\(item)\" cannot boot \(name.printable)", reason: problem.reason,
      advice: problem.advice)
  }

  private func decode<Value: Decodable>(
    _ type: Value.Type, _ input: String, _ invocation: BuiltInInvocation
  ) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(invocation.inputBytes(input)))
    } catch let error as DecodingError {
      throw BuildError(
        .failed, "\(invocation.request.name) cannot read its input \(input)", reason: "\(error)",
        advice: "this is a fault of the rule \(invocation.request.rule.name), please report it")
    }
  }
}
