import Foundation
import Testing

/// What systemd makes of the units that pxebuild writes.
@Suite("Mount units")
struct MountsConfigTests {
  /// The unit files of a site with one image, mounted at a target of a name.
  private func units(_ target: String, _ image: String, in site: Site) async throws -> [String] {
    try site.write("content\n", to: "content/file")
    try site.makeFolder("recipes/images")
    try await mustRun(
      [
        "xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", "\(site.recipes)/images/\(image)",
        "\(site.folder)/content",
      ], in: site.folder)
    try site.recipe(
      """
      site: { server: 10.0.0.200 }
      targets:
        "\(target)": { iso: "images/\(image)", mount: true }
      configs:
        units: { mounts: systemd }

      """)
    let run = try await site.run("all")
    #expect(run.status == 0, "\(run.errors)")
    return site.files(below: "out-conf/units")
  }

  /// What systemd-analyze says against a unit, with its exit status.
  private func verify(_ unit: String, in site: Site) async throws -> Run {
    let program = try #require(Binary.find("systemd-analyze"))
    return try await Running(
      [program, "verify", "\(site.folder)/out-conf/units/\(unit)"],
      environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"], folder: "/",
      scratch: site.scratch
    ).wait()
  }

  @Test(
    "systemd takes each unit under its name, and refuses another name",
    arguments: [
      ("ubuntu", "ubuntu-18.04.iso"), ("a b/größe-x_1.2", "50% a b.iso"), (".hidden", "x.iso"),
    ])
  func verified(_ target: String, _ image: String) async throws {
    try await withSite { site in
      let files = try await units(target, image, in: site)
      let unit = try #require(files.first)
      #expect(files.count == 1)
      let named = try await mustRun(
        ["systemd-escape", "--path", "--suffix=mount", "\(site.output)/\(target)"], in: "/")
      #expect(named == unit + "\n")
      let run = try await verify(unit, in: site)
      // Other units of this machine may have faults of their own.
      #expect(run.status == 0 && !run.errors.contains(unit), "\(run.errors)\(run.output)")
      #expect(
        rename(
          "\(site.folder)/out-conf/units/\(unit)", "\(site.folder)/out-conf/units/other.mount") == 0
      )
      #expect(try await verify("other.mount", in: site).status != 0)
    }
  }

  @Test("a unit mounts the image where it is at the target's folder")
  func values() async throws {
    try await withSite { site in
      let unit = try #require(try await units("live", "live.iso", in: site).first)
      let text = try #require(site.read("out-conf/units/\(unit)"))
      #expect(text.contains("\nWhat=\(site.recipes)/images/live.iso\n"))
      #expect(text.contains("\nWhere=\(site.output)/live\n"))
    }
  }
}
