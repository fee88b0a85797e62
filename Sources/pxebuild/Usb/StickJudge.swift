import BuildEngine
import DiskWriter
import Glibc
import SystemPackage

/// Looks at the place that is to be written, and says what is against it.
struct StickJudge: Sendable {
  /// Something of this site that must not be written over.
  struct Protected: Sendable {
    var what: String
    var path: FilePath
  }

  /// Absolute.
  let path: FilePath
  let request: StickRun.Request
  let protected: [Protected]
  let console: Console

  /// What is there now.
  func place() throws -> DevicePlace { try DevicePlace.at(path, DeviceReader()) }

  /// Prints every reason not to write; nil when there is none.
  func refuse(image: StickImage?) throws -> ExitStatus? {
    let refusals = try refusals(image)
    for refusal in refusals { console.show(refusal) }
    return refusals.first.map { ExitStatus($0.kind) }
  }

  private func refusals(_ image: StickImage?) throws -> [BuildError] {
    let reader = DeviceReader()
    let place = try DevicePlace.at(path, reader)
    if request.isFile { return file(place) }
    var judgement = DeviceJudgement(path: request.device, forcedName: request.forcedName)
    judgement.image = image.map { ($0.source.name, $0.source.digest.size) }
    if case .disk(let disk, _) = place {
      judgement.holds = disk.systemMounts.map { ("the running system", $0) }
      for thing in protected {
        guard let use = reader.mount(of: disk, holding: thing.path) else { continue }
        judgement.holds.append((thing.what, use))
      }
    }
    return judgement.refusals(of: place)
  }

  private func file(_ place: DevicePlace) -> [BuildError] {
    let shown = request.device.printable
    switch place {
    case .missing, .plainFile: return []
    case .noDevice(let what):
      return [BuildError(.cannotWrite, "\(shown) is \(what)", advice: "name a file of your own")]
    case .disk, .partition, .unknown:
      return [
        BuildError(
          .cannotWrite, "\(shown) is a device, not a file",
          advice: "leave --to-file out to write to a disk")
      ]
    }
  }

  /// Takes the place that was looked at, if it still is the same.
  func open(_ place: DevicePlace) throws -> Destination {
    if case .disk(let disk, _) = place { return try Destination(disk, at: path) }
    return try Destination(file: path)
  }
}
