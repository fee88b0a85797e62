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

extension ItemKind {
  static let casperKey = Key(
    "casper", .served, isRequired: true, "The folder with the content of a live image.")
  static let iso = Key(
    "iso", .served, "The same image as one file: the machine loads it over HTTP, without NFS.")
  static let nfsRoot = Key(
    "nfs-root", .menuText,
    "SERVER:/PATH of the image's content over NFS; site.server and site.output when left out.")

  /// What Ubuntu's images have called them, the newest first.
  private static let casperKernels = ["casper/vmlinuz", "casper/vmlinuz.efi"]
  private static let casperInitrds = [
    "casper/initrd", "casper/initrd.lz", "casper/initrd.gz", "casper/initrd.img",
  ]

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
      check.isFolder(
        record[casperKey],
        holding: [
          part(record, ItemKeys.kernel, casperKernels),
          part(record, ItemKeys.initrd, casperInitrds),
        ])
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
    return .linux(
      LinuxBoot(
        kernel: try inputs.file(
          in: image, part(record, ItemKeys.kernel, casperKernels).paths, &planner),
        initrds: [
          try inputs.file(in: image, part(record, ItemKeys.initrd, casperInitrds).paths, &planner)
        ],
        arguments: arguments, image: try inputs.facts(of: image, &planner),
        lastArguments: ["---"]))
  }

  /// Where NFS has a folder of the tree; nil for one that is elsewhere, or a site without addresses.
  static func nfsPath(of image: ServedReference, _ site: Site) -> String? {
    guard case .tree(let path) = image.place, let server = site.server, let output = site.output
    else { return nil }
    return "\(server):\(output)/\(path)"
  }

  private static func part(_ record: Record, _ key: Key<String>, _ usual: [String]) -> ImagePart {
    ImagePart(key: key, paths: record[key].map { [$0] } ?? usual)
  }

  private static let debianKernels = ["linux", "vmlinuz"]
  private static let debianInitrds = ["initrd.gz"]

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
      check.isFolder(
        record[debianKey],
        holding: [
          part(record, ItemKeys.kernel, debianKernels),
          part(record, ItemKeys.initrd, debianInitrds),
        ])
      check.isFile(record[preseed])
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let image = record[debianKey] else { return nil }
    var arguments: [String] = []
    if let answers = record[preseed] {
      let url = try inputs.file(answers, &planner).choices[0].url
      arguments = ["auto=true", "priority=critical", "url=\(url)"]
    }
    return .linux(
      LinuxBoot(
        kernel: try inputs.file(
          in: image, part(record, ItemKeys.kernel, debianKernels).paths, &planner),
        initrds: [
          try inputs.file(in: image, part(record, ItemKeys.initrd, debianInitrds).paths, &planner)
        ],
        arguments: arguments, image: try inputs.facts(of: image, &planner),
        lastArguments: record[ItemKeys.arguments] ?? []))
  }
}
