/// dnsmasq as the network's DHCP server (dnsmasq(8)).
struct DnsmasqConfig: Sendable {
  let network: DHCPNetwork
  let answers: BootAnswers

  func content(_ config: Config, _ served: ServedSite, _ checker: inout Checker) -> ConfigContent? {
    var lines = DnsmasqText.head("DHCP", network.interface)
    lines.append(
      "dhcp-range=\(network.range.lowerBound),\(network.range.upperBound),\(network.subnet.netmask),"
        + "\(network.subnet.broadcast),\(network.leaseTime)")
    // Without a value the option is left out; without the line dnsmasq would name itself.
    lines.append(option("router", network.router.map { [$0] } ?? []))
    lines.append(option("dns-server", network.dns))
    if network.isAuthoritative { lines.append("dhcp-authoritative") }
    lines += network.hosts.map { "dhcp-host=\($0.hardware),\($0.name),\($0.address)" }
    lines += answers.dnsmasqTags
    if let script = answers.script {
      guard let url = answers.dnsmasqFile(script, config, &checker) else { return nil }
      lines.append("dhcp-boot=tag:ipxe,\(url),,\(answers.server)")
    }
    for group in answers.groups {
      guard let file = answers.dnsmasqFile(group.file, config, &checker) else { return nil }
      lines.append("dhcp-boot=tag:!ipxe,tag:\(group.tag),\(file),,\(answers.server)")
      if group.isHTTP {
        lines.append(
          "dhcp-option-force=tag:!ipxe,tag:\(group.tag),60,\(BootAnswers.httpVendorClass)")
      }
    }
    guard let tftp = DnsmasqText.tftp(for: config, served, &checker) else { return nil }
    return .file(ConfigText(text: (lines + tftp).joined(separator: "\n") + "\n"))
  }

  private func option(_ name: String, _ addresses: [IPv4Address]) -> String {
    (["dhcp-option=option:\(name)"] + addresses.map(\.description)).joined(separator: ",")
  }
}

/// dnsmasq as a proxy: it answers machines that boot beside a DHCP server that hands out the addresses.
struct DnsmasqProxy: Sendable {
  let answers: BootAnswers
  let subnet: IPv4Subnet

  func content(_ config: Config, _ served: ServedSite, _ checker: inout Checker) -> ConfigContent? {
    var lines = DnsmasqText.head(
      "DHCP as a proxy beside the network's own DHCP server,", served.site.network.interface)
    lines += [
      "dhcp-range=\(subnet.address),proxy,\(subnet.netmask)", "no-ping",
      "# UEFI HTTP boot asks a proxy too, under a name of its own.",
      "dhcp-pxe-vendor=PXEClient,\(BootAnswers.httpVendorClass)",
    ]
    lines += answers.dnsmasqTags
    lines.append("# No answer at all where there is nothing to boot.")
    let tags = (["ipxe"] + answers.groups.map(\.tag)).map { "tag:!\($0)" }
    lines.append("dhcp-ignore=\(tags.joined(separator: ","))")
    if let script = answers.script {
      guard let url = answers.dnsmasqFile(script, config, &checker) else { return nil }
      // Without the address a plain undionly.kpxe finds nothing to boot.
      lines.append("dhcp-boot=tag:ipxe,\(url),,\(answers.server)")
    }
    for group in answers.groups {
      guard let file = answers.dnsmasqFile(group.file, config, &checker) else { return nil }
      if group.isHTTP {
        lines.append("dhcp-boot=tag:!ipxe,tag:\(group.tag),\(file),,\(answers.server)")
        continue
      }
      guard hasSuffix(group.file, config, &checker) else { return nil }
      lines += group.clients.map {
        "pxe-service=tag:!ipxe,\($0.rawValue),\"pxebuild\",\(file),\(answers.server)"
      }
    }
    guard let tftp = DnsmasqText.tftp(for: config, served, &checker) else { return nil }
    return .file(ConfigText(text: (lines + tftp).joined(separator: "\n") + "\n"))
  }

  /// dnsmasq adds ".0" to a boot server's file without a ".".
  private func hasSuffix(_ file: String, _ config: Config, _ checker: inout Checker) -> Bool {
    if file.contains(".") { return true }
    checker.error(
      "dnsmasq as a proxy cannot offer \(quoted(file)): its name has no \".\"",
      at: config.location, help: "rename the target, like \(file).efi")
    return false
  }
}

extension BootAnswers {
  /// The lines by which dnsmasq knows who asks.
  fileprivate var dnsmasqTags: [String] {
    ["# Who asks: by user class (option 77) and architecture (option 93)."]
      + ["dhcp-userclass=set:ipxe,\(Self.userClass)"]
      + groups.flatMap { group in
        group.clients.map { "dhcp-match=set:\(group.tag),option:client-arch,\($0.rawValue)" }
      }
  }

  /// A file's name as a value of dnsmasq's files; nil after an error.
  fileprivate func dnsmasqFile(_ file: String, _ config: Config, _ checker: inout Checker)
    -> String?
  {
    if let value = DnsmasqText.value(file) { return value }
    checker.error("dnsmasq cannot offer \(quoted(file))", at: config.location)
    return nil
  }
}

extension DnsmasqText {
  /// The lines of `serve-tftp: true`; nil after an error.
  fileprivate static func tftp(
    for config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> [String]? {
    guard config.values[DHCPKind.serveTFTP] == true else { return [] }
    return tftp(config, root: served.output, clients: nil, &checker)
  }
}
