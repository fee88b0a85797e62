import BuildEngine

/// `manifest.json` for others: what each target is and what it was made from. `verify --against` reads it.
struct PublishedManifest: Sendable {
  let json: JSON

  init(_ manifest: Manifest) {
    json = .object([
      "format": .integer(Int64(Manifest.format)), "pxebuild": .string(Pxebuild.version),
      "targets": .array(manifest.targets.map(\.json)),
      "sources": .map(manifest.facts.sources) { $0.json },
      "tools": .map(manifest.facts.tools) { $0.json },
    ])
  }
}

extension JSON {
  /// An object with the members of a dictionary, sorted by name.
  static func map<Value>(_ values: [String: Value], _ json: (Value) -> JSON) -> JSON {
    .members(
      values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
        Member(name: $0.key, value: json($0.value))
      })
  }
}

extension Manifest.Target {
  fileprivate var json: JSON {
    .object([
      "path": .string(path), "rule": .string(rule), "state": .string(state.rawValue),
      "version": version.map(JSON.string), "packageSHA256": packageSHA256.map(JSON.string),
      "because": because.map(JSON.string), "limitation": limitation.map(JSON.string),
      "files": .array(files.map(\.json)),
      "sources": .array((sources ?? []).map(JSON.string)),
      "tools": .array((tools ?? []).map(JSON.string)),
    ])
  }
}

extension Manifest.File {
  fileprivate var json: JSON {
    .object([
      "path": .string(path), "sha256": sha256.map(JSON.string), "size": size.map(JSON.integer),
      "mode": sha256 == nil ? nil : .string(executable == true ? "0755" : "0644"),
      "executable": executable.map(JSON.bool), "link": link.map(JSON.string),
      "folder": isFolder.map(JSON.bool),
      "signature": signature.map { signature in
        .object([
          "sha256": .string(signature.sha256), "size": .integer(signature.size),
          "certificates": .array(signature.certificates.map(JSON.string)),
        ])
      },
    ])
  }
}

extension Manifest.Source {
  fileprivate var json: JSON {
    .object([
      "type": .string(kind.rawValue), "name": .string(name), "url": url.map(JSON.string),
      "reference": reference.map(JSON.string), "commit": commit.map(JSON.string),
      "sha256": sha256.map(JSON.string), "version": version.map(JSON.string),
    ])
  }
}

extension Manifest.Tool {
  fileprivate var json: JSON {
    .object([
      "name": .string(name), "sha256": .string(sha256), "package": package.map(JSON.string),
      "version": version.map(JSON.string),
    ])
  }
}
