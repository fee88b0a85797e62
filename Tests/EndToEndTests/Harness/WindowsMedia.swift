import Foundation

/// Made-up media of Windows, below a site's folder: nothing of them is Microsoft's.
struct WindowsMedia {
  /// How a medium spells its names.
  enum Spelling: String, CaseIterable { case lower, upper, mixed }

  let site: Site

  // MARK: Files

  /// What shows for which machine a program is.
  static func program(machine: UInt16 = 0x8664, _ rest: String = "") -> Data {
    var bytes = Data("MZ".utf8) + Data(count: 58) + Data([64, 0, 0, 0]) + Data("PE\0\0".utf8)
    bytes += [UInt8(machine & 0xff), UInt8(machine >> 8)]
    return bytes + Data(count: 250) + Data(rest.utf8)
  }

  /// Bytes that look like nothing and compress a little.
  static func noise(_ count: Int, seed: Int) -> Data {
    var state = UInt64(seed) &* 2_654_435_761 &+ 12345
    var data = Data(count: count)
    data.withUnsafeMutableBytes { bytes in
      for index in bytes.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[index] = UInt8(truncatingIfNeeded: state >> 58)
      }
    }
    return data
  }

  /// The files of an image, some 1 500 with `count` left out.
  func makeTree(
    _ folder: String, setup: Bool, machine: UInt16 = 0x8664, count: Int = 1500,
    spelling: Spelling = .mixed
  ) throws {
    func write(_ data: Data, _ path: String) throws {
      try site.write(data, to: "\(folder)/\(spelled(path, spelling))")
    }
    for number in 0..<count {
      try write(
        Self.noise(200 + number % 700, seed: number),
        "Windows/System32/d\(number % 37)/f\(number).dll")
    }
    try write(Self.program(machine: machine), "Windows/System32/ntdll.dll")
    try write(Data("wpeinit\r\n".utf8), "Windows/System32/startnet.cmd")
    try write(Data("BCD of the image".utf8), "Windows/Boot/DVD/PCAT/BCD")
    try write(Data("boot.sdi of the image".utf8), "Windows/Boot/DVD/PCAT/boot.sdi")
    try write(Data("a font of the image".utf8), "Windows/Boot/Fonts/wgl4_boot.ttf")
    if setup {
      try write(Self.program(machine: machine), "setup.exe")
      try write(Self.program(machine: machine), "sources/setup.exe")
      try write(Data("[LaunchApp]\r\nAppPath=x\r\n".utf8), "Windows/System32/winpeshl.ini")
    }
  }

  func spelled(_ path: String, _ spelling: Spelling) -> String {
    switch spelling {
    case .lower: path.lowercased()
    case .upper: path.uppercased()
    case .mixed: path
    }
  }

  // MARK: Media

  /// `sources/boot.wim` of a Windows medium: an image of Windows PE, and one with its setup.
  func makeImage(
    _ path: String = "boot.wim", count: Int = 1500, spelling: Spelling = .mixed,
    machine: UInt16 = 0x8664
  ) async throws {
    try makeTree("pe", setup: false, machine: machine, count: count, spelling: spelling)
    try makeTree("setup", setup: true, machine: machine, count: count, spelling: spelling)
    try await wimlib("capture", "pe", path, "Microsoft Windows PE (x64)", "--compress=LZX")
    try await wimlib("append", "setup", path, "Microsoft Windows Setup (x64)")
  }

  /// A folder with what a Windows medium has beside its image.
  func makeMedium(_ folder: String, image: String = "boot.wim", spelling: Spelling = .lower) throws
  {
    for (path, text) in [
      ("boot/bcd", "BCD of the medium"), ("boot/boot.sdi", "boot.sdi of the medium"),
      ("boot/fonts/segoe_boot.ttf", "a font of the medium"), ("bootmgr", "bootmgr"),
    ] { try site.write(text, to: "\(folder)/\(spelled(path, spelling))") }
    let path = spelled("sources/boot.wim", spelling)
    try site.makeFolder("\(folder)/\((path as NSString).deletingLastPathComponent)")
    try FileManager.default.copyItem(
      atPath: "\(site.folder)/\(image)", toPath: "\(site.folder)/\(folder)/\(path)")
  }

  /// As Microsoft's images are: the ISO 9660 side of this one has a README only.
  func makeISO(_ folder: String, to path: String) async throws {
    try await mustRun(
      [
        "genisoimage", "-quiet", "-udf", "-iso-level", "3", "-V", "WINDOWS", "-hide", "*boot*",
        "-o",
        path, folder,
      ], in: site.folder, environment: ["LC_ALL": "C.UTF-8"])
  }

  /// What was found by running a tool of wimlib on an image that was made.
  @discardableResult
  func wimlib(_ arguments: String...) async throws -> String {
    try await mustRun(["wimlib-imagex"] + arguments, in: site.folder)
  }

  /// Every path of the image in a WIM with the digest of its bytes; "folder" for a folder.
  func content(of path: String, image: Int = 1) async throws -> [String: String] {
    let folder = "unpacked-\(UInt32.random(in: 0 ... .max))"
    try await wimlib("extract", path, "\(image)", "--dest-dir=\(folder)", "--no-acls", "--quiet")
    defer { removeTree("\(site.folder)/\(folder)") }
    var result: [String: String] = [:]
    let all = FileManager.default.enumerator(atPath: "\(site.folder)/\(folder)")
    while let name = all?.nextObject() as? String {
      let data = site.bytes("\(folder)/\(name)")
      result[name] = data.map { "\($0.count) \($0.hashValue)" } ?? "folder"
    }
    return result
  }

  func text(_ path: String, in wim: String) async throws -> String {
    try await wimlib("extract", wim, "1", path, "--to-stdout")
  }
}
