import BootLab
import BuildEngine
import SystemPackage

extension BootSite {
  /// What has to be seen of a machine that boots a target of the tree.
  func expectation(of combination: BootCombination, _ target: String) throws -> BootExpectation {
    let tree = tree
    // A program for a BIOS is packed: what it says of itself cannot be read in its file.
    let isPacked = combination.firmware == .bios
    let bytes = try FileSystem.read(tree.appending(target))
    var result = BootExpectation(
      firmware: combination.firmware, method: combination.method, program: target, http: http,
      has: { name in
        let path = tree.pushing(FilePath(name)).lexicallyNormalized()
        return path.starts(with: tree) && (try? FileIdentity.of(path)) != nil
      },
      holds: { program, text in
        guard !isPacked, !text.isEmpty, let bytes = try? FileSystem.read(tree.appending(program))
        else { return nil }
        return bytes.firstRange(of: Array(text.utf8)) != nil
      })
    result.found = bytes.map { Digest(of: $0) }
    result.placed = placed[target]
    result.image = bytes.flatMap { ProgramImage($0) }
    return result
  }

  /// What pxebuild has placed in the tree, by the paths of targets that are one file.
  static func placed(_ manifest: Manifest) -> [String: Digest] {
    var result: [String: Digest] = [:]
    for target in manifest.targets {
      guard let file = target.files.first, file.path == target.path, let sha256 = file.sha256,
        let size = file.size
      else { continue }
      result[target.path] = Digest(hex: sha256, size: size)
    }
    return result
  }
}
