import BuildEngine
import Glibc
import SystemPackage

/// The files in which the kernel and udev describe devices.
struct KernelFiles: Sendable {
  /// "/", or a folder with such files for tests.
  var root: FilePath

  var blockDevices: FilePath { root.appending("sys/block") }

  /// A file's text without the blanks around it; nil when it is not there or says nothing.
  func text(_ path: FilePath) -> String? {
    guard let bytes = try? FileSystem.read(path) else { return nil }
    return Self.trimmed(String(decoding: bytes, as: UTF8.self))
  }

  /// A file's text as it is.
  func text(keepingLines path: FilePath) -> String? {
    ((try? FileSystem.read(path)) ?? nil).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names in a folder; none when it is not there.
  func names(_ folder: FilePath) -> [String] { (try? FileSystem.list(folder)) ?? [] }

  func exists(_ path: FilePath) -> Bool { (try? FileIdentity.of(path)) ?? nil != nil }

  /// A path without links; itself when it is not there.
  func resolved(_ path: FilePath) -> FilePath {
    guard let real = path.withPlatformString({ realpath($0, nil) }) else { return path }
    defer { free(real) }
    return FilePath(String(cString: real))
  }

  static func trimmed(_ text: String) -> String? {
    let kept = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
    var rest = Substring(String(String.UnicodeScalarView(kept)))
    while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
    while rest.last?.isWhitespace == true { rest = rest.dropLast() }
    return rest.isEmpty ? nil : String(rest)
  }
}
