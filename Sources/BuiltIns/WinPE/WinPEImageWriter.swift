import BuildEngine
import Glibc
import SystemPackage
import WindowsImages
import WindowsPE

/// Writes the one image that boots, with its changes, to the same bytes each time.
struct WinPEImageWriter {
  let invocation: BuiltInInvocation
  let stop: StopFlag
  let stage: WinPEStage
  /// True when the image gets a startnet.cmd, which a winpeshl.ini of the image's own would pass over.
  let hasOwnStart: Bool

  private static let settings = "/Windows/System32/winpeshl.ini"

  /// - Throws: `BuildError` and `WimError`.
  func write(_ source: SourceImage, to path: FilePath) throws {
    let compression =
      invocation.optionalParameter("compress").flatMap(WimCompression.init(rawValue:)) ?? .lzx
    let times = try ImageTimes(of: source)
    let wim = try WimFile(compression: compression)
    try source.move(to: wim)
    var changes = try renames(in: wim)
    if !stage.isEmpty {
      try stage.stamp(times.forFiles)
      changes.append(.add(folder: stage.folder.string))
    }
    try wim.update(image: 1, changes)
    try wim.setGUID(guid)
    wim.follow { done, total in
      try stop.check()
      invocation.progress(Progress(done: done, total: total, unit: .bytes))
    }
    try wim.write(to: path.string)
    try setTimes(times, path)
    try checkSize(of: path)
  }

  /// Setup must not start by itself in a Windows PE, and what the recipe says is to run has to run.
  private func renames(in wim: WimFile) throws -> [WimFile.Change] {
    var paths = ["/setup.exe", "/sources/setup.exe"]
    let isPassedOver = hasOwnStart && !stage.contains(String(Self.settings.dropFirst()))
    if isPassedOver { paths.append(Self.settings) }
    return try paths.compactMap { path in
      guard let entry = try wim.entry(at: path, ofImage: 1), !entry.isFolder else { return nil }
      invocation.note("\(entry.path) of the image is \(entry.path).orig now".printable)
      return .rename(entry.path, to: "\(entry.path).orig")
    }
  }

  /// The number that Windows knows the file by: another one for other content.
  private var guid: [UInt8] {
    let request = invocation.request
    var text = ""
    for (name, artifact) in request.inputs.sorted(by: { $0.key < $1.key }) {
      text += "\(name)\n\(artifact)\n"
    }
    for (name, value) in invocation.parameters.sorted(by: { $0.key < $1.key })
    where name != "media" { text += "\(name)=\(value)\n" }
    let digest = Digest(of: Array(text.utf8)).hex
    var bytes: [UInt8] = []
    var rest = digest[...]
    while bytes.count < 16 {
      bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  /// Set before the image is written they would be written over by the time that it is written.
  private func setTimes(_ times: ImageTimes, _ path: FilePath) throws(WimError) {
    let wim = try WimFile(path: path.string, forWriting: true)
    for (name, value) in times.properties {
      try wim.setProperty(name, ofImage: 1, to: value)
    }
    try wim.overwrite()
  }

  private func checkSize(of path: FilePath) throws {
    guard let size = try FileIdentity.of(path)?.size, size > WimHeader.largestFile else { return }
    throw BuildError(
      .failed, "boot.wim has \(size) bytes, and wimboot loads less than 4 GiB",
      advice: "leave large files out of files:, and load them from a share")
  }
}

/// When an image was made and changed, as it says itself.
struct ImageTimes {
  /// In 100 ns since 1601.
  private let created: UInt64
  private let modified: UInt64

  /// Of an image that does not say: the first day of 2000.
  private static let unknown: UInt64 = (946_684_800 + secondsFrom1601) * 10_000_000
  private static let secondsFrom1601: UInt64 = 11_644_473_600

  init(of image: SourceImage) throws {
    func time(_ name: String) -> UInt64? {
      func part(_ part: String) -> UInt64? {
        image.property("\(name)/\(part)").flatMap { text in
          text.lowercased().hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        }.flatMap { $0 <= UInt64(UInt32.max) ? $0 : nil }
      }
      guard let high = part("HIGHPART"), let low = part("LOWPART") else { return nil }
      return high << 32 | low
    }
    created = time("CREATIONTIME") ?? Self.unknown
    modified = time("LASTMODIFICATIONTIME") ?? created
  }

  /// What was added is as old as the image was.
  var forFiles: timespec {
    let seconds = Int64(modified / 10_000_000) - Int64(Self.secondsFrom1601)
    return timespec(
      tv_sec: Int(max(seconds, 0)), tv_nsec: seconds < 0 ? 0 : Int(modified % 10_000_000) * 100)
  }

  /// The image's description, by the paths in its XML.
  var properties: [(String, String)] {
    [("CREATIONTIME", created), ("LASTMODIFICATIONTIME", modified)].flatMap { name, time in
      [
        ("\(name)/HIGHPART", Self.hexadecimal(time >> 32)),
        ("\(name)/LOWPART", Self.hexadecimal(time & 0xffff_ffff)),
      ]
    }
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}
