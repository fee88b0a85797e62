import BuildEngine
import Downloads
import Glibc
import SystemPackage
import Testing

/// Of the server's CONTENT.
private let goodSHA256 = "eaee34640ca7ca9dcbe15c348da93446896de37ccbdaa560376d90b1c92652cd"
private let otherSHA256 = "90485f62320b28dc045496693829f4f7c9a8cf21de0a7df31a44487e9d13b143"

@Suite("Downloads")
struct DownloadTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private var patient: DownloadLimits {
    var limits = DownloadLimits()
    limits.stall = .seconds(600)
    return limits
  }

  private var quick: DownloadLimits {
    var limits = DownloadLimits()
    limits.firstPause = .milliseconds(20)
    limits.stall = .seconds(1)
    limits.connect = .seconds(2)
    limits.tries = 3
    return limits
  }

  private var target: FilePath { bench.folder.appending("target") }
  private var downloads: FilePath { bench.cache.appending("downloads") }

  private func download(
    _ urls: [String], sha256: String? = goodSHA256, isOffline: Bool = false,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> Digest {
    try await Downloader(folder: downloads, isOffline: isOffline, limits: quick).download(
      Download(urls: urls, sha256: sha256), to: target, progress: progress,
      note: { [notes = bench.notes] in notes.append($0) })
  }

  /// The requests that the server saw.
  private func log(_ server: String) async throws -> [String] {
    let file = bench.folder.appending("log-\(UInt32.random(in: 0 ... .max))")
    try await Downloader(folder: downloads, isOffline: false).download(
      Download(urls: ["\(server)/log"], sha256: nil), to: file, progress: { _ in }, note: { _ in })
    return try text(file).split(separator: "\n").map(String.init)
  }

  private func failure(_ server: String, _ urls: [String]) async -> String {
    await bench.failure { try await download(urls.map { server + $0 }) }
      .replacing(server, with: "SERVER")
  }

  @Test("a whole file arrives with its digest and its progress, and nothing is left behind")
  func whole() async throws {
    try await withServer { server async throws -> Void in
      let last = Lines()
      let digest = try await download(["\(server)/good"]) {
        last.append("\($0.done)/\($0.total ?? -1)")
      }
      #expect(digest.hex == goodSHA256 && digest.size == 3_000_000)
      #expect(try ContentStore.digest(ofFile: target) == digest)
      #expect(last.all.last == "3000000/3000000")
      #expect(try FileSystem.list(downloads) == ["\(goodSHA256).lock"])
    }
  }

  @Test("a connection that is cut is resumed where it broke, with If-Range")
  func resume() async throws {
    try await withServer { server async throws -> Void in
      let digest = try await download(["\(server)/cut/a"])
      #expect(digest.hex == goodSHA256)
      #expect(
        try await log(server) == [
          "/cut/a - -", "/cut/a bytes=1000000- \"one\"", "/cut/a bytes=2000000- \"one\"",
        ])
      #expect(
        bench.notes.all == [
          "\(server)/cut/a: the connection was cut after 1000000 bytes; trying again",
          "\(server)/cut/a: the connection was cut after 2000000 bytes; trying again",
        ])
    }
  }

  @Test("the next run resumes what the last one left")
  func resumeAcrossRuns() async throws {
    try await withServer { server async throws -> Void in
      let first = await failure(server, ["/cut-always"])
      #expect(
        first == """
          error: cannot fetch SERVER/cut-always
            why: the connection was cut after 1000 bytes (tried 3 times)
            fix: check the URL and the network, or name another place under `mirrors`
          """)
      #expect(try FileSystem.read(downloads.appending("\(goodSHA256).partial"))?.count == 1000)
      _ = try await download(["\(server)/good/next"])
      #expect(try await log(server).last == "/good/next bytes=1000- -")
    }
  }

  @Test("a server without ranges is read from the start again")
  func noRanges() async throws {
    try await withServer { server async throws -> Void in
      let digest = try await download(["\(server)/cut-without-ranges"])
      #expect(digest.hex == goodSHA256)
    }
  }

  @Test("a file that was replaced meanwhile is read from the start, tag or no tag")
  func replaced() async throws {
    try await withServer { server async throws -> Void in
      #expect(try await download(["\(server)/replaced"]).hex == goodSHA256)
      try FileSystem.remove(target)
      #expect(try await download(["\(server)/bad-joint"]).hex == goodSHA256)
      #expect(
        bench.notes.all.last
          == "the parts of \(server)/bad-joint do not fit together, starting over")
    }
  }

  @Test("without a known digest a cut download is not joined across versions")
  func unknownDigest() async throws {
    try await withServer { server async throws -> Void in
      #expect(try await download(["\(server)/bad-joint"], sha256: nil).hex == goodSHA256)
      try FileSystem.remove(target)
      #expect(try await download(["\(server)/empty"], sha256: nil).size == 0)
    }
  }

  @Test("without a known digest, bytes that an earlier run left are not trusted")
  func unknownDigestAcrossRuns() async throws {
    try await withServer { server async throws -> Void in
      await #expect(throws: BuildError.self) {
        try await download(["\(server)/cut-always"], sha256: nil)
      }
      let names = try FileSystem.list(downloads).filter { $0.hasSuffix(".partial") }
      let partial = downloads.appending(try #require(names.first))
      var bytes = try #require(try FileSystem.read(partial))
      #expect(!bytes.isEmpty)
      bytes[0] ^= 1
      try FileSystem.replace(partial, with: bytes)
      await #expect(throws: BuildError.self) {
        try await download(["\(server)/cut-always"], sha256: nil)
      }
      #expect(try FileSystem.read(partial)?.first == bytes[0] ^ 1)
    }
  }

  @Test("a server that answers with another range than asked for is given up")
  func wrongRange() async throws {
    try await withServer { server async throws -> Void in
      #expect(
        await failure(server, ["/wrong-range"]) == """
          error: cannot fetch SERVER/wrong-range
            why: it answers with other ranges than it is asked for
            fix: check the URL and the network, or name another place under `mirrors`
          """)
    }
  }

  @Test("503 and 429 are tried again, after Retry-After when the server names it")
  func temporary() async throws {
    try await withServer { server async throws -> Void in
      #expect(try await download(["\(server)/unavailable"]).hex == goodSHA256)
      try FileSystem.remove(target)
      let start = ContinuousClock.now
      #expect(try await download(["\(server)/busy"]).hex == goodSHA256)
      #expect(ContinuousClock.now - start >= .seconds(1))
    }
  }

  @Test("what stays broken is given up with the server's reason")
  func permanent() async throws {
    try await withServer { server async throws -> Void in
      #expect(
        await failure(server, ["/missing"]) == """
          error: cannot fetch SERVER/missing
            why: the server answered 404 Not Found
            fix: check the URL and the network, or name another place under `mirrors`
          """)
      #expect(try await log(server).filter { $0.hasPrefix("/missing") }.count == 1)
      #expect(
        await failure(server, ["/broken"]).split(separator: "\n")[1]
          == "  why: the server answered 500 Internal Server Error (tried 3 times)")
      #expect(
        await failure(server, ["/closed-for-long"]).split(separator: "\n")[1]
          == "  why: the server answered 503 Service Unavailable and asks to come back in 86400.0 seconds"
      )
      #expect(
        await failure(server, ["/silent"]).split(separator: "\n")[1]
          == "  why: it closed the connection without an answer (tried 3 times)")
      #expect(
        await failure(server, ["/slow"]).split(separator: "\n")[1]
          == "  why: it stalled: less than 512 bytes a second for 1.0 seconds (tried 3 times)")
    }
  }

  @Test("mirrors are tried in order, each with its own reason")
  func mirrors() async throws {
    try await withServer { server async throws -> Void in
      let urls = ["/missing/a", "/wrong", "/good/b", "/good/c"]
      #expect(try await download(urls.map { server + $0 }).hex == goodSHA256)
      #expect(
        try await log(server).map { String($0.prefix { $0 != " " }) } == [
          "/missing/a", "/wrong", "/good/b",
        ])
      #expect(
        bench.notes.all.map { $0.replacing(server, with: "SERVER") } == [
          "SERVER/missing/a: the server answered 404 Not Found; trying SERVER/wrong",
          "SERVER/wrong: it has other bytes, sha256 \(otherSHA256); trying SERVER/good/b",
        ])
      #expect(
        await failure(server, ["/missing/1", "/missing/2"]) == """
          error: cannot fetch SERVER/missing/1, nor from its mirrors
            why: SERVER/missing/1: the server answered 404 Not Found
                 SERVER/missing/2: the server answered 404 Not Found
            fix: check the URLs and the network
          """)
    }
  }

  @Test("wrong bytes are an error with both digests, and are not kept")
  func wrongDigest() async throws {
    try await withServer { server async throws -> Void in
      #expect(
        await failure(server, ["/wrong"]) == """
          error: SERVER/wrong is not the file that the recipe pins
            why: expected sha256 \(goodSHA256)
                 got      sha256 \(otherSHA256) (3000000 bytes)
            fix: compare with the digest its publisher gives; if the file was meant to change, write the new digest into the recipe
          """)
      #expect(try FileSystem.list(downloads) == ["\(goodSHA256).lock"])
      #expect(try FileIdentity.of(target) == nil)
    }
  }

  @Test("redirects are followed, but not to files, not to plain http, and not for ever")
  func redirects() async throws {
    try await withServer { server async throws -> Void in
      #expect(try await download(["\(server)/redirect"]).hex == goodSHA256)
      #expect(
        await failure(server, ["/redirect-to-file"]) == """
          error: cannot fetch SERVER/redirect-to-file
            why: it redirects to file:///etc/passwd, which is not a web address
            fix: check the URL and the network, or name another place under `mirrors`
          """)
      #expect(
        await failure(server, ["/redirect-loop"]).split(separator: "\n")[1]
          == "  why: it redirects more than 10 times")
    }
    let secure = try #require(WebAddress("https://example.org/a"))
    #expect(
      secure.refusal(ofRedirectTo: "http://u:p@example.org/a")
        == "it redirects to http://example.org/a, which is not encrypted")
    #expect(secure.refusal(ofRedirectTo: "https://example.com/a") == nil)
  }

  @Test("a file URL is copied, and one that is not there says so")
  func fileURL() async throws {
    let file = bench.folder.appending("a b.txt")
    try FileSystem.replace(file, with: "hello".utf8)
    let digest = Digest(of: Array("hello".utf8))
    let url = "file://\(bench.folder)/a%20b.txt"
    #expect(try await download([url], sha256: digest.hex, isOffline: true) == digest)
    #expect(
      await bench.failure { try await download(["file:///nonexistent/x"]) } == """
        error: cannot fetch file:///nonexistent/x
          why: there is no such file, or it cannot be read
          fix: check the URL and the network, or name another place under `mirrors`
        """)
  }

  @Test("no host, no connection, no network: unreachable, without passwords in the message")
  func unreachable() async throws {
    #expect(
      await bench.failure {
        try await download(["http://user:secret@host.invalid/x"])
      } == """
        error: cannot fetch http://host.invalid/x
          why: there is no host of that name
          fix: check the URL and the network, or name another place under `mirrors`
        """)
    #expect(
      await bench.failure { try await download(["https://127.0.0.1:1/x"]) } == """
        error: cannot fetch https://127.0.0.1:1/x
          why: connection refused
          fix: check the URL and the network, or name another place under `mirrors`
        """)
    do {
      _ = try await download(["https://u:p@example.org/x"], isOffline: true)
    } catch let error as BuildError {
      #expect(error.kind == .unreachable)
      #expect(
        error.description == """
          error: cannot fetch https://example.org/x
            why: nothing may be fetched offline
            fix: run it once without --offline; the cache keeps it from then on
          """)
    }
    #expect(
      await bench.failure { try await download(["ftp://example.org/x"]) } == """
        error: cannot fetch ftp://example.org/x
          why: only http, https and file URLs can be fetched
        """)
  }

  @Test("a cancelled download stops at once and keeps what it has")
  func cancellation() async throws {
    try await withServer { server async throws -> Void in
      // Patient, so that on a busy machine it is the cancellation that ends it and nothing else.
      let patient = Downloader(folder: downloads, isOffline: false, limits: patient)
      let file = Download(urls: ["\(server)/slow"], sha256: goodSHA256)
      let download = Task {
        try await patient.download(file, to: target, progress: { _ in }, note: { _ in })
      }
      let partial = downloads.appending("\(goodSHA256).partial")
      var arrived: Int64 = 0
      for _ in 0..<4000 where arrived == 0 {
        try await Task.sleep(for: .milliseconds(50))
        arrived = try FileIdentity.of(partial)?.size ?? 0
      }
      download.cancel()
      let message = await bench.failure { try await download.value }
      #expect(message == "error: interrupted while fetching \(server)/slow")
      // Whole, it would not be here: the server takes ten minutes over it.
      let kept = try FileIdentity.of(partial)
      #expect(try #require(kept).size > 0)
    }
  }

  @Test("two downloads of one thing do not write into each other's file")
  func twoAtOnce() async throws {
    try await withServer { server async throws -> Void in
      try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<4 {
          let target = bench.folder.appending("target-\(number)")
          group.addTask {
            try await Downloader(folder: downloads, isOffline: false, limits: quick).download(
              Download(urls: ["\(server)/good"], sha256: goodSHA256), to: target,
              progress: { _ in }, note: { _ in }
            ).hex
          }
        }
        for try await digest in group { #expect(digest == goodSHA256) }
      }
    }
  }

  @Test("the fetch step writes its output, executable when it should be")
  func fetchStep() async throws {
    try await withServer { server async throws -> Void in
      let output = try await bench.run(
        "fetch",
        [
          "url": "\(server)/missing", "mirrors": "\(server)/good", "sha256": goodSHA256,
          "executable": "true",
        ])
      let file = output.appending("file")
      #expect(try ContentStore.digest(ofFile: file).hex == goodSHA256)
      #expect(try FileIdentity.of(file)?.isExecutable == true)
    }
  }
}
