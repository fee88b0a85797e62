import Testing

@testable import Recipes

@Suite struct ConfigTests {
  private static let site = """
    site:
      server: 10.0.0.200
      output: /var/lib/tftpboot
      network:
        subnet: 10.0.0.0/24
        range: [10.0.0.100, 10.0.0.199]
        router: 10.0.0.1
        dns: [8.8.8.8, 1.1.1.1]
        interface: eth0
        hosts:
          lab1: { mac: 52:54:00:12:34:56, address: 10.0.0.50 }

    """

  private static let targets = """
    targets:
      install.ipxe: { script: "#!ipxe" }
      undionly.kpxe: { script: BIOS }
      ipxe.efi: { script: x64, optional: true }

    """

  /// The text of the one file of one config.
  private func text(
    _ config: String, site: String = Self.site, targets: String = Self.targets,
    output: String = "/var/lib/tftpboot", absent: Set<String> = []
  ) throws -> String {
    let folder = try TemporarySite(["a.yaml": "\(site)\(targets)configs:\n  x: \(config)\n"])
    let written = try folder.load().writtenConfigs(output: output, absent: absent)
    let files = try #require(written.entries.first).files
    #expect(files.count == 1 && files[0].path == "" && !files[0].isPrivate)
    return String(decoding: files[0].bytes, as: UTF8.self)
  }

  @Test("tftpd-hpa gets the page's file, with the tree as its root")
  func hpa() throws {
    #expect(
      try text("{ tftp: hpa }") == """
        # For in.tftpd: /etc/default/tftpd-hpa
        # Written by pxebuild from the recipes: change those, not this file.
        TFTP_USERNAME="tftp"
        TFTP_DIRECTORY="/var/lib/tftpboot"
        TFTP_ADDRESS="10.0.0.200:69"
        TFTP_OPTIONS="--secure"
        RUN_DAEMON="yes"

        """)
  }

  @Test("dnsmasq as TFTP server serves a room of machines at a time")
  func dnsmasqTFTP() throws {
    #expect(
      try text("{ tftp: dnsmasq }") == """
        # For dnsmasq: dnsmasq --conf-file=FILE
        # Written by pxebuild from the recipes: change those, not this file.
        # TFTP and no DNS.
        port=0
        interface=eth0
        bind-dynamic
        enable-tftp
        tftp-root=/var/lib/tftpboot
        # With dnsmasq's own limit, 50, the others in a room of machines wait for ever.
        tftp-max=900

        """)
    #expect(try text("{ tftp: dnsmasq, clients: 40 }").contains("\ntftp-max=40\n"))
  }

  @Test("A folder with odd characters is written as each server reads it")
  func oddOutput() throws {
    let output = "/srv/a b,#\"c\\$d"
    #expect(
      try text("{ tftp: dnsmasq }", output: output).contains(
        #"tftp-root="/srv/a b,#\"c\\$d""# + "\n"))
    #expect(
      try text("{ tftp: hpa }", output: output).contains(
        #"TFTP_DIRECTORY="/srv/a b,#\"c\\\$d""# + "\n"))
    for server in ["hpa", "dnsmasq"] {
      #expect(throws: RecipeErrors.self) { try text("{ tftp: \(server) }", output: "/srv/a\nb") }
    }
  }

  @Test("A folder that the init script of tftpd-hpa would split is warned of once it is known")
  func splitOutput() throws {
    let site = try TemporarySite([
      "a.yaml": "site: { server: 10.0.0.1 }\nconfigs: { x: { tftp: hpa } }\n"
    ])
    let recipes = try site.load()
    #expect(recipes.warnings.filter { $0.location != nil } == [])
    #expect(try recipes.writtenConfigs(output: "/srv/a").warnings == [])
    #expect(
      Diagnostic.rendered(try recipes.writtenConfigs(output: "/srv/a b").warnings) == """
        warning: the init script of tftpd-hpa cannot serve the folder "/srv/a b": it splits it
         --> recipes/a.yaml:2:12
          |
        2 | configs: { x: { tftp: hpa } }
          |            ^
          = help: choose an output folder of letters, digits, "/", ".", "_" and "-" only
        """)
  }

  @Test("dhcpd sends iPXE to the script and other machines to their program, nested without a not")
  func isc() throws {
    let text = try text("{ dhcp: isc, authoritative: true, lease-time: 600 }")
    #expect(
      text.hasPrefix(
        """
        # For isc-dhcp-server: /etc/dhcp/dhcpd.conf
        # Written by pxebuild from the recipes: change those, not this file.
        # In /etc/default/isc-dhcp-server: INTERFACESv4="eth0"
        default-lease-time 600;
        max-lease-time 600;
        authoritative;

        # What firmware says it is: the client system architecture of RFC 4578.
        option arch code 93 = unsigned integer 16;
        # iPXE's own options.
        option space ipxe;
        option ipxe-encap-opts code 175 = encapsulate ipxe;
        option ipxe.priority code 1 = signed integer 8;

        """))
    #expect(
      text.hasSuffix(
        """
        option ipxe.nfs code 41 = unsigned integer 8;

        host lab1 {
          hardware ethernet 52:54:00:12:34:56;
          fixed-address 10.0.0.50;
          option host-name "lab1";
        }

        subnet 10.0.0.0 netmask 255.255.255.0 {
          range 10.0.0.100 10.0.0.199;
          option subnet-mask 255.255.255.0;
          option broadcast-address 10.0.0.255;
          option routers 10.0.0.1;
          option domain-name-servers 8.8.8.8, 1.1.1.1;
          ping-check true;
          if exists user-class and option user-class = "iPXE" {
            next-server 10.0.0.200;
            filename "http://10.0.0.200/install.ipxe";
          } else if option arch = 00:00 {
            # BIOS
            next-server 10.0.0.200;
            filename "undionly.kpxe";
          } else if option arch = 00:07 or option arch = 00:09 {
            # x64 UEFI, x64 UEFI (old number)
            next-server 10.0.0.200;
            filename "ipxe.efi";
          } else if option arch = 00:10 {
            # x64 UEFI, HTTP boot
            next-server 10.0.0.200;
            filename "http://10.0.0.200/ipxe.efi";
            option vendor-class-identifier "HTTPClient";
          }
        }

        """))
  }

  @Test("The page's whole option space is there, each option with its code and type")
  func optionSpace() throws {
    let text = try text("{ dhcp: isc }")
    let page = """
      option ipxe.priority code 1 = signed integer 8;
      option ipxe.keep-san code 8 = unsigned integer 8;
      option ipxe.skip-san-boot code 9 = unsigned integer 8;
      option ipxe.syslogs code 85 = string;
      option ipxe.cert code 91 = string;
      option ipxe.privkey code 92 = string;
      option ipxe.crosscert code 93 = string;
      option ipxe.no-pxedhcp code 176 = unsigned integer 8;
      option ipxe.bus-id code 177 = string;
      option ipxe.san-filename code 188 = string;
      option ipxe.bios-drive code 189 = unsigned integer 8;
      option ipxe.username code 190 = string;
      option ipxe.password code 191 = string;
      option ipxe.reverse-username code 192 = string;
      option ipxe.reverse-password code 193 = string;
      option ipxe.version code 235 = string;
      option iscsi-initiator-iqn code 203 = string;
      option ipxe.pxeext code 16 = unsigned integer 8;
      option ipxe.iscsi code 17 = unsigned integer 8;
      option ipxe.aoe code 18 = unsigned integer 8;
      option ipxe.http code 19 = unsigned integer 8;
      option ipxe.https code 20 = unsigned integer 8;
      option ipxe.tftp code 21 = unsigned integer 8;
      option ipxe.ftp code 22 = unsigned integer 8;
      option ipxe.dns code 23 = unsigned integer 8;
      option ipxe.bzimage code 24 = unsigned integer 8;
      option ipxe.multiboot code 25 = unsigned integer 8;
      option ipxe.slam code 26 = unsigned integer 8;
      option ipxe.srp code 27 = unsigned integer 8;
      option ipxe.nbi code 32 = unsigned integer 8;
      option ipxe.pxe code 33 = unsigned integer 8;
      option ipxe.elf code 34 = unsigned integer 8;
      option ipxe.comboot code 35 = unsigned integer 8;
      option ipxe.efi code 36 = unsigned integer 8;
      option ipxe.fcoe code 37 = unsigned integer 8;
      option ipxe.vlan code 38 = unsigned integer 8;
      option ipxe.menu code 39 = unsigned integer 8;
      option ipxe.sdi code 40 = unsigned integer 8;
      option ipxe.nfs code 41 = unsigned integer 8;
      """
    for line in page.split(separator: "\n") { #expect(text.contains("\n\(line)\n"), "\(line)") }
  }

  @Test("dnsmasq names no router and no name server where the site has none")
  func dnsmasq() throws {
    let bare = """
      site:
        server: 10.0.0.200
        network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }

      """
    #expect(
      try text("{ dhcp: dnsmasq, authoritative: true, serve-tftp: true }", site: bare) == """
        # For dnsmasq: dnsmasq --conf-file=FILE
        # Written by pxebuild from the recipes: change those, not this file.
        # DHCP and no DNS.
        port=0
        dhcp-range=10.0.0.100,10.0.0.199,255.255.255.0,10.0.0.255,7200
        dhcp-option=option:router
        dhcp-option=option:dns-server
        dhcp-authoritative
        # Who asks: by user class (option 77) and architecture (option 93).
        dhcp-userclass=set:ipxe,iPXE
        dhcp-match=set:bios,option:client-arch,0
        dhcp-match=set:efi-x64,option:client-arch,7
        dhcp-match=set:efi-x64,option:client-arch,9
        dhcp-match=set:http-x64,option:client-arch,16
        dhcp-boot=tag:ipxe,http://10.0.0.200/install.ipxe,,10.0.0.200
        dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,,10.0.0.200
        dhcp-boot=tag:!ipxe,tag:efi-x64,ipxe.efi,,10.0.0.200
        dhcp-boot=tag:!ipxe,tag:http-x64,http://10.0.0.200/ipxe.efi,,10.0.0.200
        dhcp-option-force=tag:!ipxe,tag:http-x64,60,HTTPClient
        enable-tftp
        tftp-root=/var/lib/tftpboot
        # With dnsmasq's own limit, 50, the others in a room of machines wait for ever.
        tftp-max=900

        """)
  }

  @Test("A proxy gives each machine one boot server and no answer to machines without a program")
  func proxy() throws {
    #expect(
      try text("{ dhcp: dnsmasq, mode: proxy }") == """
        # For dnsmasq: dnsmasq --conf-file=FILE
        # Written by pxebuild from the recipes: change those, not this file.
        # DHCP as a proxy beside the network's own DHCP server, and no DNS.
        port=0
        interface=eth0
        bind-dynamic
        dhcp-range=10.0.0.0,proxy,255.255.255.0
        no-ping
        # UEFI HTTP boot asks a proxy too, under a name of its own.
        dhcp-pxe-vendor=PXEClient,HTTPClient
        # Who asks: by user class (option 77) and architecture (option 93).
        dhcp-userclass=set:ipxe,iPXE
        dhcp-match=set:bios,option:client-arch,0
        dhcp-match=set:efi-x64,option:client-arch,7
        dhcp-match=set:efi-x64,option:client-arch,9
        dhcp-match=set:http-x64,option:client-arch,16
        # No answer at all where there is nothing to boot.
        dhcp-ignore=tag:!ipxe,tag:!bios,tag:!efi-x64,tag:!http-x64
        dhcp-boot=tag:ipxe,http://10.0.0.200/install.ipxe,,10.0.0.200
        pxe-service=tag:!ipxe,0,"pxebuild",undionly.kpxe,10.0.0.200
        pxe-service=tag:!ipxe,7,"pxebuild",ipxe.efi,10.0.0.200
        pxe-service=tag:!ipxe,9,"pxebuild",ipxe.efi,10.0.0.200
        dhcp-boot=tag:!ipxe,tag:http-x64,http://10.0.0.200/ipxe.efi,,10.0.0.200

        """)
  }

  @Test("Kea's file is JSON with a class for iPXE that the others leave out")
  func kea() throws {
    let text = try text("{ dhcp: kea }")
    #expect(
      text.contains(
        """
              {
                "name": "ipxe",
                "test": "option[77].hex == 'iPXE'",
                "next-server": "10.0.0.200",
                "boot-file-name": "http://10.0.0.200/install.ipxe"
              },
        """))
    #expect(
      text.contains(
        #""test": "not member('ipxe') and (option[93].hex == 0x0007 or option[93].hex == 0x0009)","#
      ))
  }

  @Test("What the tree lacks is offered to nobody", arguments: ["isc", "kea", "dnsmasq"])
  func absent(_ server: String) throws {
    let whole = try text("{ dhcp: \(server) }")
    #expect(whole.contains("http://10.0.0.200/ipxe.efi"))
    let less = try text("{ dhcp: \(server) }", absent: ["ipxe.efi"])
    #expect(!less.contains("/ipxe.efi") && !less.contains("\"ipxe.efi"))
    #expect(less.contains("undionly.kpxe"))
    let none = try text("{ dhcp: \(server) }", absent: ["install.ipxe"])
    #expect(!none.contains("install.ipxe"))
    #expect(none.contains("undionly.kpxe"))
  }

  @Test("Of two programs for one architecture the second is offered where the first is not there")
  func secondProgram() throws {
    let targets = Self.targets + "  snponly.efi: { script: x64 too }\n"
    #expect(!(try text("{ dhcp: isc }", targets: targets).contains("snponly.efi")))
    #expect(
      try text("{ dhcp: isc }", targets: targets, absent: ["ipxe.efi"]).contains("snponly.efi"))
  }

  @Test("A path is percent-encoded in a URL and quoted where a server's file needs it")
  func oddTarget() throws {
    let targets = """
      targets:
        "é ü/a,b.ipxe": { script: "#!ipxe" }
        'x "y\\z.kpxe': { script: x, boots: 0 }

      """
    let config = #"script: "é ü/a,b.ipxe" }"#
    let url = "http://10.0.0.200/%C3%A9%20%C3%BC/a,b.ipxe"
    let isc = try text("{ dhcp: isc, \(config)", targets: targets)
    #expect(isc.contains(#"filename "\#(url)";"#))
    #expect(isc.contains(#"filename "x \"y\\z.kpxe";"#))
    let kea = try text("{ dhcp: kea, \(config)", targets: targets)
    #expect(kea.contains(#""boot-file-name": "x \"y\\z.kpxe""#))
    let dnsmasq = try text("{ dhcp: dnsmasq, \(config)", targets: targets)
    #expect(dnsmasq.contains(#"tag:ipxe,"\#(url)",,"#))
    #expect(dnsmasq.contains(#"tag:bios,"x \"y\\z.kpxe",,"#))
  }

  @Test("A site that boots nothing is warned of its DHCP config")
  func nothingToOffer() throws {
    let site = try TemporarySite([
      "a.yaml": Self.site + "targets: { install.ipxe: { script: x } }\n"
        + "configs: { d: { dhcp: isc } }\n"
    ])
    #expect(
      Diagnostic.rendered(try site.load().warnings) == """
        warning: config "d" offers nothing: no target boots over the network
          --> recipes/a.yaml:13:12
           |
        13 | configs: { d: { dhcp: isc } }
           |            ^
           = help: add an ipxe: target, or say boots: of one that is ready-made
        """)
  }

  @Test("A config is not a target")
  func notATarget() throws {
    let site = try TemporarySite([
      "a.yaml": Self.site + Self.targets + "configs: { d: { dhcp: isc } }\n"
    ])
    let recipes = try site.load()
    #expect(recipes.config("d")?.kindName == "dhcp")
    #expect(recipes.config("e") == nil)
    let error = #expect(throws: RecipeErrors.self) { try recipes.plan(targets: ["d"]) }
    #expect(
      error?.rendered() == """
        error: there is no target "d"
          = help: it is a config, which pxebuild all writes
        """)
  }

  @Test("site.configs is relative to the recipe, and a name for recipes")
  func folder() throws {
    let site = try TemporarySite([
      "a.yaml": "site: { configs: conf }\ntargets: { a: { script: '{{site.configs}}' } }\n"
    ])
    let recipes = try site.load()
    #expect(recipes.site.configs == "\(site.folder)/conf")
    #expect(try recipes.plan().targets[0].artifact == .bytes(Array("\(site.folder)/conf".utf8)))
  }
}
