import BuildEngine
import Glibc
import Recipes
import SystemPackage
import Testing
import Yams

@testable import pxebuild

@Suite("pxebuild init")
struct InitTests {
  private func template(output: String = "/var/lib/tftpboot", interface: String = "eth0") throws
    -> SiteTemplate
  {
    SiteTemplate(
      addresses: try SiteAddresses(
        .init(server: "10.0.0.200", dns: "8.8.8.8,1.1.1.1", interface: interface),
        on: LocalNetwork()),
      output: output)
  }

  private func node(_ name: String, of template: SiteTemplate) throws -> Node {
    let text = try #require(template.files.first { $0.name == name }).text
    return try #require(try Yams.compose(yaml: text))
  }

  @Test("the site holds the addresses that were said")
  func site() throws {
    let site = try node("site.yaml", of: try template())["site"]
    #expect(site?["server"]?.string == "10.0.0.200")
    #expect(site?["http"]?.string == "http://10.0.0.200")
    #expect(site?["output"]?.string == "/var/lib/tftpboot")
    let network = site?["network"]
    #expect(network?["subnet"]?.string == "10.0.0.0/24")
    #expect(network?["router"]?.string == "10.0.0.1")
    #expect(network?["range"]?.array().map(\.string) == ["10.0.0.100", "10.0.0.199"])
    #expect(network?["dns"]?.array().map(\.string) == ["8.8.8.8", "1.1.1.1"])
    #expect(network?["interface"]?.string == "eth0")
  }

  @Test("the recipe names the page's targets, in a form that YAML reads as it is meant")
  func recipe() throws {
    let recipe = try node("ipxe.yaml", of: try template())
    let targets = try #require(recipe["targets"]?.mapping)
    #expect(
      targets.keys.map(\.string) == [
        "chain.ipxe", "undionly.kpxe", "ipxe.efi", "ipxe32.efi", "usb/ipxe.lkrn", "usb/stick.img",
        "install.ipxe",
      ])
    #expect(
      targets["chain.ipxe"]?["script"]?.string
        == "#!ipxe\ndhcp\nchain {{site.http}}/install.ipxe\n")
    #expect(targets["install.ipxe"]?["menu"]?.string == "Network boot from {{site.server}}")
    #expect(targets["ipxe32.efi"]?["ipxe"]?.string == "bin-i386-efi/ipxe.efi")
    #expect(recipe["sources"]?["ipxe"]?["tag"]?.string == "v2.0.0")
  }

  @Test(
    "odd folders and interfaces survive being written and read",
    arguments: ["/srv/a b", "/srv/\"x\"", "/srv/é\n", "/srv/a: b #c", "/srv/{{site.x}}"])
  func quoting(output: String) throws {
    let site = try node("site.yaml", of: try template(output: output, interface: "no"))["site"]
    let expected = output == "/srv/{{site.x}}" ? "/srv/{{{{site.x}}" : output
    #expect(site?["output"]?.string == expected)
    #expect(site?["network"]?["interface"]?.tag == Tag(.str))
    #expect(site?["network"]?["interface"]?.string == "no")
  }

  @Test("files are written into a new folder with the person's own permissions")
  func written() throws {
    try withTemporaryFolder { folder in
      let target = folder.appending("sites/école")
      let paths = try SiteWriter(folder: target).write(try template().files)
      #expect(
        paths == ["site.yaml", "ipxe.yaml", "configs.yaml"].map { target.appending($0) })
      #expect(try text(of: paths[0]) == (try template().files[0].text))
      var status = stat()
      #expect(paths[0].withPlatformString { stat($0, &status) } == 0)
      #expect(status.st_mode & 0o600 == 0o600)
      #expect(try names(in: target) == ["configs.yaml", "ipxe.yaml", "site.yaml"])
    }
  }

  @Test("what is written is a site without errors or warnings, as the recipes themselves say")
  func readable() throws {
    try withTemporaryFolder { folder in
      _ = try SiteWriter(folder: folder).write(
        try template(output: "/srv/{{a}} \"é\"").files)
      let recipes = try RecipeSet.load(folder: folder.string)
      // Of the odd folder, which one server cannot serve.
      #expect(recipes.warnings.count == 1)
      #expect(recipes.warnings.first?.message.contains("splits it") == true)
      #expect(recipes.site.output == "/srv/{{a}} \"é\"")
      #expect(recipes.targets.count == 7)
      #expect(
        recipes.configs.map(\.path)
          == ["dhcpd.conf", "kea-dhcp4.conf", "dnsmasq-proxy.conf", "tftpd-hpa"])
      // Without a lock file the one thing to say is that the source is not pinned yet.
      #expect(try recipes.unresolvedSources(lock: LockFile()).count == 1)
    }
  }

  @Test("a folder that has recipes is left as it is", arguments: ["site.yaml", "mine.yml"])
  func existing(name: String) throws {
    try withTemporaryFolder { folder in
      try write("mine\n", to: folder.appending(name))
      let error = #expect(throws: BuildError.self) {
        try SiteWriter(folder: folder).write(try template().files)
      }
      #expect(
        error?.description == """
          error: \(folder) already has recipes and was left as it is
            why: \(name)
            fix: Choose a folder that is new or empty, or edit the recipes that are there.
          """)
      #expect(error?.kind == .cannotWrite)
      #expect(try names(in: folder) == [name])
      #expect(try text(of: folder.appending(name)) == "mine\n")
    }
  }

  @Test("a file in the way of the folder is said to be")
  func notAFolder() throws {
    try withTemporaryFolder { folder in
      try write("x", to: folder.appending("file"))
      let target = folder.appending("file/site")
      let error = #expect(throws: BuildError.self) {
        try SiteWriter(folder: target).write(try template().files)
      }
      #expect(
        error?.description == """
          error: the folder \(target) cannot be made
            why: Not a directory
            fix: Choose a folder that you may write.
          """)
    }
  }

  @Test("the report says what was written and what comes next")
  func report() throws {
    let lines = InitCommand.report(
      ["site/site.yaml", "site/ipxe.yaml"], try template().addresses, folder: "site")
    #expect(
      lines.joined(separator: "\n") == """
        wrote site/site.yaml
        wrote site/ipxe.yaml
          server     10.0.0.200 on eth0
          subnet     10.0.0.0/24, router 10.0.0.1, DNS 8.8.8.8, 1.1.1.1
          gives out  10.0.0.100 to 10.0.0.199
        Next: read and edit them, then
          pxebuild all --recipes site
        """)
  }

  @Test("without a terminal the address has to be given, and every wrong one is a usage error")
  func usage() throws {
    try withTemporaryFolder { folder in
      let command = try InitCommand.parse([folder.string, "--server", "10.0.0.300", "--dns", "x"])
      let error = #expect(throws: (any Error).self) { try command.run() }
      #expect(
        error.map { InitCommand.message(for: $0) } == """
          "10.0.0.300" is not an IPv4 address: 300 is more than 255
          "x" is not an IPv4 address such as 10.0.0.200
          """)
      #expect(error.map { InitCommand.exitCode(for: $0).rawValue } == 64)
      #expect(try names(in: folder) == [])
    }
  }
}
