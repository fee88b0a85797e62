import BuildEngine
import Recipes
import Testing
import Yams

@testable import pxebuild

@Suite("Output for CI jobs")
struct JobOutputTests {
  private static let failure = BuildError(
    .failed, "make ended with exit status 2", origin: "recipes/ipxe.yaml:14:3",
    reason: "core/main.c: 50% of <it> does not compile", advice: "correct the patch",
    outputTail: ["error: expected ';' & more"])

  private static let outcomes = [
    TargetOutcome(
      path: "chain.ipxe", state: .built(.symlink(target: "x")), isCompiled: false, rule: "script"),
    TargetOutcome(
      path: "undionly.kpxe",
      state: .prebuilt(
        .symlink(target: "x"), version: "1.21.1", because: "github.com does not answer",
        limitation: "no HTTPS"), isCompiled: true, rule: "ipxe"),
    TargetOutcome(
      path: "a \"b\"", state: .skipped(because: "no such host"), isCompiled: false, rule: "fetch"),
    TargetOutcome(path: "ipxe.efi", state: .failed(failure), isCompiled: true, rule: "ipxe"),
    TargetOutcome(path: "ipxe32.efi", state: .notReached, isCompiled: true, rule: "ipxe"),
  ]

  @Test("a JUnit report has a case for each target, and well-formed text whatever a program said")
  func junit() {
    #expect(
      TargetReport(Self.outcomes, seconds: 12.5).xml.replacing("><", with: ">\n<") == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="pxebuild targets" tests="5" failures="1" errors="0" skipped="2" time="12.500">
        <testcase name="chain.ipxe" classname="pxebuild.script" time="0.000"/>
        <testcase name="undionly.kpxe" classname="pxebuild.ipxe" time="0.000">
        <system-out>prebuilt 1.21.1, because github.com does not answer; no HTTPS</system-out>
        </testcase>
        <testcase name="a &quot;b&quot;" classname="pxebuild.fetch" time="0.000">
        <skipped message="no such host"/>
        </testcase>
        <testcase name="ipxe.efi" classname="pxebuild.ipxe" time="0.000">
        <failure message="make ended with exit status 2" type="failed">error: make ended with exit status 2
          at: recipes/ipxe.yaml:14:3
          why: core/main.c: 50% of &lt;it&gt; does not compile
          fix: correct the patch
          last lines of its output:
          | error: expected &#39;;&#39; &amp; more</failure>
        </testcase>
        <testcase name="ipxe32.efi" classname="pxebuild.ipxe" time="0.000">
        <skipped message="not made, because the build ended before"/>
        </testcase>
        </testsuite>

        """)
  }

  @Test("a build that comes to no target is one case with an error")
  func junitError() {
    let report = TargetReport([], endedBy: Self.failure, seconds: 0).xml
    #expect(report.contains(#"tests="1" failures="0" errors="1" skipped="0""#))
    #expect(
      report.contains(#"<error message="make ended with exit status 2" type="error">error: make"#))
  }

  @Test("a build that was ended before its end names its targets, and why, in a case of its own")
  func junitEnded() {
    let outcomes = [Self.outcomes[0], Self.outcomes[4]]
    #expect(
      TargetReport(outcomes, endedBy: CancellationError(), seconds: 1).xml
        .replacing("><", with: ">\n<") == """
          <?xml version="1.0" encoding="UTF-8"?>
          <testsuite name="pxebuild targets" tests="3" failures="0" errors="1" skipped="1" time="1.000">
          <testcase name="chain.ipxe" classname="pxebuild.script" time="0.000"/>
          <testcase name="ipxe32.efi" classname="pxebuild.ipxe" time="0.000">
          <skipped message="not made, because the build ended before"/>
          </testcase>
          <testcase name="the build" classname="pxebuild" time="0.000">
          <error message="interrupted" type="error">The build was interrupted; the output tree is as it was.</error>
          </testcase>
          </testsuite>

          """)
  }

  @Test("an annotation names the place, and escapes what would end it")
  func annotations() {
    #expect(
      GitHubAnnotation(Self.failure).line
        == "::error file=recipes/ipxe.yaml,line=14,col=3,title=pxebuild::make ended with exit status 2"
        + "%0Acore/main.c: 50%25 of <it> does not compile%0Acorrect the patch")
    #expect(
      GitHubAnnotation(BuildError(.failed, "no place", origin: "ipxe.efi")).line
        == "::error title=pxebuild::no place")
    #expect(
      GitHubAnnotation(.warning, "x", file: "a:b,c%").line
        == "::warning file=a%3Ab%2Cc%25,title=pxebuild::x")
    #expect(
      Self.outcomes.compactMap { GitHubAnnotation($0)?.line } == [
        "::warning title=pxebuild::undionly.kpxe: prebuilt 1.21.1, because github.com does not answer",
        "::warning title=pxebuild::a \"b\": skipped, because no such host",
      ])
  }

  @Test(
    "the CI files are YAML, and keep what the job makes", arguments: ["github.yml", "gitlab.yml"])
  func files(name: String) throws {
    let text = try text(ofRepositoryFile: "docs/ci/\(name)")
    #expect(try Yams.load(yaml: text) is [String: Any])
    for folder in ["dist", "dist-conf", "dist-records", "dist-report.xml"] {
      #expect(text.contains(folder), "\(folder)")
    }
  }

  @Test("ages and sizes are read as people write them")
  func limits() {
    #expect(AgeLimit(argument: "30d")?.seconds == 2_592_000)
    #expect(
      AgeLimit(argument: "30")?.seconds == 2_592_000 && AgeLimit(argument: "12h")?.seconds == 43_200
    )
    #expect(
      SizeLimit(argument: "20G")?.bytes == 20_000_000_000 && SizeLimit(argument: "7")?.bytes == 7)
    for wrong in ["", "d", "-1", "1.5G", "20GB", "9999999999999999T", "1y"] {
      #expect(AgeLimit(argument: wrong) == nil && SizeLimit(argument: wrong) == nil, "\(wrong)")
    }
  }
}
