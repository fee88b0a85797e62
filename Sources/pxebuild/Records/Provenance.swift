import BuildEngine

/// An in-toto statement (github.com/in-toto/attestation, spec v1) with SLSA's provenance (slsa.dev/provenance/v1): which
/// files came out, from which recipes and sources, with which tools.
///
/// It says neither when nor where it was built: the record of a build that gives the same bytes has the same bytes.
struct Provenance: Sendable {
  let json: JSON

  /// - Parameters:
  ///   - recipes: The recipe files and the lock file: name and SHA-256.
  init(_ manifest: Manifest, recipes: [(name: String, sha256: String)]) {
    let facts = manifest.facts
    json = .object([
      "_type": .string("https://in-toto.io/Statement/v1"),
      "subject": .array(
        manifest.targets.flatMap(\.files).compactMap { file in
          file.sha256.map { Self.descriptor(name: file.path, digest: .sha256($0)) }
        }),
      "predicateType": .string("https://slsa.dev/provenance/v1"),
      "predicate": .object([
        "buildDefinition": .object([
          "buildType": .string("urn:pxebuild:site:v1"),
          "externalParameters": .object([
            "recipes": .members(recipes.map { .init(name: $0.name, value: .string($0.sha256)) })
          ]),
          "internalParameters": .object([
            "targets": .members(
              manifest.targets.map { target in
                .init(
                  name: target.path,
                  value: .object([
                    "rule": .string(target.rule), "state": .string(target.state.rawValue),
                    "sources": .array((target.sources ?? []).map(JSON.string)),
                  ]))
              })
          ]),
          "resolvedDependencies": .array(
            facts.sources.sorted { $0.key < $1.key }.compactMap { $0.value.descriptor }),
        ]),
        "runDetails": .object([
          "builder": .object([
            "id": .string("urn:pxebuild:builder"),
            "version": .object(["pxebuild": .string(Pxebuild.version)]),
            "builderDependencies": .array(
              facts.tools.sorted { $0.key < $1.key }.map { $0.value.descriptor }),
          ])
        ]),
      ]),
    ])
  }

  enum NamedDigest {
    case sha256(String)
    case gitCommit(String)

    var json: JSON {
      switch self {
      case .sha256(let hex): .object(["sha256": .string(hex)])
      case .gitCommit(let hex): .object(["gitCommit": .string(hex)])
      }
    }
  }

  /// A resource descriptor of the specification.
  static func descriptor(
    name: String, uri: String? = nil, digest: NamedDigest, annotations: JSON? = nil
  ) -> JSON {
    .object([
      "name": .string(name), "uri": uri.map(JSON.string), "digest": digest.json,
      "annotations": annotations,
    ])
  }
}

extension Manifest.Source {
  /// Nil for what has no digest: a folder, a link.
  fileprivate var descriptor: JSON? {
    switch kind {
    case .git:
      guard let commit else { return nil }
      return Provenance.descriptor(
        name: name, uri: url.map { "git+\($0)" + (reference.map { "@\($0)" } ?? "") },
        digest: .gitCommit(commit))
    case .download, .package, .file:
      guard let sha256 else { return nil }
      return Provenance.descriptor(
        name: name, uri: kind == .package ? packageURL : url, digest: .sha256(sha256))
    }
  }
}

extension Manifest.Tool {
  fileprivate var descriptor: JSON {
    Provenance.descriptor(
      name: name, digest: .sha256(sha256),
      annotations: package.map { package in
        .object(["package": .string(package), "version": version.map(JSON.string)])
      })
  }
}
