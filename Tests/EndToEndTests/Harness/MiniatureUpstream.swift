import Foundation

/// A git repository with the boot loader in miniature (Tests/MiniatureUpstream), which has iPXE's make
/// interface and compiles in about a second.
struct MiniatureUpstream: Sendable {
  let folder: String
  /// Of the tag v1.
  let commit: String

  var url: String { "file://\(folder)" }

  static let code: String = {
    let harness = (#filePath as NSString).deletingLastPathComponent
    let endToEnd = (harness as NSString).deletingLastPathComponent
    return (endToEnd as NSString).deletingLastPathComponent + "/MiniatureUpstream"
  }()

  /// Commits a copy in the site's own folder and tags it v1.
  ///
  /// - Parameter changes: Contents of files to write over it, by path below `src`.
  init(in site: Site, changes: [String: String] = [:]) async throws {
    folder = "\(site.top)/upstream"
    try FileManager.default.copyItem(atPath: Self.code, toPath: folder)
    for (path, text) in changes {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/src/\(path)"))
    }
    try await Self.git(["init", "--quiet", "--initial-branch=main"], in: folder)
    commit = try await Self.commit(in: folder, tag: "v1")
  }

  /// Commits what was changed in `folder` and tags it.
  @discardableResult
  static func commit(in folder: String, tag: String) async throws -> String {
    try await git(["add", "--all"], in: folder)
    try await git(["commit", "--quiet", "--allow-empty", "-m", tag], in: folder)
    try await git(["tag", "-a", "-m", tag, tag], in: folder)
    return try await git(["rev-parse", "HEAD"], in: folder)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @discardableResult
  static func git(_ arguments: [String], in folder: String) async throws -> String {
    try await mustRun(
      ["git"] + arguments, in: folder,
      environment: [
        "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b.c",
        "GIT_AUTHOR_DATE": "2024-05-06T07:08:09Z", "GIT_COMMITTER_DATE": "2024-05-06T07:08:09Z",
      ])
  }

  /// A recipe with the five usual targets of this upstream.
  var recipe: String {
    """
    site:
      server: 10.0.0.1
    sources:
      loader: { git: "\(url)", tag: v1, prebuilt: { deb: ipxe } }
    targets:
      chain.ipxe:
        script: |
          #!ipxe
          chain {{site.http}}/install.ipxe
      undionly.kpxe: { ipxe: bin/undionly.kpxe,        source: loader, embed: chain.ipxe }
      ipxe.efi:      { ipxe: bin-x86_64-efi/ipxe.efi,  source: loader, embed: chain.ipxe }
      ipxe32.efi:    { ipxe: bin-i386-efi/ipxe.efi,    source: loader, embed: chain.ipxe }
      usb/bios.usb:  { ipxe: bin/ipxe.usb,             source: loader, embed: chain.ipxe }
      usb/efi.usb:   { ipxe: bin-x86_64-efi/ipxe.usb,  source: loader, embed: chain.ipxe }

    """
  }
}
