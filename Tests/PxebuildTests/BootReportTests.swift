import BootLab
import Testing

@testable import pxebuild

@Suite("Reports on boots")
struct BootReportTests {
  private static let hostile = "</td><script>alert(1)</script>\"'&\u{0}\u{1b}[2J\u{202e}é"

  private static func result(
    _ firmware: Firmware, _ target: String, _ attempts: [BootAttempt]
  ) -> BootResult {
    BootResult(
      combination: BootCombination(
        firmware: firmware, method: .pxe, target: target, outlook: .boots), attempts: attempts)
  }

  private static let skipped = BootResult(
    combination: BootCombination(
      firmware: .uefiIA32, method: .pxe, target: nil,
      outlook: .skipped(because: "no target is for it")))

  private static let results = [
    result(.bios, "undionly.kpxe", [BootExamples.passed]),
    result(.uefiX64, "ipxe.efi", [BootExamples.failed]), skipped,
  ]

  @Test("markup holds any text, and no text ends it")
  func escaping() {
    let piece = Markup.element(
      "p", ["title": Self.hostile, "id": nil],
      [.text(Self.hostile), .element("br"), .element("b", text: "x\ny")])
    let text =
      "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\u{FFFD}\u{FFFD}[2J\u{FFFD}é"
    #expect(piece.html == "<p title=\"\(text)\">\(text)<br><b>x\ny</b></p>")
    #expect(
      Markup.list([piece]).xml
        == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        + "<p title=\"\(text)\">\(text)<br/><b>x\ny</b></p>\n")
  }

  @Test("the JUnit report has a case for each machine, and a skip is none that passed")
  func junit() {
    let report = JUnitReport(
      results: Self.results, date: "2026-01-31T12:00:00", host: "builder", seconds: 27.3)
    #expect(
      report.xml.replacing("><", with: ">\n<") == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="pxebuild boot" timestamp="2026-01-31T12:00:00" hostname="builder" \
        tests="3" failures="1" errors="0" skipped="1" time="27.300">
        <properties/>
        <testcase name="BIOS by PXE: undionly.kpxe" classname="pxebuild.boot" time="13.200"/>
        <testcase name="x64 UEFI by PXE: ipxe.efi" classname="pxebuild.boot" time="14.100">
        <failure message="the x64 UEFI firmware was offered ipxe/ipxe.efi, which the tree does not \
        have; the tree has ipxe.efi for it (PXE-E23)" type="not-in-tree">the x64 UEFI firmware was \
        offered ipxe/ipxe.efi, which the tree does not have; the tree has ipxe.efi for it (PXE-E23)
        fix: see what the DHCP server offers architecture 7: pxebuild dhcp-check
        last lines of its console:
        | &gt;&gt;Start PXE over IPv4.</failure>
        </testcase>
        <testcase name="IA32 UEFI by PXE" classname="pxebuild.boot" time="0.000">
        <skipped message="no target is for it"/>
        </testcase>
        <system-out/>
        <system-err/>
        </testsuite>

        """)
  }

  @Test("reports say what was left untested without root")
  func untested() {
    let untested = [Untested(what: "TFTP", why: "QEMU sent <the files>")]
    let junit = JUnitReport(
      results: [], untested: untested, date: "2026-01-31T12:00:00", host: "a", seconds: 1)
    #expect(
      junit.xml.contains(
        "<properties><property name=\"not tested: TFTP\" value=\"QEMU sent &lt;the files&gt;\"/>"
          + "</properties>"), "\(junit.xml)")
    let html = ReportPage(
      results: [], dhcp: nil, http: "http://10.0.0.200", untested: untested,
      date: "2026-01-31T12:00:00Z", seconds: 3
    ).html
    #expect(
      html.contains("On QEMU&#39;s user network, files at <code>http://10.0.0.200</code>."))
    #expect(
      html.contains(
        "<h2>Not tested without root</h2><dl><dt>TFTP</dt><dd>QEMU sent &lt;the files&gt;</dd></dl>"
      )
    )
    #expect(
      Untested.lines(untested) == [
        "not tested without root (sudo pxebuild boot does):",
        "  TFTP            QEMU sent <the files>",
      ])
    #expect(Untested.lines([]).isEmpty)
  }

  @Test("a question on the cable and what came back are one row")
  func timeline() {
    let rows = ReportTimeline(BootExamples.passed.record.events).rows
    #expect(rows.map(\.way) == ["DHCP", "DHCP", "TFTP", "HTTP"])
    #expect(
      rows.map(\.what) == [
        "DISCOVER of architecture 0", "OFFER", "read undionly.kpxe", "GET /install.ipxe",
      ])
    #expect(
      rows.map(\.answer) == [
        nil, "address 10.0.0.100, boot undionly.kpxe from 10.0.0.200", "71322 bytes in 0.1s",
        "200, 970 bytes after 0.0s",
      ])
    #expect(rows.allSatisfy { !$0.isBad })
    let bad = ReportTimeline(BootExamples.failed.record.events).rows
    #expect(bad.map(\.answer) == ["error 1: File not found"] && bad[0].isBad)
    #expect(bad[0].from == "10.0.0.100" && bad[0].to == "10.0.0.200")
    let down = ReportTimeline([
      SeenEvent(.refused(address: "10.0.0.200", port: 80), seconds: 1, from: "a", to: "b"),
      SeenEvent(.readStarted(file: "x"), seconds: 2),
      SeenEvent(.readFailed(file: "x", code: 8, message: "User aborted"), seconds: 3),
      SeenEvent(.readStarted(file: "x"), seconds: 4),
    ]).rows
    #expect(down.map(\.answer) == ["nobody listens there", "broken off", nil])
    #expect(down.map(\.isBad) == [true, false, false] && down[0].from == "b")
  }

  @Test("the page says what was seen, with everything hostile in it as text")
  func page() {
    var attempt = BootExamples.passed
    attempt.record.console = Self.hostile
    attempt.record.events.append(
      SeenEvent(.readStarted(file: Self.hostile), seconds: 1, from: Self.hostile))
    attempt.logs = [.init(name: Self.hostile, text: Self.hostile)]
    attempt.picture = [1, 2, 3]
    let html = ReportPage(
      results: [Self.result(.bios, Self.hostile, [BootExamples.failed, attempt])] + Self.results,
      dhcp: Self.hostile, http: "http://10.0.0.200", date: "2026-01-31T12:00:00Z", seconds: 3
    ).html
    #expect(!html.contains("<script") && !html.contains("\u{0}") && !html.contains("\u{1b}"))
    for text in [
      "<title>Boot report: 2 passed, 1 failed, 1 skipped</title>",
      "src=\"data:image/png;base64,AQID\"", "This was a second try. In the first, the x64 UEFI",
      "undionly.kpxe read (71.3 kB), iPXE 2.0.0 (g12798) got install.ipxe after 12.3s.",
      "<b>To do: </b>see what the DHCP server offers architecture 7: pxebuild dhcp-check",
      "no target is for it",
      "There is no picture of its screen", "<dt>architecture (93)</dt><dd>0</dd>",
    ] {
      #expect(html.contains(text), "\(text)")
    }
  }

  @Test("long boots start before short ones, but for the first, which is printed first")
  func order() {
    let all = [Firmware.bios, .uefiX64].flatMap { firmware in
      [BootMethod.pxe, .usb].map {
        BootCombination(firmware: firmware, method: $0, target: "a", outlook: .boots)
      }
    }
    #expect(BootCombination.startOrder(all) == [0, 2, 3, 1])
    #expect(BootCombination.startOrder([]).isEmpty)
    #expect(BootCombination.startOrder(all + all) == [0, 2, 6, 3, 7, 4, 1, 5])
  }
}
