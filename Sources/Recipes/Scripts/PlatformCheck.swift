/// Comparisons of `${platform}` and `${buildarch}` that hold on no machine of the site.
struct PlatformCheck {
  private struct Fact {
    /// What iPXE can say.
    let values: [String]
    /// What people take for it.
    let slips: [String: String]
  }

  private static let facts: [String: Fact] = [
    "${platform}": Fact(
      values: ["pcbios", "efi", "linux", "sbi"],
      slips: ["bios": "pcbios", "pc": "pcbios", "legacy": "pcbios", "uefi": "efi"]),
    "${buildarch}": Fact(
      values: ["i386", "x86_64", "arm32", "arm64", "loong64", "riscv32", "riscv64"],
      slips: [
        "amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64", "x86": "i386", "ia32": "i386",
        "i686": "i386", "aarch64": "arm64",
      ]),
  ]

  private let programs: [BootProgram]

  init(_ site: ScriptSite) { programs = site.recipes.bootPrograms }

  func run(_ script: CheckedScript, _ checker: inout Checker) {
    var told: Set<String> = []
    for call in script.calls where call.command.name.text == "iseq" && call.problem == nil {
      let words = Array(call.arguments)
      guard words.count == 2 else { continue }
      for (setting, word) in [(words[0], words[1]), (words[1], words[0])] {
        guard let fact = Self.facts[setting.text], !word.hasSettings,
          told.insert("\(setting.text) \(word.text)").inserted
        else { continue }
        check(setting.text, word, fact, script, &checker)
      }
    }
  }

  private func check(
    _ setting: String, _ word: ParsedScript.Word, _ fact: Fact, _ script: CheckedScript,
    _ checker: inout Checker
  ) {
    guard fact.values.contains(word.text) else {
      let meant = fact.slips[word.text.lowercased()] ?? nearest(to: word.text, among: fact.values)
      return checker.warn(
        "\(setting) never is \(quoted(word.text))", at: script.location(word, checker),
        help: meant.map { "did you mean \(quoted($0))?" }
          ?? "iPXE knows \(fact.values.joined(separator: ", "))")
    }
    guard !programs.isEmpty, !isBooted(setting, word.text) else { return }
    checker.warn(
      "no target boots a machine where \(setting) is \(quoted(word.text))",
      at: script.location(word, checker),
      help: "add a boot program for such machines, or leave this out")
  }

  private func isBooted(_ setting: String, _ value: String) -> Bool {
    if setting == "${platform}" { return programs.contains { $0.platform.rawValue == value } }
    // Of an architecture that menus cannot name, the recipe's own word is not known here.
    return programs.contains { $0.architecture == nil || $0.architecture?.rawValue == value }
  }
}
