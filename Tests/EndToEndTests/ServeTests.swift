import BootLab
import Foundation
import Testing

@Suite("pxebuild serve")
struct ServeTests {
  /// Files of a tree whose names and sizes servers and clients could stumble over.
  private static let files: [String: Data] = [
    "install.ipxe": Data("#!ipxe\nshell\n".utf8), "empty": Data(),
    "block": Data(repeating: 0x55, count: 512), "sub/deep/er/file.bin": Data((0...255).map { $0 }),
    "with space/a b.txt": Data("spaces\n".utf8), "größe/ä € 😀.txt": Data("no ASCII\n".utf8),
    "odd/100% #1 a+b&c;d=e.txt": Data("odd\n".utf8),
    "odd/$root \"q\" 'p' [x] {y}": Data("$\n".utf8),
    ".hidden": Data("dot\n".utf8),
    "large.img": Data((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }),
  ]

  private func build(_ site: Site) async throws {
    for (path, data) in Self.files { try site.write(data, to: "recipes/content/\(path)") }
    try site.recipe(
      """
      site: { server: 10.0.0.200 }
      targets:
        tree: { file: content }
        boot.ipxe: { script: "#!ipxe\\n" }

      """)
    let run = try await site.run("all")
    #expect(run.status == 0, "\(run.errors)")
  }

  private func url(_ scheme: String, _ port: Int, _ path: String) -> String {
    let allowed = CharacterSet(
      charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
    let encoded = path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path
    return "\(scheme)://127.0.0.1:\(port)/\(encoded)"
  }

  private func fetchAll(_ site: Site, _ serving: Serving, http: Int, tftp: Int) async throws {
    #expect(site.served.count == Self.files.count + 1)
    for path in site.served {
      let wanted = try #require(site.bytes("out/\(path)"))
      #expect(try await serving.fetch(url("http", http, path)) == wanted, "HTTP \(path)")
      // curl takes the end of an empty file for an error.
      if wanted.isEmpty { continue }
      #expect(try await serving.fetch(url("tftp", tftp, path)) == wanted, "TFTP \(path)")
    }
  }

  /// Fetches a file with tftp-hpa's client.
  private func getByTFTP(
    _ serving: Serving, _ site: Site, _ path: String, port: Int
  ) async throws -> Data? {
    let target = "\(site.scratch)/got-\(UInt64.random(in: 0...UInt64.max))"
    try await serving.run([
      "tftp", "-m", "binary", "127.0.0.1", "\(port)", "-c", "get", path, target,
    ])
    return FileManager.default.contents(atPath: target)
  }

  @Test("an ordinary user serves every file of the tree on other ports, and both logs are one")
  func everyFile() async throws {
    try await withSite { site in
      try await build(site)
      let (http, tftp) = (try freePort(), try freePort())
      let prefix = Binary.isRoot ? Site.nobody : []
      let (_, run) = try await Serving.with(
        ["--http-port", "\(http)", "--tftp-port", "\(tftp)"], on: site, prefix: prefix
      ) { serving in
        try await fetchAll(site, serving, http: http, tftp: tftp)
        #expect(try await getByTFTP(serving, site, "tree/empty", port: tftp) == Data())
        #expect(
          try await getByTFTP(serving, site, "tree/sub/deep/er/file.bin", port: tftp)
            == Self.files["sub/deep/er/file.bin"])
        let part = try await serving.fetch(url("http", http, "tree/large.img"), ["--range", "5-9"])
        #expect(part == Self.files["large.img"]?[5...9])
        await #expect(throws: (any Error).self) {
          try await serving.fetch(url("http", http, "nothing here"))
        }
        await #expect(throws: (any Error).self) {
          try await serving.fetch(url("tftp", tftp, "nothing here"))
        }
        await #expect(throws: (any Error).self) {
          try await serving.fetch(url("http", http, ".pxebuild/manifest.json"))
        }
        try await serving.wait(for: "tftp  127.0.0.1        nothing here")
        #expect(serving.lines.first?.hasPrefix("serving http://127.0.0.1:\(http)/ and ") == true)
        for line in [
          "http  127.0.0.1        GET tree/with space/a b.txt  sent, 7 B",
          "tftp  127.0.0.1        tree/with space/a b.txt  sent",
          "http  127.0.0.1        GET tree/größe/ä € 😀.txt  sent, 9 B",
          "http  127.0.0.1        GET tree/large.img  sent, 5 B, bytes 5-9",
          "tftp  127.0.0.1        tree/large.img  sent",
          "http  127.0.0.1        GET nothing here  not found",
          "tftp  127.0.0.1        nothing here  not found",
          "http  127.0.0.1        GET .pxebuild/manifest.json  not found",
        ] {
          #expect(serving.lines.contains(line), "\(line)\n\(serving.text)")
        }
      }
      #expect(run.status == 0)
      #expect(
        run.errors == """
          note: scripts that use {{site.http}} send machines to http://10.0.0.200
          stopped; nothing is served any more

          """)
    }
  }

  @Test(
    "root serves every file on the usual ports, to tftp-hpa's client too",
    .enabled(if: Binary.isRoot, "only root can make a network and take port 69"))
  func usualPorts() async throws {
    try await withSite { site in
      try await build(site)
      let (_, run) = try await Serving.with([], on: site, isAlone: true) { serving in
        try await fetchAll(site, serving, http: 80, tftp: 69)
        #expect(try await getByTFTP(serving, site, "tree/empty", port: 69) == Data())
        #expect(
          try await getByTFTP(serving, site, "tree/sub/deep/er/file.bin", port: 69)
            == Self.files["sub/deep/er/file.bin"])
        await #expect(throws: (any Error).self) {
          try await serving.fetch(url("tftp", 69, "nothing"))
        }
        try await serving.wait(for: "tftp  127.0.0.1        nothing  not found")
        #expect(
          serving.lines.first == "serving http://127.0.0.1/ and tftp://127.0.0.1/; Ctrl-C ends it")
        #expect(serving.lines.contains("tftp  127.0.0.1        tree/with space/a b.txt  sent"))
      }
      #expect(run.status == 0)
    }
  }

  @Test(
    "Ctrl-C, a polite kill and kill -9 leave no server behind",
    arguments: [SIGINT, SIGTERM, SIGKILL])
  func leavesNothing(_ signal: Int32) async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let (http, tftp) = (try freePort(), try freePort())
      let options = ["--http-port", "\(http)", "--tftp-port", "\(tftp)"]
      let (started, run) = try await Serving.with(options, on: site) { serving in
        let started = serving.descendants
        let folders = Set(started.compactMap { serving.folder(of: $0) })
        #expect(folders.count == 1)
        // A guard and nginx; the workers may be still to come.
        #expect(started.count >= 2)
        serving.end(signal)
        let isGone = try await untilGone(started)
        #expect(isGone)
        return (programs: started, folders: folders)
      }
      #expect(try await untilGone(started.programs))
      #expect(started.folders.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
      #expect(signal == SIGKILL ? run.signal == SIGKILL : run.status == 0)
      // The ports are free again.
      try await Serving.with(options, on: site) { _ in }
    }
  }

  @Test("a server that ends by itself ends the command, with what it said")
  func serverEnds() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let (http, tftp) = (try freePort(), try freePort())
      let options = ["--http-port", "\(http)", "--tftp-port", "\(tftp)"]
      let (_, run) = try await Serving.with(options, on: site) { serving in
        let victim = serving.descendants.first {
          (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/exe"))?
            .hasSuffix("/nginx") == true
        }
        kill(try #require(victim), SIGKILL)
        let isGone = try await untilGone(serving.descendants + [serving.running.id])
        #expect(isGone)
      }
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: nginx does not serve any more
            why: signal 9 ended it

          """)
    }
  }

  @Test("nothing built yet says how to build")
  func nothingBuilt() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      let run = try await site.run("serve")
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: there is nothing to serve in out
            why: pxebuild has placed nothing there yet
            fix: build it first: pxebuild all --recipes recipes --output out

          """)
    }
  }

  @Test("ports that are taken are named, all of them")
  func takenPorts() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let (http, tftp) = (try freePort(), try freePort())
      let options = ["--http-port", "\(http)", "--tftp-port", "\(tftp)"]
      try await Serving.with(options, on: site) { _ in
        let run = try await site.run(["serve"] + options)
        #expect(run.status == 1)
        #expect(
          run.errors == """
            error: TCP port \(http) of 127.0.0.1 is taken
              why: another server has it; HTTP cannot be served
              fix: end that server, or choose another port with --http-port 8080; ss -tlpn 'sport = :\(http)' says who has it
            error: UDP port \(tftp) of 127.0.0.1 is taken
              why: another server has it; TFTP cannot be served
              fix: end that server, or choose another port with --tftp-port 6969; ss -ulpn 'sport = :\(tftp)' says who has it

            """)
      }
    }
  }

  @Test(
    "ports of root's are refused to others with exit code 77",
    .enabled(if: Binary.isRoot, "only root can make a network where ports are as they usually are"))
  func portsOfRoot() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let run = try await site.run("serve", prefix: ["/usr/bin/unshare", "--net"] + Site.nobody)
      #expect(run.status == 77)
      // A network whose loopback is down has its address all the same.
      #expect(
        run.errors == """
          error: TCP port 80 of 127.0.0.1 is for root alone
            why: HTTP cannot be served by this user
            fix: run it as root, or choose another port with --http-port 8080
          error: UDP port 69 of 127.0.0.1 is for root alone
            why: TFTP cannot be served by this user
            fix: run it as root, or choose another port with --tftp-port 6969

          """)
    }
  }

  @Test(
    "a program that is missing is named with the command that installs it",
    .enabled(if: Binary.isRoot, "only root can hide a program"))
  func missingPrograms() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let programs = ["nginx", "dnsmasq"].compactMap { Binary.find($0) }
      let hide = programs.map { "mount --bind /dev/null \($0)" }.joined(separator: " && ")
      let prefix = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", "\(hide) && exec \"$@\"", "sh"]
      let run = try await site.run("serve", prefix: prefix)
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: nginx and dnsmasq are not installed
            fix: apt-get install --no-install-recommends nginx-light dnsmasq-base

          """)
    }
  }

  @Test(
    "a tree that the servers could not read is refused before they start",
    .enabled(if: Binary.isRoot, "the servers of others have the rights of pxebuild"))
  func closedFolder() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      chmod(site.folder, 0o700)
      let run = try await site.run("serve")
      #expect(run.status == 77)
      #expect(
        run.errors == """
          error: the servers could not read out
            why: they give up root's rights, and others may not enter SITE
            fix: chmod o+x SITE, or build into another folder with --output

          """)
    }
  }

  @Test("an interface that is not there, and options that contradict one another")
  func badOptions() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let run = try await site.run("serve", "--interface", "no-such0")
      #expect(run.status == 1)
      #expect(
        run.errors.hasPrefix(
          "error: there is no network interface \"no-such0\" with an IPv4 address\n"))
      for options in [
        ["--interface", "a", "--dhcp-proxy", "b"], ["--http-port", "0"], ["--tftp-port", "65536"],
        ["--dhcp-proxy", "a", "--tftp-port", "6969"],
      ] {
        #expect(try await site.run(["serve"] + options).status == 64)
      }
    }
  }

  @Test("with --json every request is an object")
  func json() async throws {
    try await withSite { site in
      try site.recipe("targets: { \"a b\": { script: x } }\n")
      #expect(try await site.run("all").status == 0)
      let (http, tftp) = (try freePort(), try freePort())
      let options = ["--json", "--http-port", "\(http)", "--tftp-port", "\(tftp)"]
      try await Serving.with(options, on: site) { serving in
        #expect(try await serving.fetch(url("http", http, "a b")) == Data("x".utf8))
        #expect(try await serving.fetch(url("tftp", tftp, "a b")) == Data("x".utf8))
        try await serving.wait(for: #""protocol":"tftp""#)
        let lines = serving.text.split(separator: "\n").map {
          $0.replacing(#/"time":[0-9.]+,/#, with: "")
        }
        #expect(
          lines == [
            #"{"event":"serving","http":"http://127.0.0.1:\#(http)/","tftp":"tftp://127.0.0.1:\#(tftp)/"}"#,
            #"{"event":"request","protocol":"http","client":"127.0.0.1","method":"GET","path":"a b","outcome":"sent","status":200,"bytes":1}"#,
            #"{"event":"request","protocol":"tftp","client":"127.0.0.1","path":"a b","outcome":"sent"}"#,
          ])
      }
    }
  }

  /// Removes the folders for servers' files of a site.
  private func removeFolders(of site: Site) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
    where name.hasPrefix("pxebuild-serve-") {
      let tree = try? FileManager.default.destinationOfSymbolicLink(atPath: "/tmp/\(name)/tree")
      if tree == site.output { removeTree("/tmp/\(name)") }
    }
  }

  @Test(
    "with a proxy, a machine that boots is told its file and fetches it",
    .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
      await NetworkLab.isPossible.value
    })
  func proxy() async throws {
    try await withSite { site in
      // Addresses of another network: those of the interface count here.
      try site.recipe(
        """
        site:
          server: 192.168.77.1
          http: http://10.0.0.200
        targets:
          menu.ipxe: { script: "#!ipxe\\nshell\\n" }
          undionly.kpxe: { script: a program for BIOS }
        configs:
          dhcpd.conf: { dhcp: isc, script: menu.ipxe }

        """.replacingOccurrences(
          of: "  http:",
          with:
            "  network: { subnet: 192.168.77.0/24, range: [192.168.77.9, 192.168.77.10] }\n  http:"
        ))
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      // The lab ends by killing all that is in it at once, the guards too.
      defer { removeFolders(of: site) }
      try await NetworkLab.with(folder: site.scratch) { lab in
        try lab.start([
          "env", Binary.pxebuild, "serve", "--dhcp-proxy", "eth0", "--recipes", site.recipes,
          "--output", site.output, "--cache", site.cache,
        ])
        for _ in 0..<3000 where !lab.logText.contains("telling machines on eth0") {
          try await Task.sleep(for: .milliseconds(20))
        }
        let told = try await lab.onNetwork {
          let client = try DHCPClient(interface: "eth0")
          let offer = try client.answer(.init(architecture: 0))
          let file = try client.answer(
            .bootServer(NetworkLab.serverAddress, architecture: 0, item: 0x8000))
          let script = try client.answer(.init(architecture: 0, isIPXE: true))
          let bytes = try TFTPRead.fetch(file.file ?? "", from: file.nextServer ?? "")
          return (offer: offer, file: file, script: script, bytes: bytes)
        }
        #expect(told.offer.vendorClass == "PXEClient")
        #expect(told.file.file == "undionly.kpxe" && told.file.nextServer == "10.0.0.200")
        #expect(told.script.file == "http://10.0.0.200/menu.ipxe")
        #expect(told.bytes == Array("a program for BIOS".utf8))
        let menu = try await lab.run(
          ["curl", "--silent", "--fail", told.script.file ?? ""], on: "client")
        #expect(menu == "#!ipxe\nshell\n")
        #expect(lab.logText.contains("  tftp  10.0.0.2         undionly.kpxe  sent\n"))
        // nginx writes its line when the client has all it wanted.
        let asked = "  http  10.0.0.2         GET menu.ipxe  sent, 13 B\n"
        for _ in 0..<3000 where !lab.logText.contains(asked) {
          try await Task.sleep(for: .milliseconds(20))
        }
        #expect(lab.logText.contains(asked))
      }
    }
  }
}
