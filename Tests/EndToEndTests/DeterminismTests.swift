import Foundation
import Testing

/// One lock file, one digest for every target, whatever the folder, user, umask, locale, number of jobs.
@Suite("The same bytes")
struct DeterminismTests {
  struct Setting: Sendable, CustomStringConvertible {
    var name: String
    var prefix: [String] = []
    var environment: [String: String] = [:]
    var arguments: [String] = []
    var needsRoot = false
    var description: String { name }
  }

  private static func umask(_ mask: String) -> [String] {
    ["/bin/sh", "-c", "umask \"$0\" && exec \"$@\"", mask]
  }

  static let settings: [Setting] = [
    Setting(name: "one job", arguments: ["-j", "1"]),
    Setting(name: "two jobs, strict umask", prefix: umask("077"), arguments: ["-j", "2"]),
    Setting(
      name: "no sandbox, loose umask", prefix: umask("000"), arguments: ["--sandbox", "off"]),
    Setting(
      name: "another language and time zone",
      environment: [
        "LANG": "de_DE.UTF-8", "LC_ALL": "C", "TZ": "Pacific/Auckland", "CFLAGS": "-O0",
        "MAKEFLAGS": "-k",
        "GITVERSION": "x", "SOURCE_DATE_EPOCH": "1", "CROSS_COMPILE": "nosuch-",
      ], arguments: ["--sandbox", "off", "-j", "1"]),
    Setting(
      name: "at the other end of the world, in another year",
      prefix: ["/usr/bin/faketime", "2031-02-03 04:05:06"],
      environment: ["LANG": "fr_FR.UTF-8", "TZ": "Pacific/Kiritimati"], arguments: ["-j", "4"]),
    Setting(
      name: "on another host, no sandbox",
      prefix: [
        "/usr/bin/unshare", "--uts", "/bin/sh", "-c", "hostname elsewhere && exec \"$@\"", "sh",
      ], arguments: ["--sandbox", "off"], needsRoot: true),
    Setting(name: "nobody", prefix: Site.nobody, needsRoot: true),
    Setting(
      name: "nobody without sandbox", prefix: Site.nobody,
      arguments: ["--sandbox", "off", "-j", "2"], needsRoot: true),
  ]

  @Test("Every setting gives the digests of the plain one")
  func everySetting() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("lock").status == 0)
      #expect(try await site.run("all", "--locked").status == 0)
      let expected = digests(site)
      #expect(expected.count == 6)
      let usable = Self.settings.filter { Binary.isRoot || !$0.needsRoot }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, setting) in usable.enumerated() {
          group.addTask {
            let other = try site.sibling("folder \(index)")
            try FileManager.default.copyItem(
              atPath: "\(site.recipes)/site.yaml", toPath: "\(other.recipes)/site.yaml")
            try FileManager.default.copyItem(
              atPath: "\(site.recipes)/pxebuild.lock", toPath: "\(other.recipes)/pxebuild.lock")
            for name in ["out", "cache"] {
              try other.makeFolder(name)
              chmod("\(other.folder)/\(name)", 0o777)
            }
            let run = try await other.run(
              ["all", "--locked"] + setting.arguments, prefix: setting.prefix,
              environment: setting.environment)
            #expect(run.status == 0, "\(setting): \(run.errors)")
            let made = digests(other)
            #expect(made.keys.sorted() == expected.keys.sorted(), "\(setting)")
            for (name, bytes) in made {
              #expect(bytes == expected[name], "\(setting): \(name)")
            }
            for name in other.served {
              var status = stat()
              lstat("\(other.output)/\(name)", &status)
              #expect(status.st_mode & 0o7777 == 0o644, "\(setting): \(name) can be served")
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  /// A file system that lists every folder in another order each time; nil where FUSE cannot be used.
  private static func mountShuffled(_ folder: String, at place: String) async -> Bool {
    mkdir(place, 0o755)
    let mounted = try? await mustRun(
      ["disorderfs", "--quiet", "--multi-user=no", "--shuffle-dirents=yes", folder, place], in: "/")
    return mounted != nil
  }

  @Test("Recipes and cache on a disk that lists its folders in another order each time")
  func shuffled() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe + "  many: { file: many }\n")
      for index in 0..<40 { try site.write("\(index)", to: "recipes/many/\(index % 7)/\(index)") }
      #expect(try await site.run("lock").status == 0)
      #expect(try await site.run("all", "--locked", "--records", "beside").status == 0)
      let other = try site.sibling("plain")
      try await mustRun(["cp", "-a", "recipes", other.folder], in: site.folder)
      let shuffled = Site(top: site.top, folder: "\(site.top)/shuffled")
      guard await Self.mountShuffled(other.folder, at: shuffled.folder) else {
        #expect(!FileManager.default.fileExists(atPath: "/dev/fuse") || !Binary.isRoot)
        return print("skipped: this machine mounts no FUSE file systems")
      }
      let run: Run
      do {
        run = try await shuffled.run("all", "--locked", "--records", "beside")
      } catch {
        try await mustRun(["fusermount", "-u", shuffled.folder], in: "/")
        throw error
      }
      try await mustRun(["fusermount", "-u", shuffled.folder], in: "/")
      #expect(run.status == 0, "\(run.errors)")
      #expect(other.read("out-records/SHA256SUMS") == site.read("out-records/SHA256SUMS"))
      #expect(other.read("out-records/manifest.json") == site.read("out-records/manifest.json"))
    }
  }

  private func digests(_ site: Site) -> [String: Data] {
    Dictionary(uniqueKeysWithValues: site.served.map { ($0, site.bytes("out/\($0)") ?? Data()) })
  }

  @Test("A target alone has the bytes that it has among all")
  func alone() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all").status == 0)
      for name in ["usb/bios.usb", "ipxe32.efi"] {
        let run = try await site.run("build", name, "--output", "alone", "--cache", "cache2")
        #expect(run.status == 0, "\(run.errors)")
        #expect(site.bytes("alone/\(name)") == site.bytes("out/\(name)"), "\(name)")
      }
    }
  }

  @Test(
    "What a cache has learned from other builds changes no byte", arguments: ["config", "debug"])
  func learned(option: String) async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      let value = option == "config" ? "{ general.h: { SOMETHING: true } }" : "[print]"
      let changed = upstream.recipe.replacingOccurrences(
        of: "source: loader,", with: "source: loader, \(option): \(value),")
      let cold = try site.sibling("cold")
      try cold.recipe(changed)
      #expect(try await cold.run("all").status == 0)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all").status == 0)
      try site.recipe(changed)
      #expect(try await site.run("all").status == 0)
      for (name, bytes) in digests(cold) { #expect(site.bytes("out/\(name)") == bytes, "\(name)") }
    }
  }

  @Test("Plain make, given the same values, makes the same bytes of all five")
  func plainMake() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all").status == 0)
      let clone = "\(site.top)/plain"
      try await mustRun(["git", "clone", "--quiet", upstream.folder, clone], in: site.top)
      try await PlainMake(
        folder: clone, commit: upstream.commit, site: site, makeArguments: []
      ).expectEqual()
    }
  }
}

/// Builds a site's compiled targets with upstream's own make and compares.
struct PlainMake {
  let folder: String
  let commit: String
  let site: Site
  let makeArguments: [String]

  /// In the order in which they share objects.
  static let targets = [
    ("undionly.kpxe", "bin/undionly.kpxe"), ("usb/bios.usb", "bin/ipxe.usb"),
    ("ipxe.efi", "bin-x86_64-efi/ipxe.efi"), ("usb/efi.usb", "bin-x86_64-efi/ipxe.usb"),
    ("ipxe32.efi", "bin-i386-efi/ipxe.efi"),
  ]

  func expectEqual() async throws {
    let time = try await mustRun(["git", "show", "-s", "--format=%ct", commit], in: folder)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let script = "\(site.top)/chain.ipxe"
    try (site.bytes("out/chain.ipxe") ?? Data()).write(to: URL(fileURLWithPath: script))
    for (name, goal) in Self.targets {
      let product = try #require(site.bytes("out/\(name)"), "\(name) is in the tree")
      let hash = try await mustRun(["sha256sum", "out/\(name)"], in: site.folder).prefix(64)
      // The cache notes with which build id it linked what.
      let buildID = try #require(site.read("cache/build-ids/\(hash)"), "the build id of \(name)")
        .trimmingCharacters(in: .whitespacesAndNewlines)
      try await mustRun(
        [
          "make", "-C", "src", goal, "EMBED=\(script)", "GITVERSION=\(commit)",
          "BUILD_ID_CMD=echo \(buildID)",
        ] + makeArguments, in: folder, environment: ["SOURCE_DATE_EPOCH": time, "TZ": "UTC"])
      let made = FileManager.default.contents(atPath: "\(folder)/src/\(goal)")
      #expect(made == product, "\(name) is byte for byte what make makes")
    }
  }
}
