import RemoteExecutionAPI
import SwiftProtobuf

/// One level of a directory in the content store: REAPI's `Directory` message as Swift values.
///
/// Names are sorted by their bytes in each list, as REAPI demands, so that equal content has one digest.
public struct StoredDirectory: Equatable, Sendable {
  public var entries: [String: StoredArtifact]

  public init(entries: [String: StoredArtifact] = [:]) { self.entries = entries }

  /// The message's bytes, the blob that a directory's digest is of.
  public func encoded() throws -> [UInt8] {
    var message = REAPIDirectory()
    for (name, artifact) in entries.sorted(by: {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }) {
      switch artifact {
      case .file(let digest, let executable):
        message.files.append(
          .with {
            $0.name = name
            $0.digest = REAPIDigest(digest)
            $0.isExecutable = executable
          })
      case .directory(let digest):
        message.directories.append(
          .with {
            $0.name = name
            $0.digest = REAPIDigest(digest)
          })
      case .symlink(let target):
        message.symlinks.append(
          .with {
            $0.name = name
            $0.target = target
          })
      }
    }
    return try message.serializedBytes()
  }

  /// Throws `BuildError` for bytes that are no `Directory` message or hold a name no file can have.
  public init(decoding bytes: [UInt8]) throws {
    let message: REAPIDirectory
    do { message = try REAPIDirectory(serializedBytes: bytes) } catch {
      throw BuildError(
        .failed, "a stored directory cannot be read",
        reason: "its bytes are not those of a REAPI Directory message",
        advice: "run pxebuild cache verify")
    }
    entries = [:]
    entries.reserveCapacity(
      message.files.count + message.directories.count + message.symlinks.count)
    for file in message.files {
      try add(file.name, .file(try Digest(file.digest), executable: file.isExecutable))
    }
    for directory in message.directories {
      try add(directory.name, .directory(try Digest(directory.digest)))
    }
    for link in message.symlinks { try add(link.name, .symlink(target: link.target)) }
  }

  private mutating func add(_ name: String, _ artifact: StoredArtifact) throws {
    let isName =
      !name.isEmpty && name != "." && name != ".."
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    guard isName else {
      throw BuildError(
        .failed, "a stored directory has an entry named \"\(name.printable)\"",
        advice: "run pxebuild cache verify")
    }
    guard entries.updateValue(artifact, forKey: name) == nil else {
      throw BuildError(
        .failed, "a stored directory has two entries named \"\(name.printable)\"",
        advice: "run pxebuild cache verify")
    }
  }
}

extension REAPIDigest {
  init(_ digest: Digest) {
    self.init()
    hash = digest.hex
    sizeBytes = digest.size
  }
}

extension Digest {
  init(_ message: REAPIDigest) throws {
    guard let digest = Digest(hex: message.hash, size: message.sizeBytes) else {
      throw BuildError(
        .failed, "a stored message names the digest \"\(message.hash.printable)\"",
        reason: "that is not a SHA-256", advice: "run pxebuild cache verify")
    }
    self = digest
  }
}
