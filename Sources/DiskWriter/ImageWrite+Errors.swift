import BuildEngine
import Glibc
import SystemPackage

extension ImageWrite {
  private var shown: String { destination.path.printable }
  private var total: Int64 { image.digest.size }

  /// A write that did not come to its end.
  func incomplete(_ error: Errno, at offset: Int64) -> BuildError {
    let isFile = !destination.isDisk
    return BuildError(
      .cannotWrite, "\(shown) is incomplete: writing stopped at byte \(offset) of \(total)",
      reason: error.description,
      advice: isFile
        ? "free some space on that disk, and write it again"
        : "it was pulled out, or it is broken: write it again, or take another")
  }

  func interrupted(at offset: Int64) -> BuildError {
    BuildError(
      .cancelled, "\(shown) is incomplete: interrupted at byte \(offset) of \(total)",
      advice: "it does not boot before it is written again")
  }

  var untouched: BuildError {
    BuildError(.cancelled, "interrupted: nothing was written to \(shown)")
  }

  var unverified: BuildError {
    BuildError(
      .cancelled, "interrupted: \(shown) is written, but not read back to its end",
      advice: "write it again with --delta to compare it")
  }

  func unreadableImage(_ error: Errno) -> BuildError {
    BuildError(
      .failed, "\(shown) is incomplete: the image \(image.name.printable) cannot be read",
      reason: error.description, advice: "pxebuild cache verify looks for damage in the cache")
  }

  func unreadableDisk(_ error: Errno, at offset: Int64) -> BuildError {
    BuildError(
      .cannotWrite, "\(shown) cannot be read back",
      reason: "\(error.description), at byte \(offset) of \(total)",
      advice: "do not use it: it was pulled out, or it is broken")
  }

  func different(at offset: Int64) -> BuildError {
    BuildError(
      .failed, "\(shown) does not give back what was written to it",
      reason: "the first byte that differs is number \(offset) of \(total)",
      advice: "do not use it: it is broken, or smaller than it says; take another")
  }

  /// The disk has what the image says now, which is not what it said when it was made.
  var damagedImage: BuildError {
    BuildError(
      .failed, "the image \(image.name.printable) in the cache is damaged",
      reason:
        "\(shown) holds what was read from it, but not the digest sha256 \(image.digest.hex)",
      advice: "pxebuild cache verify drops it; then write it again")
  }
}
