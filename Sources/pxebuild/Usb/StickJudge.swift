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

  /// What came of a look at the place.
  enum Verdict: Sendable {
    case fit(DevicePlace)
    /// Why has been said.
    case refused(ExitStatus)
  }

  /// Looks at the place as it is now, and prints every reason not to write there.
  func look(for image: StickImage?) throws -> Verdict {
    let reader = DeviceReader()
    let place = try DevicePlace.at(path, reader)
    let refusals = refusals(of: place, image, reader)
    for refusal in refusals { console.show(refusal) }
    return refusals.first.map { .refused(ExitStatus($0.kind)) } ?? .fit(place)
  }

  private func refusals(
    of place: DevicePlace, _ image: StickImage?, _ reader: DeviceReader
  ) -> [BuildError] {
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
