import Foundation

/// A loop device: a file of a site that stands for a disk. Only root can make one.
struct LoopDevice: Sendable {
  /// "/dev/loop3"
  let path: String
  /// The file behind it.
  let file: String

  var name: String { (path as NSString).lastPathComponent }

  /// Whether this machine lets a test make one.
  static let isPossible = Task<Bool, Never> {
    guard Binary.isRoot else { return false }
    let made = try? await withSite { site in
      try await with(site) { _ in true }
    }
    return made ?? false
  }

  /// Runs `body` with a device over a new file that is empty; it is detached afterwards.
  ///
  /// - Parameters:
  ///   - file: Where the file is; in the site's scratch folder when left out.
  ///   - options: Of losetup.
  static func with<Result>(
    _ site: Site, bytes: Int = 64 << 20, file: String? = nil, options: [String] = [],
    _ body: (LoopDevice) async throws -> Result
  ) async throws -> Result {
    let file = file ?? "\(site.scratch)/disk-\(UInt32.random(in: 0 ... .max))"
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    guard truncate(file, off_t(bytes)) == 0 else { throw POSIXError(.EIO) }
    let path = try await mustRun(["losetup", "--find", "--show"] + options + [file], in: "/")
    let device = LoopDevice(
      path: path.trimmingCharacters(in: .whitespacesAndNewlines), file: file)
    do {
      let result = try await body(device)
      await device.detach()
      return result
    } catch {
      await device.detach()
      throw error
    }
  }

  /// Ends it; its file stays.
  func detach() async {
    // A test may have detached it itself.
    _ = try? await mustRun(["losetup", "--detach", path], in: "/")
    // Whoever looks at all disks at this moment, `usb --list` in another test, holds on to it for as long. A
    // later file of another test may stand there by then.
    let backing = "/sys/block/\(name)/loop/backing_file"
    let end = ContinuousClock.now + .seconds(60)
    while let held = FileManager.default.contents(atPath: backing),
      String(decoding: held, as: UTF8.self) == "\(file)\n", ContinuousClock.now < end
    { try? await Task.sleep(for: .milliseconds(20)) }
  }

  var content: Data? { FileManager.default.contents(atPath: file) }
}

/// Runs `body`, and a program afterwards, whatever came of it: umount, swapoff.
func finally<Result>(
  _ arguments: [String], _ body: () async throws -> Result
) async throws -> Result {
  do {
    let result = try await body()
    try await mustRun(arguments, in: "/")
    return result
  } catch {
    _ = try? await mustRun(arguments, in: "/")
    throw error
  }
}

/// Starts a program on a terminal of its own. When it asks for a device's name, a shell command is run and
/// an answer is typed.
enum Typist {
  private static let script = """
    import os, pty, subprocess, sys
    answer, command, program = sys.argv[1], sys.argv[2], sys.argv[3:]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program[0], program)
    said, typed = b"", False
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        said += data
        if not typed and b" to go on:" in said:
            typed = True
            if command:
                subprocess.run(command, shell=True, check=True)
            os.write(terminal, answer.encode().decode("unicode_escape").encode())
    sys.stdout.buffer.write(said.replace(b"\\r\\n", b"\\n"))
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """

  /// What starts pxebuild so.
  ///
  /// - Parameter answer: May hold escapes as in C.
  static func prefix(answer: String, command: String = "") -> [String] {
    ["/usr/bin/python3", "-c", script, answer, command]
  }
}
