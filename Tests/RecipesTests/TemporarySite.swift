import Glibc

@testable import Recipes

/// A recipe folder of a test's own, removed with it.
final class TemporarySite {
  let folder: String

  /// Files by path; folders in the paths are made.
  init(_ files: [String: String] = [:]) throws {
    var template = Array("/tmp/recipes-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SystemError(errno) }
    folder = String(cString: made)
    // As a server's own folders are.
    chmod(folder, 0o755)
    for (path, text) in files { try write(path, Array(text.utf8)) }
  }

  deinit { Self.remove(folder) }

  func write(_ path: String, _ bytes: [UInt8]) throws {
    var parent = folder
    for part in path.split(separator: "/").dropLast() {
      parent += "/\(part)"
      guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw SystemError(errno) }
    }
    guard let file = fopen("\(folder)/\(path)", "w") else { throw SystemError(errno) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw SystemError(errno) }
  }

  /// Reads the folder as `recipes/`.
  func load() throws -> RecipeSet { try RecipeSet.load(folder: folder, name: "recipes") }

  /// The diagnostics of a folder that must not load, as text, with the folder's own path as FOLDER.
  func errors() throws -> String {
    do {
      _ = try load()
      return "(no error)"
    } catch let error as RecipeErrors {
      return error.rendered().split(separator: folder, omittingEmptySubsequences: false)
        .joined(separator: "FOLDER")
    }
  }

  private static func remove(_ path: String) {
    if case .success(let names) = LocalFile.names(in: path) {
      for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

/// The repository's own folder, found from this file.
let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
