import Foundation
import Testing

/// `--sign` and `signing:`: signatures beside what machines load.
@Suite("Signing for imgverify")
struct SigningTests {
  private func withKeys(
    signing: String = "signing: { certificate: keys/signer.pem }",
    _ body: (Site, SigningKeys) async throws -> Void
  ) async throws {
    try await withSite { site in
      let keys = try await SigningKeys(in: site)
      try site.write("a kernel", to: "recipes/rescue/vmlinuz")
      try site.write("an initrd", to: "recipes/rescue/initrd.img")
      try site.write("not loaded", to: "recipes/rescue/README")
      try site.recipe(
        """
        site:
          server: 10.0.0.200
          \(signing)
        targets:
          rescue: { file: rescue }
          install.ipxe:
            menu: Boot menu
            items:
              - linux: rescue/vmlinuz
                initrd: rescue/initrd.img
                title: Rescue
              - chain: own.ipxe
                title: Own
          own.ipxe: { script: "#!ipxe\\nexit\\n" }
          other.txt: { script: "not loaded" }

        """)
      try await body(site, keys)
    }
  }

  private static let signatures = [
    "install.ipxe.sig", "own.ipxe.sig", "rescue/initrd.img.sig", "rescue/vmlinuz.sig",
  ]

  private func signatures(_ site: Site) -> [String] { site.served.filter { $0.hasSuffix(".sig") } }

  @Test("Scripts, menus and what they load are signed, so that openssl accepts them with the root")
  func signs() async throws {
    try await withKeys { site, keys in
      let run = try await site.run("all", "--sign", "keys/signer.key", "--records", "in-tree")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.contains(
          "signed 4 files as CN=Test signer: install.ipxe, own.ipxe, rescue/initrd.img, rescue/vmlinuz\n"
        ), "\(run.errors)")
      #expect(signatures(site) == Self.signatures)
      for path in Self.signatures {
        #expect(await keys.accepts(String(path.dropLast(4))), "\(path)")
      }
      try site.write("another kernel", to: "out/rescue/vmlinuz")
      #expect(await !keys.accepts("rescue/vmlinuz"))
      try site.write("a kernel", to: "out/rescue/vmlinuz")
      // The records know the signatures, and both digests.
      try await mustRun(["sha256sum", "--check", "--strict", "SHA256SUMS"], in: site.output)
      #expect(site.read("out/SHA256SUMS")?.contains("  rescue/vmlinuz.sig\n") == true)
      let fingerprint = try await mustRun(
        ["openssl", "x509", "-in", "keys/signer.crt", "-noout", "-fingerprint", "-sha256"],
        in: site.folder
      ).split(separator: "=")[1].replacing(":", with: "").lowercased().dropLast()
      let manifest = try #require(site.read("out/manifest.json"))
      #expect(manifest.contains(#""certificates": ["# + "\n"), "\(manifest)")
      #expect(manifest.contains("\"\(fingerprint)\""))
      let verify = try await site.run("verify", "--rebuild", "--against", "out")
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("An unchanged site needs no key; a changed file loses its signature until the key is there")
  func unchanged() async throws {
    try await withKeys { site, keys in
      #expect(try await site.run("all", "-q", "--sign", "keys/signer.key").status == 0)
      let before = site.snapshot(of: "out").filter { !$0.key.hasPrefix(".pxebuild/lock") }
      // Not by the record of an unchanged site either, nor with an empty cache.
      removeTree(site.cache)
      let again = try await site.run("all")
      #expect(again.status == 0 && !again.errors.contains("signature"), "\(again.errors)")
      #expect(site.snapshot(of: "out").filter { !$0.key.hasPrefix(".pxebuild/lock") } == before)
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(recipe.replacing("exit", with: "shell"))
      for _ in 0..<2 {
        let changed = try await site.run("all")
        #expect(changed.status == 0)
        #expect(
          changed.errors.contains(
            """
            warning: 1 file has no signature: own.ipxe
             --> recipes/site.yaml:3:27
              |
            3 |   signing: { certificate: keys/signer.pem }
              |                           ^^^^^^^^^^^^^^^
              = help: sign with pxebuild all --sign KEY
            """), "\(changed.errors)")
      }
      #expect(signatures(site) == Self.signatures.filter { $0 != "own.ipxe.sig" })
      let signed = try await site.run("build", "own.ipxe", "--sign", "keys/signer.key", "--json")
      #expect(signed.status == 0)
      #expect(
        signed.output.contains(#""for":"imgverify","files":["own.ipxe"]}"#), "\(signed.output)")
      #expect(signatures(site) == Self.signatures)
      #expect(await keys.accepts("own.ipxe"))
      // Without signing: nothing of it stays.
      let plain = recipe.replacing("signing: { certificate: keys/signer.pem }", with: "output: out")
      try site.recipe(plain)
      #expect(try await site.run("all", "-q").status == 0)
      #expect(signatures(site) == [])
    }
  }

  @Test("Two machines with one key make the same signatures; another certificate makes others")
  func reproducible() async throws {
    try await withKeys(signing: "signing: { certificate: keys/signer.pem, files: rescue/README }") {
      site, keys in
      #expect(try await site.run("all", "-q", "--sign", "keys/signer.key").status == 0)
      let other = try site.sibling("other")
      removeTree(other.recipes)
      try await mustRun(["cp", "-a", site.recipes, other.recipes], in: site.top)
      #expect(
        try await other.run("all", "-q", "--sign", "\(site.folder)/keys/signer.key").status == 0)
      #expect(other.served.filter { $0.hasSuffix(".sig") }.count == 5)
      for path in signatures(site) {
        #expect(site.bytes("out/\(path)") == other.bytes("out/\(path)"))
      }
      let old = try #require(site.bytes("out/rescue/README.sig"))
      try await keys.certify("signer")
      let run = try await site.run("all", "--sign", "keys/signer.key")
      #expect(run.errors.contains("signed 5 files"), "\(run.errors)")
      #expect(try #require(site.bytes("out/rescue/README.sig")) != old)
      // A state from before has its signatures again.
      #expect(try await site.run("rollback").status == 0)
      #expect(site.bytes("out/rescue/README.sig") == old)
      #expect(try await site.run("verify", "--skip-cache").status == 0)
    }
  }

  @Test("What files: names has to be a file of the tree, unless its target was left out")
  func files() async throws {
    try await withKeys(
      signing: "signing: { certificate: keys/signer.pem, files: [gone.bin, rescue/gone] }"
    ) { site, _ in
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(
        recipe + "  gone.bin: { fetch: \"http://127.0.0.1:1/gone.bin\", optional: true }\n")
      let run = try await site.run("all", "--sign", "keys/signer.key")
      #expect(run.status == 65 && site.served == [])
      #expect(
        run.errors.hasSuffix(
          """
          error: "rescue/gone" is no file that can be signed
           --> recipes/site.yaml:3:62
            |
          3 |   signing: { certificate: keys/signer.pem, files: [gone.bin, rescue/gone] }
            |                                                              ^^^^^^^^^^^
            = help: name a file; of a folder, each one that machines load


          """), "\(run.errors)")
      try site.recipe(
        try #require(site.read("recipes/site.yaml")).replacing("rescue/gone", with: "other.txt"))
      let good = try await site.run("all", "--sign", "keys/signer.key")
      #expect(good.status == 0 && signatures(site).contains("other.txt.sig"), "\(good.errors)")
    }
  }

  @Test("A dry run says what would be signed and changes nothing")
  func dryRun() async throws {
    try await withKeys { site, keys in
      #expect(try await site.run("all", "-q", "--sign", "keys/signer.key").status == 0)
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(recipe.replacing("exit", with: "shell"))
      let before = site.snapshot(of: "out")
      let run = try await site.run("all", "-n")
      #expect(
        run.output == """
          nothing would run: everything is in the cache
          would place  own.ipxe
          would sign  own.ipxe  (with --sign KEY)

          """, "\(run.output)\(run.errors)")
      #expect(site.snapshot(of: "out") == before)
    }
  }

  @Test("No byte of a private key is in the cache, the tree, the records, or what was printed")
  func secret() async throws {
    try await withKeys(
      signing: """
        signing: { certificate: keys/signer.pem }
          secure-boot: { key: ../keys/db.key, certificate: keys/db.pem, targets: program.efi }
        """
    ) { site, keys in
      try await keys.makeSecureBootPair()
      try site.write(try SigningKeys.program(), to: "recipes/program.efi")
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(recipe + "  program.efi: { file: program.efi }\n")
      let run = try await site.run(
        "all", "-v", "--sign", "keys/signer.key", "--records", "beside", "--sandbox", "off")
      #expect(run.status == 0, "\(run.errors)")
      var places = [Data(run.output.utf8), Data(run.errors.utf8)]
      for folder in ["cache", "out", "out-records", "out-conf"] {
        places += site.files(below: folder).compactMap { site.bytes("\(folder)/\($0)") }
      }
      #expect(places.count > 20)
      for name in ["signer", "db"] {
        let text = try #require(site.read("keys/\(name).key"))
        try await keys.openssl(
          "pkey", "-in", "keys/\(name).key", "-outform", "DER", "-out", "keys/\(name).der")
        let der = try #require(site.bytes("keys/\(name).der"))
        // A line of the middle, and bytes from where the secret numbers are.
        let line = Data(text.split(separator: "\n")[12].utf8)
        for secret in [line, der.subdata(in: der.count - 300..<der.count - 268)] {
          #expect(!places.contains { $0.range(of: secret) != nil }, "\(name)")
        }
      }
    }
  }
}
