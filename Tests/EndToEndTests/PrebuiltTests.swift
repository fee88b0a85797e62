import Foundation
import Testing

/// Whether apt can bring Debian's package of iPXE right now.
private let aptHasIPXE = Task<Bool, Never> {
  await
    ((try? withSite { site in
      _ = try await mustRun(
        ["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", "ipxe"], in: site.scratch)
      return true
    }) ?? false)  // any reason not to get it is a reason to skip
}

/// Debian's binaries in place of a source that cannot be reached.
@Suite(
  "Prebuilt stand-ins",
  .enabled("apt cannot fetch Debian's package ipxe here") { await aptHasIPXE.value })
struct PrebuiltTests {
  private func withUnreachableUpstream(_ body: (Site) async throws -> Void) async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      removeTree(upstream.folder)
      try await body(site)
    }
  }

  private func manifest(_ site: Site) throws -> [String: [String: Any]] {
    let bytes = try #require(site.bytes("out/.pxebuild/manifest.json"))
    let value = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
    let targets = try #require(value?["targets"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: targets.map { ($0["path"] as? String ?? "", $0) })
  }

  @Test(
    "--allow-prebuilt leaves a tree of what there is, says version and why, and names what is left out"
  )
  func standIns() async throws {
    try await withUnreachableUpstream { site in
      let run = try await site.run("all", "--allow-prebuilt")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        site.served == ["chain.ipxe", "ipxe.efi", "undionly.kpxe", "usb/bios.usb", "usb/efi.usb"])
      let because = "cannot reach the git repository file://TOP/upstream"
      let lines = run.output.split(separator: "\n").map(String.init)
      for name in ["ipxe.efi", "undionly.kpxe", "usb/bios.usb", "usb/efi.usb"] {
        #expect(
          lines.contains {
            $0.contains("prebuilt   \(name) ") && $0.contains("because \(because)")
          }, "\(name) in \(run.output)")
        let entry = try #require(try manifest(site)[name])
        #expect(entry["state"] as? String == "prebuilt")
        #expect((entry["version"] as? String)?.contains(".") == true)
        #expect((entry["because"] as? String).map(site.plain)?.contains(because) == true)
      }
      #expect(try manifest(site)["chain.ipxe"]?["state"] as? String == "made")
      #expect(
        lines.contains {
          $0.contains("skipped    ipxe32.efi ")
            && $0.contains("has no bin-i386-efi/ipxe.efi to stand in")
        }, "\(run.output)")
      #expect(lines.last?.contains("1 built, 4 prebuilt, 1 skipped") == true, "\(run.output)")
      let script = Data("chain http://10.0.0.1/install.ipxe".utf8)
      for name in ["usb/bios.usb", "usb/efi.usb"] {
        let image = try #require(site.bytes("out/\(name)"))
        #expect(
          image.count > 100_000 && image.suffix(from: 510).prefix(2) == Data([0x55, 0xaa]),
          "\(name)")
        #expect(image.range(of: script) != nil, "\(name) carries the script")
      }
      let program = try #require(site.bytes("out/ipxe.efi"))
      #expect(program.prefix(2) == Data("MZ".utf8))
    }
  }

  @Test("Two builds of stand-ins give the same bytes")
  func sameBytes() async throws {
    try await withUnreachableUpstream { site in
      #expect(try await site.run("all", "--allow-prebuilt").status == 0)
      let names = site.served
      let first = names.map { site.bytes("out/\($0)") }
      let again = try await site.run(
        "all", "--allow-prebuilt", "--output", "out2", "--cache", "cache2")
      #expect(again.status == 0)
      #expect(names.map { site.bytes("out2/\($0)") } == first)
    }
  }

  @Test("With --locked only the version that the lock file pins stands in")
  func locked() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("lock").status == 0)
      removeTree(upstream.folder)
      let whole = try #require(site.read("recipes/pxebuild.lock"))
      let package = try #require(
        whole.firstRange(of: "deb:\n"), "lock pins the stand-in, too: \(whole)")
      try site.write(String(whole[..<package.lowerBound]), to: "recipes/pxebuild.lock")
      let refused = try await site.run(
        "build", "undionly.kpxe", "--locked", "--allow-prebuilt", "-q")
      #expect(refused.status == 65, "whether the source can be reached or not")
      #expect(
        refused.errors == """
          error: the lock file does not pin the Debian package "ipxe"
           --> recipes/site.yaml:4:3
            |
          4 |   loader: { git: "file://TOP/upstream", tag: v1, prebuilt: { deb: ipxe } }
            |   ^^^^^^
            = help: pxebuild lock looks it up and writes it down

          """ + "\n")
      try site.write(whole, to: "recipes/pxebuild.lock")
      let taken = try await site.run("build", "undionly.kpxe", "--locked", "--allow-prebuilt")
      #expect(taken.status == 0, "\(taken.errors)")
      #expect(site.served == ["undionly.kpxe"])
    }
  }

  @Test("A source that can be reached again is compiled in the stand-ins' place")
  func reachableAgain() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      try FileManager.default.moveItem(atPath: upstream.folder, toPath: upstream.folder + ".away")
      #expect(try await site.run("all", "--allow-prebuilt").status == 0)
      let standIn = site.bytes("out/undionly.kpxe")
      try FileManager.default.moveItem(atPath: upstream.folder + ".away", toPath: upstream.folder)
      let run = try await site.run("all", "--allow-prebuilt")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.bytes("out/undionly.kpxe") != standIn)
      #expect(try manifest(site)["undionly.kpxe"]?["state"] as? String == "compiled")
      #expect(site.exists("out/ipxe32.efi"))
    }
  }

  @Test("A compile error is never hidden by a stand-in")
  func compileError() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site, changes: ["core/length.c": "broken\n"])
      try site.recipe(upstream.recipe)
      #expect(try await site.run("build", "undionly.kpxe", "--allow-prebuilt").status == 1)
    }
  }

  @Test("A vendored package stands in where neither apt nor its mirror are asked")
  func vendored() async throws {
    try await withUnreachableUpstream { site in
      try site.write(
        try #require(site.read("recipes/site.yaml"))
          + "  rom: { deb: ipxe, path: usr/lib/ipxe/undionly.kpxe }\n", to: "recipes/site.yaml")
      let vendor = try await site.run("vendor", "v", "rom")
      #expect(vendor.status == 0, "\(vendor.errors)")
      #expect(site.files(below: "v/packages").map { $0.suffix(4) } == [".deb", ".txt"])
      removeTree(site.cache)
      // A machine without apt: the search path of programs is fixed, so its configuration is taken away.
      let run = try await site.run(
        "build", "rom", "undionly.kpxe", "--allow-prebuilt", "--vendor", "v",
        environment: ["APT_CONFIG": "/dev/full"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.bytes("out/rom")?.count ?? 0 > 50_000)
      #expect(site.bytes("out/rom") == site.bytes("out/undionly.kpxe"))
      let package = try #require(site.files(below: "v/packages").first)
      try site.write("no package", to: "v/packages/\(package)")
      removeTree(site.cache)
      let damaged = try await site.run("build", "rom", "--vendor", "v", "-q")
      #expect(damaged.status == 1)
      #expect(
        damaged.errors.contains("/packages/\(package) is not what it was\n"), "\(damaged.errors)")
    }
  }
}
