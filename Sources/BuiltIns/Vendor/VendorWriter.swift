import BuildEngine
import Glibc
import SystemPackage

/// Lays sources down as plain files: fills a `VendorFolder`.
public struct VendorWriter {
  public let path: FilePath
  private let store: ContentStore
  private let folder: VendorFolder
  /// Of what belongs there now.
  private var written: Set<String> = []

  /// Takes a folder that is new, empty, or was filled before.
  public init(_ path: FilePath, store: ContentStore) throws {
    self.path = path
    self.store = store
    try FileSystem.createDirectories(path)
    let marker = path.appending(VendorFolder.marker)
    if try FileIdentity.of(marker) == nil {
      try FileSystem.removeTemporaries(in: path, of: VendorFolder.marker)
      guard try FileSystem.entries(of: path).isEmpty else {
        throw BuildError(
          .cannotWrite, "\(path.printable) holds files that pxebuild did not lay down",
          reason: "it has no file \(VendorFolder.marker)",
          advice: "name an empty folder, or a new one")
      }
      try FileSystem.replace(marker, with: VendorFolder.markerText.utf8)
    }
    folder = try VendorFolder(path)
    for name in ["git", "files", "packages"] {
      try FileSystem.createDirectories(path.appending(name))
    }
  }

  /// - Parameters:
  ///   - files: What `git-tree` wrote as `source`.
  ///   - object: What `git-commit` wrote.
  public mutating func add(commit: String, files: StoredArtifact, object: StoredArtifact) throws {
    try place(files, at: folder.treeFolder(commit))
    try place(object, at: folder.commitFile(commit))
    // Read back as a build would: what cannot be verified there has to be known here.
    let vendored = try VendoredTree(folder.treeFolder(commit), store: store)
    let bytes = try FileSystem.read(folder.commitFile(commit)) ?? []
    guard vendored.id == GitCommit(text: bytes).tree else {
      throw BuildError(
        .failed, "the sources of commit \(commit) cannot be laid down as plain files",
        reason:
          "their tree is \(vendored.id) where the commit has \(GitCommit(text: bytes).tree ?? "none"); "
          + "a repository with submodules cannot",
        advice: "name a repository without submodules, or an archive of it by its URL")
    }
  }

  /// - Parameter name: What the file is called where it comes from.
  public mutating func add(download: StoredArtifact, name: String) throws {
    guard case .file(let digest, let executable) = download else { return }
    let file = name.isEmpty || name.hasPrefix(".") || name.contains("/") ? "file" : name
    try FileSystem.createDirectories(folder.fileFolder(digest.hex))
    try place(
      .file(digest, executable: executable), at: folder.fileFolder(digest.hex).appending(file))
  }

  /// - Parameters:
  ///   - text: What `deb-resolve` wrote.
  ///   - file: What `deb-file` wrote.
  public mutating func add(packageText text: StoredArtifact, file: StoredArtifact) throws {
    guard case .file(let digest, _) = text,
      let package = DebianPackage(text: String(decoding: try store.read(digest), as: UTF8.self)),
      DebianPackage.isName(package.name)
    else { throw BuildError(.failed, "a Debian package was not described as it should be") }
    try place(file, at: folder.packageFile(package, "deb"))
    try place(text, at: folder.packageFile(package, "txt"))
  }

  /// In one step each, over what was there.
  private mutating func place(_ artifact: StoredArtifact, at target: FilePath) throws {
    let temporary = path.appending(".new-\(UInt64.random(in: 0...UInt64.max))")
    do {
      try store.materialize(artifact, at: temporary)
      // A folder cannot be renamed over one that holds something.
      if case .directory = artifact { try FileSystem.remove(target) }
      try FileSystem.rename(temporary, to: target)
    } catch {
      try? FileSystem.remove(temporary)  // the first error is the one to report
      throw error
    }
    written.insert(target.string)
  }

  /// Removes what is no longer asked for, and waits until all is on the disk.
  public func finish() throws {
    for name in try FileSystem.list(path) where name.hasPrefix(".new-") {
      try FileSystem.remove(path.appending(name))
    }
    for group in ["git", "files", "packages"] {
      for name in try FileSystem.list(path.appending(group)) {
        let entry = path.appending(group).appending(name)
        let isWanted =
          written.contains(entry.string)
          || written.contains { $0.hasPrefix(entry.string + "/") }
        if !isWanted { try FileSystem.remove(entry) }
      }
    }
    try FileSystem.syncWholeDisk(holding: path)
  }
}
