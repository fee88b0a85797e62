import Testing

@testable import Recipes

@Suite("What is signed, and with which certificates")
struct SigningTests {
  private func pem(_ text: String) -> PEMText { PEMText(Array(text.utf8)) }

  @Test("A PEM file has its certificates in order, whatever stands between them")
  func certificates() {
    let file = pem(
      """
      subject: the signer
      -----BEGIN CERTIFICATE-----
      AAEC
      Aw==
      -----END CERTIFICATE-----
      -----BEGIN CERTIFICATE-----\r
      BAU=\r
      -----END CERTIFICATE-----\r
      """)
    #expect(file.certificates == [[0, 1, 2, 3], [4, 5]])
    #expect(!file.hasPrivateKey && !file.isEncrypted && !file.isDamaged)
  }

  @Test("A file with a key, with one that wants a pass phrase, and a damaged one are told apart")
  func others() {
    func block(_ label: String, _ content: String) -> String {
      "-----BEGIN \(label)-----\n\(content)\n-----END \(label)-----\n"
    }
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
      let key = pem(block(label, "AAAA"))
      #expect(key.hasPrivateKey && !key.isEncrypted && key.certificates.isEmpty)
    }
    #expect(pem(block("ENCRYPTED PRIVATE KEY", "AAAA")).isEncrypted)
    let old = pem(
      block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA"))
    #expect(old.hasPrivateKey && old.isEncrypted)
    #expect(pem(block("CERTIFICATE", "?")).isDamaged)
    #expect(pem("-----BEGIN CERTIFICATE-----\nAAAA\n").isDamaged)
    #expect(pem("").certificates.isEmpty && !pem("").isDamaged)
  }

  @Test("A script loads what its text shows, disks excepted, from the tree and beside itself")
  func loaded() throws {
    let site = try TemporarySite([
      "a.yaml": "site: { server: 10.0.0.200 }\ntargets: { a: { script: x } }\n"
    ])
    let recipes = try site.load()
    let script = """
      #!ipxe
      set base http://10.0.0.200/linux
      kernel ${base}/vmlinuz quiet
      initrd --name x http://10.0.0.200:80/linux/initrd%20one || goto failed
      imgverify x http://10.0.0.200/verified.img.sig
      chain beside.ipxe
      sanboot http://10.0.0.200/disk.iso
      kernel http://10.0.0.7/elsewhere
      imgfetch http://10.0.0.200/${mac}.img
      :failed
      """
    #expect(
      recipes.filesLoaded(byScript: Array(script.utf8), at: "menus/one.ipxe") == [
        "linux/vmlinuz", "linux/initrd one", "verified.img", "menus/beside.ipxe",
      ])
    #expect(recipes.filesLoaded(byScript: Array("#!/bin/sh\n".utf8), at: "a") == nil)
  }

  @Test("A script may name the signature of what is in the tree, where the site signs")
  func addresses() throws {
    let script = """
      targets:
        a.ipxe: { script: "#!ipxe\\nimgfetch {{site.http}}/a.ipxe.sig\\nimgfetch {{site.http}}/b.sig\\n" }

      """
    let plain = try TemporarySite(["a.yaml": "site: { server: 10.0.0.200 }\n" + script])
    #expect(try plain.load().scriptWarnings.count == 2)
    let signing = try TemporarySite([
      "signer.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "a.yaml": "site: { server: 10.0.0.200, signing: { certificate: signer.pem } }\n" + script,
    ])
    #expect(try signing.load().scriptWarnings.map(\.message) == ["no target makes \"b.sig\""])
  }

  @Test("The target that would serve a private key is found")
  func serving() throws {
    let site = try TemporarySite([
      "a.yaml": "targets: { all: { file: files }, one: { file: one.key } }\n",
      "files/sub/x.key": "",
      "one.key": "", "files.key": "",
    ])
    let recipes = try site.load()
    #expect(recipes.target(serving: "\(site.folder)/files/sub/x.key")?.path == "all")
    #expect(recipes.target(serving: "\(site.folder)/one.key")?.path == "one")
    #expect(recipes.target(serving: "\(site.folder)/files.key") == nil)
  }
}
