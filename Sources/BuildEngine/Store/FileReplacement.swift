import Glibc
import SystemPackage

extension FileSystem {
  /// Replaces a small file in one step: temporary name beside it, synced, renamed.
  public static func replace(
    _ path: FilePath, with bytes: some Sequence<UInt8>, mode: UInt32 = 0o644
  ) throws {
    let name = path.lastComponent?.string ?? ""
    // Random, not the process number: processes of two containers can have the same one.
    let mark = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    let temporary = path.removingLastComponent().appending(".\(name).\(mark)\(suffix)")
    let file = try open(
      temporary, .writeOnly, options: [.create, .exclusiveCreate], doing: "write")
    do {
      defer { try? file.close() }  // the sync below has already reported what close could
      try write(bytes, to: file, path: temporary)
      guard fchmod(file.rawValue, mode_t(mode)) == 0 else {
        throw BuildError(errno: errno, doing: "write", path: path)
      }
      try sync(file, path: temporary)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)  // the error that brought us here is the one to report
      throw error
    }
  }

  private static let suffix = ".tmp"

  /// Removes what `replace` left in a folder when it was killed before the new file had its name.
  ///
  /// - Parameters:
  ///   - name: The file that was to be replaced; any when nil.
  ///   - age: Younger ones are left alone, because another process may be about to rename them. In seconds.
  public static func removeTemporaries(
    in folder: FilePath, of name: String? = nil, age: Int64 = 3600
  ) throws {
    guard try FileIdentity.of(folder)?.kind == .directory else { return }
    let start = "." + (name.map { "\($0)." } ?? "")
    for entry in try entries(of: folder) {
      guard let text = entry.validatedString, text.hasPrefix(start), text.hasSuffix(suffix),
        let identity = try FileIdentity.of(folder.appending(entry)), identity.kind == .regular,
        age == 0 || identity.isOlder(thanSeconds: age)
      else { continue }
      try remove(folder.appending(entry))
    }
  }
}
