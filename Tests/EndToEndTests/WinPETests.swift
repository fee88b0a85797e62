import Foundation
import Testing

/// Windows PE made of made-up media, and looked at with wimlib's own programs.
@Suite("Windows PE")
struct WinPETests {
  /// Everything that the image has to have beside what it had.
  private let overlay = [
    "overlay/Tools/imagex.exe": "a program", "overlay/windows/system32/unattend.xml": "<unattend/>",
    "overlay/Windows/SYSTEM32/more.cmd": "echo one\necho two\n",
  ]

  private func makeOverlay(in site: Site) throws {
    for (path, text) in overlay { try site.write(text, to: path) }
  }

  @Test("The second image of a medium becomes the one image, with the changes and nothing else")
  func whole() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage()
      try media.makeMedium("medium")
      try await media.makeISO("medium", to: "windows.iso")
      try makeOverlay(in: site)
      try site.write("notes\n", to: "notes.txt")
      try site.recipe(
        """
        targets:
          winpe:
            winpe: ../windows.iso
            files: { /: ../overlay, 'Windows\\System32\\notes.txt': ../notes.txt }
            startnet: |
              wpeinit
              ipconfig
            fonts: true
        """)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        site.served == [
          "winpe/Boot/BCD", "winpe/Boot/Fonts/segoe_boot.ttf", "winpe/Boot/boot.sdi",
          "winpe/sources/boot.wim",
        ])
      #expect(site.read("out/winpe/Boot/BCD") == "BCD of the medium")
      #expect(site.read("out/winpe/Boot/boot.sdi") == "boot.sdi of the medium")
      let wim = "out/winpe/sources/boot.wim"
      try await media.wimlib("verify", wim)
      let info = try await media.wimlib("info", wim)
      for line in [
        "Image Count:    1", "Compression:    LZX", "Chunk Size:     32768 bytes",
        "Boot Index:     1",
        "Name:                   Microsoft Windows Setup (x64)",
      ] { #expect(info.contains(line + "\n"), "\(info)") }
      var expected = try await media.content(of: "boot.wim", image: 2)
      let system = "Windows/System32"
      for path in ["setup.exe", "sources/setup.exe", "\(system)/winpeshl.ini"] {
        expected[path + ".orig"] = expected.removeValue(forKey: path)
      }
      func add(_ text: String, at path: String) {
        expected[path] = "\(text.utf8.count) \(Data(text.utf8).hashValue)"
      }
      let startnet =
        "@if exist %SystemDrive%\\Drivers\\load.cmd call %SystemDrive%\\Drivers\\load.cmd\r\n"
        + "wpeinit\r\nipconfig\r\n"
      add(startnet, at: "\(system)/startnet.cmd")
      add("notes\n", at: "\(system)/notes.txt")
      add("a program", at: "Tools/imagex.exe")
      add("<unattend/>", at: "\(system)/unattend.xml")
      add("echo one\r\necho two\r\n", at: "\(system)/more.cmd")
      expected["Tools"] = "folder"
      let found = try await media.content(of: wim)
      #expect(found == expected)
    }
  }

  // MARK: Media

  /// Makes media of a kind from `boot.wim` and returns the keys of the target.
  private func make(_ kind: String, _ media: WindowsMedia) async throws -> String {
    let site = media.site
    switch kind {
    case "folder in capitals":
      try media.makeMedium("medium", spelling: .upper)
      return "winpe: ../medium"
    case "image":
      return "winpe: ../boot.wim, image: Microsoft Windows Setup (x64)"
    case "copype":
      try media.makeMedium("copype/media", spelling: .mixed)
      try site.write("not this one", to: "copype/winpe.wim")
      return "winpe: ../copype"
    case "finished":
      try media.makeMedium("medium", spelling: .upper)
      try await mustRun(
        ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", "winpe.iso", "medium"],
        in: site.folder)
      return "winpe: ../winpe.iso"
    case "target":
      try media.makeMedium("medium")
      try await media.makeISO("medium", to: "windows.iso")
      return "winpe: content"
    case "supplement":
      try media.makeMedium("supplement/AMD64", spelling: .upper)
      try FileManager.default.moveItem(
        atPath: "\(site.folder)/supplement/AMD64/SOURCES/BOOT.WIM",
        toPath: "\(site.folder)/supplement/AMD64/WINPE.WIM")
      return "winpe: ../supplement, arch: amd64, image: 2"
    default:
      return try await makeWAIK(media, cabinetInInstaller: kind == "WAIK, one installer")
    }
  }

  /// What the WAIK's image holds: cabinets, one of them inside of an installer.
  private func makeWAIK(_ media: WindowsMedia, cabinetInInstaller: Bool) async throws -> String {
    let site = media.site
    for (name, text) in [
      ("F_WINPE_AMD64_bcd", "BCD of the medium"),
      ("F_WINPE_AMD64_boot.sdi", "boot.sdi of the medium"),
    ] { try site.write(text, to: "cab/\(name)") }
    try site.makeFolder("waik")
    try FileManager.default.copyItem(
      atPath: "\(site.folder)/boot.wim", toPath: "\(site.folder)/cab/F3_WINPE.WIM")
    let image = ["F3_WINPE.WIM"]
    let rest = ["F_WINPE_AMD64_bcd", "F_WINPE_AMD64_boot.sdi"]
    let folder = "\(site.folder)/cab"
    if cabinetInInstaller {
      try await mustRun(["gcab", "-c", "-z", "all.cab"] + image + rest, in: folder)
    } else {
      try await mustRun(["gcab", "-c", "-z", "../waik/WinPE.cab"] + image, in: folder)
      try await mustRun(["gcab", "-c", "-z", "all.cab"] + rest, in: folder)
    }
    try await mustRun(
      ["msibuild", "../waik/wAIKAMD64.msi", "-a", "all.cab", "all.cab"], in: folder)
    try await media.makeISO("waik", to: "KB3AIK.iso")
    return "winpe: ../KB3AIK.iso, arch: amd64, image: 2"
  }

  @Test(
    "Media of each kind, in capital and small letters",
    arguments: [
      "folder in capitals", "image", "copype", "finished", "target", "supplement", "WAIK",
      "WAIK, one installer",
    ])
  func media(_ kind: String) async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 20, spelling: kind == "image" ? .upper : .lower)
      let keys = try await make(kind, media)
      try site.recipe(
        """
        targets:
          winpe: { \(keys), files: ../tools }
          content: { iso: ../windows.iso, optional: true }
        """)
      if kind != "target" {
        try site.recipe("targets:\n  winpe: { \(keys), files: ../tools }\n")
      }
      try site.write("a tool", to: "tools/Windows/System32/tool.exe")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      let place = kind == "image" ? "image" : "medium"
      #expect(site.read("out/winpe/Boot/BCD") == "BCD of the \(place)")
      #expect(site.read("out/winpe/Boot/boot.sdi") == "boot.sdi of the \(place)")
      let paths = try await media.wimlib("dir", "out/winpe/sources/boot.wim")
      let names = paths.split(separator: "\n").map { $0.lowercased() }
      #expect(Set(names).count == names.count)
      #expect(names.contains("/windows/system32/tool.exe"))
      #expect(names.contains("/sources/setup.exe.orig") && !names.contains("/setup.exe"))
    }
  }

  // MARK: The same bytes

  @Test(
    "One digest in another folder, on another disk, at another time, of files made in another order"
  )
  func identity() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 300)
      try media.makeMedium("medium")
      var digests: Set<String> = []
      let memory = "/dev/shm/pxebuild-test-\(UInt32.random(in: 0 ... .max))"
      defer { removeTree(memory) }
      let places = [site, try site.sibling("another folder"), Site(top: site.top, folder: memory)]
      for (number, place) in places.enumerated() {
        try place.makeFolder("recipes")
        if number > 0 {
          try await mustRun(["cp", "-r", "medium", place.folder + "/medium"], in: site.folder)
        }
        let files = (0..<50).map { ("overlay/Tools/d\($0 % 7)/f\($0).bin", $0) }
        for (path, size) in [
          ("medium/boot/etfsboot.com", 4096), ("medium/efi/microsoft/boot/efisys.bin", 1_474_560),
          ("medium/efi/microsoft/boot/bcd", 100), ("medium/efi/boot/bootx64.efi", 3000),
          ("medium/bootmgr.efi", 3000),
        ] { try place.write(WindowsMedia.noise(size, seed: size), to: path) }
        for (path, seed) in number == 1 ? files.reversed() : files {
          try place.write(WindowsMedia.noise(5000 + seed, seed: seed % 40), to: path)
          chmod("\(place.folder)/\(path)", number == 2 ? 0o600 : 0o644)
        }
        try place.recipe(
          "targets:\n  winpe: { winpe: ../medium, files: ../overlay, startnet: wpeinit, iso: true }\n"
        )
        let prefix =
          number == 1 ? [Binary.find("faketime") ?? "faketime", "2031-05-06 07:08:09"] : []
        let run = try await place.run(["all"], prefix: prefix)
        #expect(run.status == 0, "\(run.errors)")
        let digest = try await mustRun(
          ["sha256sum", "out/winpe/sources/boot.wim", "out/winpe/winpe.iso"], in: place.folder)
        digests.insert(digest)
      }
      #expect(digests.count == 1)
    }
  }

  @Test("An unchanged build reads nothing, and a new file in the overlay makes the image anew")
  func unchanged() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 20)
      try media.makeMedium("medium")
      try site.write("one", to: "overlay/one.txt")
      try site.recipe("targets:\n  winpe: { winpe: ../medium, files: ../overlay }\n")
      #expect(try await site.run("all").status == 0)
      #expect(try await site.run("all").output.contains("up to date"))
      // The image of the medium is in the cache as little as it would be of an ISO image.
      let image = try #require(site.bytes("boot.wim"))
      for blob in site.files(below: "cache/blobs") {
        #expect(site.bytes("cache/blobs/\(blob)") != image)
      }
      try site.write("two", to: "overlay/two.txt")
      let run = try await site.run("all")
      #expect(run.status == 0 && !run.output.contains("up to date"))
      #expect(try await media.text("/two.txt", in: "out/winpe/sources/boot.wim") == "two")
      // So does a file of the medium that was not there.
      try site.recipe("targets:\n  winpe: { winpe: ../medium, files: ../overlay, fonts: true }\n")
      #expect(try await site.run("all").status == 0)
      try site.write("another font", to: "medium/boot/fonts/wgl4_boot.ttf")
      #expect(try await site.run("all").status == 0)
      #expect(site.exists("out/winpe/Boot/Fonts/wgl4_boot.ttf"))
    }
  }
}
