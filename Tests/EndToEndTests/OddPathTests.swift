import Foundation
import Testing

@Suite("Paths that need care")
struct OddPathTests {
  private static let names = [
    "with spaces", "qu'ote\"s and $HOME `id`", "Größe 漢字", "new\nline", "-dash", "back\\slash",
    "%s{{x}}#&;",
  ]

  @Test(
    "A site in a folder of any name builds, and nothing changes the second time", arguments: names)
  func folder(name: String) async throws {
    try await withSite(named: name) { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      let first = try await site.run("build", "undionly.kpxe", "usb/efi.usb")
      #expect(first.status == 0, "\(first.errors)")
      #expect(site.served == ["undionly.kpxe", "usb/efi.usb"])
      let second = try await site.run("build", "undionly.kpxe", "usb/efi.usb")
      #expect(second.status == 0, "\(second.errors)")
      #expect(second.output.hasPrefix("up to date: 2 targets in out"), "\(second.output)")
      #expect(try await site.run("cache", "verify").status == 0)
    }
  }

  @Test("Recipes, output and cache named by absolute paths of odd names", arguments: names)
  func options(name: String) async throws {
    try await withSite { site in
      try FileManager.default.createDirectory(
        atPath: "\(site.folder)/\(name) r", withIntermediateDirectories: true)
      try site.write("targets:\n  a: { file: data }\n", to: "\(name) r/a.yaml")
      try site.write("x", to: "\(name) r/data")
      let run = try await site.run(
        "all", "--recipes", "\(site.folder)/\(name) r", "--output", "\(site.folder)/\(name) o",
        "--cache", "\(site.folder)/\(name) c")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.read("\(name) o/a") == "x")
    }
  }

  @Test("Targets and files of odd names keep them")
  func targets() async throws {
    try await withSite { site in
      let names = [
        "with spaces", "qu'ote\"s", "Größe 漢字/ä", "-dash", "back\\slash", "a#b", "$x`y`",
      ]
      for (index, name) in names.enumerated() {
        try site.write("\(index)", to: "recipes/tree/\(name)")
      }
      try site.recipe(
        "targets:\n  tree: { file: tree }\n  \"Größe x/qu'o\\\"te -- #\": { script: hello }\n")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        Set(site.served) == Set(names.map { "tree/\($0)" } + ["Größe x/qu'o\"te -- #"]))
      try site.recipe("targets: {}\n")
      #expect(try await site.run("all").status == 0)
      #expect(site.served == [])
    }
  }

  @Test("A name with a newline cannot forge lines of a message")
  func forgery() async throws {
    try await withSite(named: "a\nerror: forged") { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      try site.write("mine", to: "out/a")
      let run = try await site.run("all", "-q", "--output", "\(site.folder)/out")
      #expect(run.status == 73)
      #expect(
        run.errors.split(separator: "\n").filter { $0.hasPrefix("error:") }.count == 1,
        "\(run.errors)")
    }
  }
}
