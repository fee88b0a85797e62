import Foundation

/// The program under test.
enum Binary {
  /// The absolute path of `pxebuild`: `$PXEBUILD`, else the one built beside this test bundle.
  static let pxebuild: String = {
    if let given = ProcessInfo.processInfo.environment["PXEBUILD"], !given.isEmpty { return given }
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let besideBundle = ((own ?? CommandLine.arguments[0]) as NSString).deletingLastPathComponent
    return besideBundle + "/pxebuild"
  }()

  /// Where a program of this machine is, or nil.
  static func find(_ name: String) -> String? {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
      .map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static var isRoot: Bool { geteuid() == 0 }
}
