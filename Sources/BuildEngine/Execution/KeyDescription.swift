import RemoteExecutionAPI
import SwiftProtobuf

/// A key taken apart into lines that people can compare: what `why` prints the difference of.
public struct KeyDescription: Sendable, Equatable {
  /// "input embed/chain.ipxe" → "file 3f2a… (57 bytes)".
  public var facts: [String: String]

  /// Describes a key that was just computed, storing its messages on the way.
  public init(of key: ActionKey, in store: ContentStore) throws {
    for message in key.messages { _ = try store.insert(message) }
    guard let description = try KeyDescription(of: key.digest, in: store) else {
      throw LostBlob(digest: key.digest)
    }
    self = description
  }

  /// Reads the messages behind a key from the store. Nil when they are no longer there.
  public init?(of key: Digest, in store: ContentStore) throws {
    facts = [:]
    do {
      let action = try REAPIAction(serializedBytes: store.read(key))
      let command = try REAPICommand(
        serializedBytes: store.read(Digest(action.commandDigest)))
      for property in action.platform.properties {
        facts[property.name.replacingFirst("tool:", with: "tool ")] = property.value
      }
      for (index, argument) in command.arguments.enumerated() {
        let parts = argument.split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if index == 0 {
          facts["step"] = argument
        } else if command.arguments[0].hasPrefix("pxebuild:built-in:"), parts.count == 2 {
          facts["parameter \(parts[0])"] = String(parts[1])
        } else {
          facts["argument \(index)"] = argument
        }
      }
      for variable in command.environmentVariables {
        facts["environment \(variable.name)"] = variable.value
      }
      facts["outputs"] = command.outputPaths.joined(separator: " ")
      try describe(.directory(Digest(action.inputRootDigest)), at: "", in: store)
    } catch is LostBlob {
      return nil
    }
  }

  private mutating func describe(
    _ artifact: StoredArtifact, at path: String, in store: ContentStore
  )
    throws
  {
    switch artifact {
    case .file(let digest, let executable):
      facts["input \(path)"] =
        "\(digest.short), \(digest.size) bytes\(executable ? ", executable" : "")"
    case .symlink(let target): facts["input \(path)"] = "link to \(target)"
    case .directory(let digest):
      // A directory whose messages are no longer stored is one fact.
      guard try store.contains(digest) else {
        facts["input \(path)"] = "directory \(digest.short)"
        return
      }
      for (name, entry) in try store.directory(digest).entries {
        try describe(entry, at: path.isEmpty ? name : "\(path)/\(name)", in: store)
      }
    }
  }

  /// The facts that differ, sorted by name; nil stands for "was not there".
  public func differences(from old: KeyDescription) -> [(fact: String, old: String?, new: String?)]
  {
    Set(facts.keys).union(old.facts.keys).sorted().compactMap { name in
      facts[name] == old.facts[name] ? nil : (name, old.facts[name], facts[name])
    }
  }
}

extension String {
  fileprivate func replacingFirst(_ prefix: String, with replacement: String) -> String {
    hasPrefix(prefix) ? replacement + dropFirst(prefix.count) : self
  }
}
