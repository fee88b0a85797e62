import BuildEngine
import WindowsPE

/// `winpe: MEDIA` — a Windows PE for wimboot, with what a site adds to it.
enum WinPERule {
  enum Compression: String, CaseIterable, Sendable { case lzx, xpress, none }

  static let media = Key(
    "winpe", .image, isRequired: true,
    "The media: a disc image, a folder or a .wim of this machine, a target, or a URL.")
  static let architecture = Key<Architecture>(
    "arch", .word("an architecture"), "amd64, x86 or arm64, where the media has several.")
  static let image = Key(
    "image", .line("the number or the name of an image"),
    "The image in the WIM, by number or name; the one that boots when left out.")
  static let files = Key(
    "files", .imageFiles, "Files and folders by their paths in the image, or folders for its root.")
  static let startnet = Key(
    "startnet", .startnet, "What Windows PE runs: lines, or {setup: {share: win10}}.")
  static let startScript = Key(
    "start-script", .artifact, "A script that Windows PE runs in place of startnet.cmd.")
  static let drivers = Key(
    "drivers", .oneOrList(.artifact),
    "Drivers that are loaded before the network: .inf files, or folders with some.")
  static let iso = Key(
    "iso", .boolean, "true: winpe.iso beside the rest, which boots in BIOS and in UEFI.")
  static let compress = Key<Compression>(
    "compress", .word("a compression"), "lzx (the smallest, and the default), xpress or none.")
  static let fonts = Key("fonts", .boolean, "true: the boot loader's fonts, in Boot/Fonts.")
  static let bcd = Key("bcd", .artifact, "The BCD, where neither the media nor the image has one.")
  static let sdi = Key("sdi", .artifact, "The boot.sdi, where neither has one.")

  static let rule = Rule(
    name: "winpe", version: 3, summary: "A Windows PE, with what a site adds to it.",
    keys: [
      media.description, IsoRule.sha256.description, IsoRule.mirrors.description,
      architecture.description, image.description, files.description, startnet.description,
      startScript.description, drivers.description, iso.description, compress.description,
      fonts.description, bcd.description,
      sdi.description,
    ],
    requests: { download(of: $0)?.requests ?? [] },
    check: check, checkReferences: checkReferences,
    needs: { target, recipes in target.values[startnet]?.needs(in: recipes) ?? [] },
    plan: plan)

  // MARK: Checks

  private static func check(_ record: Record, _ checker: inout Checker) {
    if record[startnet] != nil, record[startScript] != nil {
      checker.error(
        "Windows PE runs the start script in place of startnet.cmd",
        at: record.keyLocation(startScript), help: "keep one of startnet: and start-script:")
    }
    if let script = record[startScript], let problem = problem(withScript: baseName(script.name)) {
      checker.error(
        "a start script's name cannot have \(problem)", at: script.location,
        help: "rename it: letters, digits, \".\", \"_\" and \"-\"")
    }
    guard case .file? = record[media] else { return }
    IsoRule.checkLocal(record, &checker)
  }

  /// winpeshl.ini takes a comma for the start of options.
  private static func problem(withScript name: String) -> String? {
    let bad = name.unicodeScalars.first { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": false
      default: true
      }
    }
    return bad.map { quoted(String($0)) }
  }

  private static func checkReferences(
    _ target: Target, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    let values = target.values
    values[startnet]?.check(in: recipes, at: values.location(startnet), &checker)
    guard case .file(let reference)? = values[media] else { return }
    guard let made = recipes.target(reference.name) else {
      LocalMedia.check(
        absolutePath(reference.name, from: reference.folder), reference, values[architecture],
        &checker)
      return
    }
    let staysOutside = [IsoRule.link, IsoRule.mount].contains { made.values[$0] ?? false }
    if made.ruleName == IsoRule.rule.name, staysOutside {
      checker.error(
        "\(quoted(made.path)) is an image that stays where it is", at: reference.location,
        notes: [.init("it is defined here", at: made.location)],
        help: "name the path of the image itself")
    }
  }

  // MARK: Planning

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let values = target.values
    var parameters = [
      "arch": values[architecture]?.rawValue ?? "", "image": values[image] ?? "",
      "compress": values[compress]?.rawValue ?? "", "fonts": String(values[fonts] ?? false),
      "iso": String(values[iso] ?? false),
    ]
    var inputs = try mediaInputs(target, &parameters, &planner)
    var places: [String] = []
    for file in values[files] ?? [] {
      inputs["files/\(places.count)"] = try planner.artifact(inPlace: file.source)
      // A file that is laid on the image's root keeps its name.
      places.append("\(file.path)\t\(baseName(file.source.name))")
    }
    parameters["files"] = places.joined(separator: "\n")
    parameters["drivers"] = try addDrivers(values[drivers] ?? [], &inputs, &planner)
    for (name, reference) in [("bcd", values[bcd]), ("sdi", values[sdi])] {
      guard let reference else { continue }
      inputs[name] = try planner.artifact(of: reference)
    }
    if let script = values[startScript] {
      inputs["start-script"] = try planner.artifact(of: script)
      parameters["start-script"] = baseName(script.name)
    }
    if let text = planner.startnet(values[startnet]) { inputs["startnet.cmd"] = .bytes(text) }
    let id = planner.plan.add(
      PlannedAction(
        name: target.path, rule: target.rule.ruleVersion,
        operation: .builtIn("winpe", version: 3, parameters: parameters), inputs: inputs,
        outputs: ["folder"], tools: ["libwim.so"] + (values[iso] ?? false ? ["xorriso"] : []),
        origin: "\(target.location)"))
    return RulePlan(
      artifact: .output(id, path: "folder"), placement: Placement(sharesBlobs: true))
  }

  /// Adds drivers to the inputs and returns their names, a line each. Of an .inf of this machine its own files
  /// are taken, not all that is around it.
  private static func addDrivers(
    _ references: [ArtifactReference], _ inputs: inout [String: Artifact],
    _ planner: inout Planner
  ) throws(RecipeErrors) -> String {
    for (number, reference) in references.enumerated() {
      let path = absolutePath(reference.name, from: reference.folder)
      guard planner.recipes.target(reference.name) == nil,
        case .success(.file) = LocalFile.kind(path)
      else {
        inputs["drivers/\(number)"] = try planner.artifact(of: reference)
        continue
      }
      let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
      for file in LocalMedia.driverFiles(path) {
        inputs["drivers/\(number)/\(file)"] = .local(path: "\(folder)/\(file)")
      }
    }
    return references.map(\.name).joined(separator: "\n")
  }

  private static func mediaInputs(
    _ target: Target, _ parameters: inout [String: String], _ planner: inout Planner
  ) throws(RecipeErrors) -> [String: Artifact] {
    let values = target.values
    if let download = download(of: values) {
      parameters["media"] = baseName(download.url)
      return [
        "media": try planner.download(
          download, member: nil, isExecutable: false, name: "\(target.path): media",
          target.rule.ruleVersion, at: target.location)
      ]
    }
    guard case .file(let reference)? = values[media] else { return [:] }
    parameters["media"] = baseName(reference.name)
    if planner.recipes.target(reference.name) != nil {
      return ["media": try planner.artifact(of: reference)]
    }
    let path = absolutePath(reference.name, from: reference.folder)
    guard case .success(.folder) = LocalFile.kind(path) else {
      return ["media": .localInPlace(path: path)]
    }
    return Dictionary(
      LocalMedia.content(of: path).files.map {
        ("media/\($0)", .localInPlace(path: "\(path)/\($0)"))
      },
      uniquingKeysWith: { first, _ in first })
  }

  private static func download(of values: Record) -> Download? {
    guard case .url(let url)? = values[media] else { return nil }
    return Download(
      url: url, sha256: values[IsoRule.sha256], mirrors: values[IsoRule.mirrors] ?? [])
  }
}

extension Planner {
  /// The text of a `startnet:`, whose errors were found when the recipes were checked.
  func startnet(_ value: StartnetValue?) -> [UInt8]? {
    var checker = Checker(variables: Variables(settable: []))
    return value?.text(in: recipes, &checker)
  }
}
