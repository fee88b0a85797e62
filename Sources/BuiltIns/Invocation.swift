import BuildEngine
import SystemPackage

extension BuiltInInvocation {
  /// A parameter that the plan must give.
  func parameter(_ name: String) throws -> String {
    guard let value = parameters[name] else {
      throw fault("its plan gives no parameter '\(name)'")
    }
    return value
  }

  /// A parameter that may be missing or empty.
  func optionalParameter(_ name: String) -> String? {
    parameters[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  func flag(_ name: String) throws -> Bool {
    switch parameters[name] {
    case "true": return true
    case "false", nil: return false
    case .some(let other): throw fault("its parameter '\(name)' is '\(other)'")
    }
  }

  /// The verified file behind an input, read-only.
  func inputFile(_ name: String) throws -> FilePath {
    guard case .file(let digest, _) = request.inputs[name] else {
      throw fault("its input '\(name)' is missing or not a file")
    }
    try context.store.verify(digest)
    return context.store.path(of: digest)
  }

  /// The bytes of a small input file.
  func inputBytes(_ name: String) throws -> [UInt8] {
    guard case .file(let digest, _) = request.inputs[name] else {
      throw fault("its input '\(name)' is missing or not a file")
    }
    return try context.store.read(digest)
  }

  func output(_ name: String) -> FilePath { outputDirectory.appending(name) }

  func write(_ text: String, to name: String) throws {
    try FileSystem.replace(output(name), with: text.utf8)
  }

  private func fault(_ reason: String) -> BuildError {
    BuildError(
      .failed, "\(request.name) cannot run", reason: reason,
      advice: "this is a fault of the rule \(request.rule.name), please report it")
  }
}

/// The last part of a URL's path, for messages; the whole when it has none.
func lastPart(ofURL url: String) -> String {
  let path = url.prefix { $0 != "?" && $0 != "#" }
  return path.split(separator: "/").last.map(String.init) ?? url
}
