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

  /// A machine with Secure Boot on that starts a program from a disk: Debian's OVMF with the keys that its package brings.
  private func start(_ program: String, in site: Site) throws -> (Running, console: String) {
    let name = "\(site.scratch)/\(UInt32.random(in: 0 ... .max))"
    try site.makeFolder("disk-\(program)/EFI/BOOT")
    try FileManager.default.copyItem(
      atPath: "\(site.folder)/\(program)/program.efi",
      toPath: "\(site.folder)/disk-\(program)/EFI/BOOT/BOOTX64.EFI")
    try FileManager.default.copyItem(
      atPath: "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd", toPath: "\(name).vars")
    let running = try Running(
      [
        try #require(Binary.find("qemu-system-x86_64")), "-accel", "tcg", "-machine", "q35,smm=on",
        "-m", "256", "-global", "driver=cfi.pflash01,property=secure,value=on", "-global",
        "ICH9-LPC.disable_s3=1", "-drive",
        "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        "-drive", "if=pflash,format=raw,unit=1,file=\(name).vars", "-nodefaults", "-vga", "none",
        "-display", "none", "-serial", "file:\(name).serial", "-drive",
        "if=none,id=d,format=raw,readonly=on,file=fat:disk-\(program)", "-device",
        "virtio-blk-pci,drive=d,bootindex=0", "-net", "none",
      ], environment: site.environment, folder: site.folder, scratch: site.scratch)
    return (running, "\(name).serial")
  }

  private func wait(for text: String, on console: String) async throws -> Bool {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(300) {
      let bytes = FileManager.default.contents(atPath: console) ?? Data()
      if bytes.range(of: Data(text.utf8)) != nil { return true }
      try await Task.sleep(for: .milliseconds(200))
    }
    return false
  }

  @Test(
    "Firmware with Secure Boot starts the program with the signature, and not the one that was built"
  )
  func firmware() async throws {
    try await withProgram { site, keys in
      try await keys.openssl(
        "pkey", "-in", "/usr/share/ovmf/PkKek-1-snakeoil.key", "-passin", "pass:snakeoil", "-out",
        "keys/db.key")
      try await mustRun(
        ["cp", "/usr/share/ovmf/PkKek-1-snakeoil.pem", "recipes/keys/db.pem"], in: site.folder)
      let run = try await site.run("all", "-q")
      #expect(run.status == 0, "\(run.errors)")
      for (folder, text) in [
        ("out", "Open Source Network Boot Firmware"), ("recipes", "Access Denied"),
      ] {
        let (machine, console) = try start(folder, in: site)
        let isSaid = try await wait(for: text, on: console)
        machine.send(SIGKILL)
        _ = await machine.wait()
        let shown = FileManager.default.contents(atPath: console) ?? Data()
        #expect(isSaid, "\(folder): \(String(decoding: shown, as: UTF8.self))")
      }
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
