import Foundation
import Testing

/// `pxebuild boot` with Debian's programs, real servers and real firmware.
@Suite(
  "Booting a site", .serialized,
  .enabled("this machine makes no networks for tests, or has no QEMU, OVMF or iPXE of Debian's") {
    await NetworkLab.boots(with: [
      "/usr/lib/ipxe/undionly.kpxe", "/usr/lib/ipxe/qemu/pxe-e1000.rom",
    ])
  })
struct BootTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
    targets:
      undionly.kpxe: { file: /usr/lib/ipxe/undionly.kpxe }
      ipxe.efi: { file: /usr/lib/ipxe/ipxe.efi }
      install.ipxe: { script: "#!ipxe\\necho STARTED\\nshell\\n" }
    configs:
      dhcpd.conf: { dhcp: isc }
      kea.conf: { dhcp: kea }
      dnsmasq.conf: { dhcp: dnsmasq, serve-tftp: true }
      proxy.conf: { dhcp: dnsmasq, mode: proxy }

    """

  /// Builds the site and runs `body`; afterwards nothing of a boot is left.
  private func withBuiltSite(_ body: (Site) async throws -> Void) async throws {
    try await withBuiltSite { site, _ in try await body(site) }
  }

  private func withBuiltSite(_ body: (Site, Leftovers) async throws -> Void) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      let leftovers = Leftovers(of: site)
      let before = leftovers.now
      try await body(site, leftovers)
      try await eventually("the boots have ended") { leftovers.now == before }
    }
  }

  private static let timeout = ["--timeout", "300"]

  @Test("each machine reads its program and gets the script, by PXE and over HTTP")
  func passes() async throws {
    try await withBuiltSite { site in
      let run = try await site.run(["boot"] + Self.timeout)
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      let lines = run.output.split(separator: "\n").map(String.init)
      for (name, file) in [
        ("BIOS by PXE", "undionly.kpxe read ("), ("x64 UEFI by PXE", "ipxe.efi read ("),
        ("x64 UEFI by HTTP", "ipxe.efi read ("),
      ] {
        #expect(
          lines.contains {
            $0.contains("passed   \(name) ") && $0.contains(file)
              && $0.contains(" got install.ipxe after ")
          }, "\(name): \(run.output)")
      }
      for name in ["IA32 UEFI by PXE", "ARM64 UEFI by PXE"] {
        #expect(lines.contains { $0.contains("skipped  \(name) ") }, "\(name): \(run.output)")
      }
      #expect(lines.last?.hasPrefix("done: 3 passed, 2 skipped, with dhcpd.conf; ") == true)
    }
  }

  @Test(
    "the other DHCP servers are run as well, and JSON says the same",
    arguments: ["kea", "proxy"])
  func servers(name: String) async throws {
    try await withBuiltSite { site in
      let run = try await site.run(
        ["boot", "--firmware", "bios", "--via", "pxe", "--dhcp", name, "--json"] + Self.timeout)
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(run.output.contains("\"dhcp\":\"\(name).conf\",\"target\":\"undionly.kpxe\""))
      #expect(run.output.contains("\"outcome\":\"passed\",\"file\":\"undionly.kpxe\""))
      #expect(run.output.contains("\"request\":\"install.ipxe\",\"version\":\""))
      #expect(run.output.contains("\"passed\":1,\"failed\":0,\"skipped\":0}"))
    }
  }

  /// A way to break a built site, the machines to boot then, and what has to be said of each.
  struct Control: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var options: [String]
    var lines: [String]
    /// Edits what the site has on the disk.
    var spoil: @Sendable (Site) throws -> Void
  }

  private static func edit(_ site: Site, _ file: String, _ old: String, _ new: String) throws {
    let text = try #require(site.read(file))
    let changed = text.replacingOccurrences(of: old, with: new)
    try #require(changed != text)
    try site.write(changed, to: file)
  }

  /// Each is a mistake that people make; a few seconds to a minute.
  private static let controls = [
    Control(
      testDescription: "the page's file layout, and a ROM that goes to the script at once",
      options: [],
      lines: [
        "BIOS by PXE           undionly.kpxe was never read: an iPXE in the network card's ROM went to "
          + "install.ipxe\n           fix: have the DHCP server offer undionly.kpxe to what does not "
          + "call itself iPXE (option 77)\n",
        "x64 UEFI by PXE       the x64 UEFI firmware was offered ipxe/ipxe.efi, which the tree does "
          + "not have; the tree has ipxe.efi for it (PXE-E23)\n           fix: see what the DHCP "
          + "server offers architecture 7: pxebuild dhcp-check\n",
      ],
      spoil: { site in
        try edit(site, "out-conf/dhcpd.conf", "\"ipxe.efi\"", "\"ipxe/ipxe.efi\"")
        try edit(
          site, "out-conf/dhcpd.conf", "\"undionly.kpxe\"", "\"http://10.0.0.200/install.ipxe\"")
      }),
    Control(
      testDescription: "a program that is cut off, and a script that is missing", options: [],
      lines: [
        "BIOS by PXE           undionly.kpxe started and asked for install.ipxe, which the tree does "
          + "not have\n           fix: see what its script names, and whether it is built: "
          + "pxebuild all\n",
        "x64 UEFI by PXE       the x64 UEFI firmware read ipxe.efi (400000 bytes) to its end, and it "
          + "did not start before the firmware gave up: the file is cut off, its sections end at byte ",
        "; the firmware says \"Unsupported\"\n           fix: put it back whole: pxebuild all\n",
      ],
      spoil: { site in
        let program = try #require(site.bytes("out/ipxe.efi"))
        try site.write(Data(program.prefix(400_000)), to: "out/ipxe.efi")
        try FileManager.default.removeItem(atPath: "\(site.output)/install.ipxe")
      }),
    Control(
      testDescription: "a proxy's answer without the address of a server",
      options: ["--firmware", "bios", "--dhcp", "proxy"],
      lines: [
        "undionly.kpxe was told to load http://10.0.0.200/install.ipxe by an answer that names no "
          + "server, and did not ask for it before the firmware gave up: iPXE says \"Nothing to boot: "
      ],
      spoil: { site in
        try edit(site, "out-conf/proxy.conf", "/install.ipxe,,10.0.0.200", "/install.ipxe")
      }),
    Control(
      testDescription: "a range without an address",
      options: ["--firmware", "bios"],
      lines: [
        "the DHCP server has no address left for the BIOS firmware (\"no free leases\") before the "
          + "firmware gave up\n           fix: give it a larger range\n"
      ],
      spoil: { site in try edit(site, "out-conf/dhcpd.conf", "range 10.0.0.100 10.0.0.199;", "") }),
    Control(
      testDescription: "an HTTP server that is down", options: ["--firmware", "uefi-x64"],
      lines: [
        "nothing answers on TCP port 8081 of 10.0.0.200: the HTTP server is down\n           fix: see "
          + "whether the URL that was offered is that of the HTTP server: site.http is "
          + "http://10.0.0.200\n"
      ],
      spoil: { site in try edit(site, "out-conf/dhcpd.conf", "200/install", "200:8081/install") }),
    Control(
      testDescription: "a folder with the binaries of another build",
      options: ["--firmware", "bios", "--dhcp", "dnsmasq"],
      lines: [
        "the BIOS firmware read another undionly.kpxe (", ") than the tree's (",
        "\n           fix: see which folder the server serves: another build's files are there\n",
      ],
      spoil: { site in
        try site.write(
          (try #require(site.bytes("out/undionly.kpxe"))) + [0], to: "other/undionly.kpxe")
        try edit(
          site, "out-conf/dnsmasq.conf", "tftp-root=\(site.output)",
          "tftp-root=\(site.folder)/other")
      }),
  ]

  @Test("a boot that fails says why, and what to do", arguments: controls)
  func fails(control: Control) async throws {
    try await withBuiltSite { site in
      try control.spoil(site)
      let run = try await site.run(["boot", "--via", "pxe"] + control.options + Self.timeout)
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      #expect(!run.output.contains("passed"))
      for line in control.lines { #expect(run.output.contains(line), "\(run.output)\(run.errors)") }
    }
  }

  @Test(
    "a server that does not start fails each of its machines, and reports are written all the same")
  func brokenServer() async throws {
    try await withBuiltSite { site in
      try Self.edit(site, "out-conf/dhcpd.conf", "subnet ", "subnets ")
      let run = try await site.run([
        "boot", "--via", "pxe", "--junit", "boot.xml", "--report", "report",
      ])
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      for name in ["BIOS by PXE    ", "x64 UEFI by PXE"] {
        #expect(
          run.output.contains(
            "  failed   \(name)       dhcpd does not run in the lab: it ended with exit status 1\n"
              + "           last lines of its output:\n"), "\(run.output)")
      }
      #expect(run.output.contains("dhcpd.conf line "), "\(run.output)")
      #expect(run.output.contains("done: 2 failed, 2 skipped, with dhcpd.conf; "))
      #expect(site.read("boot.xml")?.contains("type=\"lab\"") == true)
      #expect(site.read("report/index.html")?.contains("dhcpd does not run in the lab") == true)
    }
  }

  @Test("a disc boots from a drive, and its own file is not asked for over the network")
  func disc() async throws {
    try await withSite { site in
      // The image is Debian's; that the recipe compiles one is what makes the target a disc.
      let target = "usb/ipxe.iso: { file: /usr/lib/ipxe/ipxe.iso }"
      let recipe = Self.recipe.replacingOccurrences(
        of: "  install.ipxe:", with: "  \(target)\n  install.ipxe:")
      try site.recipe(recipe)
      #expect(try await site.run("all").status == 0)
      let compiled = recipe.replacingOccurrences(
        of: target, with: "usb/ipxe.iso: { ipxe: bin/ipxe.iso, source: loader }")
      try site.recipe(compiled + "sources: { loader: { git: \"file:///none\", tag: v1 } }\n")
      let run = try await site.run(["boot", "usb/ipxe.iso"] + Self.timeout)
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains("passed   BIOS by ISO           iPXE ")
          && run.output.contains(" got install.ipxe after "), "\(run.output)")
      #expect(run.output.contains("done: 1 passed, with dhcpd.conf; "))
    }
  }

  @Test("Ctrl-C and kill -9 leave nothing behind", arguments: [SIGINT, SIGKILL])
  func ended(signal: Int32) async throws {
    try await withBuiltSite { site, leftovers in
      let before = leftovers.now
      let running = try site.start(
        ["boot", "--firmware", "bios", "--via", "pxe"] + Self.timeout)
      try await eventually("a machine runs") {
        leftovers.now.processes.contains { $0.contains("qemu-system") }
      }
      #expect(leftovers.now != before)
      running.send(signal)
      let run = await running.wait()
      #expect(signal == SIGKILL ? run.signal == SIGKILL : run.status == 130, "\(run.errors)")
    }
  }

  @Test("what the site lacks is said before anything starts")
  func refusals() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let empty = try await site.run("boot")
      #expect(empty.status == 1)
      #expect(
        empty.errors.contains("error: out-conf/dhcpd.conf is not there\n")
          && empty.errors.contains("fix: build the site first: pxebuild all --recipes recipes\n"),
        "\(empty.errors)")
      #expect(try await site.run("all").status == 0)
      let target = try await site.run("boot", "undionly.kpx")
      #expect(target.status == 65)
      #expect(target.errors.contains("error: there is no target \"undionly.kpx\"\n"))
      let user = try await site.run(["boot", "--dhcp", "kea"], prefix: Site.nobody)
      #expect(user.status == 77, "\(user.errors)")
      #expect(user.errors.contains("error: only root can boot with --dhcp kea\n"))
    }
  }
}
