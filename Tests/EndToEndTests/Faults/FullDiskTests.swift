import Foundation
import Testing

/// The disk is full at every stage of the work: whatever the moment, the message names the disk, the old tree
/// is served, and the next run with room finishes the job.
@Suite(
  "Full disks", .serialized, .enabled(if: Binary.isRoot, "mounting a small disk needs root"))
struct FullDiskTests {
  /// Targets that are made in different ways, by the rule that makes them.
  private static let rules = ["fetch", "ipxe", "iso", "image", "winpe", "file"]

  private func recipe(_ rule: String, _ site: Site, _ server: FileServer) async throws -> String {
    switch rule {
    case "fetch": return "  made: { fetch: \"\(server.url)/data\" }\n"
    case "ipxe":
      let upstream = try await MiniatureUpstream(in: site)
      return "  made: { ipxe: bin/undionly.kpxe, source: loader }\n"
        + "sources:\n  loader: { git: \"\(upstream.url)\", tag: v1 }\n"
    case "iso":
      for index in 0..<20 { try site.write(Self.noise(20_000, index), to: "source/f\(index)") }
      try await mustRun(
        ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", "image.iso", "source"], in: site.folder)
      return "  made: { iso: ../image.iso }\n"
    case "image":
      let program = WindowsMedia.program(Self.noise(100_000, 1).base64EncodedString())
      try site.write(program, to: "recipes/ipxe.efi")
      return "  ipxe.efi: { file: ipxe.efi }\n  made: { image: { x64: ipxe.efi } }\n"
    case "winpe":
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 200)
      return "  made: { winpe: ../boot.wim, image: 1, arch: amd64 }\n"
    default:
      for index in 0..<40 {
        try site.write(Self.noise(10_000, index), to: "recipes/data/f\(index)")
      }
      return "  made: { file: data }\n"
    }
  }

  private static func noise(_ count: Int, _ seed: Int) -> Data {
    WindowsMedia.noise(count, seed: seed)
  }

  @Test("The cache's disk, for every rule that writes there", arguments: rules)
  func cache(rule: String) async throws {
    var random = SeededRandom("a full disk under the cache, \(rule)")
    let server = try FileServer(["/data": Self.noise(400_000, 9)])
    defer { server.stop() }
    try await withSite { site in
      let made = try await recipe(rule, site, server)
      try site.recipe("targets:\n  a: { script: old }\n")
      #expect(try await site.run("all", "-q", "--cache", "roomy").status == 0)
      try site.recipe("targets:\n  a: { script: new }\n" + made)
      let whole = try await site.run("all", "-q", "--cache", "roomy", "--output", "expected")
      #expect(whole.status == 0, "\(whole.errors)")
      let expected = site.files(below: "expected").filter { !$0.hasPrefix(".pxebuild/") }
      let need = try await diskUse(of: "roomy", site)
      var failures = 0
      let shares = FaultRounds.some(of: [0.15, 0.35, 0.55, 0.75, 0.95])
      for share in shares {
        let room = Int(Double(need) * share * Double.random(in: 0.8...1.1, using: &random)) + 40
        try await site.withSmallDisk(at: "cache", kilobytes: room) {
          let place = "\(rule) with \(room) of \(need) kB"
          let full = try await site.run("all", "-q")
          if full.status != 0 {
            failures += 1
            #expect(full.status == 73, "\(place): \(full.errors)")
            #expect(full.errors.contains("No space left on device"), "\(place): \(full.errors)")
            #expect(
              full.errors.contains(#/free some space on|make room on the disk/#),
              "\(place): \(full.errors)")
            // The last notes may lack room when the tree is done.
            let isOld = site.served == ["a"] && site.read("out/a") == "old"
            #expect(isOld || site.served == expected && site.read("out/a") == "new", "\(place)")
            #expect(site.files(below: "cache/work") == [], "\(place)")
          }
          try await mustRun(
            ["mount", "-o", "remount,size=64m", "\(site.folder)/cache"], in: site.folder)
          let healed = try await site.run("all", "-q")
          #expect(healed.status == 0, "\(place): \(healed.errors)")
          #expect(site.served == expected, "\(place)")
          for name in expected {
            #expect(
              site.bytes("out/\(name)") == site.bytes("expected/\(name)"), "\(place): \(name)")
          }
          let verify = try await site.run("verify")
          #expect(verify.status == 0, "\(place): \(verify.output)")
        }
        // The next one starts with the old tree.
        removeTree(site.output)
        try site.recipe("targets:\n  a: { script: old }\n")
        #expect(try await site.run("all", "-q", "--cache", "roomy").status == 0)
        try site.recipe("targets:\n  a: { script: new }\n" + made)
      }
      #expect(failures > 0, "\(rule)")
      print(
        "a full disk under the cache, \(rule): \(failures) of \(shares.count) rooms were too small")
    }
  }

  /// In kilobytes.
  private func diskUse(of folder: String, _ site: Site) async throws -> Int {
    let line = try await mustRun(["du", "-sk", folder], in: site.folder)
    return Int(line.prefix { $0 != "\t" }) ?? 0
  }

  /// Where else pxebuild writes.
  private static let places = ["out", "out-conf", "out-records", "vendored", "exported"]

  @Test(
    "The disk of the tree, the configs, the records, vendored sources, an export", arguments: places
  )
  func place(name: String) async throws {
    let server = try FileServer(["/data": Self.noise(60_000, 9)])
    defer { server.stop() }
    try await withSite { site in
      let faults = FaultSite(site, try await MiniatureUpstream(in: site))
      try faults.write(1)
      var failures = 0
      #expect(try await site.run("fetch", "-q").status == 0)
      let rooms = FaultRounds.some(of: [8, 16, 32, 64, 128, 192])
      for room in rooms {
        try await site.withSmallDisk(at: name, kilobytes: room) {
          let place = "\(name) of \(room) kB"
          let full = try await work(name, site)
          if full.status != 0 {
            failures += 1
            #expect(full.status == 73, "\(place): \(full.errors)")
            #expect(full.errors.contains("No space left on device"), "\(place): \(full.errors)")
          }
          try await mustRun(
            ["mount", "-o", "remount,size=16m", "\(site.folder)/\(name)"], in: site.folder)
          let healed = try await work(name, site)
          #expect(healed.status == 0, "\(place): \(healed.errors)")
          #expect(!site.files(below: name).contains { $0.hasSuffix(".tmp") }, "\(place)")
          if name.hasPrefix("out") {
            let verify = try await site.run("verify", "--skip-cache")
            #expect(verify.status == 0, "\(place): \(verify.output)\(verify.errors)")
          }
        }
      }
      #expect(failures > 0, "\(name)")
      print("a full disk under \(name): \(failures) of \(rooms.count) rooms were too small")
    }
  }

  private func work(_ name: String, _ site: Site) async throws -> Run {
    switch name {
    case "vendored": return try await site.run("vendor", "vendored/sources", "-q")
    case "exported":
      #expect(try await site.run("all", "-q").status == 0)
      let file = open("\(site.folder)/exported/x.tar", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      defer { close(file) }
      return await (try site.start(["cache", "export"], output: file)).wait()
    default: return try await site.run("all", "-q", "--records", "beside")
    }
  }
}
