import Testing

@testable import BootLab

@Suite("From a menu to an item's sign of life")
struct ItemTrialTests {
  private static let menu =
    "\u{1b}[2J\u{1b}[1;1HMenu of the lab\r\n\u{1b}[4;2H  Tools   \u{1b}[5;2H"
  private static let tools = "\u{1b}[2JThe tools\n  Memory test é — 2   \n"

  private func expectation(_ sign: ItemSign) -> ItemExpectation {
    ItemExpectation(
      name: "tools/memtest",
      steps: [
        .init(menu: "Menu of the lab", line: "Tools", hotkey: "t", position: 3),
        .init(menu: "The tools", line: "Memory test é — 2", hotkey: "M", position: 2),
      ], sign: sign)
  }

  private func view(
    _ console: String, _ seconds: Double, _ events: [NetworkEvent] = [], screen: String = "",
    hasEnded: Bool = false
  ) -> ItemTrial.View {
    .init(
      events: events.map { SeenEvent($0, seconds: seconds) }, console: console, screen: screen,
      hasEnded: hasEnded, seconds: seconds)
  }

  /// One that has chosen the item at second 12, and the console until then.
  private func chosen(_ sign: ItemSign) -> (trial: ItemTrial, console: String) {
    var trial = ItemTrial(expectation(sign))
    #expect(trial.look(view("iPXE 2.0", 9)) == .wait)
    #expect(trial.look(view(Self.menu, 10)) == .wait)
    #expect(trial.look(view(Self.menu, 10.2)) == .wait)
    #expect(trial.look(view(Self.menu, 10.6)) == .press(["t"]))
    #expect(trial.look(view(Self.menu, 11)) == .wait)
    let console = Self.menu + Self.tools
    #expect(trial.look(view(console, 11.2)) == .wait)
    #expect(trial.look(view(console, 12)) == .press(["home", "down", "down", "ret"]))
    return (trial, console)
  }

  private func evidence(_ sign: String, _ seconds: Double) -> ItemTrial.Move {
    .passed(ItemEvidence(name: "tools/memtest", sign: sign, seconds: seconds))
  }

  @Test("menus are passed one after the other, each once it stands")
  func steps() {
    var (trial, console) = chosen(.kernel)
    #expect(trial.look(view(console, 13)) == .wait)
    console += "\r\n[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian-kernel)\r\n"
    #expect(
      trial.look(view(console, 14))
        == evidence("[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian-kernel)", 14))
  }

  @Test("a kernel that was printed before the item was chosen is none of its")
  func before() {
    var trial = ItemTrial(
      ItemExpectation(
        name: "a", steps: [.init(menu: "M", line: "a", hotkey: nil, position: 0)], sign: .kernel))
    let console = "Linux version 1\nM\na\n"
    _ = trial.look(view(console, 1))
    #expect(trial.look(view(console, 2)) == .press(["home", "ret"]))
    #expect(trial.look(view(console, 3)) == .wait)
  }

  @Test("each sign of life is known")
  func signs() {
    var (trial, console) = chosen(.nfsRoot)
    let mounted = NetworkEvent.mounted(path: "/srv/live", status: 0)
    #expect(
      trial.look(view(console, 20, [mounted])) == evidence("it mounted /srv/live over NFS", 20))
    (trial, console) = chosen(.wimboot)
    console += "Using boot.wim\nLoading bootmgfw.efi\n"
    #expect(trial.look(view(console, 20)) == evidence("Loading bootmgfw.efi", 20))
    (trial, console) = chosen(.memtest)
    #expect(trial.look(view(console, 20, screen: "   \n")) == .wait)
    #expect(
      trial.look(view(console, 21, screen: "   Memtest86+ v6.10 |\n"))
        == evidence("Memtest86+ v6.10 |", 21))
    (trial, console) = chosen(.text("iPXE>"))
    #expect(trial.look(view(console + "iPXE> ", 20)) == evidence("iPXE>", 20))
    (trial, console) = chosen(.end)
    #expect(trial.look(view(console, 20, hasEnded: true)) == evidence("the machine ended", 20))
    (trial, console) = chosen(.left)
    #expect(trial.look(view(console, 14)) == .wait)
    #expect(
      trial.look(view(console, 18))
        == evidence(
          "iPXE left the menu and says nothing more; what it started was not looked at", 18))
  }

  @Test("a loader counts when it reads more of its image than iPXE does itself")
  func loader() {
    var (trial, console) = chosen(.loader(image: "tools/small.iso"))
    let read = NetworkEvent.responded(path: "/x/tools/small.iso", agent: "iPXE/2", status: 206)
    let many = Array(repeating: read, count: 12)
    #expect(trial.look(view(console, 20, many)) == .wait, "iPXE has not handed over")
    console += "Booting from SAN device 0x80\n"
    #expect(trial.look(view(console, 20, Array(many.prefix(8)))) == .wait)
    #expect(
      trial.look(view(console, 21, many))
        == evidence("what tools/small.iso holds has started: 12 reads of it", 21))
  }

  private func message(_ move: ItemTrial.Move) -> String? {
    if case .failed(let failure) = move { failure.message } else { nil }
  }

  @Test("what goes wrong is said in the machine's own words")
  func failures() {
    var (trial, console) = chosen(.kernel)
    let missing = NetworkEvent.responded(path: "/vmlinuz", agent: "iPXE/2", status: 404)
    #expect(trial.look(view(console, 20, [missing])) == .wait)
    let said = "Memory test did not start: error 2d0c613b (https://ipxe.org/2d0c613b)\n"
    #expect(
      message(trial.look(view(console + said, 20, [missing])))
        == "item tools/memtest: Memory test did not start: error 2d0c613b; "
        + "the HTTP server answered 404 for /vmlinuz")
    #expect(
      message(
        trial.look(view(console + "[ 1.0] Kernel panic - not syncing: VFS: no root\n", 20)))
        == "item tools/memtest: [ 1.0] Kernel panic - not syncing: VFS: no root")
    #expect(
      message(trial.look(view(console + "Booting from SAN device 0x80\nx", 20))) == nil)
    #expect(
      message(trial.look(view(console + "Boot from SAN device 0x80 failed: Error\n", 20)))
        == "item tools/memtest: Boot from SAN device 0x80 failed: Error")
    #expect(
      message(trial.look(view(console, 20, hasEnded: true)))
        == "item tools/memtest: the machine has ended before its kernel's first line on the serial console"
    )
    (trial, console) = chosen(.nfsRoot)
    let refused = NetworkEvent.mounted(path: "/srv/live", status: 13)
    #expect(
      trial.look(view(console, 20, [refused]))
        == .failed(
          BootFailure(
            .item, "item tools/memtest: the NFS server refused /srv/live (13)",
            advice: "see whether the NFS server's file exports that folder")))
  }

  @Test("time that is up says what was waited for")
  func end() {
    let trial = ItemTrial(expectation(.kernel))
    #expect(
      trial.end(60).message
        == "the menu \"Menu of the lab\" with the line \"Tools\" did not show within 60 seconds")
    let later = chosen(.kernel).trial.end(60)
    #expect(
      later.message
        == "item tools/memtest was chosen, and gave no sign of life within 60 seconds: its kernel's "
        + "first line on the serial console was waited for")
    #expect(
      later.advice
        == "a kernel prints there when its arguments have console=ttyS0: add arguments: console=ttyS0 "
        + "to the item")
    #expect(later.isTimeOut)
    var over = ItemTrial(expectation(.kernel))
    #expect(
      message(over.look(view("", 5, hasEnded: true)))
        == "item tools/memtest: the machine has ended before it showed \"Menu of the lab\"")
  }
}

@Suite("Mounts over NFS, on the cable")
struct MountReaderTests {
  private static func words(_ numbers: [UInt32]) -> [UInt8] {
    numbers.flatMap { number in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
  }

  private static let call =
    words([7, 0, 2, 100_005, 3, 1, 1, 8]) + [1, 2, 3, 4, 5, 6, 7, 8] + words([0, 0, 9])
    + Array("/srv/live".utf8) + [0, 0, 0]

  private static func reply(_ status: UInt32, _ number: UInt32 = 7) -> [UInt8] {
    words([number, 1, 0, 0, 0, 0, status, 4])
  }

  @Test("what mountd grants and refuses is seen, by UDP and by TCP")
  func mounts() {
    for mark in [[], Self.words([0x8000_0040])] {
      var reader = MountReader()
      #expect(reader.event(of: (mark + Self.call)[...]) == nil)
      #expect(reader.event(of: (mark + Self.reply(0, 8))[...]) == nil)
      #expect(
        reader.event(of: (mark + Self.reply(0))[...]) == .mounted(path: "/srv/live", status: 0))
      #expect(reader.event(of: (mark + Self.reply(0))[...]) == nil, "it was one call")
      #expect(reader.event(of: (mark + Self.call)[...]) == nil)
      #expect(
        reader.event(of: (mark + Self.reply(13))[...]) == .mounted(path: "/srv/live", status: 13))
    }
  }

  @Test("no bytes make it fail")
  func damaged() {
    var reader = MountReader()
    for _ in 0..<20_000 {
      for whole in [Self.call, Self.reply(0)] {
        var bytes = whole
        for _ in 0..<Int.random(in: 0...6) {
          bytes[Int.random(in: 0..<bytes.count)] = .random(in: 0...255)
        }
        bytes = Array(bytes.prefix(.random(in: 0...bytes.count)))
        _ = reader.event(of: bytes[...])
      }
    }
  }
}
