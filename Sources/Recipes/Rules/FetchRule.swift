import BuildEngine

/// `fetch: URL` — a file from the network, pinned by its SHA-256.
enum FetchRule {
  static let fetch = Key(
    "fetch", .url(["https", "http", "file"]), isRequired: true, "The file to download.")
  static let sha256 = Key(
    "sha256", .sha256, "The SHA-256 of the download; the lock file has it when left out.")
  static let mirrors = Key(
    "mirrors", .oneOrList(.url(["https", "http", "file"])),
    "Other URLs of the same bytes, tried in order.")
  static let member = Key(
    "member", .innerPath, "A file or folder inside the downloaded zip or tar archive.")
  static let executable = Key("executable", .boolean, "true: mark the file as executable.")

  static let rule = Rule(
    name: "fetch", version: 1, summary: "A file from the network.",
    keys: [
      fetch.description, sha256.description, mirrors.description, member.description,
      executable.description,
    ],
    requests: { download(of: $0)?.requests ?? [] },
    plan: plan)

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let values = target.values
    guard let download = download(of: values) else { return RulePlan(artifact: .bytes([])) }
    let artifact = try planner.download(
      download, member: values[member], isExecutable: values[executable] ?? false,
      name: target.path, target.rule.ruleVersion, at: target.location)
    return RulePlan(artifact: artifact)
  }

  private static func download(of values: Record) -> Download? {
    values[fetch].map {
      Download(url: $0, sha256: values[sha256], mirrors: values[mirrors] ?? [])
    }
  }
}
