import BuildEngine
import SystemPackage

/// Whether git would put a file that should stay where it is into a commit.
public enum GitExclusion {
  /// True for a file in a work tree that no `.gitignore` names. False where that cannot be found out.
  public static func wouldTake(_ path: FilePath) async throws -> Bool {
    var folder = path.removingLastComponent()
    while try FileIdentity.of(folder.appending(".git")) == nil {
      guard folder.removeLastComponent() else { return false }
    }
    guard let git = try? Git() else { return false }
    let result = try await git.run(["-C", folder.string, "check-ignore", "-q", "--", path.string])
    return result.status == .exited(1)
  }
}
