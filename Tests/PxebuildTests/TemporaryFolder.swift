import Glibc
import SystemPackage

/// Runs `body` with a folder of its own, removed afterwards with all it holds.
func withTemporaryFolder<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
  let folder = try makeTemporaryFolder()
  defer { remove(folder) }
  return try body(folder)
}

func withTemporaryFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
  let folder = try makeTemporaryFolder()
  defer { remove(folder) }
  return try await body(folder)
}

func write(_ text: String, to path: FilePath, executable: Bool = false) throws {
  let file = try FileDescriptor.open(
    path, .writeOnly, options: [.create, .truncate],
    permissions: FilePermissions(rawValue: executable ? 0o755 : 0o644))
  try file.closeAfter { _ = try file.writeAll(text.utf8) }
}

/// The names in a folder, in order.
func names(in folder: FilePath) throws -> [String] {
  guard let listing = folder.withPlatformString({ opendir($0) }) else {
    throw Errno(rawValue: errno)
  }
  defer { closedir(listing) }
  var result: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { result.append(name) }
  }
  return result.sorted()
}

private func makeTemporaryFolder() throws -> FilePath {
  let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array("\(base)/pxebuild-test-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
  return FilePath(platformString: template)
}

private func remove(_ path: FilePath) {
  var status = stat()
  guard path.withPlatformString({ lstat($0, &status) }) == 0 else { return }
  if status.st_mode & S_IFMT == S_IFDIR {
    // A listing that fails shows as a folder that stays behind, in the test folder only.
    for name in (try? names(in: path)) ?? [] { remove(path.appending(name)) }
    _ = path.withPlatformString { rmdir($0) }
  } else {
    _ = path.withPlatformString { unlink($0) }
  }
}
