import Testing

@testable import Recipes

@Suite struct BootedMachineTests {
  private func recipes(_ targets: String) throws -> RecipeSet {
    let site = try TemporarySite([
      "a.yaml": """
      site: { server: 10.0.0.1 }
      sources: { ipxe: { git: "https://example.org/ipxe.git", tag: v2.0.0 } }
      targets:
        menu.ipxe: { script: x }
      \(targets)

      """
    ])
    return try site.load()
  }

  /// The kinds of machines that are booted, as "efi/x86_64".
  private func booted(_ targets: String) throws -> [String] {
    let recipes = try recipes(targets)
    return Platform.allCases.flatMap { platform in
      BuildArchitecture.allCases.filter {
        recipes.boots(platform: platform, architecture: $0)
      }.map { "\(platform)/\($0)" }
    }
  }

  @Test(
    "What a site boots follows from its targets",
    arguments: [
      ("  a: { ipxe: bin/undionly.kpxe, source: ipxe }", ["pcbios/i386"]),
      ("  a: { ipxe: bin/ipxe.usb, source: ipxe }", ["pcbios/i386"]),
      ("  a: { ipxe: bin-x86_64-pcbios/ipxe.pxe, source: ipxe }", ["pcbios/x86_64"]),
      ("  a: { ipxe: bin-i386-efi/ipxe.efi, source: ipxe }", ["efi/i386"]),
      ("  a: { ipxe: bin-arm64-efi/ipxe.iso, source: ipxe }", ["efi/arm64"]),
      ("  a: { ipxe: bin-x86_64-efi-sb/ipxe.efi, source: ipxe }", ["efi/x86_64"]),
      ("  snponly.efi: { script: x }", ["efi/x86_64"]),
      ("  a: { script: x, boots: 11 }", ["efi/arm64"]),
      ("  a: { script: x }", []),
    ])
  func kinds(_ target: String, _ expected: [String]) throws {
    #expect(try booted(target) == expected)
  }

  @Test("A platform alone means any of its architectures, those without a name in menus too")
  func anyArchitecture() throws {
    let one = try recipes("  a: { ipxe: bin-i386-efi/ipxe.efi, source: ipxe }")
    #expect(one.boots(platform: .efi, architecture: nil))
    #expect(!one.boots(platform: .pcbios, architecture: nil))
    let other = try recipes("  a: { ipxe: bin-loong64-efi/ipxe.efi, source: ipxe }")
    #expect(other.boots(platform: .efi, architecture: nil))
    #expect(!other.boots(platform: .efi, architecture: .x86_64))
  }
}
