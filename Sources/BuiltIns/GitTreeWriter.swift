import Archives
import BuildEngine
import Glibc
import SystemPackage

/// Writes the files of a commit from what `git cat-file --batch` printed: for every object a line
/// "ID TYPE SIZE", its bytes, a newline.
struct GitTreeWriter: Sendable {
  let commit: String
  let entries: [GitTreeEntry]
  let repository: String
  let clone: GitClone

  /// - Returns: the commit's committer time in seconds since 1970.
  func write(_ contents: FilePath, to source: FilePath) throws -> Int64 {
    let file = try FileSystem.open(contents, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    var reader = BatchReader(file: file)
    guard
      let time = GitCommit(text: try reader.object(commit, damaged: damaged)).committerTime
    else { throw damaged }
    var output = OutputFolder(source, archiveName: repository)
    try output.makeDirectory(MemberPath(components: []))
    for entry in entries {
      switch entry.kind {
      case .submodule: try output.makeDirectory(entry.path)
      case .symlink:
        let target = try reader.object(entry.object, damaged: damaged)
        try output.makeSymlink(entry.path, target: String(decoding: target, as: UTF8.self))
      case .file, .executable:
        try output.writeFile(entry.path, executable: entry.kind == .executable) { target, place in
          try reader.copyObject(entry.object, to: target, place: place, damaged: damaged)
        }
      }
    }
    return time
  }

  private var damaged: GitCloneDamage {
    GitCloneDamage(folder: clone.folder, reason: "it lacks objects of \(commit)")
  }
}

/// Reads the output of `git cat-file --batch` through one buffer.
private struct BatchReader {
  private let file: FileDescriptor
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)
  private var position = 0
  private var end = 0

  init(file: FileDescriptor) { self.file = file }

  /// A small object whole.
  mutating func object(_ id: String, damaged: GitCloneDamage) throws -> [UInt8] {
    var left = try header(id, damaged)
    var bytes: [UInt8] = []
    while left > 0 {
      let count = try available(damaged, atMost: left)
      bytes += buffer[position..<position + count]
      position += count
      left -= count
    }
    _ = try available(damaged, atMost: 1)
    position += 1
    return bytes
  }

  mutating func copyObject(
    _ id: String, to target: CInt, place: FilePath, damaged: GitCloneDamage
  ) throws {
    var left = try header(id, damaged)
    while left > 0 {
      let count = try available(damaged, atMost: left)
      let start = position
      let written = buffer.withUnsafeBytes { bytes in
        write(target, bytes.baseAddress?.advanced(by: start), count)
      }
      guard written > 0 else { throw BuildError(errno: errno, doing: "write", path: place) }
      position += written
      left -= written
    }
    _ = try available(damaged, atMost: 1)
    position += 1
  }

  /// The size of the object that comes next.
  private mutating func header(_ id: String, _ damaged: GitCloneDamage) throws -> Int {
    var line: [UInt8] = []
    while true {
      _ = try available(damaged, atMost: 1)
      let byte = buffer[position]
      position += 1
      if byte == UInt8(ascii: "\n") { break }
      line.append(byte)
    }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count == 3, words[0] == id, let size = Int(words[2]) else { throw damaged }
    return size
  }

  /// How many bytes, at least one, stand at `position`.
  private mutating func available(_ damaged: GitCloneDamage, atMost limit: Int) throws -> Int {
    if position == end {
      end = buffer.withUnsafeMutableBytes { read(file.rawValue, $0.baseAddress, $0.count) }
      position = 0
      guard end > 0 else { throw damaged }
    }
    return min(limit, end - position)
  }
}
