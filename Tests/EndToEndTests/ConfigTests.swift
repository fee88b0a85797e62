import Foundation
import Testing

/// The folder for configs: an output tree of its own.
@Suite("Configs")
struct ConfigTests {
  private static let recipe = """
    site: { server: 10.0.0.200 }
    targets:
      chain.ipxe: { script: "#!ipxe\\n" }
    configs:
      tftpd-hpa: { tftp: hpa }
      etc/tftp.conf: { tftp: dnsmasq }

    """

  @Test("all writes them beside the tree, tells of them, and finds nothing to do the second time")
  func written() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let first = try await site.run("all")
      #expect(first.status == 0, "\(first.errors)")
      let sizes = ["tftpd-hpa", "etc/tftp.conf"].map { site.bytes("out-conf/\($0)")?.count ?? 0 }
      #expect(
        first.output.replacing(#/ +[0-9]+ B/#, with: " SIZE") == """
            built      chain.ipxe SIZE
            written    tftpd-hpa SIZE
            written    etc/tftp.conf SIZE
          done: 1 target in out: 1 built; 2 configs in out-conf; TIME

          """)
      for size in sizes { #expect(first.output.contains(" \(size) B")) }
      #expect(site.served == ["chain.ipxe"])
      #expect(
        site.files(below: "out-conf").filter { !$0.hasPrefix(".pxebuild/") }
          == ["etc/tftp.conf", "tftpd-hpa"])
      #expect(
        site.read("out-conf/tftpd-hpa")?.contains("TFTP_DIRECTORY=\"\(site.output)\"") == true)
      let second = try await site.run("all")
      #expect(second.output == "up to date: 1 target in out; 2 configs in out-conf; TIME\n")
      try site.write("changed\n", to: "out-conf/tftpd-hpa")
      let third = try await site.run("all")
      #expect(
        third.output.hasSuffix("done: 1 target in out: 1 built; 2 configs in out-conf; TIME\n"))
      #expect(site.read("out-conf/tftpd-hpa")?.hasPrefix("# For in.tftpd") == true)
    }
  }

  @Test("a config that no recipe names is removed, also when it was the last; others' files stay")
  func removed() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all").status == 0)
      try site.write("mine\n", to: "out-conf/mine")
      let less = Self.recipe.replacingOccurrences(
        of: "  etc/tftp.conf: { tftp: dnsmasq }\n", with: "")
      try site.recipe(less)
      #expect(
        try await site.run("all", "-n").output == """
          nothing would run: everything is in the cache
          would remove  etc/tftp.conf from out-conf

          """)
      #expect(try await site.run("all").status == 0)
      #expect(!site.exists("out-conf/etc") && site.exists("out-conf/tftpd-hpa"))
      try site.recipe(String(less[..<(try #require(less.range(of: "configs:"))).lowerBound]))
      let last = try await site.run("all")
      #expect(last.status == 0, "\(last.errors)")
      #expect(!site.exists("out-conf/tftpd-hpa"))
      #expect(site.read("out-conf/mine") == "mine\n")
    }
  }

  @Test("without configs there is no folder for them")
  func none() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      #expect(try await site.run("all").output.hasSuffix("done: 1 target in out: 1 built; TIME\n"))
      #expect(!site.exists("out-conf"))
    }
  }

  @Test(
    "somebody else's file in the way is an error, and a failed target leaves configs as they are")
  func conflicts() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      try site.write("mine\n", to: "out-conf/tftpd-hpa")
      let run = try await site.run("all", "-q")
      #expect(run.status == 73)
      #expect(
        run.errors == """
          error: SITE/out-conf has something that pxebuild did not place, under a name that it needs
            why: tftpd-hpa (a file)
            fix: move it away, rename the target, or choose another folder with --config-output

          """)
      #expect(site.read("out-conf/tftpd-hpa") == "mine\n")
      #expect(site.served == ["chain.ipxe"])
      try site.recipe(
        Self.recipe.replacingOccurrences(
          of: "targets:\n",
          with: "targets:\n  none: { fetch: \"file://\(site.folder)/none\", sha256: \(zeros) }\n"))
      #expect(try await site.run("all", "--config-output", "other").status == 69)
      #expect(site.files(below: "other").filter { !$0.hasPrefix(".pxebuild/") } == [])
    }
  }

  private let zeros = String(repeating: "0", count: 64)

  @Test(
    "the folder for configs and the served tree are apart", arguments: ["out/conf", ".", "out"])
  func apart(_ folder: String) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let run = try await site.run("all", "--config-output", folder)
      #expect(run.status == 65)
      #expect(
        run.errors.hasPrefix(
          folder == "."
            ? "error: the tree that is served is inside the folder for configs\n"
            : "error: the folder for configs is inside the tree that is served\n"))
      #expect(site.served == [])
    }
  }

  @Test("a link does not hide that one folder is inside the other")
  func apartByLink() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      try site.makeFolder("out/conf")
      try FileManager.default.createSymbolicLink(
        atPath: "\(site.folder)/link", withDestinationPath: "out/conf")
      let run = try await site.run("all", "--config-output", "link/deeper")
      #expect(run.status == 65)
      #expect(
        run.errors == """
          error: the folder for configs is inside the tree that is served
            why: configs go to SITE/out/conf/deeper, the tree to SITE/out
            fix: choose a folder apart with --config-output DIR, or configs: in site:

          """)
    }
  }

  @Test("site.configs says where, and an option says it louder")
  func place() async throws {
    try await withSite { site in
      try site.recipe(
        Self.recipe.replacingOccurrences(of: "10.0.0.200", with: "10.0.0.200, configs: c"))
      #expect(try await site.run("all").status == 0)
      #expect(site.exists("recipes/c/tftpd-hpa") && !site.exists("out-conf"))
      #expect(try await site.run("all", "--config-output", "d").status == 0)
      #expect(site.exists("d/tftpd-hpa"))
    }
  }

  @Test(
    "the folder is named after the output folder, however that is written",
    arguments: ["out/": "out-conf", "./out": "./out-conf", "out/.": "SITE/out-conf"])
  func name(_ output: String, _ shown: String) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let run = try await site.run("all", "--output", output)
      #expect(run.output.contains("; 2 configs in \(shown); "), "\(run.output)")
      #expect(site.exists("out-conf/tftpd-hpa"))
    }
  }

  @Test("plan, why, check and build know configs by name")
  func commands() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(
        try await site.run("plan").output == """
          chain.ipxe  (script, recipes/site.yaml:3:3)
          tftpd-hpa  (tftp, recipes/site.yaml:5:3)
          etc/tftp.conf  (tftp, recipes/site.yaml:6:3)

          """)
      #expect(
        try await site.run("plan", "tftpd-hpa", "--json").output
          == #"{"actions":[],"targets":[],"configs":[{"path":"tftpd-hpa","kind":"tftp","#
          + #""origin":"recipes/site.yaml:5:3"}]}"# + "\n")
      #expect(
        try await site.run("why", "tftpd-hpa").output
          == "tftpd-hpa: would be placed, the tree lacks it or has it otherwise\n")
      #expect(try await site.run("check").output == "recipes: 1 target, 2 configs, no errors\n")
      #expect(try await site.run("all").status == 0)
      try site.recipe(Self.recipe.replacingOccurrences(of: "10.0.0.200", with: "10.0.0.201"))
      #expect(
        try await site.run("why", "tftpd-hpa").output == """
          tftpd-hpa: would be placed, its text is not the one in the tree
              - TFTP_ADDRESS="10.0.0.200:69"
              + TFTP_ADDRESS="10.0.0.201:69"

          """)
      #expect(
        try await site.run("why", "tftpd-hpa", "--json").output
          == #"{"target":"tftpd-hpa","actions":[],"place":["tftpd-hpa"]}"# + "\n")
      let build = try await site.run("build", "tftpd-hpa", "-q")
      #expect(build.status == 65)
      #expect(
        build.errors == """
          error: there is no target "tftpd-hpa"
            = help: it is a config, which pxebuild all writes


          """)
      #expect(try await site.run("build", "chain.ipxe").status == 0)
      #expect(site.read("out-conf/tftpd-hpa")?.contains("10.0.0.200") == true)
    }
  }

  @Test("a folder that a server cannot serve is warned of, and served by those that can")
  func oddFolder() async throws {
    try await withSite(named: "a site") { site in
      try site.recipe(Self.recipe)
      let run = try await site.run("all")
      #expect(run.status == 0)
      #expect(
        run.errors.contains(
          "warning: the init script of tftpd-hpa cannot serve the folder \"SITE/out\": it splits it"
        ))
      #expect(site.read("out-conf/etc/tftp.conf")?.contains("tftp-root=\"\(site.output)\"") == true)
    }
  }
}
