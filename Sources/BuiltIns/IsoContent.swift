import BuildEngine
import DiskImages
import SystemPackage

/// Takes the content of a disc image, all of it or some paths, straight into the content store.
///
/// Parameters: `paths` (a line each; empty for everything), `name` (for messages). Input: `image`. Output:
/// `content`, a folder.
struct IsoContent: BuiltIn {
  let name = "iso-content"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let image = try DiscImage(invocation)
    let paths = invocation.optionalParameter("paths")?.split(separator: "\n").map(String.init)
    let store = invocation.context.store
    try await onOwnThread { stop in
      try image.read { disk in
        let tree = try ImageTree(disk, paths: paths)
        for line in Self.notes(on: tree, name: image.name) { invocation.note(line) }
        let extraction = ImageExtraction(
          disk, store: store, stop: stop, progress: invocation.progress)
        let (content, inserted) = try extraction.run(tree)
        invocation.stored.add(content, at: "content", inserted: inserted)
      }
    }
  }

  private static func notes(on tree: ImageTree, name: String) -> [String] {
    guard let (first, second) = tree.caseClashes.first else { return [] }
    let more = tree.caseClashes.count > 1 ? ", and \(tree.caseClashes.count - 1) more pairs" : ""
    return [
      "\(name): '\(first)' and '\(second)' differ by case only\(more); Windows sees one of them"
        .printable
    ]
  }
}
