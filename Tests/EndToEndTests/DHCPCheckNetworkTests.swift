import Foundation
import Testing

extension DHCPCheckTests {
  // MARK: A network of machines

  private func command(_ config: String, _ site: Site) throws -> [String] {
    try Data().write(to: URL(fileURLWithPath: "\(site.scratch)/leases"))
    let file = "\(site.folder)/out-conf/\(config).conf"
    return switch config {
    case "dhcpd":
      [
        "dhcpd", "-4", "-f", "-d", "-cf", file, "-lf", "\(site.scratch)/leases", "-pf",
        "/run/dhcpd.pid", "eth0",
      ]
    case "kea": ["kea-dhcp4", "-c", file]
    default:
      [
        "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=root", "--pid-file",
        "--conf-file=\(file)", "--dhcp-leasefile=/run/dnsmasq.leases",
      ]
    }
  }

  /// Asks from a machine of the lab until somebody answers, and returns what was printed last.
  private func ask(_ lab: NetworkLab, on machine: String, _ site: Site, _ arguments: [String] = [])
    async throws -> String
  {
    let words =
      [Binary.pxebuild, "dhcp-check", "--server", "10.0.0.200", "--interface", "eth0"] + arguments
      + ["--recipes", site.recipes, "--output", site.output, "--cache", site.cache]
    var printed = ""
    for _ in 0..<10 {
      printed = try await lab.run(
        ["sh", "-c", "\"$@\"; echo status $?", "sh"] + words, on: machine)
      if !printed.contains("nobody answers") { break }
    }
    return printed
  }

  @Test(
    "a server on the network is asked, from another machine and from its own",
    arguments: ["dhcpd", "kea", "dnsmasq"])
  func network(config: String) async throws {
    try await withBuiltSite { site in
      try await NetworkLab.with(folder: site.scratch) { lab in
        try lab.start(try command(config, site))
        for machine in ["client", "server"] {
          let printed = try await ask(lab, on: machine, site)
          #expect(
            printed.contains("done: 12 right, 4 without an offer, from 10.0.0.200; "), "\(printed)")
          #expect(printed.hasSuffix("status 0\n"), "\(printed)")
        }
        // Nobody has taken a lease.
        #expect(!lab.logText.contains("DHCPACK") && !lab.logText.contains("DHCPREQUEST"))
      }
    }
  }

  @Test("two servers on one network")
  func twoServers() async throws {
    try await withBuiltSite { site in
      let machines = ["client": "10.0.0.2", "router": "10.0.0.1"]
      try await NetworkLab.with(machines, folder: site.scratch) { lab in
        try lab.start(
          [
            "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=root", "--pid-file",
            "--conf-file=/dev/null", "--port=0", "--leasefile-ro", "--no-ping",
            "--dhcp-range=10.0.0.50,10.0.0.60,1h",
          ], on: "router")
        _ = try await ask(lab, on: "client", site)
        try lab.start(try command("kea", site))
        try await lab.waitForLog { $0.contains("DHCP4_STARTED") }
        let printed = try await ask(lab, on: "client", site)
        #expect(printed.hasSuffix("status 1\n"), "\(printed)")
        for line in try #require(
          try TroubleshootingPage.blocks("It works once, and then it does not").first)
        {
          #expect(printed.contains(line + "\n"), "\(printed)")
        }
      }
    }
  }

  // MARK: What it refuses

  @Test("what it cannot do is said in whole")
  func refusals() async throws {
    try await withBuiltSite { site in
      let user = try await site.run(["dhcp-check"], prefix: Site.nobody)
      #expect(user.status == 77)
      #expect(
        user.errors == """
          error: only root can start DHCP servers
            why: the machines get a network of their own, with servers on the ports of DHCP and TFTP
            fix: run it as root: sudo pxebuild dhcp-check

          """)
      let asking = ["dhcp-check", "--server", "127.0.0.1", "--interface", "lo"]
      let raw = try await site.run(asking, prefix: Site.nobody)
      #expect(raw.status == 77)
      #expect(
        raw.errors == """
          error: only root can ask DHCP servers
            why: the questions come from port 68, and answers are read off the wire
            fix: run it as root (the capability CAP_NET_RAW would do)

          """)
      let interface = try await site.run(
        "dhcp-check", "--server", "10.0.0.200", "--interface", "no0")
      #expect(interface.status == 1)
      #expect(
        interface.errors == """
          error: there is no network interface no0
            fix: ip link lists them

          """)
      let far = try await site.run(
        ["dhcp-check", "--server", "203.0.113.9"],
        prefix: ["/usr/bin/unshare", "--net"])
      #expect(far.status == 1)
      #expect(
        far.errors == """
          error: 203.0.113.9 is on no network of this machine
            why: it has no interface with an address
            fix: ask from a machine on that network, or name the interface with --interface

          """)
      for (arguments, message) in [
        (["--server", "10.0.0"], "--server takes an IPv4 address, like 10.0.0.200"),
        (["--interface", "eth0"], "--interface goes with --server"),
        (
          ["--server", "10.0.0.200", "--dhcp", "kea"],
          "--dhcp names a server of the recipes, --server one of the network"
        ),
        (
          ["--mac", "52:54"], "--mac takes six pairs of hexadecimal digits, like 52:54:00:12:34:56"
        ),
      ] {
        let run = try await site.run(["dhcp-check"] + arguments)
        #expect(run.status == 64)
        #expect(run.errors.hasPrefix("Error: \(message)\n"), "\(run.errors)")
      }
    }
  }

  @Test("a config that its server refuses is shown with what the server says")
  func brokenConfig() async throws {
    try await withBuiltSite { site in
      let run = try await ask(
        "isc", site, changing: [("ping-check true;", "ping-check maybe nonsense")])
      #expect(run.status == 1)
      #expect(
        run.errors.hasPrefix(
          "error: dhcpd does not run in the lab\n  why: it ended with exit status 1\n"),
        "\(run.errors)")
      #expect(run.errors.contains("  last lines of its output:\n  | "))
    }
  }
}
