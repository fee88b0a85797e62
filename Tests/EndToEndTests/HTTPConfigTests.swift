import Foundation
import Testing

/// What real HTTP servers make of the files that pxebuild writes for them.
@Suite(
  "HTTP configs",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct HTTPConfigTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      http: URL
    targets:
      install.ipxe: { script: "#!ipxe\\n" }
      "a folder/b c.txt": { script: "in a folder\\n" }
      größe.efi: { script: MZ }
      image.iso: { script: "0123456789" }
      disk.img: { script: x }
      boot.wim: { script: x }
    configs:
      nginx.conf: { http: nginx }
      nginx.site: { http: nginx, form: site }
      apache2.conf: { http: apache }
      apache.site.conf: { http: apache, form: site }

    """

  static let servers = ["nginx.conf", "apache2.conf"]

  /// A lab with the tree and the configs of the recipe.
  private func withLab(
    _ url: String, named name: String = "site",
    _ body: (NetworkLab, Site) async throws -> Void
  ) async throws {
    try await withSite(named: name) { site in
      try site.recipe(Self.recipe.replacingOccurrences(of: "URL", with: url))
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await NetworkLab.with(folder: site.scratch) { lab in
        // What Debian's packages bring, in folders that the lab has its own of.
        try await lab.run(["mkdir", "-p", "/var/lib/nginx", "/run/apache2", "/run/lock"])
        for folder in ["/var/log/nginx", "/var/log/apache2"] {
          try await lab.run(["mount", "-t", "tmpfs", "none", folder])
        }
        try await body(lab, site)
      }
    }
  }

  private func start(_ config: String, _ lab: NetworkLab, _ site: Site) throws {
    let file = "\(site.folder)/out-conf/\(config)"
    try lab.start(
      config.hasPrefix("nginx")
        ? ["nginx", "-c", file, "-g", "daemon off;"] : ["apache2", "-f", file, "-DFOREGROUND"])
  }

  /// What the client gets: the status, the type, and the bytes.
  private func get(
    _ url: String, _ lab: NetworkLab, _ site: Site, _ options: [String] = []
  ) async throws -> (head: String, body: Data) {
    let body = "\(site.scratch)/body-\(UInt64.random(in: 0...UInt64.max))"
    defer { unlink(body) }
    let head = try await lab.run(
      [
        "curl", "--silent", "--path-as-is", "--globoff", "--retry", "50", "--retry-delay", "1",
        "--retry-connrefused", "--write-out", "%{http_code} %{content_type}", "--output", body,
      ] + options + [url], on: "client")
    return (head, FileManager.default.contents(atPath: body) ?? Data())
  }

  @Test("Each server's own check passes its file, and refuses a broken one", arguments: servers)
  func checked(_ config: String) async throws {
    try await withLab("http://10.0.0.200") { lab, site in
      let file = "\(site.folder)/out-conf/\(config)"
      let check =
        config == "nginx.conf" ? ["nginx", "-t", "-q", "-c", file] : ["apache2", "-t", "-f", file]
      try await lab.run(check)
      let text = try #require(site.read("out-conf/\(config)"))
      try site.write(text + "nonsense on;\n", to: "out-conf/\(config)")
      await #expect(throws: (any Error).self) { try await lab.run(check) }
    }
  }

  @Test("A site's part passes as one of Debian's own files")
  func parts() async throws {
    try await withLab("http://10.0.0.200:8080/boot") { lab, site in
      let conf = "\(site.folder)/out-conf"
      for (part, folder, check) in [
        ("nginx.site", "/etc/nginx/sites-enabled", ["nginx", "-t", "-q"]),
        ("apache.site.conf", "/etc/apache2/sites-enabled", ["apache2ctl", "configtest"]),
      ] {
        try await lab.run(["mount", "-t", "tmpfs", "none", folder])
        try await lab.run(["cp", "\(conf)/\(part)", folder])
        try await lab.run(check)
        try await lab.run(["sh", "-c", "echo 'nonsense on;' >>\(folder)/\(part)"])
        await #expect(throws: (any Error).self) { try await lab.run(check) }
      }
    }
  }

  @Test("Every file comes whole and in parts, with its type; nothing else does", arguments: servers)
  func served(_ config: String) async throws {
    try await withLab("http://10.0.0.200", named: "a site") { lab, site in
      try start(config, lab, site)
      let root = "http://10.0.0.200"
      for (path, file) in [
        ("install.ipxe", "install.ipxe"), ("a%20folder/b%20c.txt", "a folder/b c.txt"),
        ("gr%C3%B6%C3%9Fe.efi", "größe.efi"), ("image.iso", "image.iso"),
      ] {
        let (head, body) = try await get("\(root)/\(path)", lab, site)
        #expect(head.hasPrefix("200 "), "\(path): \(head)")
        #expect(body == site.bytes("out/\(file)"))
      }
      for (path, type) in [
        ("install.ipxe", "text/plain"), ("gr%C3%B6%C3%9Fe.efi", "application/efi"),
        ("image.iso", "application/vnd.efi-iso"), ("disk.img", "application/vnd.efi-img"),
      ] {
        #expect(try await get("\(root)/\(path)", lab, site).head == "200 \(type)")
      }
      let part = try await get("\(root)/image.iso", lab, site, ["--range", "3-5"])
      #expect(part.head.hasPrefix("206 ") && part.body == Data("345".utf8))
      // A program that shall not leave the tree, and what pxebuild keeps there.
      for path in [
        "../recipes/site.yaml", "%2e%2e/recipes/site.yaml",
        "a%20folder/..%2f..%2frecipes/site.yaml",
        ".pxebuild/manifest.json", "a%20folder/../.pxebuild/manifest.json", ".pxebuild",
        "a%20folder/", "nothing",
      ] {
        let (head, body) = try await get("\(root)/\(path)", lab, site)
        #expect(["400", "403", "404"].contains(head.prefix(3)), "\(path): \(head)")
        #expect(!String(decoding: body, as: UTF8.self).contains("b c.txt"))
      }
    }
  }

  @Test("An image that stays elsewhere and files of more than 4 GiB are served", arguments: servers)
  func linksAndLargeFiles(_ config: String) async throws {
    try await withLab("http://10.0.0.200") { lab, site in
      try site.write("elsewhere", to: "images/x.iso")
      #expect(symlink("\(site.folder)/images/x.iso", "\(site.output)/x.iso") == 0)
      let size = 5 << 30
      #expect(FileManager.default.createFile(atPath: "\(site.output)/large.iso", contents: nil))
      #expect(truncate("\(site.output)/large.iso", size) == 0)
      try start(config, lab, site)
      #expect(
        try await get("http://10.0.0.200/x.iso", lab, site).body == Data("elsewhere".utf8))
      let end = try await get(
        "http://10.0.0.200/large.iso", lab, site, ["--range", "\(size - 7)-"])
      #expect(end.head.hasPrefix("206 ") && end.body == Data(count: 7))
    }
  }

  @Test("A path and a port of site.http are those of the server", arguments: servers)
  func prefix(_ config: String) async throws {
    try await withLab("http://10.0.0.200:8081/tftpboot/") { lab, site in
      try start(config, lab, site)
      let root = "http://10.0.0.200:8081"
      #expect(
        try await get("\(root)/tftpboot/a%20folder/b%20c.txt", lab, site).body
          == Data("in a folder\n".utf8))
      for path in [
        "a%20folder/b%20c.txt", "tftpboot/.pxebuild/manifest.json", "tftpboot../recipes/site.yaml",
        "tftpboot",
      ] {
        let head = try await get("\(root)/\(path)", lab, site).head
        #expect(!head.hasPrefix("200"), "\(path): \(head)")
      }
    }
  }
}
