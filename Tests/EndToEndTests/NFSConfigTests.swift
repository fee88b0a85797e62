import Foundation
import Testing

/// What real NFS servers make of the files that pxebuild writes for them.
@Suite(
  "NFS configs",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct NFSConfigTests {
  private static let recipe = """
    site: { server: 10.0.0.200, network: { subnet: 10.0.0.0/24 } }
    targets:
      live/casper/filesystem.squashfs: { script: "the root of a live image\\n" }
      "odd größe #1/file": { script: x }
    configs:
      exports: { nfs: kernel, folders: [live, "odd größe #1"] }
      nfs.conf: { nfs: ports }
      ganesha.conf: { nfs: ganesha, folders: [live, "odd größe #1"] }

    """

  private func withLab(_ body: (NetworkLab, Site) async throws -> Void) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await NetworkLab.with(folder: site.scratch) { lab in
        try await lab.run(["mkdir", "-p", "/var/lib/nfs/ganesha", "/run/rpcbind", "/run/ganesha"])
        try await body(lab, site)
      }
    }
  }

  @Test("exportfs takes the exports, odd names too, and refuses the page's own line")
  func exports() async throws {
    try await withLab { lab, site in
      try await lab.run(["touch", "/var/lib/nfs/etab"])
      let place = "/etc/exports"
      try await lab.run(["mount", "--bind", "\(site.folder)/out-conf/exports", place])
      let said = try await lab.run(["sh", "-c", "exportfs -ra 2>&1"])
      #expect(said == "")
      let table = try await lab.run(["cat", "/var/lib/nfs/etab"])
      #expect(table.contains("\(site.output)/live\t10.0.0.0/24(ro,async,"))
      #expect(table.contains("/odd\\040größe\\040\\0431\t10.0.0.0/24(ro,async,"))
      #expect(table.contains(",root_squash,"))
      let line =
        "\(site.output)/live *(async,no_root_squash,no_subtree_check,ro) /etc/exports\n"
      try site.write(line, to: "page")
      try await lab.run(["mount", "--bind", "\(site.folder)/page", place])
      let page = try await lab.run(["sh", "-c", "exportfs -ra 2>&1; true"])
      #expect(page != "")
    }
  }

  @Test("mountd's port is where nfs.conf looks for it")
  func ports() async throws {
    try await withLab { lab, site in
      let said = try await lab.run([
        "nfsconf", "--file", "\(site.folder)/out-conf/nfs.conf", "--get", "mountd", "port",
      ])
      #expect(said == "20048\n")
    }
  }

  @Test("ganesha starts with its file, says nothing against it, and serves the folder by NFS 3")
  func ganesha() async throws {
    try await withLab { lab, site in
      let log = "\(site.scratch)/ganesha.log"
      try lab.start(["rpcbind", "-f"])
      try lab.start([
        "ganesha.nfsd", "-F", "-f", "\(site.folder)/out-conf/ganesha.conf", "-L", log, "-p",
        "/run/ganesha/pid",
      ])
      var text = ""
      for _ in 0..<6000 where !text.contains("NFS SERVER INITIALIZED") {
        try await Task.sleep(for: .milliseconds(10))
        text = String(
          decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
      }
      #expect(text.contains("NFS SERVER INITIALIZED"), "\(text)\(lab.logText)")
      // It looks for a library of its own that Debian packages apart.
      let faults = text.split(separator: "\n").filter {
        $0.contains("CONFIG") && ($0.contains(":CRIT") || $0.contains(":WARN"))
          && !$0.contains("RADOS")
      }
      #expect(faults == [])
      let read = try await lab.run(
        ["nfs-cat", "nfs://10.0.0.200\(site.output)/live/casper/filesystem.squashfs"],
        on: "client")
      #expect(read == "the root of a live image\n")
      await #expect(throws: (any Error).self) {
        try await lab.run(
          ["nfs-cat", "nfs://10.0.0.200\(site.recipes)/site.yaml"], on: "client")
      }
    }
  }
}
