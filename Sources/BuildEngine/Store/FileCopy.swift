import CLinux
import Crypto
import Glibc
import SystemPackage

/// Copies one file's bytes to a new file, sharing blocks where the disk can.
enum FileCopy {
  /// The source's bytes are not those of the digest it stands for.
  struct WrongBytes: Error {}

  /// - Parameter expected: When given, the bytes are hashed on the way and `WrongBytes` is thrown if
  ///   they differ; the target then holds the wrong bytes.
  static func copy(from source: FilePath, to target: FilePath, verifying expected: Digest?) throws {
    let input = try FileSystem.open(source, .readOnly, doing: "read")
    defer { try? input.close() }  // opened for reading only
    try copy(from: input, at: source, to: target, verifying: expected)
  }

  /// The same from an open file.
  static func copy(
    from input: FileDescriptor, at source: FilePath, to target: FilePath,
    verifying expected: Digest?
  ) throws {
    let output = try FileSystem.open(
      target, .writeOnly, options: [.create, .exclusiveCreate], doing: "write")
    defer { try? output.close() }  // whoever needs the bytes to last syncs the file
    if linux_clone_file(output.rawValue, input.rawValue) == 0 {
      guard let expected else { return }
      guard try ContentStore.digest(ofFile: target) == expected else { throw WrongBytes() }
      return
    }
    guard let expected else {
      return try copyInKernel(from: input, to: output, source: source, target: target)
    }
    var hasher = SHA256()
    var size: Int64 = 0
    try FileSystem.forEachChunk(of: input, path: source) { bytes in
      hasher.update(bufferPointer: bytes)
      size += Int64(bytes.count)
      try FileSystem.write(bytes, to: output, path: target)
    }
    guard Digest(sha256: hasher.finalize(), size: size) == expected else { throw WrongBytes() }
  }

  /// copy_file_range keeps holes and can stay inside a server; where it cannot be used (two file
  /// systems on an old kernel) the bytes go through this process.
  private static func copyInKernel(
    from input: FileDescriptor, to output: FileDescriptor, source: FilePath, target: FilePath
  ) throws {
    var copied: Int64 = 0
    while true {
      let count = linux_copy_file_range(input.rawValue, output.rawValue, 1 << 30)
      if count > 0 {
        copied += Int64(count)
      } else if count == 0 && copied > 0 {
        return
      } else if count == 0 || [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(errno), copied == 0 {
        // Files of /proc and /sys claim to be empty: a plain read tells.
        return try FileSystem.forEachChunk(of: input, path: source) {
          try FileSystem.write($0, to: output, path: target)
        }
      } else if errno != EINTR {
        throw BuildError(errno: errno, doing: "write", path: target)
      }
    }
  }
}
