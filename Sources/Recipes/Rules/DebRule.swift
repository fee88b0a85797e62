import BuildEngine

/// `deb: PACKAGE` — a file or folder of a Debian package of this machine's own release.
enum DebRule {
  static let deb = Key("deb", .packageName, isRequired: true, "The Debian package.")
  static let path = Key(
    "path", .innerPath, isRequired: true, "The file or folder inside the package.")

  static let rule = Rule(
    name: "deb", version: 1, summary: "A file or folder of a Debian package.",
    keys: [deb.description, path.description],
    requests: { values in values[deb].map { [.deb(package: $0)] } ?? [] }
  ) { target, planner in
    let package = planner.package(target.values[deb] ?? "", at: target.location)
    return RulePlan(artifact: package.files.appending(target.values[path] ?? ""))
  }
}
