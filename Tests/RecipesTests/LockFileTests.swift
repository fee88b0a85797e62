import Testing

@testable import Recipes

@Suite struct LockFileTests {
  private static let commit = "12798ec29aa8a64d8675c4378b99f5fe28447afb"
  private static let digest = String(repeating: "0a", count: 32)

  private static var full: LockFile {
    var lock = LockFile()
    lock.pin(.init(url: "https://b.org/x.git", reference: .branch("m\"ain-é"), commit: commit))
    lock.pin(.init(url: "https://a.org/x.git", reference: .tag("v1"), commit: commit))
    lock.pin(.init(url: "https://a.org/x?y=1 2", sha256: digest, size: 12))
    lock.pin(.init(url: "https://a.org/w", sha256: digest))
    lock.pin(.init(package: "ipxe", version: "1:2.0~a+b", sha256: digest, architecture: "all"))
    return lock
  }

  @Test("What is written is read back, in one order")
  func roundTrip() throws {
    let text = Self.full.serialised()
    #expect(
      text
        == """
        # Written by `pxebuild lock`. Commit it: it says which bytes the recipes mean.
        format: 1
        git:
          - url: https://a.org/x.git
            tag: v1
            commit: \(Self.commit)
          - url: https://b.org/x.git
            branch: "m\\"ain-é"
            commit: \(Self.commit)
        url:
          - url: https://a.org/w
            sha256: "\(Self.digest)"
          - url: "https://a.org/x?y=1 2"
            sha256: "\(Self.digest)"
            size: 12
        deb:
          - package: ipxe
            version: "1:2.0~a+b"
            architecture: all
            sha256: "\(Self.digest)"

        """.replacing("\"\(Self.digest)\"", with: Self.digest)
        .replacing("\"1:2.0~a+b\"", with: "1:2.0~a+b"))
    #expect(try LockFile.parse(Array(text.utf8), name: "pxebuild.lock") == Self.full)
  }

  @Test("An absent or empty lock file pins nothing")
  func absent() throws {
    #expect(try LockFile.load("/nonexistent/pxebuild.lock") == LockFile())
    #expect(try LockFile.parse([], name: "x") == LockFile())
  }

  @Test("An entry answers for its own repository and reference only")
  func stale() {
    let lock = Self.full
    #expect(lock.resolves(.git(url: "https://a.org/x.git", .tag("v1"))))
    #expect(!lock.resolves(.git(url: "https://a.org/x.git", .branch("v1"))))
    #expect(!lock.resolves(.git(url: "https://a.org/x.git", .tag("v2"))))
    #expect(!lock.resolves(.git(url: "https://a.org/y.git", .tag("v1"))))
    #expect(lock.resolves(.git(url: "https://a.org/y.git", .commit(Self.commit))))
    #expect(lock.resolves(.url("https://a.org/w", mirrors: ["https://m.org/w"])))
    #expect(!lock.resolves(.deb(package: "syslinux")))
  }

  @Test("Entries are replaced, removed and kept by request")
  func edit() {
    var lock = Self.full
    let other = String(repeating: "f", count: 40)
    lock.pin(.init(url: "https://a.org/x.git", reference: .tag("v1"), commit: other))
    #expect(lock.git.count == 2)
    #expect(lock.commit(url: "https://a.org/x.git", .tag("v1")) == other)
    lock.unpin(.git(url: "https://a.org/x.git", .tag("v1")))
    #expect(lock.git.count == 1)
    lock.keepOnly([.url("https://a.org/w", mirrors: ["x"])])
    #expect(lock.git.isEmpty && lock.packages.isEmpty)
    #expect(lock.downloads.map(\.url) == ["https://a.org/w"])
  }

  private func errors(_ text: String) -> String {
    do {
      _ = try LockFile.parse(Array(text.utf8), name: "recipes/pxebuild.lock")
      return "(no error)"
    } catch {
      return error.rendered()
    }
  }

  @Test("A lock file of a newer pxebuild is refused before anything else is looked at")
  func newer() {
    #expect(
      errors("format: 2\nwhatever: 1\n") == """
        error: the lock file has format 2, this pxebuild reads up to 1
         --> recipes/pxebuild.lock:1:9
          |
        1 | format: 2
          |         ^
          = help: use the pxebuild that wrote it, or a newer one
        """)
  }

  @Test("A damaged lock file is refused with every fault")
  func damaged() {
    #expect(
      errors(
        "git:\n  - url: x\n    tag: v1\n    commit: 12\n  - url: y\n    commit: \(Self.commit)\n")
          == """
          error: the lock file lacks the key "format"
           --> recipes/pxebuild.lock:1:1
            |
          1 | git:
            | ^
            = help: format: The version of the file's format.

          error: a commit is named by 40 hexadecimal digits, found "12"
           --> recipes/pxebuild.lock:4:13
            |
          4 |     commit: 12
            |             ^^
            = help: git rev-parse prints all of them; a tag or branch has a key of its own

          error: an entry has either a tag or a branch
           --> recipes/pxebuild.lock:5:5
            |
          5 |   - url: y
            |     ^
          """)
    #expect(errors("<<<<<<< HEAD\n").hasPrefix("error: recipes/pxebuild.lock is not a lock file"))
  }
}
