import BuildEngine
import Glibc
import SystemPackage

/// Sources as plain files, for a site without a network.
///
///     pxebuild-vendor           says which format it is
///     git/COMMIT/               the files of a commit
///     git/COMMIT.commit         its commit object, by which the files are verified
///     files/SHA256/NAME         a download
///     packages/NAME_SHA256.deb  a Debian package, and what apt said of it (.txt)
///
/// Nothing in it is trusted: what a commit or a digest names has to have that name.
public struct VendorFolder: Sendable {
  static let marker = "pxebuild-vendor"
  private static let format = 1
  static let markerText = "pxebuild vendor \(format)\n"

  public let path: FilePath

  /// Throws `BuildError` for a folder that `pxebuild vendor` has not filled.
  public init(_ path: FilePath) throws {
    self.path = path
    guard let bytes = try FileSystem.read(path.appending(Self.marker)) else {
      throw BuildError(
        .failed, "\(path.printable) is no folder of sources",
        reason: "it has no file \(Self.marker)",
        advice: "fill it with pxebuild vendor where the sources can be reached")
    }
    guard String(decoding: bytes, as: UTF8.self) == Self.markerText else {
      throw BuildError(
        .cannotWrite, "\(path.printable) was filled by another version of pxebuild",
        reason: "its file \(Self.marker) does not say \"\(Self.markerText.dropLast())\"",
        advice: "fill it anew with this pxebuild, or build with the one that filled it")
    }
  }

  // MARK: Git

  func commitFile(_ commit: String) -> FilePath {
    path.appending("git").appending("\(commit).commit")
  }
  func treeFolder(_ commit: String) -> FilePath { path.appending("git").appending(commit) }

  /// The files of a commit, put into the store and verified, and its time; nil when it is not here.
  func tree(of commit: String, in store: ContentStore) throws
    -> (files: VendoredTree, time: Int64)?
  {
    guard let bytes = try FileSystem.read(commitFile(commit)) else { return nil }
    let object = GitCommit(text: bytes)
    guard object.id == commit, let time = object.committerTime, let tree = object.tree else {
      throw wrong(commit, reason: "\(commitFile(commit).printable) is not that commit")
    }
    let files = try VendoredTree(treeFolder(commit), store: store)
    guard files.id == tree else {
      throw wrong(
        commit,
        reason: "its files in \(treeFolder(commit).printable) make the tree \(files.id),\n"
          + "the commit has the tree \(tree)")
    }
    return (files, time)
  }

  private func wrong(_ commit: String, reason: String) -> BuildError {
    BuildError(
      .failed, "the sources of commit \(commit) are not what they were", reason: reason,
      advice:
        "fill the folder anew with pxebuild vendor, and copy it with links and modes (cp -a, tar)")
  }

  // MARK: Downloads and packages

  func fileFolder(_ sha256: String) -> FilePath { path.appending("files").appending(sha256) }

  /// A download, verified; nil when it is not here.
  func file(_ sha256: String) throws -> FilePath? {
    let folder = fileFolder(sha256)
    guard try FileIdentity.of(folder)?.kind == .directory,
      let name = try FileSystem.list(folder).first
    else { return nil }
    return try verified(folder.appending(name), sha256)
  }

  func packageFile(_ package: DebianPackage, _ end: String) -> FilePath {
    path.appending("packages").appending("\(package.name)_\(package.sha256).\(end)")
  }

  /// What apt said of a package: of the one with this digest, or of the only one of that name.
  func package(_ name: String, sha256: String?) throws -> DebianPackage? {
    let folder = path.appending("packages")
    guard try FileIdentity.of(folder)?.kind == .directory else { return nil }
    var found: [DebianPackage] = []
    for file in try FileSystem.list(folder) where file.hasSuffix(".txt") {
      guard let bytes = try FileSystem.read(folder.appending(file)),
        let package = DebianPackage(text: String(decoding: bytes, as: UTF8.self)),
        package.name == name, sha256 == nil || package.sha256 == sha256
      else { continue }
      found.append(package)
    }
    return found.count == 1 ? found[0] : nil
  }

  /// A package's file, verified; nil when it is not here.
  func file(of package: DebianPackage) throws -> FilePath? {
    let file = packageFile(package, "deb")
    return try FileIdentity.of(file) == nil ? nil : verified(file, package.sha256)
  }

  private func verified(_ file: FilePath, _ sha256: String) throws -> FilePath {
    let digest = try ContentStore.digest(ofFile: file)
    guard digest.hex == sha256 else {
      throw BuildError(
        .failed, "\(file.printable) is not what it was",
        reason: "expected sha256 \(sha256)\ngot      sha256 \(digest.hex)",
        advice: "fill the folder anew with pxebuild vendor")
    }
    return file
  }
}

extension BuiltInInvocation {
  /// The folder of sources that the build takes first.
  var vendor: VendorFolder? {
    get throws { try context.vendor.map { try VendorFolder($0) } }
  }

  /// Takes a file that stays where it is as an output.
  func keepCopy(of file: FilePath, executable: Bool, at output: String) throws {
    let digest = try context.store.insert(copying: file)
    stored.add(.file(digest, executable: executable), at: output, inserted: [digest])
  }
}
