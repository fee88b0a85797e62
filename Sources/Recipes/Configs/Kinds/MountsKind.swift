/// `mounts: systemd` — the mounts of images whose content is served without a copy.
enum MountsKind {
  enum Manager: String, CaseIterable, Sendable { case systemd }

  static let mounts = Key<Manager>(
    "mounts", .word("systemd"), isRequired: true, "systemd: a unit for each mount.")

  static let kind = ConfigKind(
    name: "mounts", summary: "Mounts of images whose content is served without a copy.",
    keys: [mounts.description], programs: { _ in [] }, make: make)

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    var files: [String: ConfigText] = [:]
    var isGood = true
    for (need, target) in served.recipes.serviceNeeds where !served.absent.contains(target.path) {
      guard case .mount(let image, let folder) = need else { continue }
      let unit = MountUnit(
        image: image,
        place: TreeFolder(path: folder, location: target.location).path(in: served.output))
      for path in [unit.image, unit.place] {
        guard let problem = MountUnit.problem(with: path) else { continue }
        isGood = false
        checker.error(
          "systemd cannot mount \(quoted(path)), which has \(problem) in its name",
          at: target.location, help: "rename it")
      }
      let note = ConfigNote.hash("systemd", file: "/etc/systemd/system/\(unit.fileName)")
      files[unit.fileName] = ConfigText(text: unit.text(note: note))
    }
    if files.isEmpty, served.absent.isEmpty {
      checker.warn(
        "\(config.owner) mounts nothing: no target needs a mount", at: config.location,
        help: "remove it, or give an iso: target mount: true")
    }
    return isGood ? .folder(files) : nil
  }
}
