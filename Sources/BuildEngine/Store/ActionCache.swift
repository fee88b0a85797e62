import Crypto
import Glibc
import RemoteExecutionAPI
import SwiftProtobuf
import SystemPackage

/// Action key → action result, one `CheckedFile` with an REAPI `ActionResult` an entry. An entry that is cut off or
/// altered counts as absent and is removed.
public struct ActionCache: Sendable {
  public let directory: FilePath

  public init(directory: FilePath) { self.directory = directory }

  func path(of key: Digest) -> FilePath {
    let hex = key.hex
    return directory.appending(String(hex.prefix(2))).appending(String(hex.dropFirst(2)))
  }

  /// The artifacts that the action wrote, or nil. Whether their blobs are still stored is the caller's
  /// question.
  public func lookUp(_ key: Digest) throws -> [String: StoredArtifact]? {
    guard let artifacts = try peek(key) else { return nil }
    noteUse(of: path(of: key))
    return artifacts
  }

  /// The same without counting as a use, for a clean-up.
  func peek(_ key: Digest) throws -> [String: StoredArtifact]? {
    let path = path(of: key)
    guard let bytes = try FileSystem.read(path) else { return nil }
    guard let payload = CheckedFile.content(of: bytes) else {
      try FileSystem.remove(path)
      return nil
    }
    return try Self.artifacts(of: REAPIActionResult(serializedBytes: Array(payload)))
  }

  /// True when an entry has the bytes that were written; it is left where it is.
  func isSound(_ path: FilePath) throws -> Bool {
    // One that went meanwhile is no fault.
    guard let bytes = try FileSystem.read(path) else { return true }
    return CheckedFile.content(of: bytes) != nil
  }

  /// An entry's time stamp says when it was last of use, to the hour, which is what a clean-up goes by.
  private func noteUse(of path: FilePath) {
    guard let identity = try? FileIdentity.of(path),
      identity.modified + 3600 * 1_000_000_000 < FileIdentity.now
    else { return }
    // A cache that cannot be written still answers.
    _ = path.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) }
  }

  /// Records a result. The blobs it names must be settled before.
  public func record(_ artifacts: [String: StoredArtifact], for key: Digest) throws {
    let payload: [UInt8] = try Self.result(artifacts).serializedBytes()
    let path = path(of: key)
    do { try CheckedFile.write(payload, to: path) } catch {
      try FileSystem.createDirectories(path.removingLastComponent())
      try CheckedFile.write(payload, to: path)
    }
  }

  /// Every key that has an entry, for a clean-up.
  public func keys() throws -> [(hex: String, path: FilePath)] {
    try FileSystem.list(directory).flatMap { prefix in
      let folder = directory.appending(prefix)
      return try FileSystem.list(folder).compactMap { rest in
        rest.count == 62 ? (prefix + rest, folder.appending(rest)) : nil
      }
    }
  }

  static func result(_ artifacts: [String: StoredArtifact]) -> REAPIActionResult {
    var message = REAPIActionResult()
    for (path, artifact) in artifacts.sorted(by: { $0.key < $1.key }) {
      switch artifact {
      case .file(let digest, let executable):
        message.outputFiles.append(
          .with {
            $0.path = path
            $0.digest = REAPIDigest(digest)
            $0.isExecutable = executable
          })
      case .directory(let digest):
        message.outputDirectories.append(
          .with {
            $0.path = path
            $0.rootDirectoryDigest = REAPIDigest(digest)
          })
      case .symlink(let target):
        message.outputSymlinks.append(
          .with {
            $0.path = path
            $0.target = target
          })
      }
    }
    return message
  }

  static func artifacts(of message: REAPIActionResult) throws -> [String: StoredArtifact] {
    var artifacts: [String: StoredArtifact] = [:]
    for file in message.outputFiles {
      artifacts[file.path] = .file(try Digest(file.digest), executable: file.isExecutable)
    }
    for directory in message.outputDirectories {
      artifacts[directory.path] = .directory(try Digest(directory.rootDirectoryDigest))
    }
    for link in message.outputSymlinks { artifacts[link.path] = .symlink(target: link.target) }
    return artifacts
  }
}
