import Foundation
import Testing

/// Whatever moment pxebuild is killed at, what is served stays whole and the next run finishes the job.
@Suite("Killed and interrupted")
struct KillTests {
  @Test("kill -9 in the middle of a compile leaves no process, and the next run succeeds")
  func killWhileCompiling() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      for sandbox in ["auto", "off"] {
        let running = try site.start(["all", "-q", "--sandbox", sandbox])
        try await waitForAction(site)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...600)))
        running.send(SIGKILL)
        _ = await running.wait()
        try await expectNoProcess(of: site)
      }
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.served.count == 6)
      #expect(site.files(below: "cache/work") == [])
    }
  }

  @Test(
    "Ctrl-C in the middle of a compile: 130, no child left, the tree as before",
    arguments: ["auto", "off"])
  func interrupt(sandbox: String) async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe("targets:\n  chain.ipxe: { script: old }\n")
      #expect(try await site.run("all").status == 0)
      let before = site.snapshot(of: "out")
      try site.recipe(upstream.recipe)
      let running = try site.start(["all", "--sandbox", sandbox])
      try await waitForAction(site)
      running.send(SIGINT)
      let run = await running.wait()
      #expect(run.status == 130, "\(run.errors)")
      #expect(run.seconds < 20)
      try await expectNoProcess(of: site)
      #expect(
        site.snapshot(of: "out").filter { $0.key != ".pxebuild/lock" }
          == before.filter { $0.key != ".pxebuild/lock" })
      #expect(site.files(below: "cache/work") == [], "the work folder is removed")
      #expect(try await site.run("all").status == 0)
    }
  }

  @Test("Ctrl-C during a download that stalls ends at once")
  func interruptDownload() async throws {
    let server = try StalledServer()
    defer { server.stop() }
    try await withSite { site in
      try site.recipe(
        """
        targets:
          a: { fetch: "\(server.url)/a", sha256: 5f067ccdc4d084d5bf77b6c853bd0f8402dfc2b4cd1b103d358993ae97fae8e3 }

        """)
      let running = try site.start(["all"])
      try await server.waitForRequest()
      let asked = ContinuousClock.now
      running.send(SIGINT)
      let run = await running.wait()
      #expect(run.status == 130)
      #expect(ContinuousClock.now - asked < .seconds(20))
    }
  }

  /// Waits until an action has a folder to work in.
  private func waitForAction(_ site: Site) async throws {
    for _ in 0..<2000 {
      let all = FileManager.default.enumerator(atPath: "\(site.cache)/work")
      while let name = all?.nextObject() as? String {
        if name.hasSuffix("/root") { return }
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("no action started within ten seconds")
  }

  /// A process belongs to a site when its working folder, its command or its mounts name it.
  private func processes(of site: Site) -> [String] {
    let mark = (site.top as NSString).lastPathComponent
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.filter { Int($0) != nil && Int32($0) != getpid() }.compactMap { id in
      let command = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
      let mounts = FileManager.default.contents(atPath: "/proc/\(id)/mountinfo") ?? Data()
      let folder =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/cwd")) ?? ""
      let text = String(decoding: command, as: UTF8.self)
      let named = [text, folder, String(decoding: mounts, as: UTF8.self)].contains {
        $0.contains(mark)
      }
      return named && !command.isEmpty ? text.replacingOccurrences(of: "\0", with: " ") : nil
    }
  }

  private func expectNoProcess(of site: Site) async throws {
    var left: [String] = []
    for _ in 0..<100 {
      left = processes(of: site)
      if left.isEmpty { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(left == [], "every child ends with pxebuild")
  }
}
