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

  private static let elsewhere = [
    "/usr/bin/unshare", "--uts", "/bin/sh", "-c", "hostname elsewhere && exec \"$@\"", "sh",
  ]

  /// Each is another folder as well. `faketime` comes after what changes the user.
  static let settings: [Setting] = [
    Setting(name: "one job, in the sandbox", arguments: ["-j", "1", "--sandbox", "auto"]),
    Setting(
      name: "four jobs, strict umask", prefix: umask("077"),
      environment: ["LANG": "C", "TZ": "UTC"], arguments: ["-j", "4"]),
    Setting(
      name: "no sandbox, loose umask", prefix: umask("000"), arguments: ["--sandbox", "off"]),
    Setting(
      name: "another language and time zone, and variables that make knows",
      environment: [
        "LANG": "de_DE.UTF-8", "LC_ALL": "C", "TZ": "Pacific/Auckland", "CFLAGS": "-O0",
        "MAKEFLAGS": "-k", "GITVERSION": "x", "SOURCE_DATE_EPOCH": "1", "CROSS_COMPILE": "nosuch-",
      ], arguments: ["--sandbox", "off", "-j", "1"]),
    Setting(
      name: "at the other end of the world, in another year, in French",
      prefix: ["/usr/bin/faketime", "2031-02-03 04:05:06"],
      environment: ["LANG": "fr_FR.UTF-8", "TZ": "Pacific/Kiritimati"], arguments: ["-j", "4"]),
    Setting(
      name: "on another host, no sandbox", prefix: elsewhere, arguments: ["--sandbox", "off"],
      needsRoot: true),
    Setting(name: "nobody", prefix: umask("022") + Site.nobody, needsRoot: true),
    Setting(
      name: "everything at once",
      prefix: elsewhere + umask("077") + Site.nobody + [
        "/usr/bin/faketime", "1999-12-31 23:59:58",
      ],
      environment: ["LANG": "fr_FR.UTF-8", "LC_ALL": "fr_FR.UTF-8", "TZ": "Pacific/Kiritimati"],
      arguments: ["--sandbox", "off", "-j", "2"], needsRoot: true),
  ]

  /// A language that the machine may lack, compiled for these tests: a variable alone that names it does nothing.
  private func french(_ site: Site) async throws -> [String: String] {
    let folder = "\(site.top)/locales"
    mkdir(folder, 0o755)
    try await mustRun(
      ["localedef", "-i", "fr_FR", "-f", "UTF-8", "\(folder)/fr_FR.UTF-8"], in: site.top)
    return ["LOCPATH": folder]
  }

  @Test("Every setting gives each target, config and record of the shipped recipes the same bytes")
  func everySetting() async throws {
    try await withSite { site in
      let shipped = try await ShippedSite(in: site)
      let french = try await french(site)
      let command = ["all", "--locked", "--records", "beside"]
      let plain = try await site.run(command, environment: ShippedSite.environment)
      #expect(plain.status == 0, "\(plain.errors)")
      let expected = site.everything()
      #expect(expected.keys.count { $0.hasPrefix("out/") } == ShippedSite.targetCount)
      for name in ["out/usb/stick.img", "out-conf/nginx.conf", "out-records/sbom.cdx.json"] {
        #expect(expected[name] != nil, "\(name)")
      }
      let usable = Self.settings.filter { Binary.isRoot || !$0.needsRoot }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, setting) in usable.enumerated() {
          group.addTask {
            let other = try await shipped.sibling("folder-\(index)")
            var environment = ShippedSite.environment.merging(setting.environment) { $1 }
            if setting.name.contains("French") || setting.name.contains("everything") {
              environment.merge(french) { $1 }
            }
            let run = try await other.run(
              command + setting.arguments, prefix: setting.prefix, environment: environment)
            #expect(run.status == 0, "\(setting): \(run.errors)")
            let made = other.everything()
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
      let shipped = try await ShippedSite(in: site)
      for index in 0..<40 { try site.write("\(index)", to: "recipes/many/\(index % 7)/\(index)") }
      try site.write("targets:\n  many: { file: many }\n", to: "recipes/many.yaml")
      let command = ["all", "--locked", "--records", "beside"]
      let plain = try await site.run(command, environment: ShippedSite.environment)
      #expect(plain.status == 0, "\(plain.errors)")
      let other = try await shipped.sibling("plain")
      let shuffled = Site(top: site.top, folder: "\(site.top)/shuffled")
      guard await Self.mountShuffled(other.folder, at: shuffled.folder) else {
        #expect(!FileManager.default.fileExists(atPath: "/dev/fuse") || !Binary.isRoot)
        return print("skipped: this machine mounts no FUSE file systems")
      }
      let run: Run
      do {
        run = try await shuffled.run(command, environment: ShippedSite.environment)
      } catch {
        try await mustRun(["fusermount", "-u", shuffled.folder], in: "/")
        throw error
      }
      try await mustRun(["fusermount", "-u", shuffled.folder], in: "/")
      #expect(run.status == 0, "\(run.errors)")
      let (expected, made) = (
        site.everything(), Site(top: site.top, folder: other.folder).everything()
      )
      #expect(made.keys.sorted() == expected.keys.sorted())
      for (name, bytes) in made
      where !["nginx.conf", "apache2.conf", "tftpd-hpa"].contains(
        (name as NSString).lastPathComponent)
      {
        #expect(bytes == expected[name], "\(name)")
      }
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
