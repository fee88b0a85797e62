import Foundation
import Testing

/// One bit of one file changes, as disks do it, in every kind of file that pxebuild keeps.
@Suite("Bits that flip", .serialized)
struct BitFlipTests {
  /// A kind of file, and what happens to the site before the next build.
  private struct Kind {
    var name: String
    /// Where its files are, below the site's folder.
    var folder: String
    /// What the path below that contains; all of them when empty.
    var part = ""
    /// Folders that are removed, so that the file is needed.
    var loses: [String] = ["out"]
    /// A damage that the build cannot mend is an error that says one of these.
    var errors: [String] = []
    var flips = 2
  }

  /// Nothing is answered by the action cache, and what the store has is gone.
  private static let all = ["out", "cache/actions", "cache/blobs"]

  private static let kinds = [
    Kind(name: "blobs", folder: "cache/blobs", flips: 6),
    Kind(name: "action results", folder: "cache/actions", flips: 4),
    Kind(name: "digests of files", folder: "cache/state", part: "file-digests", loses: []),
    Kind(name: "records of finished builds", folder: "cache/state", part: "up-to-date-", loses: []),
    Kind(name: "keys of last builds", folder: "cache/state", part: "last-build-"),
    Kind(name: "hit rates", folder: "cache/state", part: "build-history", loses: []),
    Kind(name: "packages of tools", folder: "cache/state", part: "tool-packages"),
    Kind(name: "link sets", folder: "cache/link-sets", part: ".txt", loses: all, flips: 3),
    Kind(name: "pinned link sets", folder: "cache/link-sets/pins", loses: all, flips: 3),
    Kind(name: "build ids", folder: "cache/build-ids", loses: all, flips: 1),
    Kind(name: "logs", folder: "cache/logs", flips: 1),
    Kind(name: "clones' settings", folder: "cache/git", part: "config", loses: all),
    Kind(name: "clones' heads", folder: "cache/git", part: "HEAD", loses: all),
    Kind(name: "clones' references", folder: "cache/git", part: "/refs/", loses: all, flips: 1),
    Kind(name: "clones' depth", folder: "cache/git", part: "shallow", loses: all, flips: 1),
    Kind(name: "clones' objects", folder: "cache/git", part: "/objects/", loses: all, flips: 4),
    Kind(name: "half a download", folder: "cache/downloads", part: ".partial", loses: all),
    Kind(
      name: "the number of the format", folder: "cache", part: "FORMAT",
      errors: ["the cache folder SITE/cache "]),
    Kind(
      name: "manifests", folder: "out/.pxebuild", part: "manifest.json", loses: [],
      errors: [
        "the manifest SITE/out/.pxebuild/manifest.json cannot be read",
        "the output tree of SITE/out/.pxebuild/manifest.json was written by a newer pxebuild",
      ], flips: 4),
    Kind(name: "generations", folder: "out/.pxebuild/generations", loses: [], flips: 3),
    Kind(name: "who writes the tree", folder: "out/.pxebuild", part: "lock", loses: []),
    Kind(name: "served files", folder: "out", part: "kpxe", loses: []),
    Kind(name: "configs", folder: "out-conf", part: "dhcpd.conf", loses: []),
    Kind(name: "records", folder: "out-records", part: "SHA256SUMS", loses: []),
    Kind(
      name: "the lock file", folder: "recipes", part: "pxebuild.lock", loses: all,
      errors: ["has no commit ", "pxebuild.lock", "is not the file that the recipe pins"]),
  ]

  @Test("Each is found and named, or made again: a build's bytes are right, or it is an error")
  func everyKind() async throws {
    var random = SeededRandom("bits that flip")
    let payload = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
    let server = try FileServer(["/data": payload])
    defer { server.stop() }
    try await withSite { site in
      let faults = FaultSite(site, try await MiniatureUpstream(in: site))
      try faults.write(1)
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(
        recipe.replacingOccurrences(
          of: "configs:", with: "  data: { fetch: \"\(server.url)/data\" }\nconfigs:"))
      // Twice, so that there is a record of a finished build, and a generation before it.
      for text in ["old", "new"] {
        try site.write(text, to: "recipes/tree/last")
        let run = try await build(site)
        #expect(run.status == 0, "\(run.errors)")
      }
      let lock = try #require(site.read("recipes/pxebuild.lock"))
      let pin = String(try #require(lock.firstMatch(of: #/sha256: ([0-9a-f]{64})/#)).1)
      let good = site.everything()
      var count = 0
      for kind in Self.kinds {
        if kind.folder == "out/.pxebuild/generations" {
          for text in ["old", "new"] {
            try site.write(text, to: "recipes/tree/last")
            #expect(try await build(site).status == 0)
          }
        }
        for _ in FaultRounds.some(of: Array(0..<kind.flips)) {
          if kind.part == ".partial" {
            try site.write(payload.prefix(200_000), to: "cache/downloads/\(pin).partial")
          }
          let path = try flip(kind, site, &random)
          try await expectRight(kind, path, site, good)
          count += 1
        }
      }
      print("bits that flip: \(count) in \(Self.kinds.count) kinds of files")
      let verified = try await site.run("verify")
      #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    }
  }

  /// The file's path and what it held.
  private struct Flip {
    var path: String
    var bit: Int
    var before: Data
  }

  private func flip(_ kind: Kind, _ site: Site, _ random: inout SeededRandom) throws -> Flip {
    let paths = site.files(below: kind.folder).filter {
      (kind.part.isEmpty || "/\($0)".contains(kind.part))
        && (kind.folder != "cache" || $0 == kind.part)
    }.map { "\(kind.folder)/\($0)" }.filter { site.bytes($0)?.isEmpty == false }
    let path = try #require(paths.randomElement(using: &random), "\(kind.name): there is none")
    let before = try #require(site.bytes(path))
    let bit = Int.random(in: 0..<before.count * 8, using: &random)
    var bytes = before
    bytes[bit / 8] ^= 1 << (bit % 8)
    chmod("\(site.folder)/\(path)", 0o644)
    // In place: another file would be noticed by its identity alone.
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(site.folder)/\(path)"))
    try file.write(contentsOf: bytes)
    try file.close()
    return Flip(path: path, bit: bit, before: before)
  }

  private func expectRight(
    _ kind: Kind, _ flip: Flip, _ site: Site, _ good: [String: Data]
  ) async throws {
    let place = "\(kind.name): bit \(flip.bit) of \(flip.path)"
    if kind.folder == "out/.pxebuild/generations" { try await rollBack(site, good, place) }
    if ["cache/blobs", "cache/actions", "out"].contains(kind.folder) {
      let verify = try await site.run("verify")
      #expect(verify.status == 1, "\(place) is found")
      let name = (flip.path as NSString).lastPathComponent
      #expect(verify.output.contains(name), "\(place) is named: \(verify.output)")
    }
    for folder in kind.loses { removeTree("\(site.folder)/\(folder)") }
    let run = try await build(site)
    if run.status != 0 {
      #expect(
        kind.errors.contains { run.errors.contains($0) }, "\(place): \(run.errors)")
      try site.write(flip.before, to: flip.path)
      let again = try await build(site)
      #expect(again.status == 0, "\(place), put back: \(again.errors)")
    }
    var made = site.everything()
    if kind.folder == "recipes" {
      // Records name the lock file's own digest.
      for path in good.keys where path.hasPrefix("out-records/") { made[path] = good[path] }
      try site.write(flip.before, to: flip.path)
      #expect(try await build(site).status == 0, "\(place), put back")
    }
    for (path, bytes) in good { #expect(made[path] == bytes, "\(place): \(path)") }
    #expect(made.count == good.count, "\(place)")
    if kind.folder == "cache/blobs" {
      _ = try await site.run("cache", "verify", "--repair")
      #expect(try await site.run("cache", "verify").status == 0, "\(place)")
    }
  }

  /// The last generation but one.
  private func earlier(_ site: Site) -> String {
    let numbers = site.files(below: "out/.pxebuild/generations").compactMap { Int($0.dropLast(5)) }
    return "\(numbers.sorted().dropLast().last ?? 0)"
  }

  /// Brings the generation back in which a file was old: the tree is right, or as it was.
  private func rollBack(_ site: Site, _ good: [String: Data], _ place: String) async throws {
    let run = try await site.run("rollback", earlier(site))
    if run.status == 0 {
      #expect(site.read("out/tree/last") == "old", "\(place)")
    } else {
      #expect(run.errors.contains("generation"), "\(place): \(run.errors)")
      #expect(site.read("out/tree/last") == "new", "\(place)")
    }
    for (path, bytes) in good where path.hasPrefix("out/") && path != "out/tree/last" {
      #expect(site.bytes(path) == bytes, "\(place): \(path)")
    }
  }

  private func build(_ site: Site) async throws -> Run {
    try await site.run("all", "-q", "--records", "beside")
  }
}
