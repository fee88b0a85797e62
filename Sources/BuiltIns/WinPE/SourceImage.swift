import BuildEngine
import Glibc
import SystemPackage
import WindowsImages
import WindowsPE

/// The image of a WIM that becomes the Windows PE. Its functions block.
final class SourceImage {
  /// Nil once the image was exported: a WIM whose image is in two places cannot be changed.
  private var opened: WimFile?
  /// What messages call the WIM.
  let name: String
  let number: Int
  let architecture: Architecture

  /// - Parameters:
  ///   - wanted: The number or name of the image that a person asked for; nil for the one that boots.
  ///   - isMedium: True for sources/boot.wim of a medium, whose second image is Windows PE with its setup.
  ///   - architecture: The one that a person asked for.
  /// - Throws: `BuildError` and `WimError`.
  init(
    _ path: FilePath, name: String, wanted: String?, isMedium: Bool, architecture: Architecture?,
    scratch: FilePath
  ) throws {
    self.name = name
    let header = WimHeader(try firstBytes(of: path, WimHeader.size))
    if let problem = header?.problem {
      throw BuildError(
        .failed, "Windows PE cannot be made of \(name.printable)", reason: problem.reason,
        advice: problem.advice)
    }
    let wim: WimFile
    do { wim = try WimFile(path: path.string) } catch {
      throw BuildError(error, wim: name, path: path, isWim: header != nil)
    }
    number = try Self.choose(wanted, of: wim, name: name, isMedium: isMedium)
    let found = try Self.architecture(of: wim, number, scratch: scratch)
    self.architecture = try Self.agreed(found, architecture, name: name)
    opened = wim
  }

  private static func choose(
    _ wanted: String?, of wim: WimFile, name: String, isMedium: Bool
  ) throws -> Int {
    let info = try wim.info
    func list() -> String {
      (1...max(1, info.imageCount)).map { number in
        "\(number) \(wim.property("NAME", ofImage: number) ?? "(without a name)")"
      }.joined(separator: ", ").printable
    }
    if let wanted {
      if let number = wim.image(named: wanted) { return number }
      throw BuildError(
        .recipe, "\(name.printable) has no image \(wanted.printable)",
        reason: "its images are \(list())", advice: "correct image: in the recipe")
    }
    if info.imageCount == 1 { return 1 }
    if let boot = info.bootIndex { return boot }
    if isMedium, info.imageCount >= 2 { return 2 }
    throw BuildError(
      .recipe, "\(name.printable) has \(info.imageCount) images, and none is marked to boot",
      reason: info.imageCount > 0 ? "its images are \(list())" : nil,
      advice: "say which with image: NUMBER")
  }

  /// What the image says that it is; else what its first program is for.
  private static func architecture(
    of wim: WimFile, _ number: Int, scratch: FilePath
  ) throws -> Architecture? {
    if let value = wim.property("WINDOWS/ARCH", ofImage: number) {
      return Architecture(imageProperty: value)
    }
    for name in ["ntdll.dll", "kernel32.dll", "winload.exe", "cmd.exe", "winload.efi"] {
      let path = "/Windows/System32/\(name)"
      guard let entry = try wim.entry(at: path, ofImage: number), !entry.isFolder else { continue }
      let file = try extract(entry.path, of: wim, number, scratch: scratch)
      guard let machine = PEHeader.machine(of: try firstBytes(of: file, PEHeader.size)) else {
        continue
      }
      return Architecture(machine: machine)
    }
    return nil
  }

  private static func agreed(
    _ found: Architecture?, _ wanted: Architecture?, name: String
  ) throws -> Architecture {
    if let found, let wanted, found != wanted {
      throw BuildError(
        .recipe,
        "\(name.printable) is for \(found.rawValue), and the recipe says arch: \(wanted.rawValue)",
        advice: "correct arch:, or take the media for \(wanted.rawValue)")
    }
    if let known = found ?? wanted { return known }
    throw BuildError(
      .recipe, "\(name.printable) does not say which machines it is for",
      reason: "it has no WINDOWS/ARCH, and no program in \\Windows\\System32 that would show it",
      advice: "say it with arch: amd64, x86 or arm64")
  }

  /// A value of the image's description.
  func property(_ name: String) -> String? { opened?.property(name, ofImage: number) }

  /// Copies the image into another WIM, and can be asked for nothing from then on.
  func move(to other: WimFile) throws(WimError) {
    try opened?.export(image: number, to: other)
    opened = nil
  }

  /// The one image of a WIM that was made here.
  convenience init(_ path: FilePath, name: String, scratch: FilePath) throws {
    try self.init(
      path, name: name, wanted: nil, isMedium: true, architecture: nil, scratch: scratch)
  }

  // MARK: Files

  /// The paths of all files below a folder, in the image's order.
  func paths(below folder: String) throws -> [String] {
    guard let wim = opened else { return [] }
    return try wim.entries(in: folder, ofImage: number, isDeep: true).filter { !$0.isFolder }
      .map(\.path)
  }

  /// A file of the image as a file of this machine; nil when there is none at the path.
  func file(_ path: String, scratch: FilePath) throws -> FilePath? {
    guard let wim = opened, let entry = try wim.entry(at: path, ofImage: number), !entry.isFolder
    else { return nil }
    return try Self.extract(entry.path, of: wim, number, scratch: scratch)
  }

  /// The files in a folder of the image whose names pass a test, by name.
  func files(
    in folder: String, scratch: FilePath, where isWanted: (String) -> Bool
  ) throws -> [(name: String, path: FilePath)] {
    guard let wim = opened else { return [] }
    return try wim.entries(in: folder, ofImage: number)
      .filter { !$0.isFolder && isWanted(Self.lastPart($0.path)) }
      .map { entry in
        (
          Self.lastPart(entry.path),
          try Self.extract(entry.path, of: wim, number, scratch: scratch)
        )
      }.sorted { $0.name < $1.name }
  }

  /// Writes a file into a folder of its own: its name is the image's, and not to be trusted beside others.
  private static func extract(
    _ path: String, of wim: WimFile, _ number: Int, scratch: FilePath
  ) throws -> FilePath {
    let folder = scratch.appending("image-\(UInt64.random(in: 0 ... .max))")
    try FileSystem.createDirectories(folder)
    try wim.extract([path], ofImage: number, to: folder.string)
    guard let name = try FileSystem.list(folder).first,
      try FileIdentity.of(folder.appending(name))?.kind == .regular
    else {
      throw WimError(.damaged, message: "\(path) is no file")
    }
    return folder.appending(name)
  }

  private static func lastPart(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}

extension BuildError {
  /// - Parameters:
  ///   - name: What a person calls the WIM.
  ///   - path: Where it is, which is not what a person calls it.
  ///   - isWim: False for a file that is too short for wimlib to see that it is no WIM.
  init(_ error: WimError, wim name: String, path: FilePath? = nil, isWim: Bool = true) {
    let name = name.printable
    let message = path.map { error.message.replacing($0.string, with: name) } ?? error.message
    let said = "wimlib: \(message)".printableLines
    let broken = "compare its size and digest with what its publisher gives"
    switch isWim ? error.kind : .notAWim {
    case .notAWim:
      self.init(
        .failed, "\(name) is no Windows image", reason: said,
        advice: "sources/boot.wim of a Windows medium is one, and winpe.wim of the ADK")
    case .damaged:
      self.init(
        .failed, "the Windows image \(name) is damaged", reason: said,
        advice: "\(broken); wimlib-imagex verify reads all of it")
    case .split:
      self.init(
        .failed, "\(name) is a part of a Windows image", reason: said,
        advice: "join the parts: wimlib-imagex join NEW.wim *.swm")
    case .encrypted:
      self.init(
        .failed, "\(name) is an encrypted Windows image", reason: said,
        advice: "take the medium that Microsoft offers as an ISO")
    case .noSpace:
      self.init(
        .cannotWrite, "cannot write the Windows image", reason: said,
        advice: "make room on the disk of the cache: the image is written there first")
    case .noMemory:
      self.init(
        .failed, "there is not enough memory for the Windows image \(name)", reason: said)
    case .stopped: self.init(.cancelled, "interrupted")
    case .noSuchImage, .noSuchPath, .other:
      self.init(.failed, "cannot use the Windows image \(name)", reason: said)
    }
  }
}

extension String {
  /// Each line printable.
  fileprivate var printableLines: String {
    split(separator: "\n").map { String($0).printable }.joined(separator: "\n")
  }
}
