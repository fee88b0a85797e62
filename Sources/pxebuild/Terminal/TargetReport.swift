import BuildEngine
import Recipes

/// A build's targets as a JUnit report, which CI systems show: a test case a target.
struct TargetReport: Sendable {
  private let markup: Markup

  /// The document.
  var xml: String { markup.xml }

  /// - Parameters:
  ///   - error: What ended the build before its end; it is a test case of its own, because every target may be well.
  ///   - seconds: How long the build took.
  init(_ outcomes: [TargetOutcome], endedBy error: (any Error)? = nil, seconds: Double) {
    // Before the recipes were read nothing is known of targets.
    let end = error.map {
      Self.testCase($0, name: outcomes.isEmpty ? "recipes and sources" : "the build")
    }
    markup = Self.suite(
      outcomes.map(\.testCase) + (end.map { [$0] } ?? []),
      failures: outcomes.count { if case .failed = $0.state { true } else { false } },
      errors: end == nil ? 0 : 1,
      skipped: outcomes.count {
        switch $0.state {
        case .skipped, .notReached: true
        default: false
        }
      }, seconds: seconds)
  }

  private static func testCase(_ error: any Error, name: String) -> Markup {
    let (message, text) =
      switch error {
      case let errors as RecipeErrors:
        (errors.diagnostics.first?.message ?? "the recipes are wrong", errors.description)
      case let error as BuildError: (error.message, error.description)
      default: ("interrupted", "The build was interrupted; the output tree is as it was.")
      }
    return .element(
      "testcase", ["name": name, "classname": "pxebuild", "time": "0.000"],
      [.element("error", ["message": message, "type": "error"], text: text)])
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
      inside = [.element("skipped", ["message": "not made, because the build ended before"])]
    case .failed(let error):
      inside = [
        .element("failure", ["message": error.message, "type": "failed"], text: error.description)
      ]
    }
    return .element(
      "testcase", ["name": path, "classname": "pxebuild.\(rule)", "time": "0.000"], inside)
  }
}
