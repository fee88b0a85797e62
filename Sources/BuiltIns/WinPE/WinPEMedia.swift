import BuildEngine
import DiskImages
import SystemPackage
import WindowsPE

/// The media that a Windows PE comes on: a disc image, or a folder. Its functions block.
final class WinPEMedia {
  private enum Content {
    case disc(DiscImage)
    /// By path in small letters.
    case files([String: File])
  }

  private enum File {
    case input(String)
    case blob(Digest)
  }

  /// What messages call it.
  let name: String
  private let content: Content
  private let invocation: BuiltInInvocation
  private let stop: StopFlag
  /// Files of this machine that are read where they are.
  private var opened: [InputFile] = []
  /// What was taken out of a disc image already, by its path in small letters.
  private var copies: [String: FilePath] = [:]

  /// Inputs: `media`, a file or a folder, or the files of a folder below `media/`. Parameter: `media`, the name.
  init(_ invocation: BuiltInInvocation, stop: StopFlag) throws {
    self.invocation = invocation
    self.stop = stop
    name = invocation.optionalParameter("media") ?? "the media"
    let inputs = invocation.request.inputs
    switch inputs["media"] {
    case .directory(let digest)?:
      var files: [String: File] = [:]
      for (path, artifact) in try invocation.context.store.leaves(of: .directory(digest)) {
        guard case .file(let digest, _) = artifact else { continue }
        files[path.lowercased()] = files[path.lowercased()] ?? .blob(digest)
      }
      content = .files(files)
    case .file?:
      let file = try InputFile(invocation, "media")
      if try Self.isWim(file.path) {
        content = .files(["boot.wim": .input("media")])
      } else {
        content = .disc(DiscImage(file, name: name, rule: "winpe"))
      }
    default:
      var files: [String: File] = [:]
      for input in inputs.keys.sorted() where input.hasPrefix("media/") {
        let path = input.dropFirst("media/".count).lowercased()
        files[path] = files[path] ?? .input(input)
      }
      content = .files(files)
    }
  }

  private static func isWim(_ path: FilePath) throws -> Bool {
    WimHeader.isWim(try firstBytes(of: path, WimHeader.size))
  }

  /// The first of some paths that there is, as a file of this machine; nil when there is none of them.
  func file(_ paths: [String]) throws -> FilePath? {
    switch content {
    case .files(let files):
      guard let file = paths.lazy.compactMap({ files[$0] }).first else { return nil }
      return try open(file)
    case .disc(let disc):
      return try disc.read { image in
        for path in paths {
          if let copy = copies[path] { return copy }
          guard let content = try image.file(anyCase: path) else { continue }
          return try copy(content, of: image, name: path)
        }
        return nil
      }
    }
  }

  /// True for a medium, false for an image that was named itself.
  var isMedium: Bool {
    guard case .files(let files) = content else { return true }
    return files["boot.wim"] == nil || files.count > 1
  }

  /// What messages call the image.
  var nameOfImage: String { isMedium ? "boot.wim of \(name)" : name }

  /// The fonts in the first of some folders that has any, by name.
  func fonts(in folders: [String]) throws -> [(name: String, path: FilePath)] {
    for folder in folders {
      let names = try fileNames(in: folder).filter(Self.isFont)
      guard !names.isEmpty else { continue }
      return try names.compactMap { name in
        try file(["\(folder)/\(name)".lowercased()]).map { (name, $0) }
      }
    }
    return []
  }

  static func isFont(_ name: String) -> Bool {
    name.lowercased().hasSuffix(".ttf")
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }
  }

  private func fileNames(in folder: String) throws -> [String] {
    switch content {
    case .files(let files):
      let prefix = folder + "/"
      return files.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        .filter { !$0.contains("/") }.sorted()
    case .disc(let disc): return try disc.read { try $0.fileNames(anyCase: folder) }
    }
  }

  /// Throws `BuildError` when a file was changed while it was read.
  func checkUnchanged() throws {
    for file in opened { try file.checkIdentity() }
  }

  private func open(_ file: File) throws -> FilePath {
    switch file {
    case .blob(let digest): return try InputFile(digest, in: invocation.context.store).path
    case .input(let name):
      let file = try InputFile(invocation, name)
      try file.checkIdentity()
      opened.append(file)
      return file.path
    }
  }

  private func copy(
    _ content: FileContent, of image: DiskImage, name: String
  ) throws -> FilePath {
    let path = invocation.scratchDirectory.appending("media-\(copies.count)")
    let file = try FileSystem.open(
      path, .writeOnly, options: [.create, .exclusiveCreate], doing: "write")
    defer { try? file.close() }  // read again by whoever asked for it
    var done: Int64 = 0
    try content.forEachPiece(of: image.file) { bytes in
      try stop.check()
      try FileSystem.write(bytes, to: file, path: path)
      done += Int64(bytes.count)
      invocation.progress(Progress(done: done, total: content.size, unit: .bytes))
    }
    copies[name] = path
    return path
  }
}

/// The first bytes of a file, fewer when it is shorter.
func firstBytes(of path: FilePath, _ count: Int) throws -> [UInt8] {
  let file = try FileSystem.open(path, .readOnly, doing: "read")
  defer { try? file.close() }  // opened for reading only
  var bytes = [UInt8](repeating: 0, count: count)
  let read = try bytes.withUnsafeMutableBytes { buffer in
    var done = 0
    while done < count {
      let more = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      if more == 0 { break }
      done += more
    }
    return done
  }
  return Array(bytes.prefix(read))
}
