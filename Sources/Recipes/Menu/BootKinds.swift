import Menus

// The kinds of item that boot a file as it is.

extension ItemKind {
  static let linuxKey = Key("linux", .served, isRequired: true, "The kernel.")
  static let initrds = Key("initrd", .oneOrList(.served), "The initrds, in order.")

  static let linux = ItemKind(
    linuxKey.description, [initrds.description, ItemKeys.arguments.description],
    summary: "A Linux kernel.",
    checkReferences: { record, check in
      check.isFile(record[linuxKey])
      for initrd in record[initrds] ?? [] { check.isFile(initrd) }
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let kernel = record[linuxKey] else { return nil }
    var files: [BootFile] = []
    for initrd in record[initrds] ?? [] { files.append(try inputs.file(initrd, &planner)) }
    return .linux(
      LinuxBoot(
        kernel: try inputs.file(kernel, &planner), initrds: files,
        arguments: record[ItemKeys.arguments] ?? []))
  }

  static let sanbootKey = Key(
    "sanboot", .disk, isRequired: true, "A disk or CD image, or the address of a network disk.")
  static let warnAbove = Key(
    "warn-above", .diskSize, "The size from which on a warning says what sanboot cannot do.")
  /// A CD.
  private static let usualLimit: Int64 = 700_000_000

  static let sanboot = ItemKind(
    sanbootKey.description, [warnAbove.description],
    summary: "A small disk or CD image, read over the network by the firmware.",
    checkReferences: { record, check in
      check.isFile(record[sanbootKey])
      check.size(of: record[sanbootKey], limit: record[warnAbove] ?? usualLimit)
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let image = record[sanbootKey] else { return nil }
    let limit = record[warnAbove] ?? usualLimit
    try inputs.addSize(of: image, limit: limit, item: record[ItemKeys.title] ?? "", &planner)
    return .sanboot(try inputs.file(image, &planner).choices[0].url)
  }

  static let memtestKey = Key(
    "memtest", .served, isRequired: true, "The program, as a kernel: memtest86+'s .bin file.")
  static let efi = Key("efi", .served, "The program for UEFI, where it is another: the .efi file.")

  static let memtest = ItemKind(
    memtestKey.description, [efi.description], summary: "A memory test.",
    checkReferences: { record, check in
      check.isFile(record[memtestKey])
      check.isFile(record[efi])
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let program = record[memtestKey] else { return nil }
    let bios = try inputs.file(program, &planner)
    guard let other = record[efi] else { return .memtest(bios, efi: nil) }
    return .memtest(bios, efi: try inputs.file(other, &planner))
  }

  static let chainKey = Key(
    "chain", .served, isRequired: true, "A script or a boot program.")

  static let chain = ItemKind(
    chainKey.description, [ItemKeys.arguments.description],
    summary: "Another script or boot program.",
    checkReferences: { record, check in check.isFile(record[chainKey]) }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let file = record[chainKey] else { return nil }
    return .chain(
      try inputs.file(file, &planner), arguments: record[ItemKeys.arguments] ?? [])
  }
}
