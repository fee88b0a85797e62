import BuildEngine
import Testing

@testable import Recipes

@Suite("Images of sticks")
struct StickTests {
  private static let recipe = """
    sources:
      ipxe:
        git: https://example.org/ipxe.git
        commit: 12798ec29aa8a64d8675c4378b99f5fe28447afb
        prebuilt: { deb: ipxe }
    targets:
      chain.ipxe: { script: "#!ipxe\\nshell\\n" }
      ipxe.lkrn: { ipxe: bin/ipxe.lkrn, source: ipxe, embed: chain.ipxe }
      ipxe.efi: { ipxe: bin-x86_64-efi/ipxe.efi, source: ipxe, embed: chain.ipxe }
      ipxe32.efi: { ipxe: bin-i386-efi/ipxe.efi, source: ipxe, embed: chain.ipxe }
      efi.usb: { ipxe: bin-x86_64-efi/ipxe.usb, source: ipxe }
      stick.img:
        image: { bios: ipxe.lkrn, x64: ipxe.efi, ia32: ipxe32.efi }
        files: { menu.ipxe: chain.ipxe }
        size: 2G
        table: gpt
        label: NET BOOT
      disc.iso: { image: { ia32: ipxe32.efi } }
    """

  private func action(_ artifact: Artifact, _ plan: Plan) throws -> PlannedAction {
    guard case .output(let id, "image") = artifact else { throw RecipeErrors([]) }
    return plan[id]
  }

  @Test("an image is made of the programs, the files and what the recipe says of the disk")
  func plan() throws {
    let recipes = try TemporarySite(["a.yaml": Self.recipe]).load()
    let plan = try recipes.plan(targets: ["stick.img"])
    let target = try #require(plan.targets.first)
    let action = try action(target.artifact, plan)
    #expect(action.inputs.keys.sorted() == ["bios", "files/menu.ipxe", "ia32", "x64"])
    #expect(
      action.operation
        == .builtIn(
          "boot-image", version: 1,
          parameters: [
            "format": "stick", "name": "stick.img", "table": "gpt", "label": "NET BOOT",
            "size": "2048", "bios": "ipxe.lkrn", "x64": "ipxe.efi", "ia32": "ipxe32.efi",
          ]))
    #expect(
      action.tools == [
        "mformat", "mmd", "mcopy", "syslinux", "/usr/lib/syslinux/mbr/gptmbr.bin",
      ])
    guard case .fail(let advice) = target.whenUnreachable else {
      Issue.record("\(target.whenUnreachable)")
      return
    }
    #expect(advice == "--allow-prebuilt lets Debian's package ipxe stand in")
  }

  @Test("Debian's programs stand in, with the script beside them, and what is missing is said")
  func standIn() throws {
    let recipes = try TemporarySite(["a.yaml": Self.recipe]).load()
    let plan = try recipes.plan(
      targets: ["stick.img", "disc.iso"], options: PlanOptions(allowPrebuilt: true))
    let target = try #require(plan.targets.first)
    guard case .standIn(let artifact, _, let limitation) = target.whenUnreachable else {
      Issue.record("\(target.whenUnreachable)")
      return
    }
    let action = try action(artifact, plan)
    #expect(action.name == "stick.img: stand-in")
    #expect(action.inputs.keys.sorted() == ["autoexec", "bios", "files/menu.ipxe", "x64"])
    #expect(
      limitation
        == "an iPXE from before 2021, such as Debian 12's, does not read the script from an EFI stick and does "
        + "what DHCP says; IA32 UEFI does not boot from it")
    guard case .skip(let reason)? = plan.targets.last?.whenUnreachable else {
      Issue.record("a disc for IA32 has no stand-in")
      return
    }
    #expect(reason == "Debian's package ipxe has no bin-i386-efi/ipxe.efi to stand in")
  }

  @Test("each machine's sticks are known, and the one that is meant when nobody says which")
  func sticks() throws {
    let recipes = try TemporarySite(["a.yaml": Self.recipe]).load()
    #expect(recipes.media(.stick, architecture: 0) == ["stick.img"])
    #expect(recipes.media(.stick, architecture: 6) == ["stick.img"])
    #expect(recipes.media(.stick, architecture: 7) == ["efi.usb", "stick.img"])
    #expect(recipes.media(.stick, architecture: 11) == [])
    #expect(recipes.media(.disc, architecture: 6) == ["disc.iso"])
    #expect(recipes.media(.disc, architecture: 0) == [])
    #expect(recipes.stickImages == ["efi.usb", "stick.img"])
    #expect(recipes.suggestedStick == "stick.img")
  }
}
