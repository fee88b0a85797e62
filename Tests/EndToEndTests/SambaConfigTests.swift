import Foundation
import Testing

/// What a real Samba makes of the files that pxebuild writes for it.
@Suite(
  "Samba configs",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct SambaConfigTests {
  private static let recipe = """
    site: { server: 10.0.0.200 }
    targets:
      win10/setup.exe: { script: "a program\\n" }
      win10/sources/größe ä.wim: { script: "an image\\n" }
      private/x: { script: "for one\\n" }
    configs:
      smb.conf:
        samba: shares
        shares:
          win10: win10
          mine: { folder: private, user: nobody, password-file: secret }
      smbpasswd: { samba: users }

    """

  private func build(_ site: Site) async throws {
    try site.write("pass w0rd\n", to: "recipes/secret")
    try site.recipe(Self.recipe)
    let run = try await site.run("all")
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("testparm knows every line, and says what it does not know of a broken one")
  func checked() async throws {
    try await withSite { site in
      try await build(site)
      func testparm() async throws -> (output: String, errors: String) {
        let program = try #require(Binary.find("testparm"))
        let run = try await Running(
          [program, "-s", "\(site.folder)/out-conf/smb.conf"],
          environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], folder: "/",
          scratch: site.scratch
        ).wait()
        #expect(run.status == 0)
        return (run.output, run.errors)
      }
      // It always says which files it loads.
      let usual = [
        "Load smb config files from ", "Loaded services file OK.", "Weak crypto is allowed",
        "Server role: ROLE_STANDALONE",
      ]
      func unusual(_ errors: String) -> [Substring] {
        errors.split(separator: "\n").filter { line in
          !usual.contains { line.hasPrefix($0) }
        }
      }
      let good = try await testparm()
      #expect(unusual(good.errors) == [])
      for line in ["[win10]", "path = \(site.output)/win10", "guest ok = Yes"] {
        #expect(good.output.contains(line), "\(good.output)")
      }
      let text = try #require(site.read("out-conf/smb.conf"))
      try site.write(text + "  gest ok = yes\n", to: "out-conf/smb.conf")
      let broken = try await testparm()
      #expect(unusual(broken.errors).contains { $0.contains("gest ok") })
    }
  }

  @Test(
    "a client lists the shares and reads a file: any user as a guest, the one with its password")
  func served() async throws {
    try await withSite { site in
      try await build(site)
      try await NetworkLab.with(folder: site.scratch) { lab in
        for folder in ["/etc/samba", "/var/log/samba", "/var/cache/samba"] {
          try await lab.run(["mkdir", "-p", folder])
          try await lab.run(["mount", "-t", "tmpfs", "none", folder])
        }
        try await lab.run(["mkdir", "-p", "/var/lib/samba/private", "/run/samba"])
        for name in ["smb.conf", "smbpasswd"] {
          try await lab.run(["cp", "-p", "\(site.folder)/out-conf/\(name)", "/etc/samba/\(name)"])
        }
        try lab.start(["smbd", "--foreground", "--no-process-group"])
        let client = ["smbclient", "--configfile=/dev/null", "--option=interfaces=10.0.0.2/24"]
        func run(_ share: String, _ user: String, _ commands: String) async throws -> String {
          let file = "\(site.scratch)/user-\(UInt64.random(in: 0...UInt64.max))"
          let parts = user.split(separator: ":", maxSplits: 1)
          try Data("username = \(parts[0])\npassword = \(parts[1])\n".utf8).write(
            to: URL(fileURLWithPath: file))
          return try await lab.run(
            client + ["//10.0.0.200/\(share)", "-A", file, "-c", commands], on: "client")
        }
        var listed = ""
        for _ in 0..<100 where listed.isEmpty {
          listed =
            (try? await lab.run(
              client + ["--no-pass", "--list=//10.0.0.200", "--grepable"], on: "client")) ?? ""
          if listed.isEmpty { try await Task.sleep(for: .milliseconds(200)) }
        }
        #expect(listed.contains("Disk|win10|") && listed.contains("Disk|mine|"), "\(lab.logText)")
        let names = try await run("win10", "user:pass", "cd sources; ls")
        #expect(names.contains("größe ä.wim"))
        _ = try await run("win10", "user:pass", "get setup.exe \(site.scratch)/got")
        #expect(
          FileManager.default.contents(atPath: "\(site.scratch)/got") == Data("a program\n".utf8))
        _ = try await run("mine", "nobody:pass w0rd", "get x \(site.scratch)/mine")
        #expect(
          FileManager.default.contents(atPath: "\(site.scratch)/mine") == Data("for one\n".utf8))
        for (share, user, command) in [
          ("mine", "nobody:wrong", "ls"), ("mine", "user:pass", "ls"),
          ("win10", "user:pass", "put \(site.scratch)/got new"),
          ("win10", "user:pass", "mkdir new"),
        ] {
          // smbclient ends well after some refusals; the tree tells.
          let said = try? await run(share, user, command)
          #expect(said == nil || said?.contains("NT_STATUS_") == true, "\(said ?? "")")
        }
        #expect(!site.exists("out/win10/new"))
      }
    }
  }

  @Test("the passwords are in one private file, and written anew when they change")
  func secrets() async throws {
    try await withSite { site in
      try await build(site)
      var status = stat()
      #expect(stat("\(site.folder)/out-conf/smbpasswd", &status) == 0)
      #expect(status.st_mode & 0o7777 == 0o600)
      let first = try #require(site.read("out-conf/smbpasswd"))
      let hash = try #require(
        first.split(separator: ":").first { $0.count == 32 && $0.first != "X" })
      for folder in ["out", "out-conf", "cache"] {
        for file in site.files(below: folder) where file != "smbpasswd" {
          let text = String(decoding: site.bytes("\(folder)/\(file)") ?? Data(), as: UTF8.self)
          #expect(!text.contains("pass w0rd") && !text.contains(hash), "\(folder)/\(file)")
        }
      }
      #expect(try await site.run("all").output.hasPrefix("up to date"))
      try site.write("another one\n", to: "recipes/secret")
      let run = try await site.run("all")
      #expect(run.status == 0)
      #expect(!run.output.hasPrefix("up to date"))
      #expect(site.read("out-conf/smbpasswd") != first)
    }
  }

  @Test("a link inside a share stops the configs and is named")
  func links() async throws {
    try await withSite { site in
      try site.write("x", to: "recipes/files/setup.exe")
      #expect(symlink("setup.exe", "\(site.recipes)/files/link.exe") == 0)
      try site.recipe(
        """
        targets: { win: { file: files } }
        configs: { smb.conf: { samba: shares, shares: { win: win } } }

        """)
      let run = try await site.run("all")
      #expect(run.status == 65)
      #expect(run.errors.contains("error: 1 symbolic link inside share \"win\": win/link.exe\n"))
      #expect(!site.exists("out-conf/smb.conf"))
    }
  }
}
