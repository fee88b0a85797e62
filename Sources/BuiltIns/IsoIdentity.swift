import BuildEngine
import DiskImages
import FoundationEssentials
import Menus
import SystemPackage

/// Reads what a disc image says that it is, and finds the arguments that its release needs.
///
/// Reads the image's few files with that and no other. Inputs: `image`, `known-bugs` (a JSON list of
/// `KnownBug`). Output: `identity` (`ImageFacts` as JSON).
struct IsoIdentity: BuiltIn {
  let name = "iso-identity"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let image = try DiscImage(invocation)
    let bugs = try JSONDecoder().decode(
      [KnownBug].self, from: Data(try invocation.inputBytes("known-bugs")))
    let facts = try await onOwnThread {
      try image.read { disk in
        ImageFacts(
          identity: try Self.identity(of: disk), suites: try disk.names(in: "dists"),
          knownBugs: bugs)
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try invocation.write(
      String(decoding: try encoder.encode(facts), as: UTF8.self), to: "identity")
  }

  private static func identity(of image: DiskImage) throws -> ImageIdentity {
    func text(_ path: String) throws -> String? {
      try image.smallFile(path, atMost: 64 << 10).map { String(decoding: $0, as: UTF8.self) }
    }
    var identity = ImageIdentity(volumeID: image.volumeID.isEmpty ? nil : image.volumeID)
    identity.diskInfo = try text(".disk/info").map {
      $0.trimmed
    }
    if let treeInfo = try text(".treeinfo").map(TreeInfo.init) {
      identity.family = treeInfo["general", "family"] ?? treeInfo["release", "name"]
      identity.version = treeInfo["general", "version"] ?? treeInfo["release", "version"]
      identity.architecture = treeInfo["general", "arch"] ?? treeInfo["tree", "arch"]
    }
    identity.architecture = identity.architecture ?? identity.diskInfo.flatMap(architecture)
    return identity
  }

  private static func architecture(in text: String) -> String? {
    let known: Set<Substring> = ["amd64", "i386", "arm64", "armhf", "ppc64el", "riscv64", "s390x"]
    return text.split(whereSeparator: \.isWhitespace).first(where: known.contains).map(String.init)
  }
}

/// A `.treeinfo` file (productmd): sections in brackets, lines `key = value`.
private struct TreeInfo {
  private var values: [String: String] = [:]

  init(_ text: String) {
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmed
      if line.hasPrefix("["), line.hasSuffix("]") {
        section = String(line.dropFirst().dropLast())
      } else if let mark = line.firstIndex(of: "="), !line.hasPrefix(";"), !line.hasPrefix("#") {
        let key = line[..<mark].trimmed
        values["\(section)\n\(key)"] = line[line.index(after: mark)...].trimmed
      }
    }
  }

  subscript(section: String, key: String) -> String? { values["\(section)\n\(key)"] }
}

extension StringProtocol {
  /// Without blanks and line ends at both ends.
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
