import Testing
import WindowsPE

@Suite struct DriverTests {
  /// A program's first bytes.
  private static func program(_ machine: UInt16) -> [UInt8] {
    Array("MZ".utf8) + [UInt8](repeating: 0, count: 58) + [64, 0, 0, 0] + Array("PE\0\0".utf8)
      + [UInt8(machine & 0xff), UInt8(machine >> 8)]
  }

  private static let network = """
    ; A driver of a network card.
    [Version]
    Signature = "$Windows NT$"
    Class     = Net
    ClassGUID = {4d36e972-e325-11ce-bfc1-08002be10318}
    Provider  = %Maker%           ; what [Strings] says
    CatalogFile.NTamd64 = card64.cat
    CatalogFile.NTx86 = card32.cat
    DriverVer = 07/11/2018,12.17.10.8

    [Manufacturer]
    %Maker% = Card, NTamd64, NTx86.6.1

    [Card.NTamd64]
    %Name% = Install.Card, PCI\\VEN_8086&DEV_100E

    [Card.NTx86.6.1]
    %Name% = Install.Card, PCI\\VEN_8086&DEV_100E

    [Install.Card.NTamd64]
    CopyFiles = Driver64, @card.dll
    [Install.Card]
    CopyFiles = Driver32

    [Driver64]
    card.sys, card64.sys,,2
    [Driver32]
    card32.sys

    [SourceDisksNames]
    1 = %Disk%,,,
    [SourceDisksNames.amd64]
    1 = %Disk%,,,\\x64
    [SourceDisksFiles]
    card64.sys = 1
    card32.sys = 1,x86
    card.dll = 1,common

    [Strings]
    Maker = "A maker; of cards"
    Name = "A card"
    Disk = "A \\
      disk"

    """

  private static let files: [String: [UInt8]] = [
    "x64/card64.sys": program(0x8664), "x64/common/card.dll": program(0x14c),
    "x86/card32.sys": program(0x14c), "card64.cat": [],
  ]

  private func check(
    _ text: String, _ architecture: Architecture = .amd64, files: [String: [UInt8]] = files
  ) throws -> DriverCheck {
    try DriverCheck(Array(text.utf8), for: architecture) { path in
      files.first { $0.key.lowercased() == path.lowercased() }.map { ($0.key, $0.value) }
    }
  }

  private func problems(
    _ text: String, _ architecture: Architecture = .amd64, files: [String: [UInt8]] = files
  ) throws -> [String] {
    do {
      return try check(text, architecture, files: files).problems.map(Self.text)
    } catch let problem as InfFile.Problem {
      return [Self.text(problem)]
    }
  }

  private static func text(_ problem: InfFile.Problem) -> String {
    "\(problem.line.map { "\($0): " } ?? "")\(problem.text)"
  }

  @Test("A good driver: what it says of itself, and the files of one architecture")
  func good() throws {
    let found = try check(Self.network)
    #expect(found.problems.map(Self.text) == [])
    #expect(found.driver.driverClass == "Net" && found.driver.provider == "A maker; of cards")
    #expect(found.driver.version == "07/11/2018 12.17.10.8")
    #expect(found.signature == .catalog)
    #expect(found.files == ["x64/card64.sys", "x64/common/card.dll", "card64.cat"])
    let other = try check(Self.network, .x86)
    #expect(other.problems.map(Self.text) == [])
    #expect(other.files == ["x86/card32.sys"])
    #expect(other.signature == .catalogMissing)
  }

  @Test("UTF-16 of both orders and ANSI are read, other encodings are refused")
  func encodings() throws {
    let units = Array(Self.network.replacing("\n", with: "\r\n").utf16)
    let little: [UInt8] = [0xff, 0xfe] + units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    let big: [UInt8] = [0xfe, 0xff] + units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    for bytes in [little, big, Array(Self.network.utf8)] {
      #expect(Driver(try InfFile(bytes)).driverClass == "Net")
    }
    func problem(_ bytes: [UInt8]) -> String? {
      do {
        _ = try InfFile(bytes)
        return nil
      } catch { return Self.text(error) }
    }
    #expect(
      problem([0xef, 0xbb, 0xbf] + Array("[Version]\n".utf8))
        == "it is UTF-8 with a byte order mark, which Windows does not read: save it as UTF-16 LE")
    #expect(
      problem(Array(little.dropFirst(2)))
        == "it has zero bytes: it is UTF-16 without a byte order mark, or no .inf file")
    #expect(problem(little.dropLast()) == "it is UTF-16 and ends in half a character")
    #expect(problem(Array("text\n[Version]\n".utf8)) == "1: there is text before the first section")
    #expect(problem(Array("; c\n[Version\n".utf8)) == "2: a section's name has no \"]\"")
    #expect(problem([]) == nil)
  }

  @Test("Everything that keeps a driver from being loaded is told with its line")
  func bad() throws {
    #expect(
      try problems(Self.network, .arm64) == [
        "11: it has no models for arm64; it has ntamd64, ntx86.6.1"
      ])
    #expect(
      try problems(Self.network, files: [:]) == [
        "26: there is no file x64/card64.sys beside it",
        "21: there is no file x64/common/card.dll beside it",
      ])
    var wrong = Self.files
    wrong["x64/card64.sys"] = Self.program(0x14c)
    #expect(
      try problems(Self.network, files: wrong) == ["26: x64/card64.sys is for x86, not for amd64"])
    wrong["x64/card64.sys"] = Array("text".utf8)
    #expect(
      try problems(Self.network, files: wrong) == [
        "26: x64/card64.sys is no driver: it has not the first bytes of a program"
      ])
    #expect(
      try problems("[Version]\nSignature=x\n") == [
        "2: its Signature is \"x\", not \"$Windows NT$\"", "1: [Version] has no Class",
        "1: [Version] has no Provider",
        "it has no section [Manufacturer]: there is no device in it",
      ])
    #expect(
      try problems("[Strings]\na=b\n") == [
        "it has no section [Version]", "it has no section [Manufacturer]: there is no device in it",
      ])
    let undecorated = """
      [Version]
      Signature="$CHICAGO$"
      Class=Net
      Provider=me
      [Manufacturer]
      me=models
      [models]
      card=install,PCI\\VEN_1
      """
    #expect(
      try problems(undecorated) == [
        "5: it has no models for amd64; those that it has are for x86"
      ])
    #expect(try problems(undecorated, .x86) == [])
    let outside = undecorated + "\n[install]\nCopyFiles=@..\\..\\x.sys,list\n[list]\nC:x.sys\n"
    #expect(
      try problems(outside, .x86) == [
        "10: the path ..\\..\\x.sys leads out of the package",
        "12: the path C:x.sys leads out of the package",
      ])
  }

  @Test("A driver that is for other machines only is told apart from a broken one")
  func forOthers() throws {
    #expect(try check(Self.network, .arm64).isForOthers)
    #expect(try !check(Self.network).isForOthers)
    #expect(try !check(Self.network.replacing("Class     = Net", with: ""), .arm64).isForOthers)
  }

  @Test("A file packed by compress.exe is as good as the file")
  func packed() throws {
    var files = Self.files
    files["x64/card64.sy_"] = files.removeValue(forKey: "x64/card64.sys")
    let found = try check(Self.network, files: files)
    #expect(found.problems.map(Self.text) == [])
    #expect(found.files.contains("x64/card64.sy_"))
  }

  @Test("The script loads each driver in turn and says what came of it")
  func script() {
    let text = String(
      decoding: DriverScript.text(loading: ["1/card.inf", "2/50% net&.inf"]), as: UTF8.self)
    #expect(
      text.replacing("\r\n", with: "\n") == """
        @echo off
        rem Written by pxebuild: loads the drivers of this folder. What came of it is in load.log.
        set pxebuildlog=%~dp0load.log
        echo 1\\card.inf>>"%pxebuildlog%"
        drvload "%~dp01\\card.inf">>"%pxebuildlog%" 2>&1
        if errorlevel 1 echo The driver 1\\card.inf was not loaded, see %pxebuildlog%
        echo ^"2\\50%% net^&.inf^">>"%pxebuildlog%"
        drvload "%~dp02\\50%% net&.inf">>"%pxebuildlog%" 2>&1
        if errorlevel 1 echo The driver ^"2\\50%% net^&.inf^" was not loaded, see %pxebuildlog%

        """)
  }

  @Test("Any bytes are read or refused, and never more")
  func fuzz() {
    var generator = SystemRandomNumberGenerator()
    let base = Array(Self.network.utf8)
    for _ in 0..<500 {
      var bytes = base
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: "[]=,%\"\\\n;@".utf8.shuffled(), at: place)
        }
      }
      _ = try? DriverCheck(bytes, for: .amd64) { ($0, Self.program(0x8664)) }
    }
  }

  @Test("A script is shown without the passwords in it")
  func passwords() {
    let shown = Startnet.withoutPasswords(
      "wpeinit\r\nnet use Y: \\\\10.0.0.200\\win10 /user:user a secret\r\n"
        + "NET USE Z: \\\\x\\y secret /user:me\r\nnet use Z: \\\\x\\y\r\necho /user:x\r\n")
    #expect(
      shown == """
        wpeinit
        net use Y: \\\\10.0.0.200\\win10 /user:user ***
        NET USE Z: \\\\x\\y *** /user:me
        net use Z: \\\\x\\y
        echo /user:x

        """)
  }
}
