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
      // Only a hint, of which objects a program of this source and configuration links, as an earlier build would have
      // left it: compiling all 1 023 takes two minutes.
      let hint = (#filePath as NSString).deletingLastPathComponent + "/StandIns/link-sets"
      try site.makeFolder("cache")
      try FileManager.default.copyItem(atPath: hint, toPath: "\(site.cache)/link-sets")
      let run = try await site.run("all", "--sign", "keys/signer.key", environment: ownHome)
      #expect(run.status == 0, "\(run.errors)")
      for path in site.served { server.put("/\(path)", try #require(site.bytes("out/\(path)"))) }
      let signed = try #require(site.read("out/signed.ipxe"))
      server.put("/changed.ipxe", Data(signed.replacing("signed-ran", with: "changed-ran").utf8))
      let machine = try Running(
        [
          qemu, "-accel", "tcg", "-machine", "pc,graphics=off", "-m", "128", "-nodefaults", "-vga",
          "none", "-display", "none", "-no-reboot", "-serial", "file:\(site.scratch)/console",
          "-kernel", "\(site.output)/ipxe.lkrn", "-device", "e1000,netdev=n0,romfile=",
          "-netdev", "user,id=n0",
        ], environment: site.environment, folder: site.folder, scratch: site.scratch)
      let start = ContinuousClock.now
      while !server.requests.contains("GET /said/item-ran"),
        ContinuousClock.now - start < .seconds(180)
      {
        try await Task.sleep(for: .milliseconds(100))
      }
      machine.send(SIGKILL)
      _ = await machine.wait()
      let console = FileManager.default.contents(atPath: "\(site.scratch)/console") ?? Data()
      let said = server.requests.filter { $0.hasPrefix("GET /said/") }.map { $0.dropFirst(10) }
      #expect(
        said == [
          "changed-refused", "changed-not-run", "unsigned-not-run", "signed-ran", "item-ran",
        ], "\(String(decoding: console.suffix(3000), as: UTF8.self))")
      #expect(
        server.requests.contains("GET /item.ipxe.sig"), "the menu asked for its item's signature")
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
          poweroff
      ipxe.lkrn:
        ipxe: bin/intel.lkrn
        source: ipxe
        embed: start.ipxe
        trust: keys/root.pem
        config: { general.h: { IMAGE_TRUST_CMD: true } }

    """
  }
}
