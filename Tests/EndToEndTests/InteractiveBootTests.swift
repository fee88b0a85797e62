import Foundation
import Testing

extension ItemBootTests {
  /// Types at a terminal of its own: waits for texts, answers them, and says how the terminal was before and after.
  private static let typist = """
    import os, pty, select, sys, termios, time
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.argv[1], sys.argv[1:])
    before = termios.tcgetattr(terminal)
    during = None
    steps = [(b"Menu of the lab", b"t"), (b"The tools", b"\\x01x")]
    output, end = b"", time.time() + 400
    while time.time() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            output += data
        if steps and steps[0][0] in output:
            during = during or termios.tcgetattr(terminal)
            time.sleep(1)
            os.write(terminal, steps.pop(0)[1])
    print(output[-300:].decode(errors="replace"))
    print("left" if not steps else "steps are left", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print("restored" if termios.tcgetattr(terminal) == before != during else "not restored")

    """

  @Test("a machine's console is on the terminal until it is left, and the terminal is as before")
  func interactive() async throws {
    try await withBuiltSite(items: "      - { title: Go, chain: absent.ipxe, name: go }") { site in
      try site.write(Self.typist, to: "typist.py")
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(
        recipe.replacingOccurrences(of: "name: tools }", with: "name: tools, key: t }"))
      #expect(try await site.run("all").status == 0)
      let printed = try await mustRun(
        [
          "python3", "\(site.folder)/typist.py", Binary.pxebuild, "boot", "--interactive",
          "--firmware", "bios", "--via", "pxe", "--recipes", site.recipes, "--output",
          site.output, "--cache", site.cache,
        ], in: site.folder)
      #expect(printed.contains("left BIOS by PXE"), "\(printed)")
      #expect(printed.hasSuffix("left 0\nrestored\n"), "\(printed)")
    }
  }

  @Test("what goes with looking around and what does not is said in whole")
  func interactiveRefusals() async throws {
    try await withBuiltSite { site in
      let run = try await site.run("boot", "--interactive", "--firmware", "bios", "--via", "pxe")
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: --interactive needs a terminal
            why: the machine's console is shown on it, and what is typed goes there
            fix: run it in one, or show the machine's screen with --display gtk

          """)
      let none = try await site.run(
        "boot", "--interactive", "--firmware", "bios", "--via", "usb")
      #expect(
        none.errors == """
          error: there is nothing to boot for such a machine
            fix: pxebuild boot without --interactive says what each machine has

          """)
      for (arguments, message) in [
        (["--display", "gtk"], "--display goes with --interactive"),
        (
          ["--interactive", "--item", "shell"],
          "--interactive is for looking around: it goes without --item"
        ),
        (
          ["--interactive", "--json"],
          "--interactive is for looking around: it goes without --json"
        ),
      ] {
        let run = try await site.run(["boot"] + arguments)
        #expect(run.status == 64)
        #expect(run.errors.hasPrefix("Error: \(message)\n"), "\(run.errors)")
      }
    }
  }
}
