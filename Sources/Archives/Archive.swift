import BuildEngine
import Glibc
import SystemPackage

/// An archive file whose members can be extracted. Its functions block the calling thread.
///
/// Nothing in an archive is trusted: paths that are absolute or lead out, links that lead out,
/// devices and pipes, and two members of one name are refused; owners, times and special mode bits
/// are left behind. Files become 0644, or 0755 when any executable bit is set.
public struct Archive: Sendable {
  private let path: FilePath
  private let name: String

  /// - Parameter name: what messages call it (a URL's last part), since `path` is a blob's.
  public init(path: FilePath, name: String) {
    self.path = path
    self.name = name
  }

  /// Extracts one file, or a folder with all that is in it, to `destination`, which must not exist.
  ///
  /// - Parameters:
  ///   - member: its path in the archive; "." is all of it. A link is followed.
  ///   - executable: makes a single file executable whatever the archive says (a zip often cannot).
  /// - Throws: `BuildError`; of kind `.recipe` when there is no such member.
  public func extract(
    member: String, to destination: FilePath, executable: Bool = false
  ) throws {
    try withUTF8Names {
      var wanted = try MemberPath(member, archiveName: name)
      for _ in 0..<16 {
        guard let next = try extractOnce(wanted, to: destination, executable) else { return }
        wanted = next
      }
      throw BuildError(
        .failed, "cannot extract '\(member)' from \(name)", reason: "its links lead in a circle")
    }
  }

  /// Unpacks the files of a Debian package (an `ar` with a `data.tar`) below `destination`.
  ///
  /// A link to a file of the package becomes that file; any other link becomes a relative one.
  public func unpackDebianPackage(to destination: FilePath) throws {
    try withUTF8Names {
      let outer = try ArchiveReader(path: path, name: name, format: .ar)
      while let member = try outer.next() {
        guard member.name.hasPrefix("data.tar") else { continue }
        let reader = try ArchiveReader(inside: outer, name: name)
        var extraction = Extraction(
          destination, archiveName: name, selected: MemberPath(components: []), isPackage: true)
        while let member = try reader.next() { try extraction.take(member, from: reader) }
        try extraction.output.makeDirectory(MemberPath(components: []))
        try extraction.finishLinks()
        guard extraction.outside.isEmpty else {
          throw extraction.output.refused("it has hard links to files that it does not have")
        }
        return
      }
      throw BuildError(
        .failed, "cannot unpack \(name)", reason: "it has no data.tar: it is not a Debian package")
    }
  }

  /// Nil when it was extracted; else the member that the wanted one is a link to.
  private func extractOnce(
    _ wanted: MemberPath, to destination: FilePath, _ executable: Bool
  ) throws -> MemberPath? {
    let reader = try ArchiveReader(path: path, name: name)
    var extraction = Extraction(destination, archiveName: name, selected: wanted)
    extraction.makesExecutable = executable
    while let member = try reader.next() {
      if let next = try extraction.take(member, from: reader) { return next }
    }
    try extraction.finishLinks()
    if !extraction.outside.isEmpty {
      let again = try ArchiveReader(path: path, name: name)
      while let member = try again.next() { try extraction.takeOutside(member, from: again) }
      try extraction.copyOutside()
    }
    if extraction.output.isEmpty { throw try missing(wanted) }
    return nil
  }

  private func missing(_ wanted: MemberPath) throws -> BuildError {
    let reader = try ArchiveReader(path: path, name: name)
    var suggestions = Suggestions(for: wanted.description)
    while let member = try reader.next() {
      if let path = member.path { suggestions.consider(path.description) }
    }
    return BuildError(
      .recipe, "\(name) has no member '\(wanted)'", reason: suggestions.summary,
      advice: suggestions.nearest.first.map { "did you mean '\($0)'?" })
  }

  /// libarchive turns names into the locale's encoding; in "C" that fails for all but ASCII.
  private func withUTF8Names(_ body: () throws -> Void) throws {
    guard let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) else { return try body() }
    let old = uselocale(locale)
    defer {
      uselocale(old)
      freelocale(locale)
    }
    try body()
  }
}

/// LC_CTYPE_MASK is a macro that Swift does not import.
private let LC_CTYPE_MASK: CInt = 1 << LC_CTYPE
