import BuildEngine

/// A CycloneDX 1.5 bill of materials (cyclonedx.org/docs/1.5/json): the served files, and the sources in them.
struct BillOfMaterials: Sendable {
  let json: JSON

  /// - Parameter site: What the whole is called: the output folder's name says nothing to others.
  init(_ manifest: Manifest, site: String) {
    let sources = manifest.facts.sources.sorted { $0.key < $1.key }
    var components = sources.map { $0.value.component(reference: "source:\($0.key)") }
    var dependencies: [JSON] = [
      Self.dependency("site", on: manifest.targets.map { "target:\($0.path)" })
    ]
    for target in manifest.targets {
      components.append(target.component)
      dependencies.append(
        Self.dependency("target:\(target.path)", on: (target.sources ?? []).map { "source:\($0)" }))
    }
    dependencies += sources.map { Self.dependency("source:\($0.key)", on: []) }
    json = .object([
      "$schema": .string("http://cyclonedx.org/schema/bom-1.5.schema.json"),
      "bomFormat": .string("CycloneDX"), "specVersion": .string("1.5"), "version": .integer(1),
      "metadata": .object([
        "tools": .object([
          "components": .array([
            .object([
              "type": .string("application"), "name": .string("pxebuild"),
              "version": .string(Pxebuild.version),
            ])
          ])
        ]),
        "component": .object([
          "type": .string("firmware"), "bom-ref": .string("site"), "name": .string(site),
        ]),
      ]),
      "components": .array(components), "dependencies": .array(dependencies),
    ])
  }

  private static func dependency(_ reference: String, on others: [String]) -> JSON {
    .object([
      "ref": .string(reference), "dependsOn": .array(Set(others).sorted().map(JSON.string)),
    ])
  }

  static func hashes(_ sha256: String) -> JSON {
    .array([.object(["alg": .string("SHA-256"), "content": .string(sha256)])])
  }

  static func property(_ name: String, _ value: String) -> JSON {
    .object(["name": .string("pxebuild:\(name)"), "value": .string(value)])
  }
}

extension Manifest.Target {
  /// A target of one file is a file; one of many holds them.
  fileprivate var component: JSON {
    let single = files.count == 1 && files[0].path == path ? files[0] : nil
    var properties = [
      BillOfMaterials.property("rule", rule), BillOfMaterials.property("state", state.rawValue),
    ]
    if let because { properties.append(BillOfMaterials.property("because", because)) }
    let inside = files.filter { $0.sha256 != nil && $0.path != path }
    return .object([
      "type": .string(rule == "ipxe" ? "firmware" : "file"), "bom-ref": .string("target:\(path)"),
      "name": .string(path), "version": version.map(JSON.string),
      "hashes": single?.sha256.map(BillOfMaterials.hashes),
      "properties": .array(properties),
      "components": inside.isEmpty
        ? nil
        : .array(
          inside.map { file in
            .object([
              "type": .string("file"), "bom-ref": .string("file:\(file.path)"),
              "name": .string(file.path), "hashes": file.sha256.map(BillOfMaterials.hashes),
            ])
          }),
    ])
  }
}

extension Manifest.Source {
  fileprivate func component(reference: String) -> JSON {
    .object([
      "type": .string(kind == .file ? "file" : kind == .git ? "firmware" : "application"),
      "bom-ref": .string(reference), "name": .string(name),
      "version": (version ?? commit).map(JSON.string),
      "hashes": sha256.map(BillOfMaterials.hashes),
      "purl": packageURL.map(JSON.string),
      "externalReferences": url.map { url in
        .array([
          .object([
            "type": .string(kind == .git ? "vcs" : "distribution"), "url": .string(url),
          ])
        ])
      },
    ])
  }

  /// A package URL (github.com/package-url/purl-spec); nil for a file of the recipes.
  var packageURL: String? {
    switch kind {
    case .git:
      guard let url, let commit else { return nil }
      let prefix = "https://github.com/"
      if url.hasPrefix(prefix) {
        let parts = url.dropFirst(prefix.count).split(separator: "/")
        if parts.count == 2 {
          return
            "pkg:github/\(Self.escaped(parts[0].lowercased()))/\(Self.escaped(name.lowercased()))@\(commit)"
        }
      }
      return "pkg:generic/\(Self.escaped(name))?vcs_url=\(Self.escaped("git+\(url)@\(commit)"))"
    case .download:
      guard let url, let sha256 else { return nil }
      return
        "pkg:generic/\(Self.escaped(name))?checksum=sha256:\(sha256)&download_url=\(Self.escaped(url))"
    case .package:
      return version.map { "pkg:deb/debian/\(Self.escaped(name))@\(Self.escaped($0))" }
    case .file: return nil
    }
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        result += "%" + (hex.count == 1 ? "0" : "") + hex
      }
    }
    return result
  }
}
