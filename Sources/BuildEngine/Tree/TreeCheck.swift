import CLinux
import SystemPackage

/// Compares an output tree with its manifest. Reads every byte, remembers nothing and writes nothing: what a
/// build knows of a file by its time stamps is no proof that a disk still has its bytes.
struct TreeCheck: Sendable {
  let directory: FilePath
  let manifest: Manifest

  /// - Parameter progress: Told after each piece how many bytes of how many have been read.
  func run(progress: @escaping @Sendable (Int64, Int64) -> Void) async throws -> TreeVerification {
    var survey = TreeSurvey(directory: directory)
    for file in manifest.targets.flatMap(\.files) { try survey.look(at: file) }
    try survey.lookForForeign()
    // The largest first, so that no core is left alone with it at the end.
    let unread = survey.unread.sorted { $0.digest.size > $1.digest.size }
    let meter = ByteMeter(total: unread.reduce(0) { $0 + $1.digest.size }, progress)
    let directory = directory
    let read = try await EveryCore.map(unread) { file -> TreeFinding? in
      let found: Digest
      do {
        found = try meter.digest(of: directory.pushing(FilePath(file.path)))
      } catch let error as BuildError {
        // Gone since it was looked at.
        guard try FileIdentity.of(directory.pushing(FilePath(file.path))) == nil else {
          throw error
        }
        return TreeFinding(file.path, .missing)
      }
      return found == file.digest
        ? nil : TreeFinding(file.path, .changed(expected: file.digest, found: found))
    }
    let findings = survey.findings + read.compactMap { $0 }
    return TreeVerification(
      findings: findings.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) },
      targetCount: manifest.targets.count,
      fileCount: manifest.targets.reduce(0) { $0 + $1.files.count }, bytesRead: meter.bytesRead)
  }
}

/// Everything that can be told of a tree without reading a file.
private struct TreeSurvey {
  let directory: FilePath
  private(set) var findings: [TreeFinding] = []
  /// Files that are there and have the right size.
  private(set) var unread: [(path: String, digest: Digest)] = []
  private var placed: Set<String> = []
  /// Every folder on the way to something placed; false for one that is none, or is missing.
  private var folders: [String: Bool] = [:]

  init(directory: FilePath) { self.directory = directory }

  private func identity(_ path: String) throws -> FileIdentity? {
    try FileIdentity.of(directory.pushing(FilePath(path)))
  }

  mutating func look(at file: Manifest.File) throws {
    placed.insert(file.path)
    guard try lookAtFolders(above: file.path) else { return }
    guard let identity = try identity(file.path) else {
      return findings.append(TreeFinding(file.path, .missing))
    }
    let kind: FileIdentity.Kind =
      file.isFolder == true ? .directory : file.link != nil ? .symlink : .regular
    guard identity.kind == kind else {
      findings.append(TreeFinding(file.path, .wrongKind(expected: kind, found: identity.kind)))
      return
    }
    switch kind {
    case .symlink:
      let target = try FileSystem.readSymlink(directory.pushing(FilePath(file.path)))
      if target != file.link {
        findings.append(
          TreeFinding(file.path, .changedLink(expected: file.link ?? "", found: target)))
      }
    case .directory: folders[file.path] = true
    case .regular:
      checkMode(of: file, identity)
      if let hex = file.sha256, let digest = Digest(hex: hex, size: file.size ?? 0) {
        unread.append((file.path, digest))
      }
    case .other: break
    }
  }

  private mutating func checkMode(of file: Manifest.File, _ identity: FileIdentity) {
    let mode = identity.mode & 0o7777
    let right: [UInt32] =
      file.isPrivate == true ? [0o600] : file.executable == true ? [0o755, 0o555] : [0o644, 0o444]
    if !right.contains(mode) {
      findings.append(TreeFinding(file.path, .wrongMode(expected: right[0], found: mode)))
    }
  }

  /// False when the way there is cut: then that was found, and what lies behind is no more to be told of.
  private mutating func lookAtFolders(above path: String) throws -> Bool {
    var folder = ""
    for component in path.split(separator: "/").dropLast() {
      folder += folder.isEmpty ? String(component) : "/\(component)"
      if let isThere = folders[folder] {
        if isThere { continue }
        return false
      }
      let identity = try identity(folder)
      folders[folder] = identity?.kind == .directory
      guard let identity else {
        findings.append(TreeFinding(folder, .missing))
        return false
      }
      guard identity.kind == .directory else {
        findings.append(
          TreeFinding(folder, .wrongKind(expected: .directory, found: identity.kind)))
        return false
      }
      // A server that runs as somebody else has to get through.
      if identity.mode & 0o555 != 0o555 {
        findings.append(
          TreeFinding(folder, .wrongMode(expected: 0o755, found: identity.mode & 0o7777)))
      }
    }
    return true
  }

  mutating func lookForForeign() throws { try lookForForeign(in: "") }

  private mutating func lookForForeign(in folder: String) throws {
    let names = try FileSystem.entries(of: directory.pushing(FilePath(folder)))
    for name in names {
      let path = folder.isEmpty ? name.string : "\(folder)/\(name.string)"
      if path == ".pxebuild" || placed.contains(path) && folders[path] != true { continue }
      if folders[path] == true {
        try lookForForeign(in: path)
        continue
      }
      // A folder that is something else has been told of.
      if folders[path] != nil { continue }
      guard
        let identity = try FileIdentity.of(
          directory.pushing(FilePath(folder)).appending(name))
      else { continue }
      findings.append(TreeFinding(path, .foreign(identity.kind)))
    }
  }
}

extension OutputTree {
  /// Compares every file with the manifest. Writes nothing and needs no right to write.
  ///
  /// - Parameter progress: Told how many bytes of how many have been read.
  /// - Throws: `BuildError` when there is no manifest, or when the tree is updated again and again meanwhile.
  public func verify(
    progress: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
  ) async throws -> TreeVerification {
    for _ in 0..<3 {
      let before = try FileSystem.read(manifestPath)
      let result = try await TreeCheck(directory: directory, manifest: try existingManifest()).run(
        progress: progress)
      // What a build replaced meanwhile would look changed.
      if result.findings.isEmpty { return result }
      if try FileSystem.read(manifestPath) == before, try !isBeingWritten() { return result }
    }
    throw BuildError(
      .cannotWrite, "the output tree \(directory.printable) is being written by another pxebuild",
      advice: "wait until it has ended and run the same command again")
  }

  /// The manifest. Throws `BuildError` when there is none.
  public func existingManifest() throws -> Manifest {
    guard try FileIdentity.of(manifestPath) != nil else {
      throw BuildError(
        .failed, "\(directory.printable) is no output tree",
        reason: "there is no manifest \(manifestPath.printable)",
        advice: "run pxebuild all first, or name the folder with \(option)")
    }
    return try manifest()
  }

  /// True while an update puts files in place; one that was killed does not count.
  private func isBeingWritten() throws -> Bool {
    let own = manifestPath.removingLastComponent()
    guard try FileIdentity.of(own.appending("pending")) != nil,
      let lock = try? FileDescriptor.open(own.appending("lock"), .readOnly, options: .closeOnExec)
    else { return false }
    defer { try? lock.close() }  // closing is what unlocks
    return linux_lock_file(lock.rawValue, 0, 0) != 0
  }
}
