/// What a config is written from: the recipes, and what is known of the tree that is served.
struct ServedSite: Sendable {
  let recipes: RecipeSet
  /// The output tree, absolute: the root of the TFTP server and of the HTTP server.
  let output: String
  /// Targets that the tree lacks, because their sources could not be reached: nobody is sent to them.
  var absent: Set<String> = []
  /// The symbolic links in the tree, as the last build placed them; none when recipes are only read.
  var links: Set<String> = []

  var site: Site { recipes.site }

  /// The target that each kind of machine is offered, of those that are there.
  var offers: [ClientArchitecture: Target] {
    RecipeSet.offers(of: recipes.bootPrograms.filter { !absent.contains($0.target.path) })
  }
}

/// A value of `site:` that a config cannot be written without.
struct SiteFact<Value: Sendable>: Sendable {
  let name: String
  /// How to write it, with the place it goes to.
  let example: String
  let value: @Sendable (Site) -> Value?
}

extension SiteFact<IPv4Address> {
  static var server: SiteFact {
    SiteFact(name: "site.server", example: "add server: 10.0.0.200 to site:") { $0.server }
  }
}

extension SiteFact<IPv4Subnet> {
  static var subnet: SiteFact {
    SiteFact(
      name: "site.network.subnet",
      example: "add network: { subnet: 10.0.0.0/24 } to site:"
    ) { $0.network.subnet }
  }
}

extension SiteFact<ClosedRange<IPv4Address>> {
  static var range: SiteFact {
    SiteFact(
      name: "site.network.range",
      example: "add range: [10.0.0.100, 10.0.0.199] to network: of site:"
    ) { $0.network.range }
  }
}

extension SiteFact<String> {
  static var http: SiteFact {
    SiteFact(name: "site.http", example: "add server: 10.0.0.200 or http: URL to site:") { $0.http }
  }

  static var interface: SiteFact {
    SiteFact(
      name: "site.network.interface", example: "add interface: eth0 to network: of site:"
    ) { $0.network.interface }
  }
}

extension Config {
  /// A value of `site:`, or nil after an error at this config that says what to add.
  func need<Value>(_ fact: SiteFact<Value>, of served: ServedSite, _ checker: inout Checker)
    -> Value?
  {
    if let value = fact.value(served.site) { return value }
    checker.error(
      "\(owner) needs \(fact.name), which has no value", at: location, help: fact.example)
    return nil
  }
}
