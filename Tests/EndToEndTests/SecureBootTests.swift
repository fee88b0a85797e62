import Foundation
import Testing

/// `secure-boot:`: EFI programs with a signature in them.
@Suite("Signing for Secure Boot")
struct SecureBootTests {
  private func withProgram(_ body: (Site, SigningKeys) async throws -> Void) async throws {
    try await withSite { site in
      let keys = try await SigningKeys(in: site)
      try await keys.makeSecureBootPair()
      try site.write(try SigningKeys.program(), to: "recipes/program.efi")
      try site.recipe(
        """
        site:
          secure-boot: { key: ../keys/db.key, certificate: keys/db.pem, targets: [program.efi] }
        targets:
          program.efi: { file: program.efi }
          text: { script: x }

        """)
      try await body(site, keys)
    }
  }

  private func isVerified(_ site: Site) async -> Bool {
    (try? await mustRun(
      ["sbverify", "--cert", "recipes/keys/db.pem", "out/program.efi"], in: site.folder)) != nil
  }

  @Test(
    "sbverify accepts the program; the cache keeps the bytes without signature, and so do rebuilds")
  func signs() async throws {
    try await withProgram { site, _ in
      let run = try await site.run("all", "--records", "beside")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.contains("signed 1 program for Secure Boot: program.efi\n"), "\(run.errors)")
      #expect(await isVerified(site))
      let manifest = try #require(site.read("out-records/manifest.json"))
      let plain = try await mustRun(["sha256sum", "recipes/program.efi"], in: site.folder).prefix(
        64)
      let served = try await mustRun(["sha256sum", "out/program.efi"], in: site.folder).prefix(64)
      #expect(plain != served)
      #expect(manifest.contains("\"sha256\": \"\(plain)\"") && manifest.contains("\"\(served)\""))
      let verify = try await site.run("verify", "--rebuild")
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
      // The time is in the signature: a second one would be another.
      let signed = try #require(site.bytes("out/program.efi"))
      removeTree(site.cache)
      let again = try await site.run("all")
      #expect(again.status == 0 && !again.errors.contains("signed"), "\(again.errors)")
      #expect(site.bytes("out/program.efi") == signed)
    }
  }

  @Test("A program that changed is signed anew, and one that was damaged is put back")
  func changed() async throws {
    try await withProgram { site, _ in
      #expect(try await site.run("all", "-q").status == 0)
      let signed = try #require(site.bytes("out/program.efi"))
      try site.write("damaged", to: "out/program.efi")
      let mended = try await site.run("all")
      #expect(mended.status == 0 && !mended.errors.contains("signed"), "\(mended.errors)")
      #expect(site.bytes("out/program.efi") == signed)
      var program = try SigningKeys.program()
      program[program.count - 1] ^= 1
      try site.write(program, to: "recipes/program.efi")
      let run = try await site.run("all")
      #expect(run.errors.contains("signed 1 program for Secure Boot"), "\(run.errors)")
      #expect(await isVerified(site))
      #expect(site.bytes("out/program.efi") != signed)
    }
  }
}
