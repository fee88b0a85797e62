import Foundation
import Testing

/// Keys and certificates that will not do. Each is told before anything is built.
@Suite("Bad keys and certificates")
struct BadSigningTests {
  private func withKeys(
    _ site: String = "signing: { certificate: keys/signer.pem }",
    _ body: (Site, SigningKeys) async throws -> Void
  ) async throws {
    try await withSite { one in
      let keys = try await SigningKeys(in: one)
      try one.write("x", to: "recipes/files/x")
      try one.recipe(
        """
        site:
          \(site)
        targets:
          a.ipxe: { script: "#!ipxe\\n" }
          files: { file: files }

        """)
      try await body(one, keys)
    }
  }

  private func expect(
    _ site: Site, _ key: String, phrase: String? = nil, _ expected: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let run = try await site.run(
      ["all", "--sign", key],
      environment: phrase.map { ["PXEBUILD_KEY_PASSPHRASE": $0] } ?? [:])
    #expect(run.status == 65, sourceLocation: sourceLocation)
    #expect(run.errors == expected + "\n\n", sourceLocation: sourceLocation)
    #expect(site.served == [], sourceLocation: sourceLocation)
  }

  @Test("A key that is missing, none, wanting its pass phrase or of another certificate")
  func keys() async throws {
    try await withKeys { site, keys in
      try await expect(
        site, "keys/gone.key",
        """
        error: there is no private key SITE/keys/gone.key
          = help: name the file with --sign KEY
        """)
      try await expect(
        site, "recipes/site.yaml",
        """
        error: SITE/recipes/site.yaml holds no private key in PEM form
          = help: it starts with -----BEGIN PRIVATE KEY-----
        """)
      try await keys.openssl(
        "pkey", "-in", "keys/signer.key", "-aes128", "-passout", "pass:right", "-out",
        "keys/locked.key")
      try await expect(
        site, "keys/locked.key",
        """
        error: SITE/keys/locked.key has a pass phrase
          = help: put it into the variable PXEBUILD_KEY_PASSPHRASE of the environment
        """)
      try await expect(
        site, "keys/locked.key", phrase: "wrong",
        """
        error: the pass phrase of SITE/keys/locked.key is another one
          = help: look at the variable PXEBUILD_KEY_PASSPHRASE
        """)
      try await expect(
        site, "keys/root.key",
        """
        error: SITE/keys/root.key is not the key of the certificate
          = help: name the key that the certificate was made for
        note: the certificate is CN=Test signer
         --> recipes/site.yaml:2:27
          |
        2 |   signing: { certificate: keys/signer.pem }
          |                           ^^^^^^^^^^^^^^^
        """)
      let run = try await site.run(
        "all", "--sign", "keys/locked.key", environment: ["PXEBUILD_KEY_PASSPHRASE": "right"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(await keys.accepts("a.ipxe"))
    }
  }

  @Test("A key in the tree, in what a target serves, readable by others, or within git's reach")
  func places() async throws {
    try await withKeys { site, _ in
      try await mustRun(["cp", "keys/signer.key", "recipes/files/x"], in: site.folder)
      try await mustRun(["chmod", "640", "recipes/files/x"], in: site.folder)
      try await mustRun(["git", "init", "--quiet", "."], in: site.folder)
      try await expect(
        site, "recipes/files/x",
        """
        error: the private key SITE/recipes/files/x is in what target "files" serves
          = help: move it where no server reads, and make another: this one may be known
        note: the target is defined here
         --> recipes/site.yaml:5:3
          |
        5 |   files: { file: files }
          |   ^^^^^

        warning: the private key SITE/recipes/files/x can be read by others than its owner
          = help: chmod 600 SITE/recipes/files/x

        warning: git would take the private key SITE/recipes/files/x along with the recipes
          = help: move it out of the repository, or name it in .gitignore
        """)
      try site.write("keys/\nout/\n", to: ".gitignore")
      try site.makeFolder("out")
      try await mustRun(["cp", "-p", "keys/signer.key", "out/s.key"], in: site.folder)
      let run = try await site.run("all", "--sign", "out/s.key")
      #expect(
        run.errors == """
          error: the private key SITE/out/s.key is in the tree that is served
            = help: move it where no server reads, and make another: this one may be known


          """)
      // Outside of all that, and ignored by git, there is nothing to say.
      try site.write("no key", to: "recipes/files/x")
      let good = try await site.run("all", "--sign", "keys/signer.key")
      #expect(good.status == 0 && !good.errors.contains("warning"), "\(good.errors)")
    }
  }

  @Test("Certificates that iPXE would refuse: all that is wrong with one is told at once")
  func certificates() async throws {
    try await withKeys { site, keys in
      let place = """
         --> recipes/site.yaml:2:27
          |
        2 |   signing: { certificate: keys/signer.pem }
          |                           ^^^^^^^^^^^^^^^
        """
      try await keys.certify("signer", days: 10, extensions: "\n", clock: "2020-01-01 00:00:00")
      try await expect(
        site, "keys/root.key",
        """
        error: SITE/keys/root.key is not the key of the certificate
          = help: name the key that the certificate was made for
        note: the certificate is CN=Test signer
        \(place)

        error: the certificate of site.signing ended on 2020-01-11
        \(place)
          = note: iPXE refuses what is signed with it
          = help: make a new one for the same key or another (docs/signing.md)

        error: the certificate of site.signing may not sign
        \(place)
          = note: iPXE wants its keyUsage to have digitalSignature
          = help: make it anew with keyUsage=critical,digitalSignature (docs/signing.md)

        error: the certificate of site.signing is not for signing code
        \(place)
          = note: iPXE wants its extendedKeyUsage to have codeSigning
          = help: make it anew with extendedKeyUsage=codeSigning (docs/signing.md)
        """)
      try await keys.certify("signer", days: 12)
      let soon = try await site.run("all", "--sign", "keys/signer.key")
      #expect(soon.status == 0)
      #expect(
        soon.errors.replacing(#/20\d\d-\d\d-\d\d/#, with: "DAY").hasPrefix(
          """
          warning: the certificate of site.signing ends on DAY
          \(place)
            = help: from then on iPXE refuses what is signed with it: make a new one (docs/signing.md)
          """), "\(soon.errors)")
      try await keys.openssl(
        "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "keys/ec.key")
      try await keys.openssl(
        "req", "-x509", "-key", "keys/ec.key", "-out", "recipes/keys/signer.pem", "-days", "100",
        "-subj", "/CN=EC", "-addext", "keyUsage=critical,digitalSignature", "-addext",
        "extendedKeyUsage=codeSigning")
      let other = try await site.run("all", "--sign", "keys/ec.key")
      #expect(
        other.errors == """
          error: the certificate of site.signing is not of an RSA key
          \(place)
            = note: with other kinds a signature has other bytes each time, and older iPXE knows none
            = help: make a key with openssl genrsa (docs/signing.md)


          """)
    }
  }

  @Test("--sign without a certificate, and Secure Boot with a key that is absent or cannot be used")
  func others() async throws {
    try await withKeys("server: 10.0.0.200") { site, _ in
      try await expect(
        site, "keys/signer.key",
        """
        error: --sign needs a certificate, and the recipes name none
          = help: add signing: {certificate: FILE} to site: (docs/signing.md)
        """)
    }
    try await withKeys(
      "secure-boot: { key: ../keys/db.key, certificate: keys/root.pem, targets: a }"
    ) {
      site, keys in
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(
        recipe.replacing("a.ipxe:", with: "a:").replacing("\"#!ipxe\\n\"", with: "x").replacing(
          "script", with: "file"))
      try site.write("no program", to: "recipes/x")
      let run = try await site.run("all")
      #expect(run.status == 65)
      #expect(
        run.errors == """
          error: there is no private key SITE/keys/db.key
           --> recipes/site.yaml:2:23
            |
          2 |   secure-boot: { key: ../keys/db.key, certificate: keys/root.pem, targets: a }
            |                       ^^^^^^^^^^^^^^
            = help: name the file with key: in site.secure-boot


          """)
      try await keys.openssl(
        "pkey", "-in", "keys/root.key", "-aes128", "-passout", "pass:right", "-out", "keys/db.key")
      let locked = try await site.run("all")
      #expect(
        locked.errors == """
          error: SITE/keys/db.key has a pass phrase, which sbsign asks a person for
           --> recipes/site.yaml:2:23
            |
          2 |   secure-boot: { key: ../keys/db.key, certificate: keys/root.pem, targets: a }
            |                       ^^^^^^^^^^^^^^
            = help: keep a copy without one where only root can read it: openssl pkey -in KEY -out COPY


          """)
      try await mustRun(["cp", "-p", "keys/root.key", "keys/db.key"], in: site.folder)
      let text = try await site.run("all")
      #expect(text.status == 1 && site.served == [])
      #expect(
        text.errors.hasSuffix(
          """
          error: sbsign cannot sign a
            why: file is too small for DOS header
            fix: name only EFI programs in targets: of site.secure-boot

          """), "\(text.errors)")
    }
  }
}
