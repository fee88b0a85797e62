import BuildEngine
import FoundationEssentials
import Menus

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
