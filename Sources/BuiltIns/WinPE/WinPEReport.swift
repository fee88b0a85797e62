import Archives
import BuildEngine
import SystemPackage
import WindowsImages
import WindowsPE

/// What is in an image that was made: for a person who wants to know before a machine boots it.
package struct WinPEReport: Sendable {
  package struct DriverLine: Sendable {
    /// In the image, with "/".
    package var path: String
    /// Empty when the .inf does not say.
    package var driverClass: String
    package var provider: String
    package var version: String
    package var signature: Driver.Signature
    /// Why nothing of it could be read.
    package var problem: String?
  }

  package var name: String
  package var architecture: String
  /// "10.0.17763.1"; empty when the image does not say.
  package var version: String
  package var languages: [String]
  package var drivers: [DriverLine]
  /// The file that says what runs, and its text without passwords; nil when there is none.
  package var start: (path: String, text: String)?

  /// Reads an image that pxebuild made. Blocks.
  ///
  /// - Parameters:
  ///   - path: The WIM.
  ///   - name: What messages call it.
  ///   - scratch: An empty folder.
  package init(of path: FilePath, name: String, scratch: FilePath) throws {
    do {
      self = try Self(SourceImage(path, name: name, scratch: scratch), scratch: scratch)
    } catch let error as WimError {
      throw BuildError(error, wim: name)
    }
  }

  private init(_ image: SourceImage, scratch: FilePath) throws {
    name = image.property("NAME") ?? ""
    architecture = image.architecture.rawValue
    let parts = ["MAJOR", "MINOR", "BUILD", "SPBUILD"].map { "WINDOWS/VERSION/\($0)" }
    version = parts.compactMap(image.property).joined(separator: ".")
    languages =
      ["WINDOWS/LANGUAGES/LANGUAGE"] + (2...40).map { "WINDOWS/LANGUAGES/LANGUAGE[\($0)]" }
    languages = languages.compactMap(image.property)
    drivers = try Self.drivers(of: image, scratch)
    for path in ["/Windows/System32/winpeshl.ini", "/Windows/System32/startnet.cmd"] {
      guard let file = try image.file(path, scratch: scratch),
        let bytes = try FileSystem.read(file)
      else { continue }
      start = (
        path, Startnet.withoutPasswords(String(decoding: bytes.prefix(64 << 10), as: UTF8.self))
      )
      break
    }
  }

  /// Those that pxebuild put in, and those that DISM did.
  private static func drivers(of image: SourceImage, _ scratch: FilePath) throws -> [DriverLine] {
    let own = try image.paths(below: "/\(Startnet.driverFolder)").filter {
      $0.lowercased().hasSuffix(".inf")
    }
    let installed = try image.paths(below: "/Windows/INF").filter {
      let name = $0.split(separator: "/").last.map { $0.lowercased() } ?? ""
      return name.hasPrefix("oem") && name.hasSuffix(".inf")
    }
    return try (own + installed).sorted().map { path in
      var line = DriverLine(
        path: path, driverClass: "", provider: "", version: "", signature: .none)
      guard let file = try image.file(path, scratch: scratch),
        let bytes = try FileSystem.read(file)
      else { return line }
      do {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
        let check = try DriverCheck(bytes, for: image.architecture) { name in
          guard let found = try image.file(folder + name, scratch: scratch) else { return nil }
          return (name, try firstBytes(of: found, PEHeader.size))
        }
        line.driverClass = check.driver.driverClass
        line.provider = check.driver.provider
        line.version = check.driver.version
        line.signature = check.signature
      } catch let problem as InfFile.Problem {
        line.problem = problem.text
      }
      return line
    }
  }

  /// The bytes of a file in an image.
  ///
  /// - Parameters: as for the report, and `inner`, the path with "/" or "\".
  /// - Throws: `BuildError` with the nearest names when there is no such file.
  package static func bytes(
    of inner: String, in path: FilePath, name: String, scratch: FilePath
  ) throws -> [UInt8] {
    do {
      let image = try SourceImage(path, name: name, scratch: scratch)
      let wanted = "/" + inner.split { $0 == "/" || $0 == "\\" }.joined(separator: "/")
      if let file = try image.file(wanted, scratch: scratch), let bytes = try FileSystem.read(file)
      {
        return bytes
      }
      var suggestions = Suggestions(for: wanted)
      for path in try image.paths(below: "/") { suggestions.consider(path) }
      throw BuildError(
        .recipe, "\(name.printable) has no file \(wanted.printable)",
        reason: suggestions.summary.printable,
        advice: suggestions.nearest.first.map { "did you mean \($0.printable)?" })
    } catch let error as WimError {
      throw BuildError(error, wim: name)
    }
  }
}
