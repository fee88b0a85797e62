import Subprocess
import SystemPackage
import Testing

@testable import BootLab

@Suite("A lab and its machines")
struct LabTests {
  @Test("a plan survives its way through an argument vector")
  func plan() {
    var plan = LabPlan(
      folder: "/tmp/a b",
      network: .own(.init(interface: "eth0", address: "10.0.0.200", mask: "255.255.255.0")),
      hidesUserClass: true, machine: .init("qemu", ["/bin/qemu", "-a", ""]))
    #expect(LabPlan(arguments: plan.arguments) == plan)
    plan.servers = [.init("a", ["/a", "1", "2"]), .init("b", ["/b"])]
    plan.captures = true
    plan.emptyFolders = ["/var/lib/kea"]
    plan.udpPorts = [67, 69]
    plan.tcpPorts = [8080]
    let words = plan.arguments
    #expect(LabPlan(arguments: words) == plan)
    var other = plan
    other.neighbour = .init(address: "10.0.0.1", server: .init("router", ["/r", "x"]))
    other.machineAddress = "10.0.0.254"
    #expect(LabPlan(arguments: other.arguments) == other)
    for script in ["http://a/b", "", nil] {
      var other = plan
      other.network = .user(script: script)
      other.sockets = ["/tmp/a b/http"]
      #expect(LabPlan(arguments: other.arguments) == other)
    }
    #expect(LabPlan(arguments: words + ["10.0.0.1", "router", "2", "/r"]) == nil)
    for count in 0..<words.count { #expect(LabPlan(arguments: Array(words[..<count])) == nil) }
  }

  @Test("what a lab reports survives its way through a line, whatever machines say")
  func reports() {
    let odd = "a\tb\nc%09\u{1b}é"
    let client = NetworkEvent.Client(architecture: nil, isIPXE: true)
    let events: [NetworkEvent] = [
      .asked(client), .asked(.init(architecture: 7, isIPXE: false)),
      .answered(client, .init(address: "10.0.0.1", server: nil, file: odd, hasMenu: true)),
      .readStarted(file: odd), .readFinished(file: odd, bytes: 12),
      .readFinished(file: odd, bytes: 12, sha256: odd),
      .readFailed(file: odd, code: 1, message: ""), .requested(path: odd, agent: ""),
      .responded(path: odd, agent: "iPXE/1", status: 404),
      .responded(path: odd, agent: "", status: 200, bytes: 7),
      .refused(address: "10.0.0.1", port: 80), .mounted(path: odd, status: 13),
    ]
    let reports =
      events.map { LabReport.seen(SeenEvent($0, seconds: 1.25)) } + [
        .seen(
          SeenEvent(
            events[0], seconds: 2, from: "10.0.0.1", to: odd,
            details: [.init(odd, ""), .init("a", odd)])),
        .powered, .ended(name: odd, status: 137), .failed(reason: odd), .silent(ports: "UDP 67"),
      ]
    for report in reports {
      #expect(!report.line.contains("\n"))
      #expect(LabReport(line: report.line) == report)
    }
    for line in ["", "seen", "seen\tx\tasked", "seen\t1\ta\tb\t9\tasked", "powered\t1", "%"] {
      #expect(LabReport(line: line) == nil)
    }
  }

  @Test("a BIOS machine has the program in its card, and a machine with a stick has not")
  func cards() {
    func words(_ firmware: Firmware, _ method: BootMethod, medium: String? = nil) -> [String] {
      Machine(
        firmware: firmware, method: method, accelerator: .tcg, folder: "/tmp/a,b", medium: medium
      ).arguments
    }
    let bios = words(.bios, .pxe)
    #expect(bios.contains("e1000,netdev=net,mac=52:54:00:12:34:56"))
    #expect(bios.contains("file:/tmp/a,,b/console") && bios.contains("pc,graphics=off"))
    let stick = words(.bios, .usb, medium: "/s,t")
    #expect(stick.contains { $0.hasSuffix(",romfile=") && $0.hasPrefix("e1000") })
    #expect(stick.contains("if=none,id=medium,format=raw,snapshot=on,file=/s,,t"))
    let disc = words(.uefiX64, .iso, medium: "/d")
    #expect(disc.contains("if=none,id=medium,format=raw,media=cdrom,readonly=on,file=/d"))
    #expect(disc.contains("ide-cd,drive=medium,bootindex=0"))
    let arm = words(.uefiARM64, .iso, medium: "/d")
    #expect(arm.contains("scsi-cd,drive=medium,bootindex=0") && arm.contains("virt"))
    let ia32 = words(.uefiIA32, .pxe)
    #expect(ia32.contains("q35,smm=on") && ia32.contains("ICH9-LPC.disable_s3=1"))
    #expect(words(.uefiX64, .http).contains("name=opt/org.tianocore/IPv4PXESupport,string=n"))
    #expect(!words(.uefiX64, .pxe).contains { $0.contains("PXESupport") })
  }

  @Test("a machine on QEMU's user network has a cable to the lab, and so has that network")
  func userNetwork() {
    var machine = Machine(firmware: .bios, method: .pxe, accelerator: .tcg, folder: "/tmp/a")
    machine.userNetwork = UserNetwork(
      subnet: "10.0.0.0/24", host: "10.0.0.1", dns: "10.0.0.2", machine: "10.0.0.100",
      tree: "/t,r", program: "a,b.kpxe", server: "10.0.0.200", port: 80,
      connection: ["/it's here/pxebuild", "x", "/a,b"])
    let words = machine.arguments
    #expect(words.contains("socket,id=net,fd=100") && words.contains("socket,id=wire,fd=101"))
    #expect(
      words.contains(
        "user,id=user,ipv6=off,restrict=on,net=10.0.0.0/24,host=10.0.0.1,dns=10.0.0.2,"
          + "dhcpstart=10.0.0.100,tftp=/t,,r,bootfile=a,,b.kpxe,"
          + #"guestfwd=tcp:10.0.0.200:80-cmd:'/it'\''s here/pxebuild' 'x' '/a,,b'"#), "\(words)")
    #expect(!words.contains { $0.contains("udp=") })
    machine.userNetwork?.program = nil
    #expect(!machine.arguments.contains { $0.contains("bootfile") })
  }

  @Test("a machine that looks for an IPv6 router is told that there is none to go through")
  func router() throws {
    var question = [UInt8](repeating: 0, count: 62)
    question.replaceSubrange(
      0..<12, with: [0x33, 0x33, 0, 0, 0, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56])
    question.replaceSubrange(12..<15, with: [0x86, 0xdd, 0x60])
    question[20] = 58
    question[54] = 133
    question.replaceSubrange(22..<38, with: [0xfe, 0x80] + [UInt8](repeating: 7, count: 14))
    let answer = try #require(RouterAnswer.frame(for: question))
    #expect(Array(answer[..<6]) == Array(question[6..<12]))
    #expect(Array(answer[38..<54]) == Array(question[22..<38]))
    #expect(answer.count == 70 && answer[54] == 134 && answer.word(60) == 0)
    // Over addresses, length, kind and message a right checksum gives nothing but ones.
    var sum = UInt32(16 + 58)
    for index in stride(from: 22, to: 70, by: 2) { sum += UInt32(answer.word(index)) }
    #expect((sum & 0xffff) + (sum >> 16) == 0xffff)
    #expect(RouterAnswer.frame(for: answer) == nil)
    for count in 0..<58 { #expect(RouterAnswer.frame(for: Array(question[..<count])) == nil) }
  }

  @Test(
    "a guest that really runs is told from one that does not",
    .enabled("qemu-system-x86 is not installed") {
      LabTests.isThere("/usr/bin/qemu-system-x86_64")
    })
  func probe() async {
    let emulator: FilePath = "/usr/bin/qemu-system-x86_64"
    let run: Machine.Accelerator.Runner = { program, arguments, _ in
      let result = try? await Subprocess.run(
        .path(program), arguments: Arguments(arguments), output: .discarded, error: .discarded)
      guard case .exited(let code) = result?.terminationStatus else { return nil }
      return code
    }
    for (emulator, runs) in [(emulator, true), ("/bin/false", false)] as [(FilePath, Bool)] {
      #expect(
        await Machine.Accelerator.runsGuest(.tcg, emulator: emulator, seconds: 300, run: run)
          == runs
      )
    }
  }

  private static func isThere(_ path: String) -> Bool {
    (try? FileDescriptor.open(FilePath(path), .readOnly).close()) != nil
  }
}
