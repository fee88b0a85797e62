import BuildEngine
import Foundation
import SystemPackage
import Testing

@testable import BuiltIns

@Suite("Debian packages")
struct DebianTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// A package of our own, made with dpkg-deb.
  private func makePackage(compression: String = "xz") async throws -> DebianPackage {
    let root = bench.folder.appending("package")
    for folder in ["DEBIAN", "boot", "usr/lib/x"] {
      try FileSystem.createDirectories(root.pushing(FilePath(folder)))
    }
    try FileSystem.replace(
      root.pushing("DEBIAN/control"),
      with: """
        Package: x-test
        Version: 1:2.0-3
        Architecture: all
        Maintainer: A <a@example.org>
        Description: test

        """.utf8)
    try FileSystem.replace(root.pushing("boot/x.efi"), with: "efi\n".utf8)
    try FileSystem.replace(root.pushing("usr/lib/x/run"), with: "run\n".utf8, mode: 0o755)
    try FileSystem.createSymlink(root.pushing("usr/lib/x/x.efi"), target: "/boot/x.efi")
    try FileSystem.createSymlink(root.pushing("usr/lib/x/again"), target: "x.efi")
    try FileSystem.createSymlink(root.pushing("usr/lib/x/boot"), target: "/boot")
    try FileSystem.createSymlink(root.pushing("usr/lib/x/elsewhere"), target: "/etc/other")
    let file = bench.folder.appending("x.deb")
    try await tool(
      "dpkg-deb", ["-Z\(compression)", "--root-owner-group", "-b", root.string, file.string])
    let digest = try ContentStore.digest(ofFile: file)
    return DebianPackage(
      name: "x-test", version: "1:2.0-3", architecture: "all", sha256: digest.hex,
      size: digest.size, url: "file://\(file)")
  }

  private func fetch(_ package: DebianPackage) async throws -> FilePath {
    try await bench.run(
      "deb-fetch", [:], inputs: ["package.txt": try bench.insert(Array(package.text.utf8))])
  }

  @Test(
    "a package is unpacked without dpkg; links to its files become files",
    arguments: ["xz", "gzip", "zstd", "none"])
  func unpack(_ compression: String) async throws {
    let package = try await makePackage(compression: compression)
    #expect(
      try listing(try await fetch(package)) == [
        "files/", "files/boot/", "files/boot/x.efi: efi\n", "files/usr/", "files/usr/lib/",
        "files/usr/lib/x/", "files/usr/lib/x/again: efi\n", "files/usr/lib/x/boot -> ../../../boot",
        "files/usr/lib/x/elsewhere -> ../../../etc/other", "files/usr/lib/x/run x: run\n",
        "files/usr/lib/x/x.efi: efi\n", "version: 1:2.0-3\n\(package.sha256)\n",
      ])
  }

  @Test("a package of another digest is refused")
  func wrongDigest() async throws {
    var package = try await makePackage()
    let right = package.sha256
    package.sha256 = String(repeating: "0", count: 64)
    #expect(
      await bench.failure { try await fetch(package) } == """
        error: file://FOLDER/x.deb is not the file that the recipe pins
          why: expected sha256 \(package.sha256)
               got      sha256 \(right) (\(package.size) bytes)
          fix: compare with the digest its publisher gives; if the file was meant to change, write the new digest into the recipe
        """)
  }

  @Test("what is not a Debian package says so")
  func noPackage() async throws {
    let file = bench.folder.appending("x.deb")
    try FileSystem.replace(file, with: "!<arch>\n".utf8)
    let digest = try ContentStore.digest(ofFile: file)
    let package = DebianPackage(
      name: "x-test", version: "1", architecture: "all", sha256: digest.hex, size: digest.size,
      url: "file://\(file)")
    #expect(
      await bench.failure { try await fetch(package) } == """
        error: cannot unpack x-test_1.deb
          why: it has no data.tar: it is not a Debian package
        """)
  }

  @Test("a locked package that was resolved before needs no apt")
  func remembered() async throws {
    let package = try await makePackage()
    try PackageMemory(cacheDirectory: bench.cache).remember(package)
    let output = try await bench.run(
      "deb-resolve",
      [
        "package": "x-test", "locked": "true", "locked-version": package.version,
        "locked-sha256": package.sha256,
      ], isOffline: true)
    #expect(try text(output.appending("package.txt")) == package.text)
    #expect(DebianPackage(text: package.text) == package)
  }

  @Test("names that are none, and packages that nobody has")
  func unknown() async throws {
    #expect(
      await bench.failure {
        try await bench.run("deb-resolve", ["package": "--option", "locked": "false"])
      } == """
        error: '--option' is not a name of a Debian package
          fix: package names have lower-case letters, digits, '+', '-' and '.'
        """)
    #expect(
      await bench.failure {
        try await bench.run(
          "deb-resolve", ["package": "pxebuild-no-such-package", "locked": "false"],
          isOffline: true)
      } == """
        error: cannot get the Debian package pxebuild-no-such-package
          why: apt knows no package of that name
          fix: check the name, the network and /etc/apt/sources.list (on Ubuntu: is 'universe' on?)
        """)
  }

  @Test(
    "the machine's own ipxe package is resolved, fetched and unpacked", .enabled(if: aptHasIPXE))
  func ipxe() async throws {
    let resolved = try await bench.run("deb-resolve", ["package": "ipxe", "locked": "false"])
    let text = try text(resolved.appending("package.txt"))
    let package = try #require(DebianPackage(text: text))
    let output = try await fetch(package)
    for name in ["undionly.kpxe", "snponly.efi", "ipxe.efi", "ipxe.lkrn"] {
      let file = output.pushing(FilePath("files/usr/lib/ipxe/\(name)"))
      #expect(try FileIdentity.of(file)?.kind == .regular, "\(name)")
    }
    let zeros = String(repeating: "0", count: 64)
    let message = await bench.failure {
      try await bench.run(
        "deb-resolve",
        ["package": "ipxe", "locked": "true", "locked-version": "0.1", "locked-sha256": zeros],
        isOffline: true)
    }
    #expect(
      message == """
        error: the locked version of the Debian package ipxe is not to be had
          why: the lock file pins 0.1, sha256 \(zeros)
               apt offers         \(package.version), sha256 \(package.sha256)
          fix: take what apt offers with pxebuild lock --update, or build where the locked one is
        """)
  }
}

/// True when this machine's apt knows where to get the ipxe package, and the place answers.
private let aptHasIPXE: Bool = {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/apt-get")
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "pxebuild-apt-\(UUID().uuidString)")
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }  // litter in /tmp fails no test
    process.arguments = ["download", "-qq", "ipxe"]
    process.currentDirectoryURL = folder
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  } catch {
    return false
  }
}()
