import BootLab
import BuildEngine
import SystemPackage

/// One switching-on of a machine, with all that was seen of it.
struct BootAttempt: Sendable {
  /// What a server of the lab wrote into its log.
  struct Log: Sendable, Equatable {
    var name: String
    var text: String
  }

  var verdict: BootVerdict
  var record: BootRecord
  /// Of a boot that passed: what was seen of the menu's item that was asked for.
  var item: ItemEvidence?
  /// The machine's screen at last, as a PNG; nil where nobody asked for it, or it could not be had.
  var picture: [UInt8]?
  var logs: [Log] = []
  /// The lab's folder, where it was to be kept.
  var kept: FilePath?
  /// From the start of the servers to the end of the lab.
  var seconds: Double

  var failure: BootFailure? {
    if case .failed(let failure) = verdict { failure } else { nil }
  }
}

/// How machines are booted.
struct BootOptions: Sendable {
  /// How long a machine may take from power-on, in seconds.
  var timeout: Double
  /// The item of the menu to choose.
  var item: BootItem?
  /// Whether the labs' folders stay, with everything in them and what passed on the cables.
  var keepsFolders = false
  /// Whether the machines' screens are wanted.
  var takesPictures = false
}
