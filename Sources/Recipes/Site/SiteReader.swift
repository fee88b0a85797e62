/// Reads `site:` and makes the names that `{{…}}` may hold.
enum SiteReader {
  /// The names, from the text of `site:` alone: they must be known before any value is read.
  static func variables(of site: LocatedMapping?) -> Variables {
    var variables = Variables(settable: SiteKeys.variableNames)
    guard let site else { return variables }
    for (key, value) in site.entries {
      switch value {
      case .scalar(let scalar):
        guard !scalar.isNull else { continue }
        let text = key.text == "http" ? withoutEndSlash(scalar.text) : scalar.text
        variables.define(
          "site.\(key.text)",
          as: Scalar(text: text, style: scalar.style, location: scalar.location))
      case .mapping(let inner):
        guard key.text == "vars" || key.text == "network" else { continue }
        for case (let name, .scalar(let scalar)) in inner.entries where !scalar.isNull {
          variables.define("site.\(key.text).\(name.text)", as: scalar)
        }
      case .list: continue
      }
    }
    if !variables.isDefined("site.http"), case .scalar(let server)? = site["server"]?.value {
      let address = Scalar(
        text: "http://{{site.server}}", style: .folded, location: server.location)
      variables.define("site.http", as: address)
    }
    return variables
  }

  /// The site with all its values checked; names that follow from them become known to `checker`.
  static func read(_ mapping: LocatedMapping?, _ checker: inout Checker) -> Site {
    var site = Site()
    guard let mapping else { return site }
    let record = SiteKeys.record.read(mapping, owner: "site", at: mapping.location, &checker)
    site.server = record[SiteKeys.server]
    site.http = (record[SiteKeys.http] ?? site.server.map { "http://\($0)" }).map(withoutEndSlash)
    site.output = record[SiteKeys.output]
    site.configs = record[SiteKeys.configs]
    site.records = record[SiteKeys.records]
    site.signing = record[SiteKeys.signing]
    site.secureBoot = record[SiteKeys.secureBoot]
    site.network = record[SiteKeys.network] ?? Site.Network()
    site.variables = record[SiteKeys.vars] ?? [:]
    if let server = site.server, let range = site.network.range, range.contains(server) {
      checker.warn(
        "the server's own address \(server) is in the range that DHCP hands out",
        at: record.location(SiteKeys.server), help: "choose a range without it")
    }
    for host in site.network.hosts where host.address == site.server {
      checker.error(
        "\(host.address) of host \(quoted(host.name)) is the server's own address",
        at: host.addressLocation)
    }
    define(site, &checker.variables)
    return site
  }

  private static func withoutEndSlash(_ url: String) -> String {
    var result = url[...]
    while result.hasSuffix("/"), !result.hasSuffix("://") { result = result.dropLast() }
    return String(result)
  }

  private static func define(_ site: Site, _ variables: inout Variables) {
    if let http = site.http { variables.define("site.http", value: http) }
    if let output = site.output { variables.define("site.output", value: output) }
    if let configs = site.configs { variables.define("site.configs", value: configs) }
    if let subnet = site.network.subnet {
      variables.define("site.network.netmask", value: subnet.netmask.description)
      variables.define("site.network.broadcast", value: subnet.broadcast.description)
    }
    if let range = site.network.range {
      variables.define("site.network.first", value: range.lowerBound.description)
      variables.define("site.network.last", value: range.upperBound.description)
    }
    if !site.network.dns.isEmpty {
      let list = site.network.dns.map(\.description).joined(separator: ", ")
      variables.define("site.network.dns", value: list)
    }
  }
}
