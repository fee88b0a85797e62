import RemoteExecutionAPI
import SwiftProtobuf
import Testing

@testable import BuildEngine

struct StoredDirectoryTests {
  private static let blob = Digest(of: Array("abc".utf8))

  private static let entries: [String: StoredArtifact] = [
    "z": .file(blob, executable: false), "a": .file(blob, executable: true),
    "B": .directory(blob), "é": .symlink(target: "../x y"), "nl\n": .file(blob, executable: false),
  ]

  @Test("comes back as it was")
  func roundTrip() throws {
    let directory = StoredDirectory(entries: Self.entries)
    #expect(try StoredDirectory(decoding: directory.encoded()) == directory)
    #expect(try StoredDirectory(decoding: []) == StoredDirectory())
  }

  @Test("has the same bytes whatever the order in which entries were added")
  func stableBytes() throws {
    let bytes = try StoredDirectory(entries: Self.entries).encoded()
    for _ in 0..<20 {
      var shuffled = StoredDirectory()
      for (name, artifact) in Self.entries.shuffled() { shuffled.entries[name] = artifact }
      #expect(try shuffled.encoded() == bytes)
    }
    #expect(
      Digest(of: bytes).hex == "24047733e5194b55091ab33f4866c928a5809a2b71ff9f8af742ef37a575a0e7")
  }

  @Test("sorts names by their bytes, as REAPI demands")
  func sortsNames() throws {
    var directory = StoredDirectory()
    for name in ["b", "é", "a", "Z", "a-", "aa"] {
      directory.entries[name] = .file(Self.blob, executable: false)
    }
    let message = try REAPIDirectory(serializedBytes: directory.encoded())
    #expect(message.files.map(\.name) == ["Z", "a", "a-", "aa", "b", "é"])
  }

  @Test(
    "refuses a name that no file can have",
    arguments: [
      ("", ""), (".", "."), ("..", ".."), ("a/b", "a/b"), ("/etc", "/etc"), ("a\0b", "a\\u{0}b"),
    ])
  func refusesNames(name: String, shown: String) async throws {
    let message = REAPIDirectory.with {
      $0.symlinks = [.with { $0.name = name }]
    }
    let bytes: [UInt8] = try message.serializedBytes()
    #expect(
      await errorText { _ = try StoredDirectory(decoding: bytes) } == """
        error: a stored directory has an entry named "\(shown)"
          fix: run pxebuild cache verify
        """)
  }

  @Test("refuses two entries of one name")
  func refusesDuplicates() async throws {
    let message = REAPIDirectory.with {
      $0.files = [
        .with {
          $0.name = "x"
          $0.digest = REAPIDigest(Self.blob)
        }
      ]
      $0.symlinks = [.with { $0.name = "x" }]
    }
    let bytes: [UInt8] = try message.serializedBytes()
    #expect(
      await errorText { _ = try StoredDirectory(decoding: bytes) } == """
        error: a stored directory has two entries named "x"
          fix: run pxebuild cache verify
        """)
  }

  @Test("refuses bytes that are no directory message")
  func refusesOtherBytes() async {
    #expect(
      await errorText { _ = try StoredDirectory(decoding: [0xff, 0xff, 0xff]) } == """
        error: a stored directory cannot be read
          why: its bytes are not those of a REAPI Directory message
          fix: run pxebuild cache verify
        """)
  }

  @Test("refuses a digest that is no SHA-256")
  func refusesDigest() async throws {
    let message = REAPIDirectory.with {
      $0.files = [
        .with {
          $0.name = "x"
          $0.digest = .with { $0.hash = "12" }
        }
      ]
    }
    let bytes: [UInt8] = try message.serializedBytes()
    #expect(
      await errorText { _ = try StoredDirectory(decoding: bytes) } == """
        error: a stored message names the digest "12"
          why: that is not a SHA-256
          fix: run pxebuild cache verify
        """)
  }
}
