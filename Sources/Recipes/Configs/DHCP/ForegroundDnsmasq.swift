extension RecipeSet {
  /// The file of a dnsmasq that `pxebuild serve` runs in the foreground as the TFTP server of a tree.
  ///
  /// - Parameters:
  ///   - root: The tree, or a link to it, absolute; free of control characters.
  ///   - address: Where it listens.
  public static func foregroundTFTP(root: String, address: IPv4Address) -> String {
    let lines =
      ["port=0", "listen-address=\(address)", "bind-interfaces"] + foreground
      + ["enable-tftp", "tftp-root=\(DnsmasqText.value(root) ?? "")"]
      + ["tftp-max=\(DnsmasqText.clients)"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The file of a dnsmasq that `pxebuild serve` runs in the foreground as the TFTP server of a tree, and as a
  /// proxy DHCP server for machines on one network.
  ///
  /// - Parameters:
  ///   - root: The tree, or a link to it, absolute; free of control characters.
  ///   - address: This machine's address there, in place of `site.server`.
  ///   - subnet: The network, in place of `site.network.subnet`.
  /// - Throws: what the recipes lack, as for a `dhcp:` config.
  public func foregroundProxy(
    root: String, address: IPv4Address, subnet: IPv4Subnet, interface: String
  ) throws(RecipeErrors) -> String {
    var site = site
    site.server = address
    site.network.subnet = subnet
    site.network.interface = interface
    let recipes = RecipeSet(
      folder: folder, name: name, site: site, sources: sources, targets: targets, configs: [])
    var checker = Checker(variables: Variables(settable: []))
    let content = proxyConfig(&checker).flatMap {
      $0.kind.make($0, ServedSite(recipes: recipes, output: root), &checker)
    }
    guard case .file(let config)? = content, !checker.hasErrors else {
      throw RecipeErrors(checker.diagnostics)
    }
    return config.text + (Self.foreground + ["log-dhcp"]).joined(separator: "\n") + "\n"
  }

  private static let foreground = ["keep-in-foreground", "log-facility=-", "pid-file="]

  /// What a person would write for it. The script is that of the recipes' own DHCP server, if they have one.
  private func proxyConfig(_ checker: inout Checker) -> Config? {
    let script = configs.lazy.compactMap { $0.values[DHCPKind.script] }.first
    let key = script.map { ", script: \(JSON.string($0).serialised())" } ?? ""
    let text = "dnsmasq: { dhcp: dnsmasq, mode: proxy, serve-tftp: true\(key) }\n"
    var reader = YAMLReader(
      SourceFile(name: "pxebuild serve --dhcp-proxy", folder: "/", bytes: Array(text.utf8)))
    guard case .mapping(let mapping)? = reader.read(), let entry = mapping.entries.first else {
      return nil
    }
    return ConfigReader.read(entry.key, entry.value, &checker)
  }
}
