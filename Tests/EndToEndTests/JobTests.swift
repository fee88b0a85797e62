import Foundation
import Testing

/// The CI files of docs/ci: their lines are run here as they stand.
@Suite("CI jobs")
struct JobTests {
  /// The lines of a file between its marks, as a shell gets them.
  private func job(_ file: String) throws -> String {
    let harness = (MiniatureUpstream.code as NSString).deletingLastPathComponent
    let folder = (harness as NSString).deletingLastPathComponent + "/docs/ci/"
    let text = try String(contentsOfFile: folder + file, encoding: .utf8)
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let start = try #require(lines.firstIndex(of: "# the job begins"))
    let end = try #require(lines.firstIndex(of: "# the job ends"))
    return lines[(start + 1)..<end].map { $0.hasPrefix("- ") ? String($0.dropFirst(2)) : $0 }
      .joined(separator: "\n")
  }

  private func environment(_ site: Site, cache: String) -> [String: String] {
    let folder = (Binary.pxebuild as NSString).deletingLastPathComponent
    return [
      "PATH": "\(folder):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": site.home,
      "PXEBUILD_CACHE": cache,
    ].merging(ShippedSite.environment) { $1 }
  }

  @Test("The lines of each file, run in clean clones, give one tree and one set of records")
  func clones() async throws {
    try await withSite { site in
      _ = try await ShippedSite(in: site)
      try await MiniatureUpstream.git(["init", "--quiet"], in: site.folder)
      try site.write("cache\nout\n", to: ".gitignore")
      try await MiniatureUpstream.commit(in: site.folder, tag: "v1")
      var sums: [String] = []
      var configs: [[String: Data]] = []
      for (name, file) in [("first", "github.yml"), ("second place", "gitlab.yml")] {
        let clone = Site(top: site.top, folder: "\(site.top)/\(name)")
        try await mustRun(["git", "clone", "--quiet", site.folder, clone.folder], in: site.top)
        try await mustRun(
          ["sh", "-euc", try job(file)], in: clone.folder,
          environment: environment(site, cache: "\(clone.folder)/cache"))
        sums.append(try #require(clone.read("dist-records/SHA256SUMS")))
        // Some configs name the folder of the tree.
        let plain = clone.files(below: "dist-conf").filter {
          !$0.hasPrefix(".pxebuild/")
            && clone.read("dist-conf/\($0)")?.contains(clone.folder) == false
        }
        configs.append(
          Dictionary(
            uniqueKeysWithValues: plain.map { ($0, clone.bytes("dist-conf/\($0)") ?? Data()) }))
        #expect(clone.exists("dist/usb/stick.img") && clone.exists("dist-conf/tftpd-hpa"))
        let report = try #require(clone.read("dist-report.xml"))
        #expect(
          report.contains(#"<testsuite name="pxebuild targets" tests="10" failures="0" errors="0""#)
        )
        for record in ["manifest.json", "provenance.intoto.json", "sbom.cdx.json"] {
          sums.append(try #require(clone.read("dist-records/\(record)")))
        }
        #expect(
          try await MiniatureUpstream.git(["status", "--short", "recipes"], in: clone.folder) == "")
      }
      #expect(Array(sums[0..<4]) == Array(sums[4...]))
      #expect(sums[0].contains("  usb/stick.img\n"))
      #expect(configs[0] == configs[1] && configs[0].count >= 4)
      // The next job, with the cache of the last one.
      let third = Site(top: site.top, folder: "\(site.top)/third")
      try await mustRun(["git", "clone", "--quiet", site.folder, third.folder], in: site.top)
      removeTree("\(site.top)/upstream")
      let output = try await mustRun(
        ["sh", "-euc", try job("github.yml")], in: third.folder,
        environment: environment(site, cache: "\(site.top)/first/cache"))
      #expect(output.contains("from cache"), "\(output)")
      #expect(third.read("dist-records/SHA256SUMS") == sums[0])
    }
  }

  @Test("A job that fails leaves a report, and GitHub gets the place of what is wrong")
  func failing() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n  b: { fiel: x }\n")
      let wrong = try await site.run(
        "all", "--junit", "report.xml", environment: ["GITHUB_ACTIONS": "true"])
      #expect(wrong.status == 65)
      #expect(
        wrong.errors.contains("\n::error file=recipes/site.yaml,line=3,col=8,title=pxebuild::"),
        "\(wrong.errors)")
      #expect(site.read("report.xml")?.contains(#"errors="1""#) == true)
      let upstream = try await MiniatureUpstream(in: site, changes: ["core/length.c": "broken\n"])
      try site.recipe(upstream.recipe)
      let failed = try await site.run(
        "all", "-k", "--junit", "report.xml", "--json", environment: ["GITHUB_ACTIONS": "true"])
      #expect(failed.status == 1)
      let report = try #require(site.read("report.xml"))
      #expect(
        report.contains(#"<testcase name="chain.ipxe" classname="pxebuild.script" time="0.000"/>"#))
      #expect(
        report.contains(#"<testcase name="undionly.kpxe" classname="pxebuild.ipxe" time="0.000">"#))
      #expect(
        report.contains("<failure message=") && report.contains(#"failures="5""#), "\(report)")
      try await mustRun(
        ["python3", "-c", "import xml.dom.minidom as m; m.parse('report.xml')"], in: site.folder)
      #expect(!failed.output.contains("::error"), "standard output stays JSON")
    }
  }

  @Test(
    "A build that is interrupted leaves a report that names what was not made",
    arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) async throws {
    let server = try StalledServer()
    defer { server.stop() }
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: old }\n")
      #expect(try await site.run("all", "-q").status == 0)
      let digest = String(repeating: "ab", count: 32)
      try site.recipe(
        "targets:\n  a: { script: new }\n  slow: { fetch: \"\(server.url)/slow\", sha256: \(digest) }\n"
      )
      let running = try site.start(["all", "--junit", "report.xml", "--json"])
      try await server.waitForRequest()
      running.send(signal)
      let run = await running.wait()
      #expect(run.status == 130, "\(run.errors)")
      #expect(site.served == ["a"] && site.read("out/a") == "old")
      let report = try #require(site.read("report.xml"))
      for line in [
        #"tests="3" failures="0" errors="1" skipped="1""#,
        #"<testcase name="a" classname="pxebuild.script" time="0.000"/>"#,
        #"<testcase name="slow" classname="pxebuild.fetch" time="0.000"><skipped message="not made, "#,
        #"<testcase name="the build" classname="pxebuild" time="0.000"><error message="interrupted""#,
      ] {
        #expect(report.contains(line), "\(report)")
      }
      #expect(run.output.contains(#""target":"slow","rule":"fetch","state":"not-reached""#))
      #expect(!site.files(below: ".").contains { $0.hasSuffix(".tmp") })
    }
  }

  @Test(
    "A disk that is full when the tree is updated leaves a report that names the targets",
    .enabled(if: Binary.isRoot, "mounting a small disk needs root"))
  func fullDisk() async throws {
    try await withSite { site in
      try await site.withSmallDisk(at: "out", kilobytes: 200) {
        try site.write(Data(count: 400_000), to: "recipes/data")
        try site.recipe("targets:\n  a: { file: data }\n")
        let run = try await site.run("all", "--junit", "report.xml")
        #expect(run.status == 73)
        let report = try #require(site.read("report.xml"))
        #expect(report.contains(#"tests="2" failures="0" errors="1" skipped="0""#), "\(report)")
        #expect(report.contains("No space left on device"))
      }
    }
  }
}
