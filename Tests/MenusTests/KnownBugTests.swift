import Testing

@testable import Menus

@Suite("Known bugs")
struct KnownBugTests {
  private func release(
    _ diskInfo: String? = nil, volume: String? = nil, suites: [String] = []
  ) -> ImageRelease {
    ImageRelease(ImageIdentity(volumeID: volume, diskInfo: diskInfo), suites: suites)
  }

  @Test("The release is read from .disk/info, else from the volume's name")
  func releases() {
    let bionic = release("Ubuntu 18.04.1 LTS \"Bionic Beaver\" - Release amd64 (20180725)")
    #expect(bionic.family == "Ubuntu" && bionic.version == "18.04.1")
    #expect(bionic.codenames == ["bionic"])
    let mint = release("Linux Mint 20.1 \"Ulyssa\" - Release amd64 20210103", suites: ["focal"])
    #expect(mint.family == "Linux Mint" && mint.version == "20.1")
    #expect(mint.codenames == ["ulyssa", "focal"])
    let volume = release(volume: "Ubuntu 20.04.6 LTS amd64")
    #expect(volume.family == "Ubuntu" && volume.version == "20.04.6" && volume.codenames == [])
    let nothing = release(volume: "CCCOMA_X64FRE_FR-FR_DV9")
    #expect(nothing.family == nil && nothing.version == nil)
    #expect(release("").family == nil && release("18.04").family == nil)
    let fedora = ImageRelease(
      ImageIdentity(volumeID: "Fedora-WS-Live-40-1-14", family: "Fedora", version: "40"))
    #expect(fedora.family == "Fedora" && fedora.version == "40")
  }

  @Test("Every condition has to hold, and of a list one is enough")
  func conditions() {
    let ubuntu = release("Ubuntu 18.04.1 LTS \"Bionic Beaver\" - Release amd64", volume: "U 18")
    func applies(
      _ families: [String] = [], _ versions: [String] = [], _ codenames: [String] = [],
      _ volumes: [String] = []
    ) -> Bool {
      KnownBug(
        name: "x", families: families, versions: versions, codenames: codenames, volumes: volumes,
        addedArguments: []
      ).applies(to: ubuntu)
    }
    #expect(applies(["Lubuntu", "ubuntu"], ["18.04.1"]))
    #expect(!applies(["Ubuntu"], ["18.04.10"]) && !applies(["Ubuntu"], ["18.04.2"]))
    #expect(applies(["Ubuntu"], ["18.04"]) && applies(["Ubuntu"], ["18"]))
    #expect(!applies(["Ubuntu"], ["8.04.1"]) && !applies(["Ubuntu Server"], ["18.04.1"]))
    #expect(applies([], [], ["Bionic"]) && !applies([], [], ["focal"]))
    #expect(applies([], [], [], ["U*"]) && applies([], [], [], ["U 18"]))
    #expect(!applies([], [], [], ["U"]) && !applies(["Ubuntu"], [], [], ["V*"]))
  }

  @Test("Each argument is added once")
  func arguments() {
    let bug = KnownBug(name: "a", codenames: ["focal"], addedArguments: ["toram", "x"])
    let other = KnownBug(name: "b", codenames: ["focal"], addedArguments: ["x", "y"])
    let facts = ImageFacts(
      identity: ImageIdentity(volumeID: "V"), suites: ["focal"], knownBugs: [bug, other])
    #expect(facts.addedArguments == ["toram", "x", "y"])
  }
}
