import CLinux
import Foundation
import Testing

/// Disc images made by the programs that make them, taken apart by pxebuild and compared with what 7z and
/// xorriso make of them.
@Suite("Disc images")
struct IsoTests {
  /// A folder like that of a live system, made below the site's own.
  private func makeSource(in site: Site) throws {
    for (path, size) in [
      ("casper/filesystem.squashfs", 3_000_001), ("casper/vmlinuz", 70_000), ("boot/grub/x", 1),
      (".disk/casper-uuid", 36), ("empty.bin", 0),
    ] { try site.write(noise(size, seed: UInt64(size)), to: "src/\(path)") }
    try site.write(
      "Ubuntu 20.04.6 LTS \"Focal Fossa\" - Release amd64 (20230316)\n", to: "src/.disk/info")
    try site.write("deep\n", to: "src/1/2/3/4/5/6/7/8/9/10/deep.txt")
    try site.write("Ü\n", to: "src/Ümläuté and blanks.txt")
    try site.makeFolder("src/empty folder")
    try site.makeFolder("src/dists/focal")
    try FileManager.default.createSymbolicLink(
      atPath: "\(site.folder)/src/dists/stable", withDestinationPath: "focal")
    try FileManager.default.createSymbolicLink(
      atPath: "\(site.folder)/src/ubuntu", withDestinationPath: ".")
    chmod("\(site.folder)/src/casper/vmlinuz", 0o755)
    // What the image says of rights is not what servers get.
    chmod("\(site.folder)/src/boot/grub/x", 0o600)
  }

  private func noise(_ count: Int, seed: UInt64) -> Data {
    var state = seed
    var data = Data(count: count)
    data.withUnsafeMutableBytes { bytes in
      for index in bytes.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[index] = UInt8(truncatingIfNeeded: state >> 56)
      }
    }
    return data
  }

  /// Files by path with their bytes, links with their targets, folders that are empty.
  private func content(_ site: Site, _ folder: String) throws -> [String: String] {
    var result: [String: String] = [:]
    let base = "\(site.folder)/\(folder)"
    let all = FileManager.default.enumerator(atPath: base)
    while let name = all?.nextObject() as? String {
      var status = stat()
      lstat("\(base)/\(name)", &status)
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        let inside = try FileManager.default.contentsOfDirectory(atPath: "\(base)/\(name)")
        if inside.isEmpty { result[name] = "empty folder" }
      case S_IFLNK:
        result[name] =
          "-> " + (try FileManager.default.destinationOfSymbolicLink(atPath: "\(base)/\(name)"))
      default:
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(base)/\(name)"))
        result[name] = "\(data.count) \(data.hashValue)"
      }
    }
    return result
  }

  private func makeImage(_ kind: String, in site: Site) async throws {
    let arguments =
      switch kind {
      case "rock-ridge", "both":
        [
          "xorriso", "-as", "mkisofs", "-quiet", "-V", "Ubuntu 20.04.6 LTS amd64", "-R",
        ] + (kind == "both" ? ["-J", "-joliet-long"] : [])
      case "joliet": ["genisoimage", "-quiet", "-J", "-joliet-long", "-D"]
      case "deep": ["genisoimage", "-quiet", "-R"]
      case "bridge": ["genisoimage", "-quiet", "-udf", "-J", "-joliet-long", "-D"]
      default: preconditionFailure(kind)
      }
    try await mustRun(
      arguments + ["-o", "\(site.folder)/image.iso", "\(site.folder)/src"], in: site.folder,
      environment: ["LC_ALL": "C.UTF-8"])
  }

  @Test(
    "An ordinary user gets the same bytes as from 7z and bsdtar, and the same as went in",
    arguments: ["rock-ridge", "both", "joliet", "deep", "bridge"])
  func kinds(_ kind: String) async throws {
    try await withSite { site in
      try makeSource(in: site)
      try await makeImage(kind, in: site)
      try site.recipe("targets:\n  live: { iso: ../image.iso }\n")
      let user = Binary.isRoot ? Site.nobody : []
      chmod(site.folder, 0o777)
      let run = try await site.run(["all"], prefix: user, environment: ["HOME": site.scratch])
      #expect(run.status == 0, "\(run.errors)")
      let ours = try content(site, "out/live")
      var source = try content(site, "src")
      if kind == "joliet" || kind == "bridge" {
        // Neither Joliet nor the UDF of genisoimage knows links.
        source = source.filter { !$0.value.hasPrefix("->") }
      }
      #expect(ours == source)
      try await compare(ours, with: "7z", kind, in: site, as: user)
      // bsdtar reads no UDF.
      if kind != "bridge" { try await compare(ours, with: "bsdtar", kind, in: site, as: user) }
      for (path, mode) in [
        ("casper/filesystem.squashfs", 0o444), ("boot/grub/x", 0o444), ("casper", 0o755),
      ] {
        var status = stat()
        lstat("\(site.output)/live/\(path)", &status)
        #expect(Int(status.st_mode) & 0o7777 == mode, "\(path)")
      }
    }
  }

  /// Unpacks the image with another program, and compares all that this one knows.
  private func compare(
    _ ours: [String: String], with program: String, _ kind: String, in site: Site,
    as user: [String]
  ) async throws {
    let folder = "\(site.scratch)/\(program)"
    mkdir(folder, 0o777)
    if Binary.isRoot { chown(folder, 65534, 65534) }
    // 7z ends with an error at a link to its own folder, and takes the names of Joliet where there are some.
    let command =
      program == "7z"
      ? ["7z", "x", "-y", "-o\(folder)", "\(site.folder)/image.iso", "-x!ubuntu"]
      : ["bsdtar", "-xf", "\(site.folder)/image.iso", "-C", folder]
    try await mustRun(
      (user.isEmpty ? [] : ["setpriv"] + user.dropFirst()) + command, in: site.scratch,
      environment: ["LC_ALL": "C.UTF-8"])
    var theirs = try content(site, "../scratch/\(program)")
    var ours = ours
    if program == "7z" {
      ours["ubuntu"] = nil
      if kind == "both" { ours = ours.filter { !$0.value.hasPrefix("->") } }
      if kind == "deep" {
        // It shows folders that were too deep where genisoimage put them, and a file of no bytes in their place.
        let parent = "1/2/3/4/5/6/7/"
        theirs["\(parent)8"] = nil
        for (path, text) in theirs where path.hasPrefix("rr_moved/") {
          theirs[path] = nil
          theirs[parent + path.dropFirst("rr_moved/".count)] = text
        }
      }
    }
    #expect(ours == theirs.filter { !$0.key.hasPrefix("[BOOT]") }, "\(program)")
  }

  @Test(
    "A second build of an unchanged image reads nothing of it, and the cache holds no copy of it")
  func unchanged() async throws {
    try await withSite { site in
      try makeSource(in: site)
      try await makeImage("rock-ridge", in: site)
      try site.recipe("targets:\n  live: { iso: ../image.iso, paths: [casper, .disk] }\n")
      let first = try await site.run("all")
      #expect(first.status == 0, "\(first.errors)")
      #expect(
        site.served == [
          "live/.disk/casper-uuid", "live/.disk/info", "live/casper/filesystem.squashfs",
          "live/casper/vmlinuz",
        ])
      let blobs = site.files(below: "cache/blobs").compactMap { site.bytes("cache/blobs/\($0)") }
      #expect(!blobs.contains { $0.count > 3_100_000 })
      var before = stat()
      lstat("\(site.output)/live/casper/vmlinuz", &before)
      #expect(try await site.run("all").output.contains("up to date"))
      // Another recipe with the same image: its digest is known.
      try site.recipe(
        "targets:\n  live: { iso: ../image.iso, paths: [casper, .disk], optional: true }\n")
      let trace = "\(site.scratch)/trace"
      let strace = try #require(Binary.find("strace"))
      let run = try await site.run(
        ["all"], prefix: [strace, "-f", "-e", "trace=openat", "-o", trace])
      #expect(run.status == 0, "\(run.errors)")
      let calls = try String(contentsOfFile: trace, encoding: .utf8)
      #expect(!calls.contains("image.iso\"") && calls.contains("site.yaml\""))
      var after = stat()
      lstat("\(site.output)/live/casper/vmlinuz", &after)
      #expect(before.st_ino == after.st_ino)
    }
  }

  @Test(
    "A file of 5 GiB in a UDF image, nearly all of it a hole, with little memory and little disk")
  func largeFile() async throws {
    try await withSite { site in
      let size = 5 << 30
      try site.makeFolder("src/sources")
      try site.write("README", to: "src/readme.txt")
      try site.write(noise(100_000, seed: 1), to: "src/sources/install.wim")
      #expect(truncate("\(site.folder)/src/sources/install.wim", off_t(size)) == 0)
      // The image is as sparse as what goes in: genisoimage's output is copied with holes.
      try await mustRun(
        [
          "sh", "-c",
          "genisoimage -quiet -udf -allow-limited-size -iso-level 3 src | "
            + "dd of=image.iso bs=1M conv=sparse iflag=fullblock status=none",
        ], in: site.folder)
      try site.recipe("targets:\n  win: { iso: ../image.iso }\n")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.peakMemory < 150_000_000, "\(run.peakMemory)")
      let path = "\(site.output)/win/sources/install.wim"
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_size == off_t(size))
      #expect(status.st_blocks * 512 < 100_000_000)
      let ours = try await mustRun(["sha256sum", path], in: site.folder)
      let theirs = try await mustRun(
        ["sh", "-c", "7z e -so image.iso sources/install.wim | sha256sum"], in: site.folder)
      #expect(ours.prefix(64) == theirs.prefix(64))
    }
  }

  @Test("An image of a URL, a part of one, and one that is a target")
  func sources() async throws {
    try await withSite { site in
      try makeSource(in: site)
      try await makeImage("rock-ridge", in: site)
      let server = try FileServer(["/image.iso": try #require(site.bytes("image.iso"))])
      defer { server.stop() }
      try site.recipe(
        """
        targets:
          a: { iso: "\(server.url)/image.iso", paths: casper/vmlinuz }
          image.iso: { file: ../image.iso }
          b: { iso: image.iso, paths: dists }
        """)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.served == ["a/casper/vmlinuz", "b/dists/stable", "image.iso"])
      #expect(site.bytes("out/a/casper/vmlinuz") == site.bytes("src/casper/vmlinuz"))
      #expect(site.read("recipes/pxebuild.lock")?.contains("/image.iso") == true)
    }
  }

  @Test("An image that stays where it is: a link, and a folder to mount it at")
  func outside() async throws {
    try await withSite { site in
      try makeSource(in: site)
      try await makeImage("rock-ridge", in: site)
      try site.recipe(
        """
        targets:
          mine.iso: { iso: ../image.iso, link: true }
          mounted: { iso: ../image.iso, mount: true }
        """)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: "\(site.output)/mine.iso")
          == "\(site.folder)/image.iso")
      #expect(try content(site, "out")["mounted"] == "empty folder")
      #expect(site.bytes("out/mine.iso") == site.bytes("image.iso"))
      // As if it were mounted, with files that are not ours.
      try site.write("x", to: "out/mounted/casper/vmlinuz")
      #expect(try await site.run("all").status == 0)
      try FileManager.default.removeItem(atPath: "\(site.folder)/image.iso")
      let gone = try await site.run("all")
      #expect(gone.status == 65 && gone.errors.contains("there is no target and no file"))
    }
  }

  @Test("A menu item that boots an image has the arguments of its known bugs by itself")
  func knownBugs() async throws {
    try await withSite { site in
      try makeSource(in: site)
      try site.write("kernel", to: "src/casper/initrd")
      try await makeImage("rock-ridge", in: site)
      let recipe = """
        site: { server: 10.0.0.200, output: /var/lib/tftpboot }
        targets:
          live: { iso: ../image.iso }
          menu.ipxe:
            menu: Boot
            items: [{ casper: live, title: Live }]

        """
      try site.recipe(recipe)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.read("out/menu.ipxe")?.contains("fsck.mode=skip") == true)
      // The list is the recipes' too.
      try site.recipe(
        recipe + """
          known-bugs:
            ubuntu-20.04-fsck: { add: [] }
            ours: { volume: "Ubuntu 20*", add: [toram, quiet] }

          """)
      #expect(try await site.run("all").status == 0)
      let menu = try #require(site.read("out/menu.ipxe"))
      #expect(!menu.contains("fsck.mode=skip") && menu.contains("toram quiet"))
    }
  }

  @Test("What is wrong with an image is said by its name")
  func errors() async throws {
    try await withSite { site in
      try makeSource(in: site)
      try await makeImage("rock-ridge", in: site)
      let whole = try #require(site.bytes("image.iso"))
      func errors(_ paths: String = "") async throws -> String {
        try site.recipe("targets:\n  live: { iso: ../image.iso\(paths) }\n")
        let run = try await site.run("all", "-q")
        #expect(run.status != 0 && site.served == [])
        return run.errors
      }
      #expect(
        try await errors(", paths: [casper/vmlinux]") == """
          error: cannot take what paths: names out of image.iso
            at: recipes/site.yaml:2:3
            why: it has no 'casper/vmlinux'; the nearest are 'casper/vmlinuz'
            fix: did you mean 'casper/vmlinuz'?

          """)
      try site.write(whole.prefix(2_000_000), to: "image.iso")
      let cut = try await errors()
      #expect(
        cut.hasPrefix("error: cannot read the image image.iso\n  at: recipes/site.yaml:2:3\n"))
      #expect(cut.contains("why: it ends at byte 2000000, but 'casper/filesystem.squashfs' in it"))
      #expect(cut.contains("it is cut short, or damaged\n  fix: compare its size and digest"))
      try site.write("no image", to: "image.iso")
      #expect(
        try await errors() == """
          error: image.iso is no disc image
            at: recipes/site.yaml:2:3
            why: it has neither an ISO 9660 nor a UDF file system (it has 8 bytes)
            fix: the rule iso reads ISO 9660 and UDF; look at it with: file image.iso

          """)
      // The name of a file in it is given another that leads out.
      var hostile = whole
      let name = Data("casper-uuid".utf8)
      let evil = Data("../../../ev".utf8)
      while let range = hostile.range(of: name) { hostile.replaceSubrange(range, with: evil) }
      try site.write(hostile, to: "image.iso")
      #expect(
        try await errors() == """
          error: refused to unpack image.iso
            at: recipes/site.yaml:2:3
            why: its folder '.disk' has an entry '../../../ev', whose path leads out of it
            fix: name what you need of it with paths:, or do not trust where it came from

          """)
    }
  }

  @Test("An image of ten thousand files")
  func manyFiles() async throws {
    try await withSite { site in
      for folder in 0..<10 {
        try site.makeFolder("src/\(folder)")
        for file in 0..<1000 { close(creat("\(site.folder)/src/\(folder)/f\(file)", 0o644)) }
      }
      try await makeImage("rock-ridge", in: site)
      try site.recipe("targets:\n  many: { iso: ../image.iso }\n")
      let run = try await site.run("all", "-q")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.served.count == 10_000)
    }
  }
}
