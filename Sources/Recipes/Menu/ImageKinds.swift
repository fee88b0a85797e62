import Menus

// The kinds of item that boot what is inside an installation image.

/// A file that an item needs of an image, and the paths that it may have there.
struct ImagePart: Sendable {
  /// Says where the file is when it has none of the usual paths.
  let key: Key<String>
  let paths: [String]
  /// True when the case of the paths does not matter.
  var ignoresCase = false
}

/// The two files that a Linux image is booted with, as images of one kind call them, the newest name first.
private struct ImageFiles: Sendable {
  let kernels: [String]
  let initrds: [String]

  /// The paths that an item says, or the usual ones.
  private func parts(_ record: Record) -> (kernel: ImagePart, initrd: ImagePart) {
    func part(_ key: Key<String>, _ usual: [String]) -> ImagePart {
      ImagePart(key: key, paths: record[key].map { [$0] } ?? usual)
    }
    return (part(ItemKeys.kernel, kernels), part(ItemKeys.initrd, initrds))
  }

  func check(_ image: ServedReference?, _ record: Record, _ check: inout ItemCheck) {
    let parts = parts(record)
    check.isFolder(image, holding: [parts.kernel, parts.initrd])
  }

  func boot(
    _ image: ServedReference, _ record: Record, arguments: [String], lastArguments: [String],
    _ inputs: inout MenuInputs, _ planner: inout Planner
  ) throws(RecipeErrors) -> ItemAction {
    let parts = parts(record)
    return .linux(
      LinuxBoot(
        kernel: try inputs.file(in: image, parts.kernel.paths, &planner),
        initrds: [try inputs.file(in: image, parts.initrd.paths, &planner)],
        arguments: arguments, image: try inputs.facts(of: image, &planner),
        lastArguments: lastArguments))
  }
}

extension ItemKind {
  static let casperKey = Key(
    "casper", .served, isRequired: true, "The folder with the content of a live image.")
  static let iso = Key(
    "iso", .served, "The same image as one file: the machine loads it over HTTP, without NFS.")
  static let nfsRoot = Key(
    "nfs-root", .menuText,
    "SERVER:/PATH of the image's content over NFS; site.server and site.output when left out.")

  private static let casperFiles = ImageFiles(
    kernels: ["casper/vmlinuz", "casper/vmlinuz.efi"],
    initrds: ["casper/initrd", "casper/initrd.lz", "casper/initrd.gz", "casper/initrd.img"])

  static let casper = ItemKind(
    casperKey.description,
    [
      iso.description, nfsRoot.description, ItemKeys.kernel.description,
      ItemKeys.initrd.description, ItemKeys.arguments.description,
    ], summary: "A live image of Ubuntu or one of its derivatives.",
    check: { record, checker in
      if record[iso] != nil, record[nfsRoot] != nil {
        checker.error(
          "an item gets its root over NFS or as an ISO, not both",
          at: record.keyLocation(nfsRoot), help: "remove iso: or nfs-root:")
      }
    },
    checkReferences: { record, check in
      casperFiles.check(record[casperKey], record, &check)
      check.isISO(record[iso])
      if record[iso] == nil, record[nfsRoot] == nil { check.canBeNFSRoot(record[casperKey]) }
    },
    needs: { record, _ in
      guard record[iso] == nil, record[nfsRoot] == nil,
        case .tree(let path)? = record[casperKey]?.place
      else { return [] }
      return [.nfsExport(folder: path)]
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let image = record[casperKey] else { return nil }
    var arguments: [String]
    if let iso = record[iso] {
      let url = try inputs.file(iso, &planner).choices[0].url
      arguments = ["boot=casper", "netboot=url", "url=\(url)", "ip=dhcp"]
    } else {
      let root = record[nfsRoot] ?? nfsPath(of: image, planner.recipes.site) ?? ""
      arguments = ["root=/dev/nfs", "boot=casper", "netboot=nfs", "nfsroot=\(root)", "ip=dhcp"]
    }
    arguments += record[ItemKeys.arguments] ?? []
    return try casperFiles.boot(
      image, record, arguments: arguments, lastArguments: ["---"], &inputs, &planner)
  }

  /// Where NFS has a folder of the tree; nil for one that is elsewhere, or a site without addresses.
  static func nfsPath(of image: ServedReference, _ site: Site) -> String? {
    guard case .tree(let path) = image.place, let server = site.server, let output = site.output
    else { return nil }
    return "\(server):\(output)/\(path)"
  }

  private static let debianFiles = ImageFiles(
    kernels: ["linux", "vmlinuz"], initrds: ["initrd.gz"])

  static let debianKey = Key(
    "debian-installer", .served, isRequired: true,
    "The folder with the installer's linux and initrd.gz, as netboot.tar.gz has it.")
  static let preseed = Key("preseed", .served, "The file with the answers.")

  static let debianInstaller = ItemKind(
    debianKey.description,
    [
      preseed.description, ItemKeys.kernel.description, ItemKeys.initrd.description,
      ItemKeys.arguments.description,
    ], summary: "The Debian installer.",
    checkReferences: { record, check in
      debianFiles.check(record[debianKey], record, &check)
      check.isFile(record[preseed])
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let image = record[debianKey] else { return nil }
    var arguments: [String] = []
    if let answers = record[preseed] {
      let url = try inputs.file(answers, &planner).choices[0].url
      arguments = ["auto=true", "priority=critical", "url=\(url)"]
    }
    return try debianFiles.boot(
      image, record, arguments: arguments, lastArguments: record[ItemKeys.arguments] ?? [],
      &inputs, &planner)
  }
}
