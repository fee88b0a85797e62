import Foundation
import Testing

/// An iPXE of the real upstream with the site's root in it, in QEMU. One test, because it needs the one program.
@Suite(
  "imgverify in iPXE itself", .serialized, .tags(.slow),
  .enabled("https://github.com/ipxe/ipxe.git does not answer") { await upstreamAnswers.value })
struct SignedBootTests {
  @Test(
    "It runs what was signed, refuses it when it is changed or unsigned, and shows a menu that verifies"
  )
  func boots() async throws {
    guard let qemu = Binary.find("qemu-system-x86_64") else {
      return print("SKIPPED: booting needs qemu-system-x86")
    }
    let server = try FileServer()
    defer { server.stop() }
    try await withSite { site in
      _ = try await SigningKeys(in: site)
      try site.recipe(Self.recipe(port: server.port))
      let guest = await GuestPackages.folder.value
      let kernel = try guest.map { try GuestPackages.file("vmlinuz-", in: "\($0)/boot") }
      try site.write(
        kernel.flatMap(FileManager.default.contents(atPath:)) ?? Data("no kernel".utf8),
        to: "recipes/guest/vmlinuz")
      try site.write("no initrd", to: "recipes/guest/initrd.img")
      // Only a hint, of which objects a program of this source and configuration links, as an earlier build would have
      // left it: compiling all 1 023 takes two minutes.
      let hint = (#filePath as NSString).deletingLastPathComponent + "/StandIns/link-sets"
      try site.makeFolder("cache")
      try FileManager.default.copyItem(atPath: hint, toPath: "\(site.cache)/link-sets")
      let run = try await site.run("all", "--sign", "keys/signer.key", environment: ownHome)
      #expect(run.status == 0, "\(run.errors)")
      if site.files(below: "cache/link-sets").count(where: { !$0.hasPrefix("pins/") }) > 1 {
        print("StandIns/link-sets is of another source or configuration: everything was compiled")
      }
      for path in site.served { server.put("/\(path)", try #require(site.bytes("out/\(path)"))) }
      let signed = try #require(site.read("out/signed.ipxe"))
      server.put("/changed.ipxe", Data(signed.replacing("signed-ran", with: "changed-ran").utf8))
      let machine = try Running(
        [
          qemu, "-accel", "tcg", "-machine", "pc,graphics=off", "-m", "512", "-nodefaults", "-vga",
          "none", "-display", "none", "-no-reboot", "-serial", "file:\(site.scratch)/console",
          "-kernel", "\(site.output)/ipxe.lkrn", "-device", "e1000,netdev=n0,romfile=",
          "-netdev", "user,id=n0",
        ], environment: site.environment, folder: site.folder, scratch: site.scratch)
      // A kernel's first line is the last thing to come; without one, what the second menu asks for.
      let start = ContinuousClock.now
      var console = Data()
      while ContinuousClock.now - start < .seconds(180) {
        console = FileManager.default.contents(atPath: "\(site.scratch)/console") ?? Data()
        let hasEnded =
          guest == nil
          ? server.requests.contains("GET /guest/initrd.img.sig")
          : console.range(of: Data("Linux version ".utf8)) != nil
        if hasEnded { break }
        try await Task.sleep(for: .milliseconds(100))
      }
      machine.send(SIGKILL)
      _ = await machine.wait()
      let said = server.requests.filter { $0.hasPrefix("GET /said/") }.map { $0.dropFirst(10) }
      #expect(
        said == [
          "changed-refused", "changed-not-run", "unsigned-not-run", "signed-ran", "item-ran",
        ], "\(String(decoding: console.suffix(3000), as: UTF8.self))")
      if guest != nil {
        let words = String(decoding: console.suffix(3000), as: UTF8.self)
        #expect(console.range(of: Data("Linux version ".utf8)) != nil, "\(words)")
      }
      for path in ["item.ipxe", "linux.ipxe", "guest/vmlinuz", "guest/initrd.img"] {
        #expect(server.requests.contains("GET /\(path).sig"), "\(path) was verified")
      }
    }
  }

  /// The machine sees this one's loopback as 10.0.2.2. What it says are requests that nobody answers.
  private static func recipe(port: UInt16) -> String {
    """
    site:
      server: 10.0.2.2
      http: http://10.0.2.2:\(port)
      signing: { certificate: keys/signer.pem, verify: true }
    sources:
      ipxe: { git: "\(upstreamURL)", tag: v2.0.0 }
    targets:
      start.ipxe:
        script: |
          #!ipxe
          dhcp
          imgtrust --permanent
          imgfetch --name changed {{site.http}}/changed.ipxe
          imgverify changed {{site.http}}/signed.ipxe.sig || imgfetch {{site.http}}/said/changed-refused ||
          chain changed || imgfetch {{site.http}}/said/changed-not-run ||
          imgfree
          chain {{site.http}}/signed.ipxe || imgfetch {{site.http}}/said/unsigned-not-run ||
          imgfree
          imgfetch --name signed {{site.http}}/signed.ipxe
          imgverify signed {{site.http}}/signed.ipxe.sig
          chain signed
          imgfetch --name menu {{site.http}}/install.ipxe
          imgverify menu {{site.http}}/install.ipxe.sig
          chain menu
      signed.ipxe:
        script: |
          #!ipxe
          imgfetch {{site.http}}/said/signed-ran ||
      install.ipxe:
        menu: Boot menu
        default: item
        timeout: 1
        items:
          - chain: item.ipxe
            name: item
            title: Item
      item.ipxe:
        script: |
          #!ipxe
          imgfetch {{site.http}}/said/item-ran ||
          imgfetch --name next {{site.http}}/linux.ipxe
          imgverify next {{site.http}}/linux.ipxe.sig
          chain next
      linux.ipxe:
        menu: Linux
        default: linux
        timeout: 1
        items:
          - linux: guest/vmlinuz
            initrd: guest/initrd.img
            arguments: console=ttyS0 panic=1
            title: Linux
      guest: { file: guest }
      ipxe.lkrn:
        ipxe: bin/intel.lkrn
        source: ipxe
        embed: start.ipxe
        trust: keys/root.pem
        config: { general.h: { IMAGE_TRUST_CMD: true }, console.h: { CONSOLE_SERIAL: true } }

    """
  }
}
