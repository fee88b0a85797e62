import Recipes
import Testing

@testable import pxebuild

@Suite("The addresses of a new site")
struct SiteAddressesTests {
  private static let elsewhere = LocalNetwork()

  /// A machine with one network card, as /proc/net/route and getifaddrs describe it.
  private func local(_ address: String, _ prefix: Int) throws -> LocalNetwork {
    var local = LocalNetwork()
    local.interfaces = [
      .init(name: "docker0", address: try IPv4Address(checking: "172.17.0.1"), prefix: 16),
      .init(name: "enp3s0", address: try IPv4Address(checking: address), prefix: prefix),
    ]
    local.defaultRoute = .init(
      interface: "enp3s0", router: try IPv4Address(checking: "192.168.7.254"))
    return local
  }

  /// All the values in one line, or all the problems, one a line.
  private func result(_ answers: SiteAddresses.Answers, on local: LocalNetwork = elsewhere)
    -> String
  {
    do {
      let site = try SiteAddresses(answers, on: local)
      let dns = site.dns.map(\.description).joined(separator: ",")
      return "\(site.server) \(site.subnet) \(site.router) \(dns) "
        + "\(site.range.lowerBound)-\(site.range.upperBound) \(site.interface)"
    } catch {
      return error.messages.joined(separator: "\n")
    }
  }

  @Test("the server's address is enough")
  func defaults() {
    #expect(
      result(.init(server: "10.0.0.200"))
        == "10.0.0.200 10.0.0.0/24 10.0.0.1 10.0.0.1 10.0.0.100-10.0.0.199 eth0")
  }

  @Test("a server that is the first machine of its subnet leaves the router the last address")
  func firstAddress() {
    #expect(
      result(.init(server: "10.0.0.1"))
        == "10.0.0.1 10.0.0.0/24 10.0.0.254 10.0.0.254 10.0.0.100-10.0.0.199 eth0")
  }

  @Test("this machine's own network is taken when it is the server")
  func ownNetwork() throws {
    #expect(
      result(.init(server: "192.168.6.9"), on: try local("192.168.6.9", 23))
        == "192.168.6.9 192.168.6.0/23 192.168.7.254 192.168.7.254 192.168.6.200-192.168.7.142 enp3s0"
    )
    #expect(try local("192.168.6.9", 23).likelyServer?.address.description == "192.168.6.9")
  }

  @Test(
    "the range that is given out never holds the server or the router",
    arguments: [
      ("10.0.0.150", "10.0.0.0/24", "10.0.0.100-10.0.0.149"),
      ("10.0.0.120", "10.0.0.0/24", "10.0.0.121-10.0.0.199"),
      ("10.0.0.100", "10.0.0.0/24", "10.0.0.101-10.0.0.199"),
      ("10.0.0.2", "10.0.0.0/29", "10.0.0.3-10.0.0.6"),
      ("10.1.2.3", "10.0.0.0/8", "10.100.0.0-10.199.0.0"),
    ])
  func range(server: String, subnet: String, expected: String) throws {
    let site = try SiteAddresses(.init(server: server, subnet: subnet), on: Self.elsewhere)
    #expect("\(site.range.lowerBound)-\(site.range.upperBound)" == expected)
  }

  @Test("what is said is taken")
  func said() {
    #expect(
      result(
        .init(
          server: "10.0.0.200", subnet: "10.0.0.0/16", router: "10.0.255.1", dns: "8.8.8.8,1.1.1.1",
          range: "10.0.1.0,10.0.1.255", interface: "br-lan"))
        == "10.0.0.200 10.0.0.0/16 10.0.255.1 8.8.8.8,1.1.1.1 10.0.1.0-10.0.1.255 br-lan")
  }

  @Test("every wrong answer is named at once")
  func wrong() {
    #expect(
      result(
        .init(
          server: "10.0.0.300", subnet: "10.0.0.7/24", router: "gateway", dns: "8.8.8.8,",
          range: "10.0.0.9-10.0.0.1", interface: "eth0/1")) == """
          "10.0.0.300" is not an IPv4 address: 300 is more than 255
          10.0.0.7/24 is an address inside the subnet 10.0.0.0/24: write the subnet itself
          "gateway" is not an IPv4 address such as 10.0.0.200
          the range 10.0.0.9-10.0.0.1 ends before it begins
          "" is not an IPv4 address such as 10.0.0.200
          "eth0/1" is not the name of a network interface
          """)
    #expect(
      result(.init(server: "010.0.0.1", subnet: "10.0.0.0", range: "10.0.0.1")) == """
        "010.0.0.1" is not an IPv4 address: 010 begins with a zero
        "10.0.0.0" is not a subnet such as 10.0.0.0/24
        "10.0.0.1" is not a range such as 10.0.0.100-10.0.0.199
        """)
    #expect(
      result(.init(server: "10.0.0.1", subnet: "10.0.0.0/31"))
        == "the subnet 10.0.0.0/31 has a prefix that is not from 8 to 30")
  }

  @Test("answers that contradict each other are refused")
  func contradictions() {
    #expect(
      result(.init(server: "10.0.0.255", subnet: "10.0.0.0/24", router: "10.0.1.1")) == """
        the server 10.0.0.255 is not a machine of the subnet 10.0.0.0/24 (10.0.0.1 to 10.0.0.254)
        the router 10.0.1.1 is not a machine of the subnet 10.0.0.0/24 (10.0.0.1 to 10.0.0.254)
        """)
    #expect(
      result(.init(server: "10.0.0.200", range: "10.0.0.150-10.0.1.5")) == """
        the range ends at 10.0.1.5, which is not a machine of the subnet 10.0.0.0/24 \
        (10.0.0.1 to 10.0.0.254)
        the range 10.0.0.150 to 10.0.1.5 would give away the server's own address 10.0.0.200
        """)
    #expect(
      result(.init(server: "10.0.0.1", subnet: "10.0.0.0/30", router: "10.0.0.2"))
        == "the subnet 10.0.0.0/30 has no address left to give out: say one with --subnet")
  }

  @Test("the kernel's routing table gives the default router")
  func routingTable() throws {
    let table = """
      Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
      eth1\t0007A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
      eth0\t00000000\tFE07A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
      """
    let route = try #require(LocalNetwork.defaultRoute(in: table))
    #expect("\(route.interface) \(route.router)" == "eth0 192.168.7.254")
    #expect(LocalNetwork.defaultRoute(in: "") == nil)
    // Whatever this machine has, asking for it ends well.
    #expect(LocalNetwork.ofThisMachine().interfaces.allSatisfy { !$0.name.isEmpty })
  }
}
