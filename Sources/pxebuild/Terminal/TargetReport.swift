import BuildEngine
import Recipes

/// A build's targets as a JUnit report, which CI systems show: a test case a target.
struct TargetReport: Sendable {
  private let markup: Markup

  /// The document.
  var xml: String { markup.xml }

  /// - Parameter seconds: How long the build took.
  init(_ outcomes: [TargetOutcome], seconds: Double) {
    markup = Self.suite(
      outcomes.map(\.testCase),
      failures: outcomes.count { if case .failed = $0.state { true } else { false } }, errors: 0,
      skipped: outcomes.count {
        switch $0.state {
        case .skipped, .notReached: true
        default: false
        }
      }, seconds: seconds)
  }

  /// Of a build that ended before it came to any target.
  init(_ error: any Error, seconds: Double) {
    let (message, text) =
      switch error {
      case let errors as RecipeErrors:
        (errors.diagnostics.first?.message ?? "the recipes are wrong", errors.description)
      case let error as BuildError: (error.message, error.description)
      default: ("interrupted", "\(error)")
      }
    let element = Markup.element(
      "testcase", ["name": "recipes and sources", "classname": "pxebuild", "time": "0.000"],
      [.element("error", ["message": message, "type": "error"], text: text)])
    markup = Self.suite([element], failures: 0, errors: 1, skipped: 0, seconds: seconds)
  }

  private static func suite(
    _ cases: [Markup], failures: Int, errors: Int, skipped: Int, seconds: Double
  ) -> Markup {
    .element(
      "testsuite",
      [
        "name": "pxebuild targets", "tests": "\(cases.count)", "failures": "\(failures)",
        "errors": "\(errors)", "skipped": "\(skipped)", "time": JSON.seconds(seconds).text,
      ], cases)
  }
}

extension TargetOutcome {
  fileprivate var testCase: Markup {
    let inside: [Markup]
    switch state {
    case .built: inside = []
    case .prebuilt(_, let version, let because, let limitation):
      let text = "prebuilt \(version), because \(because)" + (limitation.map { "; \($0)" } ?? "")
      inside = [.element("system-out", text: text)]
    case .skipped(let because): inside = [.element("skipped", ["message": because])]
    case .notReached:
      inside = [.element("skipped", ["message": "not tried, because the build stopped before"])]
    case .failed(let error):
      inside = [
        .element("failure", ["message": error.message, "type": "failed"], text: error.description)
      ]
    }
    return .element(
      "testcase", ["name": path, "classname": "pxebuild.\(rule)", "time": "0.000"], inside)
  }
}
