import Glibc
import Subprocess
import SystemPackage
import Testing

@testable import BuildEngine

struct SandboxTests {
  @Test("is at a fixed path, alone, without a network and without rights")
  func isolation() async throws {
    try await LocalTest.with(.on) { (test) async throws in
      #expect(try await test.output("pwd > out") == "/build\n")
      #expect(
        try await test.output("sed '1,2d;s/:.*//;s/ //g' /proc/net/dev > out") == "lo\n")
      #expect(
        try await test.output("id -u > out; id -g >> out; uname -n >> out")
          == "1000\n1000\npxebuild\n")
      #expect(
        try await test.output("sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status > out")
          == "0000000000000000\n")
      #expect(
        try await test.output("ls -d /root /home /srv /var /tmp/* > out 2>/dev/null; :") == "")
      #expect(try await test.output("ls /proc | grep -c '^[0-9]*$' > out; :") != "0\n")
      #expect(test.sandbox.isOn)
    }
  }

  @Test("the system is read-only, the own folder and /tmp are not")
  func readOnly() async throws {
    try await LocalTest.with(.on) { (test) async throws in
      let script = """
        for f in /usr/x /usr/bin/x /etc/alternatives/x /pxebuild; do
          (: > $f) 2>/dev/null && echo "$f can be written" >> out
        done
        mount -o remount,bind,rw /usr 2>/dev/null && echo "remounted" >> out
        : > /tmp/x; : > y; echo end >> out
        """
      #expect(try await test.output(script) == "end\n")
      let known = try FileIdentity.of("/usr/x")
      #expect(known == nil)
    }
  }

  @Test("a killed pxebuild takes everything in the sandbox with it")
  func killedParent() async throws {
    try await LocalTest.with(.on) { (test) async throws in
      let seconds = Processes.someSeconds()
      let root = try test.folder.makeFolder("root")
      let invocation = try test.sandbox.invocation(
        of: .process(arguments: [
          "sh", "-c", "sleep \(seconds) & (trap '' TERM HUP; exec sleep \(seconds)) & wait",
        ]), in: root, environment: [:], slots: test.slots.path)
      // The shell stands in for pxebuild.
      let killed = try await Subprocess.run(
        .path("/bin/sh"),
        arguments: Arguments(
          ["-c", #""$@" & wait"#, "pxebuild", invocation.program.string] + invocation.arguments),
        environment: .custom([:]), input: .none, output: .discarded, error: .discarded
      ) { execution in
        // Two that sleep; the shells and bubblewraps around them carry the number as well.
        var isRunning = false
        for _ in 0..<1500 where !isRunning {
          isRunning = try Processes.count(with: seconds) >= 6
          try await Task.sleep(for: .milliseconds(20))
        }
        try execution.send(signal: .kill)
        return isRunning
      }
      #expect(killed.closureResult)
      #expect(try await Processes.wait(for: 0, with: seconds))
    }
  }

  @Test("asked for where it cannot work it is an error that says why; automatic, it stays off")
  func notPossible() async throws {
    // Bubblewrap cannot mount a pxebuild that does not exist.
    let sandbox = try await Sandbox(.auto, pxebuild: "/nonexistent/pxebuild")
    #expect(!sandbox.isOn)
    let text = await errorText { _ = try await Sandbox(.on, pxebuild: "/nonexistent/pxebuild") }
    let reason =
      Toolchain.find("bwrap") == nil
      ? "bwrap is not installed"
      : "bwrap: Can't find source path /nonexistent/pxebuild: No such file or directory"
    #expect(
      text == """
        error: the sandbox was asked for but does not work here
          why: \(reason)
          fix: install bubblewrap and allow user namespaces, or leave --sandbox at auto
        """)
  }

  @Test("off means off")
  func off() async throws {
    #expect(try await !Sandbox(.off).isOn)
  }
}
