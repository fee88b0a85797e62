/// Boots as the JUnit XML that continuous integration reads: one `<testsuite>`, one `<testcase>` a machine, after
/// the schema at https://github.com/windyroad/JUnit-Schema.
struct JUnitReport {
  let results: [BootResult]
  var untested: [Untested] = []
  /// When the boots began, in UTC: "2026-01-31T12:00:00".
  let date: String
  let host: String
  let seconds: Double

  var xml: String {
    func count(_ outcome: BootResult.Outcome) -> String {
      String(results.count { $0.outcome == outcome })
    }
    return Markup.element(
      "testsuite",
      [
        "name": "pxebuild boot", "timestamp": date, "hostname": host.isEmpty ? "localhost" : host,
        "tests": String(results.count), "failures": count(.failed), "errors": "0",
        "skipped": count(.skipped), "time": Self.time(seconds),
      ],
      [.element("properties", [:], untested.map(property))] + results.map(testcase) + [
        .element("system-out"), .element("system-err"),
      ]
    ).xml
  }

  private func property(_ untested: Untested) -> Markup {
    .element("property", ["name": "not tested: \(untested.what)", "value": untested.why])
  }

  private func testcase(_ result: BootResult) -> Markup {
    let target = result.combination.target.map { ": \($0)" } ?? ""
    let time = result.attempts.reduce(0) { $0 + $1.seconds }
    return .element(
      "testcase",
      [
        "name": result.combination.name + target, "classname": "pxebuild.boot",
        "time": Self.time(time),
      ], outcome(result))
  }

  private func outcome(_ result: BootResult) -> [Markup] {
    if result.outcome == .skipped { return [.element("skipped", ["message": result.because])] }
    guard let attempt = result.attempts.last, let failure = attempt.failure else { return [] }
    let lines =
      [failure.message] + (failure.advice.map { ["fix: \($0)"] } ?? [])
      + failure.output.map { "| \($0)" }
      + ["last lines of its console:"] + result.console.map { "| \($0)" }
    return [
      .element(
        "failure", ["message": failure.message, "type": failure.fault.code],
        text: lines.joined(separator: "\n"))
    ]
  }

  /// Seconds with three decimals.
  private static func time(_ seconds: Double) -> String { JSON.seconds(seconds).text }
}
