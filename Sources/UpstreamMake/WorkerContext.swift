import BuildEngine
import Glibc
import SystemPackage

/// What every worker has: its folder, its arguments, its environment, a place to print.
struct WorkerContext {
  /// The action's root, absolute.
  let root: FilePath
  /// `name=value` arguments.
  let arguments: [String: String]
  /// `NAME=value` each.
  let environment: [String]
  let print: (String) -> Void

  subscript(name: String) -> String { arguments[name] ?? "" }

  /// A comma-separated argument.
  func list(_ name: String) -> [String] { self[name].split(separator: ",").map(String.init) }

  func path(_ relative: String) -> FilePath { root.appending(relative) }

  /// The upstream's `src` folder.
  var sourceFolder: FilePath { path("source/src") }

  /// Starts programs in `directory`, with the time of the commit in their environment.
  func makePool(in directory: FilePath) throws -> CommandPool {
    var variables = environment.filter {
      !$0.hasPrefix("PXEBUILD_") && !$0.hasPrefix("MAKEFLAGS=")
        && !$0.hasPrefix("SOURCE_DATE_EPOCH=")
    }
    variables.append("SOURCE_DATE_EPOCH=\(try commitTime())")
    return CommandPool(
      directory: directory.string, environment: variables,
      jobserver: try Jobserver(path: jobserverPath), print: print)
  }

  var jobserverPath: String? {
    environment.first { $0.hasPrefix("PXEBUILD_JOBSERVER=") }.map { String($0.dropFirst(19)) }
  }

  private func commitTime() throws -> String {
    let text = try readText("commit-time")
    let digits =
      text.split(whereSeparator: { $0 == "\n" || $0 == " " }).first.map(String.init) ?? ""
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw WorkerFailure("commit-time does not hold a number of seconds: \"\(text)\"")
    }
    return digits
  }

  func readBytes(_ relative: String) throws -> [UInt8] {
    guard let bytes = try FileSystem.read(path(relative)) else {
      throw WorkerFailure("\(relative) is missing")
    }
    return bytes
  }

  func readText(_ relative: String) throws -> String {
    String(decoding: try readBytes(relative), as: UTF8.self)
  }

  func write(_ bytes: some Sequence<UInt8>, to relative: String) throws {
    try FileSystem.createDirectories(path(relative).removingLastComponent())
    try FileSystem.replace(path(relative), with: bytes)
  }

  /// True when something stands at the path below the root.
  func exists(_ relative: String) -> Bool { access(path(relative).string, F_OK) == 0 }

  func isFile(_ path: FilePath) -> Bool { kind(of: path) == S_IFREG }

  func isFolder(_ path: FilePath) -> Bool { kind(of: path) == S_IFDIR }

  private func kind(of path: FilePath) -> mode_t? {
    var status = stat()
    return stat(path.string, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// The entries of a folder below the root, sorted; none when there is no such folder.
  func names(in relative: String) throws -> [String] {
    exists(relative) ? try FileSystem.list(path(relative)).sorted() : []
  }

  func move(_ from: FilePath, to target: FilePath) throws {
    try FileSystem.createDirectories(target.removingLastComponent())
    try FileSystem.rename(from, to: target)
  }

  /// Prints what a failed command said after the command itself, as the last thing of all.
  func explain(_ failure: CommandFailure) {
    let shown =
      failure.command.arguments.first == "/bin/sh"
      ? failure.command.arguments.last ?? ""
      : ShellCommand(words: failure.command.arguments).text
    print("\(shown)\n")
    print(String(decoding: failure.output, as: UTF8.self))
    if failure.status > 128 { print("ended by signal \(failure.status - 128)\n") }
  }
}

/// The steps of building an upstream that run as processes of their own, for `pxebuild internal`.
public struct UpstreamMakeWorkers {
  /// Runs a worker in the current folder, which must be its action's root.
  ///
  /// Returns the exit code, or nil when no worker has this name.
  public static func run(name: String, arguments: [String]) -> Int32? {
    var variables: [String] = []
    var pointer = environ
    while let variable = pointer.pointee {
      variables.append(String(cString: variable))
      pointer += 1
    }
    guard let folder = getcwd(nil, 0) else {
      _ = writeAll("error: cannot tell the current folder\n")
      return 1
    }
    defer { free(folder) }
    return run(
      name: name, arguments: arguments, root: FilePath(String(cString: folder)),
      environment: variables, print: { _ = writeAll($0) })
  }

  /// The same with everything given, for tests.
  static func run(
    name: String, arguments: [String], root: FilePath, environment: [String],
    print: @escaping (String) -> Void
  ) -> Int32? {
    var named: [String: String] = [:]
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      named[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
    }
    let context = WorkerContext(
      root: root, arguments: named, environment: environment, print: print)
    do {
      switch name {
      case "make-patch": try PatchWorker(context: context).run()
      case "make-record": try RecordWorker(context: context).run()
      case "make-objects": try ObjectsWorker(context: context).run()
      case "make-link": try LinkWorker(context: context).run()
      case "make-whole": try WholeWorker(context: context).run()
      default: return nil
      }
      return 0
    } catch let failure as CommandFailure {
      context.explain(failure)
    } catch let failure as WorkerFailure {
      print("error: \(failure.message)\n")
    } catch let failure as NotUnderstood {
      print("error: \(failure.reason)\n")
    } catch {
      print("\(error)\n")
    }
    return 1
  }

  private static func writeAll(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = write(1, rest.baseAddress, rest.count)
        if count == -1, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return true
    }
  }
}
