import Testing

@testable import BuildEngine
@testable import pxebuild

@Suite("Texts of records")
struct RecordTextTests {
  private static let manifest: Manifest = {
    var efi = Manifest.Target(
      path: "ipxe.efi", rule: "ipxe", state: .compiled,
      files: [.init(path: "ipxe.efi", sha256: String(repeating: "1", count: 64), size: 5)])
    efi.sources = ["git https://github.com/ipxe/ipxe.git c0ffee"]
    efi.tools = ["gcc 222222222222"]
    var manifest = Manifest(targets: [
      efi,
      Manifest.Target(
        path: "x\ny\\z", rule: "file", state: .made,
        files: [
          .init(
            path: "x\ny\\z/run", sha256: String(repeating: "3", count: 64), size: 1,
            executable: true),
          .init(path: "x\ny\\z/link", link: "run"),
        ]),
    ])
    manifest.sources = [
      "git https://github.com/ipxe/ipxe.git c0ffee": .init(
        .git, name: "ipxe", url: "https://github.com/ipxe/ipxe.git", reference: "v2.0.0",
        commit: "c0ffee")
    ]
    manifest.tools = [
      "gcc 222222222222": .init(
        name: "gcc", sha256: String(repeating: "2", count: 64), package: "gcc-12", version: "12.2.0"
      )
    ]
    return manifest
  }()

  @Test("checksums are written as coreutils reads them, odd names escaped")
  func checksums() {
    #expect(
      ChecksumList(Self.manifest, others: [("a", [])]).text == """
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a
        \(String(repeating: "1", count: 64))  ipxe.efi
        \\\(String(repeating: "3", count: 64))  x\\ny\\\\z/run

        """)
  }

  @Test("the published manifest is one that verify --against reads")
  func published() throws {
    try withTemporaryFolder { folder in
      let text = PublishedManifest(Self.manifest).json.prettyText
      try FileSystem.replace(folder.appending("manifest.json"), with: text.utf8)
      #expect(try Manifest.load(folder.appending("manifest.json")).targets.count == 2)
      #expect(text.contains("\"mode\": \"0755\",\n"))
    }
  }

  @Test("package URLs name a source as the specification says")
  func packageURLs() {
    func url(_ source: Manifest.Source) -> String? { source.packageURL }
    #expect(
      url(.init(.git, name: "iPXE", url: "https://github.com/iPXE/iPXE.git", commit: "c0ffee"))
        == "pkg:github/ipxe/ipxe@c0ffee")
    #expect(
      url(.init(.git, name: "x", url: "git://host/x.git", commit: "c0ffee"))
        == "pkg:generic/x?vcs_url=git%2Bgit%3A%2F%2Fhost%2Fx.git%40c0ffee")
    #expect(
      url(.init(.download, name: "a b", url: "https://h/a%20b", sha256: "12"))
        == "pkg:generic/a%20b?checksum=sha256:12&download_url=https%3A%2F%2Fh%2Fa%2520b")
    #expect(
      url(.init(.package, name: "ipxe", version: "1.0.0+git-1"))
        == "pkg:deb/debian/ipxe@1.0.0%2Bgit-1")
    #expect(url(.init(.file, name: "x")) == nil)
  }

  @Test("pretty JSON is the same value with a line for each member")
  func pretty() {
    let value = JSON.object([
      "a": .array([]), "b": .object([:]), "c": .array([.integer(1), .object(["d": .null])]),
    ])
    #expect(
      value.prettyText == """
        {
          "a": [],
          "b": {},
          "c": [
            1,
            {
              "d": null
            }
          ]
        }
        """)
  }
}
