import BuildEngine
import SystemPackage

/// The upstream's tree as a worker finds it, and what is put into it before make sees it.
struct SourceTree {
  let context: WorkerContext

  /// Checks the tree and writes the local headers: the given ones, and an empty one for every other
  /// header of `config/`, which make would create.
  func prepare() throws {
    guard context.isFile(context.sourceFolder.appending("Makefile")) else {
      throw WorkerFailure("the source has no src/Makefile: it is not iPXE or built like it")
    }
    let local = "source/src/config/local"
    try FileSystem.createDirectories(context.path(local))
    for name in try context.names(in: "source/src/config") where name.hasSuffix(".h") {
      if !context.exists("\(local)/\(name)") { try context.write([], to: "\(local)/\(name)") }
    }
    for name in try context.names(in: "config") {
      try FileSystem.replace(
        context.path("\(local)/\(name)"), with: try context.readBytes("config/\(name)"))
    }
  }

  /// Moves the embedded files, certificates and key to their place below `src/`.
  ///
  /// Empty files stand in for those that are not among the inputs: make asks only whether they exist.
  func placeOwnFiles(below folder: FilePath) throws {
    let own = folder.appending(Recorder.ownFolder)
    for kind in OwnFiles.Kind.allCases {
      for name in OwnFiles.names(kind, context) {
        let target = own.appending(kind.rawValue).appending(name)
        let given = "\(kind.rawValue)/\(name)"
        if context.exists(given) {
          try context.move(context.path(given), to: target)
        } else {
          try FileSystem.createDirectories(target.removingLastComponent())
          try FileSystem.replace(target, with: [])
        }
      }
    }
  }
}

/// The files of a recipe that an upstream's make variables name.
///
/// Only the names of embedded files reach the product; the others are numbered, so that whatever they are
/// called cannot confuse make.
enum OwnFiles {
  enum Kind: String, CaseIterable {
    case embed, trust, certificates
    case key = "private-key"
  }

  static func names(_ kind: Kind, _ context: WorkerContext) -> [String] {
    if kind == .embed { return context.list("embed") }
    return (0..<(Int(context[kind.rawValue]) ?? 0)).map { numbered($0) }
  }

  static func numbered(_ index: Int) -> String {
    let digits = String(index + 1)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// `EMBED=…`, `TRUST=…`, `CERT=…`, `PRIVKEY=…` for those that there are.
  static func makeVariables(_ context: WorkerContext) -> [String] {
    let variables: [(Kind, String)] = [
      (.embed, "EMBED"), (.trust, "TRUST"), (.certificates, "CERT"), (.key, "PRIVKEY"),
    ]
    return variables.compactMap { kind, variable in
      let names = names(kind, context)
      guard !names.isEmpty else { return nil }
      let paths = names.map { "\(Recorder.ownFolder)/\(kind.rawValue)/\($0)" }
      return "\(variable)=\(paths.joined(separator: ","))"
    }
  }
}

/// `make`'s arguments for one set of worker arguments.
struct MakeInvocation {
  let context: WorkerContext
  var buildID: String

  /// What plain make is given too.
  var variables: [String] {
    var variables = ["BUILD_ID_CMD=echo \(buildID)"]
    if !context["commit"].isEmpty { variables.append("GITVERSION=\(context["commit"])") }
    if !context["debug"].isEmpty { variables.append("DEBUG=\(context["debug"])") }
    if !context["cross"].isEmpty { variables.append("CROSS_COMPILE=\(context["cross"])") }
    return variables + OwnFiles.makeVariables(context)
  }

  /// Overrides that save work and change no byte of a product: no dependency pass over a tree that is
  /// clean, no debug information that no product holds.
  static let withoutDependencies = "AUTO_DEPS="
  static let withoutDebugInformation = "EXTRA_CFLAGS=-g0"
}
