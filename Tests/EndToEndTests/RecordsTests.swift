import Foundation
import Testing

/// What a build says about itself: checksums, manifest, provenance, bill of materials.
@Suite("Records of a build")
struct RecordsTests {
  /// A place of Python's packages that bring the public schemas; nil where PyPI does not answer.
  private static let validators = Task<String?, Never> {
    let folder = (Binary.pxebuild as NSString).deletingLastPathComponent + "/record-validators"
    let marker = "\(folder)/complete"
    if FileManager.default.fileExists(atPath: marker) { return folder }
    do {
      try await mustRun(["python3", "-m", "venv", "--clear", folder], in: "/")
      _ = try await Running(
        [
          "\(folder)/bin/pip", "install", "--quiet", "--retries", "1",
          "cyclonedx-python-lib[json-validation]==11.12.0", "in-toto-attestation==0.9.3",
          "packageurl-python",
        ], environment: ProcessInfo.processInfo.environment, folder: folder, scratch: folder
      ).wait()
      try await mustRun(
        [
          "env", "\(folder)/bin/python3", "-c", "import cyclonedx, in_toto_attestation, packageurl",
        ],
        in: "/")
      try Data().write(to: URL(fileURLWithPath: marker))
      return folder
    } catch {
      return nil  // the test that needs them says that it was skipped
    }
  }

  private func json(_ site: Site, _ path: String) throws -> [String: Any] {
    let data = try #require(site.bytes(path), "\(path) is there")
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// A site with each kind of source.
  private func withBuiltSite(
    _ arguments: String..., body: (Site, MiniatureUpstream) async throws -> Void
  ) async throws {
    let server = try FileServer(["/a.bin": Data("hello\n".utf8)])
    defer { server.stop() }
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.write("a file\n", to: "recipes/files/one file")
      try site.recipe(
        upstream.recipe + """
            a: { fetch: "\(server.url)/a.bin" }
            folder: { file: files }

          """)
      let run = try await site.run(["all"] + arguments)
      #expect(run.status == 0, "\(run.errors)")
      try await body(site, upstream)
    }
  }

  @Test("The manifest says of each target its files, sources with commits, and tools with versions")
  func manifest() async throws {
    try await withBuiltSite("--records", "beside") { site, upstream in
      let manifest = try json(site, "out-records/manifest.json")
      let targets = try #require(manifest["targets"] as? [[String: Any]])
      let sources = try #require(manifest["sources"] as? [String: [String: Any]])
      let tools = try #require(manifest["tools"] as? [String: [String: Any]])
      let efi = try #require(targets.first { $0["path"] as? String == "ipxe.efi" })
      #expect(efi["state"] as? String == "compiled" && efi["rule"] as? String == "ipxe")
      let file = try #require((efi["files"] as? [[String: Any]])?.first)
      #expect(file["mode"] as? String == "0644")
      #expect(file["size"] as? Int == site.bytes("out/ipxe.efi")?.count)
      let source = try #require((efi["sources"] as? [String])?.compactMap { sources[$0] }.first)
      #expect(source["commit"] as? String == upstream.commit)
      #expect(source["reference"] as? String == "v1" && source["type"] as? String == "git")
      let named = (efi["tools"] as? [String] ?? []).compactMap { tools[$0] }
      let gcc = try #require(named.first { $0["name"] as? String == "gcc" })
      #expect((gcc["sha256"] as? String)?.count == 64)
      if Binary.find("dpkg-query") != nil {
        #expect((gcc["package"] as? String)?.hasPrefix("gcc-") == true, "\(gcc)")
        #expect((gcc["version"] as? String)?.contains(".") == true, "\(gcc)")
      }
      #expect(named.contains { $0["name"] as? String == "gcc:cc1" })
      let folder = try #require(targets.first { $0["path"] as? String == "folder" })
      #expect(folder["sources"] as? [String] == ["file files"])
      let script = try #require(targets.first { $0["path"] as? String == "chain.ipxe" })
      #expect(script["sources"] as? [String] == [] && script["tools"] as? [String] == [])
      let text = try #require(site.read("out-records/manifest.json"))
      #expect(!text.contains(site.folder), "nothing of this machine is in it")
      // Part of the targets built again: the others keep what is known of them.
      let part = try await site.run("build", "chain.ipxe", "--records", "beside")
      #expect(part.status == 0, "\(part.errors)")
      #expect(site.read("out-records/manifest.json") == text)
    }
  }

  @Test("sha256sum and the public schemas accept the records, in the tree and beside it")
  func valid() async throws {
    try await withBuiltSite("--records", "in-tree") { site, _ in
      try await mustRun(["sha256sum", "--check", "--strict", "SHA256SUMS"], in: site.output)
      let sums = try #require(site.read("out/SHA256SUMS"))
      #expect(sums.split(separator: "\n").count == 11 && sums.contains("  folder/one file\n"))
      let beside = try await site.run("all", "--records", "beside")
      #expect(beside.status == 0, "\(beside.errors)")
      #expect(!site.exists("out/SHA256SUMS"), "they moved")
      try await mustRun(
        ["sha256sum", "--check", "--strict", "../out-records/SHA256SUMS"], in: site.output)
      let verify = try await site.run(
        "verify", "--skip-cache", "--against", "out-records/manifest.json")
      #expect(verify.status == 0, "\(verify.output)")
      #expect(
        verify.output.contains("right: out-records: 4 files of 4 records"), "\(verify.output)")
      guard let folder = await Self.validators.value else {
        return print("skipped: PyPI does not answer, the schemas were not looked at")
      }
      try site.write(
        """
        import json, sys
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        from google.protobuf.json_format import Parse
        from in_toto_attestation.v1 import statement_pb2
        from in_toto_attestation.v1.statement import Statement
        from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
        from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
        from packageurl import PackageURL

        bom = open("out-records/sbom.cdx.json").read()
        problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(bom)
        assert problem is None, problem
        components = json.loads(bom)["components"]
        urls = [c["purl"] for c in components if "purl" in c]
        assert len(urls) == 2, urls
        for url in urls: PackageURL.from_string(url)
        refs = {c["bom-ref"] for c in components} | {"site"}
        for d in json.loads(bom)["dependencies"]:
          assert d["ref"] in refs and set(d["dependsOn"]) <= refs, d

        text = open("out-records/provenance.intoto.json").read()
        # An unknown field is an error.
        message = Parse(text, statement_pb2.Statement())
        Statement.copy_from_pb(message).validate()
        assert len(message.subject) == 8, len(message.subject)
        predicate = json.dumps(json.loads(text)["predicate"])
        provenance = Parse(predicate, provenance_pb2.Provenance())
        assert provenance.build_definition.build_type and provenance.run_details.builder.id
        tools = list(provenance.run_details.builder.builder_dependencies)
        for dependency in tools + list(provenance.build_definition.resolved_dependencies):
          ResourceDescriptor.copy_from_pb(dependency).validate()
        assert tools
        assert any("gitCommit" in d.digest for d in provenance.build_definition.resolved_dependencies)
        """ + "\n", to: "check.py")
      try await mustRun(["env", "\(folder)/bin/python3", "check.py"], in: site.folder)
    }
  }

  @Test("Two builds of one lock file in two folders, one without sandbox, have equal records")
  func equal() async throws {
    try await withBuiltSite("--records", "beside") { site, _ in
      let other = try site.sibling("other place")
      try await mustRun(["cp", "-a", "recipes", other.folder], in: site.folder)
      let run = try await other.run("all", "--records", "beside", "--sandbox", "off", "-j", "1")
      #expect(run.status == 0, "\(run.errors)")
      for name in ["SHA256SUMS", "manifest.json", "provenance.intoto.json", "sbom.cdx.json"] {
        #expect(other.read("out-records/\(name)") == site.read("out-records/\(name)"), "\(name)")
      }
    }
  }

  @Test(
    "The recipe says where they go; a build without changes looks at them; they leave when not wanted"
  )
  func place() async throws {
    try await withSite { site in
      func recipe(_ place: String) throws {
        try site.recipe(
          "site:\n  records: \(place)\ntargets:\n  a: { script: hello }\n  odd\\name: { script: x }\n"
        )
      }
      try recipe("in-tree")
      #expect(try await site.run("all", "-q").status == 0)
      let records = ["SHA256SUMS", "manifest.json", "provenance.intoto.json", "sbom.cdx.json"]
      #expect(Set(site.served) == Set(records + ["a", "odd\\name"]))
      try await mustRun(["sha256sum", "--check", "--strict", "SHA256SUMS"], in: site.output)
      let inode = site.snapshot(of: "out")["SHA256SUMS"]
      let unchanged = try await site.run("all")
      #expect(unchanged.output.hasPrefix("up to date: 2 targets"), "\(unchanged.output)")
      #expect(site.snapshot(of: "out")["SHA256SUMS"] == inode)
      let dry = try await site.run("all", "-n")
      #expect(dry.output.hasSuffix("nothing would change in out\n"), "\(dry.output)")
      for arguments in [["--rebuild"], ["--against", "out"]] {
        let verify = try await site.run(["verify", "--skip-cache"] + arguments)
        #expect(verify.status == 0, "\(verify.output)")
      }
      #expect(try await site.run("generations").output.hasSuffix("  2 targets\n"))
      try FileManager.default.removeItem(atPath: "\(site.output)/SHA256SUMS")
      #expect(try await site.run("all", "-q").status == 0)
      #expect(site.exists("out/SHA256SUMS"), "it was missed")
      let sums = site.bytes("out/SHA256SUMS")
      try recipe("none")
      #expect(try await site.run("all", "-q").status == 0)
      #expect(site.served == ["a", "odd\\name"])
      #expect(try await site.run("diff").output.hasPrefix("no target differs"))
      let back = try await site.run("rollback")
      #expect(back.status == 0, "\(back.errors)")
      #expect(site.bytes("out/SHA256SUMS") == sums)
    }
  }

  @Test(
    "A target with the name of a record, and a word that is no place, are errors with their place")
  func wrong() async throws {
    try await withSite { site in
      try site.recipe(
        "site: { records: in-tree }\ntargets:\n  manifest.json: { script: x }\n  b: { script: x }\n"
      )
      let clash = try await site.run("all")
      #expect(clash.status == 65)
      #expect(
        clash.errors == """
          error: target "manifest.json" has the name of a record that pxebuild writes into the tree
           --> recipes/site.yaml:3:3
            |
          3 |   manifest.json: { script: x }
            |   ^^^^^^^^^^^^^
            = help: rename it, or write records: beside in site: (or --records beside)

          """ + "\n")
      #expect(try await site.run("all", "--records", "beside", "-q").status == 0)
      try site.recipe("site: { records: intree }\ntargets:\n  b: { script: x }\n")
      let word = try await site.run("all")
      #expect(word.status == 65)
      #expect(
        word.errors.hasPrefix(
          """
          error: expected in-tree, beside or none, found "intree"
           --> recipes/site.yaml:1:18
          """), "\(word.errors)")
    }
  }
}
