import Foundation
import Testing

// Among the tests that count what boots leave behind, so that none runs beside them.
extension BootTests {
  /// What `pxebuild boot` leaves behind for people and for continuous integration.
  @Suite(
    "Reports on booting a site",
    .enabled("this machine has no QEMU for ARM machines, or no firmware for them") {
      ["/usr/bin/qemu-system-aarch64", "/usr/share/AAVMF/AAVMF_CODE.fd"]
        .allSatisfy(FileManager.default.fileExists(atPath:))
    })
  struct BootReportTests {
    /// A BIOS that boots and prints what would end an element, and an ARM64 machine that is offered x64's program.
    private static let recipe = """
      site:
        server: 10.0.0.200
        network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
      targets:
        undionly.kpxe: { file: /usr/lib/ipxe/undionly.kpxe }
        ipxe-arm64.efi: { file: /usr/lib/ipxe/ipxe.efi }
        install.ipxe: { script: "#!ipxe\\necho </pre><script>document.title = 1</script>\\nshell\\n" }
      configs:
        dhcpd.conf: { dhcp: isc }

      """

    @Test(
      "a boot that passed and one that failed are in the page, in JUnit's form, and in folders kept"
    )
    func report() async throws {
      try await withSite { site in
        try site.recipe(Self.recipe)
        #expect(try await site.run("all").status == 0)
        let run = try await site.run([
          "boot", "--via", "pxe", "--timeout", "300", "--report", "a/report", "--junit",
          "a/boot.xml",
          "--keep",
        ])
        #expect(run.status == 1, "\(run.output)\(run.errors)")
        let kept = run.output.matches(of: #/kept: (\/tmp\/pxebuild-boot-\w+)/#).map { String($0.1) }
        defer { kept.forEach(removeTree) }
        for line in [
          "  report   a/report/index.html\n", "  junit    a/boot.xml\n",
          "done: 1 passed, 1 failed, 2 skipped, with dhcpd.conf; ",
          "failed   ARM64 UEFI by PXE     the ARM64 UEFI firmware read ipxe-arm64.efi (",
          "and it did not start before the firmware gave up: it is a program for x64 UEFI; "
            + "the firmware says \"Unsupported\"\n"
            + "           fix: build ipxe-arm64.efi for ARM64 UEFI: see the target's recipe\n",
        ] {
          #expect(run.output.contains(line), "\(run.output)")
        }
        #expect(kept.count == 2)
        for folder in kept {
          let names = try FileManager.default.contentsOfDirectory(atPath: folder)
          for name in ["cable.pcap", "console", "dhcpd.conf", "dhcpd.log", "nginx.conf"] {
            #expect(names.contains(name), "\(names)")
          }
        }
        try await junit(site)
        try await page(site)
      }
    }

    private func junit(_ site: Site) async throws {
      // A reader of XML that is not ours.
      let script = """
        import sys, xml.etree.ElementTree as t
        suite = t.parse(sys.argv[1]).getroot()
        print(suite.tag, suite.get("tests"), suite.get("failures"), suite.get("skipped"))
        for case in suite.iter("testcase"):
            print(case.get("name"), [(child.tag, child.get("type")) for child in case])
        """
      let text = try await mustRun(
        ["python3", "-c", script, "\(site.folder)/a/boot.xml"], in: site.folder)
      #expect(
        text == """
          testsuite 4 1 2
          BIOS by PXE: undionly.kpxe []
          x64 UEFI by PXE [('skipped', None)]
          IA32 UEFI by PXE [('skipped', None)]
          ARM64 UEFI by PXE: ipxe-arm64.efi [('failure', 'not-started')]

          """)
    }

    private func page(_ site: Site) async throws {
      let page = try #require(site.read("a/report/index.html"))
      #expect(page.contains("default-src &#39;none&#39;") && !page.contains("<script"))
      #expect(page.contains("&lt;/pre&gt;&lt;script&gt;document.title = 1&lt;/script&gt;"))
      guard Binary.find("chromium") != nil else {
        print("SKIPPED: looking at the page needs chromium")
        return
      }
      // A frame of each width holds a copy that measures itself, which the page itself may not.
      let measure = """
        <script>parent.postMessage([innerWidth, document.documentElement.scrollWidth,
        [...document.images].filter(i => i.naturalWidth > 0).length, document.images.length,
        document.title, getComputedStyle(document.body).backgroundColor].join(" | "), "*")</script>
        </body>
        """
      let copy = page.replacingOccurrences(of: "Content-Security-Policy", with: "none")
        .replacingOccurrences(of: "</body>", with: measure)
      try site.write(copy, to: "a/copy.html")
      let frames = [320, 700, 1280].map {
        "<iframe width=\($0) height=600 frameborder=0 src=copy.html></iframe>"
      }.joined()
      let listen =
        "<script>onmessage = e => { document.body.append(Object.assign("
        + "document.createElement('p'), { textContent: e.data })) }</script>"
      try site.write("<!DOCTYPE html><body>\(listen)\(frames)</body>", to: "a/probe.html")
      for (theme, color) in [(1, "rgb(255, 255, 255)"), (0, "rgb(20, 23, 27)")] {
        let found = try await mustRun(
          [
            "chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files", "--user-data-dir=\(site.scratch)/browser-\(theme)",
            "--blink-settings=preferredColorScheme=\(theme)", "--virtual-time-budget=5000",
            "--dump-dom", "file://\(site.folder)/a/probe.html",
          ], in: site.scratch, environment: ["HOME": site.home])
        for width in [320, 700, 1280] {
          let line =
            "<p>\(width) | \(width) | 2 | 2 | Boot report: 1 passed, 1 failed, 2 skipped | \(color)</p>"
          #expect(found.contains(line), "\(found.suffix(2000))")
        }
      }
    }
  }
}
