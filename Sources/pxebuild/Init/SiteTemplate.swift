/// The recipes that `pxebuild init` writes.
struct SiteTemplate: Sendable {
  var addresses: SiteAddresses
  /// The folder to serve, absolute.
  var output: String

  /// The files, by name.
  var files: [(name: String, text: String)] {
    [("site.yaml", site), ("ipxe.yaml", ipxe), ("configs.yaml", configs)]
  }

  private var site: String {
    """
    # The site: where its machines find what. Every recipe in this folder may use these values,
    # for example {{site.server}} or {{site.http}}.
    site:
      # The machine that serves the files. It needs a fixed address.
      server: \(addresses.server)

      # How a booting machine reaches the output folder over HTTP. Without this line it is
      # http:// and the server's address. No slash at the end.
      http: http://\(addresses.server)

      # What `pxebuild all` fills, and what the TFTP and the HTTP server show. pxebuild replaces and
      # removes only what it put there itself.
      output: \(Self.quoted(output))

      # The network that the machines boot in.
      network:
        subnet: \(addresses.subnet)
        # The addresses that the DHCP server may give out, the first and the last of them.
        range: [\(addresses.range.lowerBound), \(addresses.range.upperBound)]
        router: \(addresses.router)
        dns: [\(addresses.dns.map(\.description).joined(separator: ", "))]
        # The server's network card on this network (`ip address` lists them).
        interface: \(Self.scalar(addresses.interface))

    """
  }

  private let ipxe = """
    # iPXE, compiled from its upstream source with a script inside that leads every machine to the menu.

    sources:
      ipxe:
        git: https://github.com/ipxe/ipxe.git
        # A tag, `branch: master` or `commit: …`. `pxebuild lock` notes in pxebuild.lock which commit
        # that is; from then on every build uses the same one.
        tag: v2.0.0
        # With --allow-prebuilt Debian's own binaries take the place of what cannot be compiled
        # because the source cannot be reached.
        prebuilt: { deb: ipxe }

    targets:
      # The script inside the binaries: get an address, then load the menu over HTTP.
      # Names in double braces are filled in by pxebuild; ${…} belongs to iPXE and stays as it is.
      chain.ipxe:
        script: |
          #!ipxe
          dhcp
          chain {{site.http}}/install.ipxe

      # What the DHCP server offers: to machines with a BIOS …
      undionly.kpxe: { ipxe: bin/undionly.kpxe,          source: ipxe, embed: chain.ipxe }
      # … with 64-bit UEFI …
      ipxe.efi:      { ipxe: bin-x86_64-efi/ipxe.efi,    source: ipxe, embed: chain.ipxe }
      # … and with 32-bit UEFI.
      ipxe32.efi:    { ipxe: bin-i386-efi/ipxe.efi,      source: ipxe, embed: chain.ipxe }

      # For machines that cannot boot from the network: a stick that boots all three.
      # `pxebuild usb --device /dev/sdX` writes it.
      usb/ipxe.lkrn: { ipxe: bin/ipxe.lkrn,              source: ipxe, embed: chain.ipxe }
      usb/stick.img: { image: { bios: usb/ipxe.lkrn, x64: ipxe.efi, ia32: ipxe32.efi } }

      # The menu. Add an item for each entry; what it boots is another target. docs/recipes/menu.md has
      # the kinds of item: linux, casper, debian-installer, wimboot, sanboot, memtest, chain, script, …
      install.ipxe:
        menu: Network boot from {{site.server}}
        default: disk
        timeout: 60
        items:
          - exit: Exit and boot from disk
            name: disk
          - shell: iPXE shell

    """

  private let configs = """
    # What the servers read. `pxebuild all` writes it beside the folder that is served, into one of the same
    # name with -conf added (site.configs and --config-output say otherwise), and touches nothing in /etc: the
    # first lines of each file say where it belongs. Remove what you do not use.

    configs:
      # A DHCP server that also says what to boot: ISC dhcpd or Kea. Say `authoritative: true` when it is the
      # only one in the network.
      dhcpd.conf:         { dhcp: isc }
      kea-dhcp4.conf:     { dhcp: kea }
      # Beside a DHCP server that is there already, a router's for instance, and stays as it is.
      dnsmasq-proxy.conf: { dhcp: dnsmasq, mode: proxy }

      # A TFTP server, which the firmware gets the binaries from.
      tftpd-hpa:          { tftp: hpa }

    """

  /// A name that YAML reads as text in any case: plain where no YAML 1.1 reader could take it for
  /// something else, between quotes elsewhere.
  private static func scalar(_ text: String) -> String {
    let looksPlain =
      text.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      && text.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
      }
    return looksPlain ? text : quoted(text)
  }

  /// Text between double quotes, with pxebuild's own braces kept from being filled in.
  static func quoted(_ text: String) -> String {
    if text.hasPrefix("/"),
      text.utf8.allSatisfy({
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
          UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      })
    {
      return text
    }
    // A JSON string is a YAML string; two braces written twice stand for themselves.
    let pieces = text.split(separator: "{{", omittingEmptySubsequences: false)
    return JSON.string(pieces.joined(separator: "{{{{")).text
  }
}
