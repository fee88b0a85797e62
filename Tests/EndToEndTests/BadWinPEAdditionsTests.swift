import Foundation
import Testing

/// What cannot be added to a Windows PE, with the whole text of what a person reads.
@Suite("Bad additions to Windows PE")
struct BadWinPEAdditionsTests {
  @Test("What cannot be laid over an image")
  func wrongFiles() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 5)
      try media.makeMedium("medium")
      for path in [
        "case/Tools/a.txt", "case/tools/A.TXT", "names/what?.txt", "dot/name.", "link/file",
        "start/windows/system32/STARTNET.CMD", "folder/Tools/x/y", "file/tools/X",
      ] { try site.write("text\n", to: path) }
      try FileManager.default.createSymbolicLink(
        atPath: "\(site.folder)/link/other", withDestinationPath: "file")
      try site.recipe(
        """
        targets:
          case: { winpe: ../medium, files: ../case }
          names: { winpe: ../medium, files: ../names }
          dot: { winpe: ../medium, files: ../dot }
          link: { winpe: ../medium, files: ../link }
          start: { winpe: ../medium, files: ../start, startnet: wpeinit }
          twice: { winpe: ../medium, files: [../folder, ../file] }
        """)
      let run = try await site.run("all", "-q", "-k", "-j1")
      #expect(run.status == 1)
      #expect(
        run.errors == #"""
          error: the image gets Tools/a.txt and tools/A.TXT
            at: recipes/site.yaml:2:3
            why: Windows does not tell them apart; both are of files:
            fix: rename or remove one of the two
          error: Windows cannot have a file named what?.txt
            at: recipes/site.yaml:3:3
            why: it has "?"; it is of files:
            fix: rename it
          error: Windows cannot have a file named name.
            at: recipes/site.yaml:4:3
            why: it ends in a dot; it is of files:
            fix: rename it
          error: files: has a symbolic link: other
            at: recipes/site.yaml:5:3
            why: it leads to file, and Windows has no such links
            fix: put the file itself in its place
          error: the image gets windows/system32/STARTNET.CMD and Windows/System32/startnet.cmd
            at: recipes/site.yaml:6:3
            why: Windows does not tell them apart; one is of files:, the other of startnet:
            fix: rename or remove one of the two
          error: files: has a file where a folder is: tools/X
            at: recipes/site.yaml:7:3
            why: the folder is Tools/x
            fix: rename one of the two

          """#)
    }
  }

  @Test("Every fault of every driver in one error, with its file and line")
  func wrongDrivers() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 5)
      try media.makeMedium("medium")
      let start =
        "[Version]\nSignature=$CHICAGO$\nClass=Net\nProvider=me\n[Manufacturer]\nme=m,NTamd64\n"
      let rest = "[m.NTamd64]\ncard=install,PCI\\VEN_1\n[install]\nCopyFiles=@card.sys\n"
      try site.write(start + rest, to: "missing/card.inf")
      try site.write(start + rest, to: "machine/card.inf")
      try site.write(WindowsMedia.program(machine: 0x14c), to: "machine/card.sys")
      try site.write("\u{feff}" + start + rest, to: "encoding/card.inf")
      try site.write(start.replacingOccurrences(of: "NTamd64", with: "NTarm64"), to: "arm/card.inf")
      try site.write("no driver", to: "none/readme.txt")
      try site.write(start + rest, to: "own/card.inf")
      try site.write(WindowsMedia.program(), to: "own/card.sys")
      try site.write("wpeinit", to: "overlay/Windows/System32/startnet.cmd")
      try site.recipe(
        """
        targets:
          all:
            winpe: ../medium
            drivers:
              - ../missing
              - ../machine/card.inf
              - ../encoding
              - ../arm/card.inf
          none: { winpe: ../medium, drivers: ../none }
          own: { winpe: ../medium, drivers: ../own, files: ../overlay }
        """)
      let run = try await site.run("all", "-q", "-k", "-j1")
      #expect(run.status == 1)
      #expect(
        run.errors == #"""
          error: Windows PE could not load the drivers
            at: recipes/site.yaml:2:3
            why: ../missing/card.inf:10: there is no file card.sys beside it
                 ../machine/card.inf:10: card.sys is for x86, not for amd64
                 ../encoding/card.inf: it is UTF-8 with a byte order mark, which Windows does not read: save it as UTF-16 LE
                 ../arm/card.inf:5: it has no models for amd64; it has ntarm64
            fix: unpack the maker's whole package for amd64, and name its folder
          error: there is no driver in ../none
            at: recipes/site.yaml:9:3
            why: it has no .inf file
            fix: name an .inf file, or a folder with some
          error: nothing loads the drivers: files: has a startnet.cmd of its own
            at: recipes/site.yaml:10:3
            fix: write its lines as startnet: in the recipe, which loads the drivers first

          """#)
    }
  }
}
