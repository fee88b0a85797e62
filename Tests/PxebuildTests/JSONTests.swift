import BootLab
import DiskWriter
import Recipes
import SystemPackage
import Testing

@testable import BuildEngine
@testable import pxebuild

@Suite("JSON output")
struct JSONTests {
  @Test(
    "strings are escaped so that any reader gets the same characters back",
    arguments: [
      ("plain é 日 💾", "\"plain é 日 💾\""),
      ("\"\\/\n\r\t", "\"\\\"\\\\/\\n\\r\\t\""),
      ("\u{0}\u{1B}\u{7F}\u{9B}\u{2028}", "\"\\u0000\\u001b\\u007f\\u009b\\u2028\""),
    ])
  func strings(value: String, expected: String) {
    #expect(JSON.string(value).text == expected)
  }

  @Test(
    "seconds have three decimals",
    arguments: [
      (0.0, "0.000"), (1.0005, "1.001"), (12.34, "12.340"), (-0.25, "-0.250"), (.infinity, "null"),
      (.nan, "null"), (1e300, "null"),
    ])
  func seconds(value: Double, expected: String) {
    #expect(JSON.seconds(value).text == expected)
  }

  @Test("objects keep their order and leave out what is nil")
  func nesting() {
    let value = JSON.object([
      "b": .array([.integer(-1), .bool(true), .null, .array([]), .object([:])]), "none": nil,
      "a\"": .string(""),
    ])
    #expect(value.text == #"{"b":[-1,true,null,[],{}],"a\"":""}"#)
  }

  /// One of each event, in the order that docs/json.md shows them.
  /// What `pxebuild serve` prints.
  static let serving: [JSON] = {
    let network = LocalNetwork.Interface(
      name: "eth0", address: IPv4Address(value: 0x0a00_00c8), prefix: 24)
    let place = ServePlace(
      address: network.address, interface: network, httpPort: 8080, tftpPort: 69, isProxy: true)
    return [
      place.json(at: 0.31),
      ServedRequest(
        service: .http, client: "10.0.0.5", method: "GET", path: "install.ipxe", outcome: .sent,
        status: 200, bytes: 970
      ).json(at: 4.02),
      ServedRequest(
        service: .http, client: "10.0.0.5", method: "GET", path: "gparted.iso", outcome: .sent,
        status: 206, bytes: 2048, range: "0-2047"
      ).json(at: 4.25),
      ServedRequest(
        service: .tftp, client: "10.0.0.5", path: "undionly.kpxe", outcome: .notFound
      ).json(at: 4.51),
      ServerOutput.message("PXE(eth0) 52:54:00:12:34:56 proxy", of: "dnsmasq", at: 5),
    ]
  }()

  /// What `pxebuild boot` prints.
  static let booting: [JSON] = {
    func result(_ firmware: Firmware, _ target: String, _ attempt: BootAttempt) -> BootResult {
      BootResult(
        combination: BootCombination(
          firmware: firmware, method: .pxe, target: target, outlook: .boots), attempts: [attempt])
    }
    let skipped = BootResult(
      combination: BootCombination(
        firmware: .uefiIA32, method: .pxe, target: nil,
        outlook: .skipped(because: "no target is for it")))
    return [
      result(.bios, "undionly.kpxe", BootExamples.passed).json(at: 13.9, dhcp: "dhcpd.conf"),
      result(.uefiX64, "ipxe.efi", BootExamples.failed).json(at: 15.02, dhcp: "dhcpd.conf"),
      skipped.json(at: 15.02, dhcp: "dhcpd.conf"),
      BootResult.summary(
        passed: 1, failed: 1, skipped: 1, untested: [], report: "report/index.html",
        junit: "junit.xml", at: 15.02),
      BootResult(
        combination: BootCombination(
          firmware: .uefiX64, method: .http, target: "ipxe.efi",
          outlook: .skipped(because: "it takes root"))
      ).json(at: 0.1, dhcp: nil),
      BootResult.summary(
        passed: 0, failed: 0, skipped: 1,
        untested: [.init(what: "TFTP", why: "QEMU sent the files of the tree")], report: nil,
        junit: nil, at: 0.1),
    ]
  }()

  /// What `pxebuild usb` prints.
  static let sticks: [JSON] = {
    let image = StickImage(
      source: .init(
        file: FileDescriptor(rawValue: -1), name: "usb/stick.img",
        digest: Digest(of: Array("a boot file".utf8))), actionCount: 3)
    let stick = BlockDevice(
      name: "sdb", number: DeviceNumber(major: 8, minor: 16), size: 15_376_318_464,
      model: "SanDisk Ultra", serial: "4C530001")
    let contents = DiskContents(
      table: "dos",
      parts: [.init(number: 1, size: 15_375_269_888, volume: .init("vfat", label: "KEY"))])
    var fixed = stick
    fixed.isRemovable = false
    let refusals = DeviceJudgement(path: "/dev/sdb").refusals(of: .disk(fixed, contents))
    var report = ImageWrite.Report()
    report.written = 8
    report.skipped = 3
    report.isVerified = true
    return [
      DiskList.json([
        .init(text: DiskText(disk: stick, contents: contents), refusals: []),
        .init(
          text: DiskText(disk: fixed, contents: DiskContents(volume: .init("ext4"))),
          refusals: refusals),
      ]),
      StickSummary(
        image: image, device: "/dev/sdb", report: report, wasCompared: true,
        hasNewPartitions: true, seconds: 3.25
      ).json(at: 9.5),
      StickForecast(image: image, device: "/dev/sdb", place: .missing).json(at: 6.25),
    ]
  }()

  static let examples: [JSON] = {
    let sha = Digest(of: Array("bytes".utf8))
    let file = StoredArtifact.file(Digest(of: Array("a boot file".utf8)), executable: false)
    let compileError = BuildError(
      .failed, "make ended with exit status 2", origin: "recipes/ipxe.yaml:14:3",
      reason: "core/main.c does not compile", advice: "Correct the patch named above.",
      outputTail: ["core/main.c:12:1: error: expected ';'"], logPath: "cache/logs/3.log")
    let unreachable = BuildError(
      .unreachable, "https://example.org/wimboot cannot be fetched", reason: "no such host")
    let limitation = "an EFI stick asks the network for the script"
    let outcomes = [
      TargetOutcome(
        path: "undionly.kpxe", state: .built(file), isCompiled: true, rule: "ipxe"),
      TargetOutcome(
        path: "winpe", state: .built(.directory(sha)), isCompiled: false, rule: "winpe"),
      TargetOutcome(
        path: "latest", state: .built(.symlink(target: "winpe")), isCompiled: false, rule: "file"),
      TargetOutcome(
        path: "usb/efi.usb",
        state: .prebuilt(
          file, version: "ipxe 1.21.1", because: "github.com does not answer",
          limitation: limitation), isCompiled: true, rule: "ipxe"),
      TargetOutcome(
        path: "wimboot", state: .skipped(because: "no such host"), isCompiled: false, rule: "fetch"),
      TargetOutcome(
        path: "ipxe.efi", state: .failed(compileError), isCompiled: true, rule: "ipxe"),
      TargetOutcome(path: "ipxe32.efi", state: .notReached, isCompiled: true, rule: "ipxe"),
    ]
    let id = ActionID(index: 3)
    let events: [BuildEvent] =
      [
        .wanted(actions: 12),
        .actionStarted(id, name: "undionly.kpxe: objects"),
        .actionProgress(id, Progress(done: 120, total: 209, unit: .steps)),
        .actionProgress(id, Progress(done: 4096, total: nil, unit: .bytes)),
        .actionNote(id, "mirror 1 did not answer, trying mirror 2"),
        .actionFinished(id, name: "undionly.kpxe: objects", .executed, seconds: 12.34),
        .actionFinished(id, name: "undionly.kpxe: objects", .cached, seconds: 0.001),
        .actionFinished(id, name: "undionly.kpxe: objects", .failed(compileError), seconds: 8.25),
      ] + outcomes.map { .targetFinished($0) }
    var summary = BuildSummary(
      outcomes: [outcomes[0], outcomes[4]], output: "out", placed: 1, removed: 0)
    summary.executed = 5
    summary.cached = 7
    summary.seconds = 41.2
    summary.configs = ConfigSummary(
      folder: "out-conf", count: 2,
      lines: [
        .init(
          path: "dhcpd.conf", kind: "dhcp",
          files: [.init(path: "dhcpd.conf", digest: Digest(of: Array("a config".utf8)))]),
        .init(path: "smb.conf", kind: "samba", files: [.init(path: "smb.conf", digest: nil)]),
      ], placed: 1, removed: 0)
    let doctor = DoctorReport(
      findings: [
        .init(requirement: Requirement("gcc"), state: .found("/usr/bin/gcc")),
        .init(requirement: Requirement("lzma.h"), state: .missing),
        .init(requirement: Requirement("bwrap"), state: .unusable("bwrap: Permission denied")),
      ], isRoot: false)
    let signed = SiteSigning.Result(targets: [], signed: ["install.ipxe", "rescue/vmlinuz"])
    return events.map { $0.json(at: 1.5) } + signed.json(at: 2) + [
      summary.json(at: 41.2),
      .object(["event": .string("error"), "time": .seconds(0.25), "error": unreachable.json]),
      doctor.json,
    ] + serving + booting + DHCPCheckReportTests.example.json(at: 2.1) + sticks + [
      dryRun.json(at: 0.25), explanation.json, lock.json,
    ] + verification.json(at: 0.84)
  }()

  private static let dryRun = DryRun(
    forecast: Forecast(
      steps: [
        .init(id: ActionID(index: 0), name: "source ipxe", state: .alwaysRuns, key: nil),
        .init(
          id: ActionID(index: 1), name: "undionly.kpxe",
          state: .unknown(waitingFor: ["source ipxe"]),
          key: nil),
      ],
      targets: [
        .init(planned: target("chain.ipxe"), artifact: .symlink(target: "x")),
        .init(planned: target("undionly.kpxe"), artifact: nil),
      ]),
    changes: TreeChanges(placed: ["chain.ipxe"], removed: ["old.efi"]), output: "out",
    configs: .init(
      folder: "out-conf", changes: TreeChanges(placed: ["dhcpd.conf"], removed: ["exports"])))

  private static func target(_ path: String) -> PlannedTarget {
    PlannedTarget(
      path: path, artifact: .bytes([]), rule: RuleVersion("script", 1), origin: "r.yaml:1:1")
  }

  private static let explanation = Explanation(
    target: "undionly.kpxe",
    steps: [
      .init(
        name: "undionly.kpxe", state: .wouldRun, key: Digest(of: Array("bytes".utf8)),
        cause: .changed([
          .init(
            fact: "input embed/chain.ipxe", old: "c4cfacb7f663, 42 bytes",
            new: "a383284516a0, 40 bytes"),
          .init(fact: "parameter debug", old: nil, new: "dhcp"),
        ]))
    ])

  private static let verification = VerifyReport(
    TreeVerification(
      findings: [
        TreeFinding("notes.txt", .foreign(.regular)),
        TreeFinding("undionly.kpxe", .wrongMode(expected: 0o644, found: 0o600)),
      ], targetCount: 6, fileCount: 6, bytesRead: 3_422_208),
    place: "out", noun: "target", allowsForeign: true)

  private static let lock = LockReport(
    file: "recipes/pxebuild.lock", isCheck: false, unpinnedStandIns: ["ipxe"],
    added: ["    commit: 12798ec29aa8a64d8675c4378b99f5fe28447afb"], removed: [])

  @Test("a dry run says what would run, and what would change in the tree")
  func dryRunLines() {
    #expect(
      Self.dryRun.lines == [
        "would ask  source ipxe", "would see  undionly.kpxe  (after source ipxe)",
        "would place  chain.ipxe", "would place  undionly.kpxe  (once it is made)",
        "would remove  old.efi", "would write  dhcpd.conf in out-conf",
        "would remove  exports from out-conf",
      ])
  }

  @Test("docs/json.md shows each object as it is written")
  func documentation() throws {
    let page = try text(ofRepositoryFile: "docs/json.md")
    var shown: [String] = []
    var isExample = false
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isExample = line == "```json"
      } else if isExample {
        shown.append(String(line))
      }
    }
    #expect(shown == Self.examples.map(\.text))
  }

  @Test("docs/json.md describes every field")
  func fields() throws {
    let page = try text(ofRepositoryFile: "docs/json.md")
    func names(_ value: JSON) -> Set<String> {
      switch value {
      case .members(let members):
        members.reduce(into: []) { $0.formUnion(names($1.value).union([$1.name])) }
      case .array(let values): values.reduce(into: []) { $0.formUnion(names($1)) }
      default: []
      }
    }
    for name in Self.examples.reduce(into: Set<String>(), { $0.formUnion(names($1)) }).sorted() {
      #expect(page.contains("| `\(name)` |"), "no row for \(name)")
    }
  }
}
