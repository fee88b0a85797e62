import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct LocalExecutorTests {
  static let modes: [Sandbox.Mode] = [.on, .off]

  @Test("collects what was declared, with links and executable bits", arguments: modes)
  func outputs(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let script = """
        cat in/a > out; mkdir -p d/deep; cp in/a d/deep/run; chmod 755 d/deep/run
        ln -s deep/run d/link; echo more > undeclared; : > "$(printf 'f\\351')"; chmod 555 d
        """
      let input = StoredArtifact.file(
        try test.cache.store.insert(Array("text".utf8)), executable: false)
      let artifacts = try await test.run(
        test.request(script, outputs: ["out", "d", "l"].dropLast(), inputs: ["in/a": input]))
      #expect(artifacts.keys.sorted() == ["d", "out"])
      #expect(try test.cache.text(artifacts["out"]) == "text")
      let tree = try #require(artifacts["d"])
      #expect(
        try test.cache.store.leaves(of: tree).map { "\($0.path): \($0.artifact)" } == [
          "deep/run: \(StoredArtifact.file(Digest(of: Array("text".utf8)), executable: true))",
          "link: \(StoredArtifact.symlink(target: "deep/run"))",
        ])
      #expect(try leftovers(test.cache.work.path) == ["jobserver", "lock"])
    }
  }

  @Test("a whole folder can be the root", arguments: modes)
  func wholeRoot(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let file = StoredArtifact.file(try test.cache.store.insert(Array("x".utf8)), executable: true)
      let root = try test.cache.store.insert(StoredDirectory(entries: ["a b": file]))
      #expect(try await test.output("ls > out; test -x 'a b'", inputs: ["": root]) == "a b\nout\n")
    }
  }

  @Test("an output that was not written is an error that names it", arguments: modes)
  func missingOutput(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      #expect(
        await errorText { _ = try await test.run(test.request(": > other")) } == """
          error: t: step ended well but did not write out
            fix: this is a fault of the rule test, please report it
            full log: \(test.folder["cache/logs/t__step.log"])
          """)
    }
  }

  @Test("a failing command is told with its last lines and where the rest is", arguments: modes)
  func failure(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let script = """
        i=1; while [ $i -le 30 ]; do echo "line $i"; i=$((i + 1)); done
        echo '##progress 1 2'; printf 'red \\033[31m\\n\\n'; echo last >&2; exit 3
        """
      let lines = (13...30).map { "line \($0)" } + ["red \\u{1b}[31m", "last"]
      #expect(
        await errorText { _ = try await test.run(test.request(script)) } == """
          error: t: step failed (exit code 3)
            last lines of its output:
          \(lines.map { "  | \($0)" }.joined(separator: "\n"))
            full log: \(test.folder["cache/logs/t__step.log"])
          """)
      let log = try #require(try test.folder.read("cache/logs/t__step.log"))
      #expect(log.hasPrefix("line 1\nline 2\n"))
      #expect(log.hasSuffix("##progress 1 2\nred \u{1b}[31m\n\nlast\n"))
      #expect(try leftovers(test.cache.work.path) == ["jobserver", "lock"])
      #expect(try test.freeSlots() == 2)
    }
  }

  @Test("a command that a signal ended is told so, and one that says nothing has no lines")
  func signal() async throws {
    try await LocalTest.with(.off) { (test) async throws in
      #expect(
        await errorText { _ = try await test.run(test.request("kill -SEGV $$")) } == """
          error: t: step failed (ended by signal 11)
            full log: \(test.folder["cache/logs/t__step.log"])
          """)
    }
  }

  @Test("a program that is not there is named with the way to get it", arguments: modes)
  func missingProgram(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      for name in ["no-such-program", "./configure"] {
        var request = test.request("")
        request.operation = .process(arguments: [name])
        #expect(
          await errorText { _ = try await test.run(request) } == """
            error: \(name) is not installed
              fix: run pxebuild doctor: it prints the one command that installs what is missing
            """)
      }
      #expect(try test.freeSlots() == 2)
    }
  }

  @Test("what lies behind a link that the action made is not taken", arguments: modes)
  func outputBehindLink(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let precious = try test.folder.write("precious/file", "mine")
      let outside = precious.removingLastComponent().string
      #expect(
        await errorText {
          _ = try await test.run(test.request("ln -s \(outside) d", outputs: ["d/file"]))
        } == """
          error: t: step made a link where the folder of its output d/file belongs
            why: it points to \(outside)
          """)
      #expect(try test.folder.read("precious/file") == "mine")
      for path in ["/etc/passwd", "../precious/file"] {
        let text = await errorText {
          _ = try await test.run(test.request(":", outputs: [path]))
        }
        #expect(text?.hasPrefix("error: t: step has an output at \"\(path)\"\n") == true)
      }
    }
  }

  @Test("the environment is fixed; the umask too", arguments: modes)
  func environment(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let text = try await test.output(
        "umask > out; env >> out", environment: ["A": "b c", "HOME": "/root", "TZ": "Asia/Tokyo"])
      // What a shell adds by itself does not count.
      let own = ["PWD=", "OLDPWD=", "SHLVL=", "_="]
      let lines = text.split(separator: "\n").map(String.init).filter { line in
        !own.contains { line.hasPrefix($0) }
      }
      let temporary = lines.first { $0.hasPrefix("TMPDIR=") } ?? ""
      #expect(
        mode == .on
          ? temporary == "TMPDIR=/tmp"
          : temporary.hasPrefix("TMPDIR=\(test.cache.work.path)/") && temporary.hasSuffix("/tmp"))
      let jobserver = mode == .on ? "/jobserver" : test.slots.path.string
      #expect(
        lines.sorted()
          == [
            "0022", "A=b c", "HOME=/nonexistent", "LC_ALL=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PXEBUILD_JOBSERVER=\(jobserver)", temporary, "TZ=UTC",
          ].sorted())
    }
  }

  @Test(
    "progress is reported while the command runs, and the last of it is not lost", arguments: modes)
  func progress(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let script = """
        echo '##progress 1 9'; until [ -e go ]; do sleep 0.02; done; head -c 200000 /dev/zero; echo
        echo '##progress 2 9'; echo '##progress x'; : > out
        """
      let running = Task { try await test.run(test.request(script)) }
      while test.events.progress.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      let names = try leftovers(test.cache.work.path)
      let folder = try #require(names.first { $0.hasPrefix("action-") })
      try FileSystem.replace(
        test.cache.work.path.appending(folder).appending("root").appending("go"), with: [])
      _ = try await running.value
      #expect(test.events.progress == [1, 2].map { Progress(done: $0, total: 9, unit: .steps) })
    }
  }

  @Test("a worker runs as pxebuild itself", arguments: modes)
  func worker(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      var request = test.request("")
      request.operation = .worker("repeat", version: 1, arguments: ["a 'b'\n\"c\""])
      #expect(try test.cache.text(await test.run(request)["out"]) == "a 'b'\n\"c\"")
    }
  }

  @Test(
    "gives the same bytes in the sandbox and without", .enabled(if: Toolchain.find("gcc") != nil))
  func sameBytes() async throws {
    var results: [[String: StoredArtifact]] = []
    for mode in Self.modes {
      try await LocalTest.with(mode) { (test) async throws in
        let source = "#include <stdio.h>\nint main(void) { return puts(\"hello\"); }\n"
        let file = StoredArtifact.file(
          try test.cache.store.insert(Array(source.utf8)), executable: false)
        var request = test.request("", inputs: ["src/a.c": file])
        request.operation = .process(arguments: ["gcc", "-O2", "-o", "out", "src/a.c"])
        results.append(try await test.run(request))
      }
    }
    #expect(results[0] == results[1])
    #expect(results[0]["out"] != nil)
  }

  @Test("an interrupt ends everything that the command has started", arguments: modes)
  func cancellation(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let seconds = Processes.someSeconds()
      // Two in the background, one of which does not listen to SIGTERM, and one that is waited for.
      let script = """
        sleep \(seconds) & (trap '' TERM; exec sleep \(seconds)) & sleep \(seconds); : > out
        """
      let running = Task { try await test.run(test.request(script)) }
      // The shell itself carries the number in its command line, and so does what started it.
      let shells = mode == .on ? 3 : 1
      #expect(try await Processes.wait(for: 3 + shells, with: seconds))
      running.cancel()
      await #expect(throws: CancellationError.self) { _ = try await running.value }
      #expect(try await Processes.wait(for: 0, with: seconds))
      #expect(try test.freeSlots() == 2)
      #expect(try leftovers(test.cache.work.path) == ["jobserver", "lock"])
    }
  }

  @Test("what a command leaves running ends with it", arguments: modes)
  func leftBehind(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let seconds = Processes.someSeconds()
      _ = try await test.run(test.request("sleep \(seconds) & : > out"))
      #expect(try await Processes.wait(for: 0, with: seconds))
    }
  }

  @Test(
    "no descriptor is left open, whether commands end well, badly or not at all", arguments: modes)
  func descriptors(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let before = try test.openFiles
      for _ in 0..<5 {
        _ = try await test.run(test.request(": > out"))
        _ = await errorText { _ = try await test.run(test.request("exit 1")) }
        var absent = test.request("")
        absent.operation = .process(arguments: ["no-such-program"])
        _ = await errorText { [absent] in _ = try await test.run(absent) }
        let interrupted = Task { try await test.run(test.request("sleep 1000")) }
        interrupted.cancel()
        await #expect(throws: CancellationError.self) { _ = try await interrupted.value }
      }
      #expect(try test.openFiles == before)
      #expect(before.map { FilePath($0).lastComponent?.string } == ["jobserver", "lock"])
    }
  }

  @Test("a lost input is found before anything runs", arguments: modes)
  func lostInput(mode: Sandbox.Mode) async throws {
    try await LocalTest.with(mode) { (test) async throws in
      let digest = try test.cache.store.insert(Array("text".utf8))
      try test.cache.damage(digest)
      await #expect(throws: LostBlob(digest: digest)) {
        _ = try await test.output(
          ": > out", inputs: ["a": .file(digest, executable: false)])
      }
      #expect(try test.freeSlots() == 2)
    }
  }
}
