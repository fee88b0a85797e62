import Foundation
import Testing

/// docs/troubleshooting.md, whose examples are what tests see.
enum TroubleshootingPage {
  /// The blocks of docs/troubleshooting.md below a heading, up to the next one.
  static func blocks(_ heading: String) throws -> [[String]] {
    let page = try String(
      contentsOfFile: "\(repository)/docs/troubleshooting.md", encoding: .utf8)
    let section = try #require(
      page.components(separatedBy: "\n#").first {
        $0.drop { $0 == "#" }.hasPrefix(" \(heading)\n")
      }, "no heading \(heading)")
    let parts = section.components(separatedBy: "\n```\n")
    return parts.enumerated().filter { $0.offset % 2 == 1 }.map {
      $0.element.components(separatedBy: "\n")
    }
  }

  private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
