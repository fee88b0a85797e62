import Foundation
import Testing

extension Tag {
  @Tag static var slow: Self
}

let upstreamURL = "https://github.com/ipxe/ipxe.git"

/// The user's git configuration may know a mirror.
let ownHome = [
  "HOME": ProcessInfo.processInfo.environment["HOME"] ?? "/root", "GIT_TERMINAL_PROMPT": "0",
]

/// Whether iPXE's repository answers right now.
let upstreamAnswers = Task<Bool, Never> {
  await
    ((try? withSite { site in
      _ = try await mustRun(
        ["timeout", "30", "git", "ls-remote", upstreamURL, "refs/tags/v2.0.0"],
        in: site.scratch, environment: ownHome)
      return true
    }) ?? false)  // any reason not to reach it is a reason to skip
}

/// iPXE itself: the shipped recipes, compared with its own make and booted.
///
/// One test, because everything in it needs the one build: seven minutes on two cores, of which plain
/// make takes three and the second build two.
@Suite(
  "The real upstream", .serialized, .tags(.slow),
  .enabled("https://github.com/ipxe/ipxe.git does not answer") { await upstreamAnswers.value })
struct RealUpstreamTests {
  @Test(
    "The shipped recipes compile to what plain make makes, for any user, and boot to their script")
  func shipped() async throws {
    try await withSite { site in
      removeTree(site.recipes)
      try FileManager.default.copyItem(atPath: ShippedSite.recipes, toPath: site.recipes)
      let run = try await site.run(
        ["all", "--locked", "--records", "beside"], environment: ownHome)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("6 compiled"), "\(run.output)")
      try await boot(site)
      try await compareWithAnotherUsersBuild(site)
      try await compareWithPlainMake(site)
    }
  }

  /// Another folder, user, umask, language, time zone, year, host and number of jobs, and no sandbox: every target,
  /// config and record is the same. The clone of the source is a copy: another user may not read the mirror that this
  /// one's git knows.
  private func compareWithAnotherUsersBuild(_ site: Site) async throws {
    let other = try site.sibling("another-folder")
    removeTree(other.recipes)
    try FileManager.default.copyItem(atPath: site.recipes, toPath: other.recipes)
    for name in ["out", "out-conf", "out-records", "cache"] { try other.makeFolder(name) }
    try FileManager.default.copyItem(atPath: "\(site.cache)/git", toPath: "\(other.cache)/git")
    if Binary.isRoot {
      try await mustRun(["chown", "-R", "65534:65534", other.folder], in: site.top)
    }
    let elsewhere = [
      "/usr/bin/unshare", "--uts", "/bin/sh", "-c", "hostname elsewhere && exec \"$@\"", "sh",
    ]
    let run = try await other.run(
      ["all", "--locked", "--records", "beside", "-j", "1", "--sandbox", "off"],
      prefix: (Binary.isRoot
        ? elsewhere + ["/bin/sh", "-c", "umask 077 && exec \"$@\"", "sh"] + Site.nobody : [])
        + ["/usr/bin/faketime", "2031-02-03 04:05:06"],
      environment: ["LC_ALL": "fr_FR.UTF-8", "TZ": "Pacific/Kiritimati"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("6 compiled"), "\(run.output)")
    let (expected, made) = (site.everything(), other.everything())
    for name in [
      "out/usb/stick.img", "out/usb/ipxe.lkrn", "out/install.ipxe", "out-conf/dhcpd.conf",
    ] {
      #expect(expected[name] != nil, "\(name)")
    }
    #expect(made.keys.sorted() == expected.keys.sorted())
    for (name, bytes) in made { #expect(bytes == expected[name], "\(name)") }
  }

  private func compareWithPlainMake(_ site: Site) async throws {
    let lock = try #require(site.read("recipes/pxebuild.lock"))
    let commit = String(try #require(lock.firstMatch(of: #/commit: ([0-9a-f]{40})/#)).1)
    let clone = "\(site.top)/plain"
    try await mustRun(
      ["git", "clone", "--quiet", "--depth=1", "--branch=v2.0.0", upstreamURL, clone], in: site.top,
      environment: ownHome)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    try await PlainMake(folder: clone, commit: commit, site: site, makeArguments: ["-j\(cores)"])
      .expectEqual()
  }

  /// Every program and stick that is served boots in every kind of firmware that it is for, and gets the menu by the
  /// script inside it.
  private func boot(_ site: Site) async throws {
    guard Binary.find("qemu-system-x86_64") != nil else {
      print("SKIPPED: booting takes qemu-system-x86")
      return
    }
    let run = try await site.run(["boot", "--timeout", "300"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let passed = run.output.split(separator: "\n").filter {
      $0.hasPrefix("  passed   ") && $0.contains(" got install.ipxe after ")
    }
    var expected = [
      "BIOS by PXE": 1, "x64 UEFI by PXE": 1, "IA32 UEFI by PXE": 1,
      "BIOS by USB": 2, "x64 UEFI by USB": 2, "IA32 UEFI by USB": 1,
    ]
    if Binary.isRoot, await NetworkLab.isPossible.value {
      expected["x64 UEFI by HTTP"] = 1
      expected["IA32 UEFI by HTTP"] = 1
    }
    for (name, count) in expected {
      #expect(
        passed.filter { $0.hasPrefix("  passed   \(name) ") }.count == count,
        "\(name): \(run.output)")
    }
  }
}
