import Foundation
import Testing

/// A site in two versions, with compiled programs, folders, a menu and configs: what faults are tried on.
struct FaultSite: Sendable {
  let site: Site
  let upstream: MiniatureUpstream
  static let files = (0..<30).map { "f\($0)" }

  init(_ site: Site, _ upstream: MiniatureUpstream) {
    self.site = site
    self.upstream = upstream
  }

  /// What a file of the folder holds. Every second one is the same in both versions.
  static func content(_ name: String, version: Int) -> String {
    let number = Int(name.dropFirst()) ?? 0
    return String(
      repeating: "\(name) \(number % 2 == 0 ? 0 : version)\n", count: 200 + number * 100)
  }

  /// Writes the recipes of version 1 or 2.
  func write(_ version: Int) throws {
    for name in Self.files {
      try site.write(Self.content(name, version: version), to: "recipes/tree/\(name)")
    }
    try site.recipe(
      """
      site: { server: 10.0.0.1, network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] } }
      sources:
        loader: { git: "\(upstream.url)", tag: v1 }
      targets:
        chain.ipxe: { script: "#!ipxe\\ndhcp\\nchain {{site.http}}/menu-\(version).ipxe\\n" }
        undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: chain.ipxe }
        ipxe.efi: { ipxe: bin-x86_64-efi/ipxe.efi, source: loader, embed: chain.ipxe }
        tree: { file: tree }
        only-\(version)/file: { script: "\(version)" }
        menu-\(version).ipxe: { menu: "Version \(version)", items: [ { shell: Shell } ] }
      configs:
        dhcpd.conf: { dhcp: isc, script: menu-\(version).ipxe }

      """)
  }

  /// Builds both versions, the first one last, and returns what each served file holds in either.
  func buildBoth() async throws -> [String: Set<Data?>] {
    var versions: [[String: Data]] = []
    for version in [2, 1] {
      try write(version)
      let run = try await site.run("all", "-q", "--records", "beside")
      #expect(run.status == 0, "\(run.errors)")
      versions.append(contents())
    }
    var allowed: [String: Set<Data?>] = [:]
    for path in Set(versions.flatMap(\.keys)) {
      allowed["\(site.output)/\(path)"] = Set(versions.map { $0[path] })
    }
    return allowed
  }

  /// Every served file with its bytes.
  func contents() -> [String: Data] {
    Dictionary(uniqueKeysWithValues: site.served.map { ($0, site.bytes("out/\($0)") ?? Data()) })
  }

  /// What must be so whenever nothing runs and the last build succeeded.
  func expectWhole(_ place: String) async throws {
    let run = try await site.run("verify")
    #expect(run.status == 0, "\(place): \(run.output)\(run.errors)")
    #expect(
      site.files(below: "out/.pxebuild").filter { !$0.hasPrefix("generations/") }
        == ["lock", "manifest.json"], "\(place)")
    #expect(site.files(below: "cache/work") == [], "\(place): what killed builds left is removed")
    for folder in ["out", "out-conf", "out-records", "recipes"] {
      #expect(!site.files(below: folder).contains { $0.hasSuffix(".tmp") }, "\(place): \(folder)")
    }
  }
}
