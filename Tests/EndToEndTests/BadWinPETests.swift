import Foundation
import Testing

/// Media that no Windows PE can be made of, with the whole text of what a person reads.
@Suite("Bad media for Windows PE")
struct BadWinPETests {
  @Test("Images that cannot boot from the network are told of before anything is built")
  func wrongImages() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 60)
      try await media.wimlib("split", "boot.wim", "part.swm", "0.01")
      try await media.wimlib(
        "export", "boot.wim", "2", "solid.esd", "--solid", "--solid-compress=LZX")
      try await media.wimlib("export", "boot.wim", "2", "lzms.wim", "--compress=LZMS")
      try await media.wimlib(
        "export", "boot.wim", "2", "chunks.wim", "--compress=LZX", "--chunk-size=64K")
      try media.makeMedium("medium", image: "lzms.wim")
      try site.recipe(
        """
        targets:
          split: { winpe: ../part.swm }
          second: { winpe: ../part2.swm }
          solid: { winpe: ../solid.esd }
          lzms: { winpe: ../lzms.wim }
          chunks: { winpe: ../chunks.wim }
          medium: { winpe: ../medium }
        """)
      let run = try await site.run("check", "-q")
      #expect(run.status == 65)
      #expect(
        run.errors == #"""
          error: Windows PE cannot be made of "part.swm": it is part 1 of 2 of a split WIM
           --> recipes/site.yaml:2:19
            |
          2 |   split: { winpe: ../part.swm }
            |                   ^^^^^^^^^^^
            = help: join the parts: wimlib-imagex join NEW.wim *.swm

          error: Windows PE cannot be made of "part2.swm": it is part 2 of 2 of a split WIM
           --> recipes/site.yaml:3:20
            |
          3 |   second: { winpe: ../part2.swm }
            |                    ^^^^^^^^^^^^
            = help: join the parts: wimlib-imagex join NEW.wim *.swm

          error: Windows PE cannot be made of "solid.esd": it is compressed with LZMS, as an .esd is
           --> recipes/site.yaml:4:19
            |
          4 |   solid: { winpe: ../solid.esd }
            |                   ^^^^^^^^^^^^
            = help: convert it: wimlib-imagex export OLD.wim IMAGE NEW.wim --compress=LZX --chunk-size=32K

          error: Windows PE cannot be made of "lzms.wim": it is compressed with LZMS, as an .esd is
           --> recipes/site.yaml:5:18
            |
          5 |   lzms: { winpe: ../lzms.wim }
            |                  ^^^^^^^^^^^
            = help: convert it: wimlib-imagex export OLD.wim IMAGE NEW.wim --compress=LZX --chunk-size=32K

          error: Windows PE cannot be made of "chunks.wim": it is compressed in chunks of 65536 bytes, and the boot programs read 32768 only
           --> recipes/site.yaml:6:20
            |
          6 |   chunks: { winpe: ../chunks.wim }
            |                    ^^^^^^^^^^^^^
            = help: convert it: wimlib-imagex export OLD.wim IMAGE NEW.wim --compress=LZX --chunk-size=32K

          error: Windows PE cannot be made of "boot.wim": it is compressed with LZMS, as an .esd is
           --> recipes/site.yaml:7:20
            |
          7 |   medium: { winpe: ../medium }
            |                    ^^^^^^^^^
            = help: convert it: wimlib-imagex export OLD.wim IMAGE NEW.wim --compress=LZX --chunk-size=32K


          """#)
    }
  }

  @Test("What only the build finds out")
  func wrongMedia() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 60)
      try site.write("no image\n", to: "text/sources/boot.wim")
      try await media.makeISO("text", to: "text.iso")
      try site.write("a README\n", to: "empty/readme.txt")
      try await media.makeISO("empty", to: "empty.iso")
      try media.makeMedium("medium")
      try await media.makeISO("medium", to: "windows.iso")
      try FileManager.default.copyItem(
        atPath: "\(site.folder)/boot.wim", toPath: "\(site.folder)/short.wim")
      let size = try #require(site.bytes("boot.wim")).count
      truncate("\(site.folder)/short.wim", size - 1000)
      try await media.wimlib("capture", "pe", "sums.wim", "PE", "--compress=LZX", "--check")
      var bytes = try #require(site.bytes("sums.wim"))
      bytes[bytes.count / 2] ^= 1
      try site.write(bytes, to: "sums.wim")
      try await media.wimlib(
        "capture", "medium/boot", "bare.wim", "No Windows", "--compress=XPRESS")
      try site.write("not a cabinet\n", to: "waik/WinPE.cab")
      try await media.makeISO("waik", to: "waik.iso")
      try site.recipe(
        """
        targets:
          text: { winpe: ../text.iso }
          empty: { winpe: ../empty.iso }
          short: { winpe: ../short.wim, image: 2 }
          sums: { winpe: ../sums.wim }
          several: { winpe: ../boot.wim }
          range: { winpe: ../windows.iso, image: 3 }
          name: { winpe: ../windows.iso, image: Windows PE }
          arch: { winpe: ../windows.iso, arch: arm64 }
          unknown: { winpe: ../bare.wim }
          no-bcd: { winpe: ../bare.wim, arch: x86 }
          waik: { winpe: ../waik.iso }
          cabinet: { winpe: ../waik.iso, arch: x86 }
          no-image: { winpe: ../recipes/site.yaml }
        """)
      let run = try await site.run("all", "-q", "-k", "-j1")
      #expect(run.status == 1)
      #expect(
        run.errors == #"""
          error: boot.wim of text.iso is no Windows image
            at: recipes/site.yaml:2:3
            why: wimlib: "boot.wim of text.iso": Error reading header: Invalid argument
                 Unexpectedly reached the end of the file
            fix: sources/boot.wim of a Windows medium is one, and winpe.wim of the ADK
          error: there is no Windows PE on empty.iso
            at: recipes/site.yaml:3:3
            why: looked for sources/boot.wim, media/sources/boot.wim, iso/sources/boot.wim, winpe.wim, boot.wim, amd64/winpe.wim, amd64/en-us/winpe.wim, amd64/sources/boot.wim, x86/winpe.wim, x86/en-us/winpe.wim, x86/sources/boot.wim, arm64/winpe.wim, arm64/en-us/winpe.wim, arm64/sources/boot.wim, and for the WAIK's WinPE.cab
            fix: a Windows medium has sources/boot.wim; name an image itself as winpe: FILE.wim
          error: the Windows image short.wim is damaged
            at: recipes/site.yaml:4:3
            why: wimlib: Error reading data from WIM file: Invalid argument
                 Unexpectedly reached the end of the file
            fix: compare its size and digest with what its publisher gives; wimlib-imagex verify reads all of it
          error: the Windows image sums.wim is damaged
            at: recipes/site.yaml:5:3
            why: wimlib: The WIM file is corrupted (failed integrity check)
            fix: compare its size and digest with what its publisher gives; wimlib-imagex verify reads all of it
          error: boot.wim has 2 images, and none is marked to boot
            at: recipes/site.yaml:6:3
            why: its images are 1 Microsoft Windows PE (x64), 2 Microsoft Windows Setup (x64)
            fix: say which with image: NUMBER
          error: boot.wim of windows.iso has no image 3
            at: recipes/site.yaml:7:3
            why: its images are 1 Microsoft Windows PE (x64), 2 Microsoft Windows Setup (x64)
            fix: correct image: in the recipe
          error: boot.wim of windows.iso has no image Windows PE
            at: recipes/site.yaml:8:3
            why: its images are 1 Microsoft Windows PE (x64), 2 Microsoft Windows Setup (x64)
            fix: correct image: in the recipe
          error: boot.wim of windows.iso is for amd64, and the recipe says arch: arm64
            at: recipes/site.yaml:9:3
            fix: correct arch:, or take the media for arm64
          error: bare.wim does not say which machines it is for
            at: recipes/site.yaml:10:3
            why: it has no WINDOWS/ARCH, and no program in \Windows\System32 that would show it
            fix: say it with arch: amd64, x86 or arm64
          error: there is no BCD for this Windows PE
            at: recipes/site.yaml:11:3
            why: looked for it on bare.wim: boot/bcd, media/boot/bcd, iso/boot/bcd, x86/boot/bcd, x86/media/boot/bcd, i386/boot/bcd, i386/media/boot/bcd, efi/microsoft/boot/bcd, media/efi/microsoft/boot/bcd, iso/efi/microsoft/boot/bcd, x86/efi/microsoft/boot/bcd, x86/media/efi/microsoft/boot/bcd, i386/efi/microsoft/boot/bcd, i386/media/efi/microsoft/boot/bcd, bcd
                 in the image: /Windows/Boot/DVD/PCAT/BCD, /Windows/Boot/DVD/EFI/BCD
            fix: name the file with bcd:
          error: waik.iso is a WAIK, which has an image for each architecture
            at: recipes/site.yaml:12:3
            fix: say which: arch: amd64, or arch: x86
          error: cannot read winpe.cab of waik.iso
            at: recipes/site.yaml:13:3
            why: cabextract: winpe.cab: no valid cabinets found
            fix: compare the medium's size and digest with what its publisher gives
          error: site.yaml is no disc image
            at: recipes/site.yaml:14:3
            why: it has neither an ISO 9660 nor a UDF file system (it has 523 bytes)
            fix: the rule winpe reads ISO 9660 and UDF; look at it with: file site.yaml

          """#)
    }
  }

  @Test(
    "A full disk is told as one, and leaves nothing behind",
    .enabled(if: Binary.isRoot, "mounting a small disk needs root"))
  func fullDisk() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 300)
      try media.makeMedium("medium")
      try site.makeFolder("cache")
      #expect(mount("tmpfs", "\(site.folder)/cache", "tmpfs", 0, "size=100k") == 0)
      defer { umount2("\(site.folder)/cache", Int32(MNT_DETACH)) }
      try site.recipe("targets:\n  winpe: { winpe: ../medium }\n")
      let run = try await site.run("all", "-q")
      #expect(run.status == 73)
      #expect(
        run.errors == #"""
          error: cannot write the Windows image
            at: recipes/site.yaml:2:3
            why: wimlib: Error writing chunk data to WIM file: No space left on device
                 Failed to write data to a file
            fix: make room on the disk of the cache: the image is written there first

          """#)
      #expect(site.files(below: "cache/work") == [])
      #expect(site.served == [])
    }
  }
}
