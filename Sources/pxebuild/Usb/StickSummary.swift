import DiskWriter

/// What a writing came to.
struct StickSummary: Sendable {
  var image: StickImage
  var device: String
  var report: ImageWrite.Report
  /// True with `--delta`.
  var wasCompared: Bool
  var hasNewPartitions: Bool
  var seconds: Double

  /// The lines for people, the last one says it all.
  func lines(_ style: Style) -> [String] {
    var words = ["\(image.text) is on \(device.printable())"]
    words.append(report.isVerified ? "and reads back the same" : "and was not read back")
    if wasCompared {
      words.append(
        report.written == 0
          ? "(it was there already)"
          : "(\(sizeText(report.written)) written, \(sizeText(report.skipped)) were there already)")
    }
    return [
      "\(style(.green, "done:")) \(words.joined(separator: " ")), sha256 "
        + "\(image.source.digest.short); \(durationText(seconds))"
    ]
  }

  var notes: [String] {
    var notes: [String] = []
    if report.hasClearedBackup {
      notes.append(
        "cleared the copy of an older partition table at the end of \(device.printable())")
    }
    if !hasNewPartitions {
      notes.append(
        "this machine still shows the old partitions: pull the stick out and put it in again")
    }
    return notes
  }

  /// The event `stick` of docs/json.md.
  func json(at time: Double) -> JSON {
    .object([
      "event": .string("stick"), "time": .seconds(time), "target": .string(image.source.name),
      "device": .string(device), "sha256": .string(image.source.digest.hex),
      "size": .integer(image.source.digest.size), "written": .integer(report.written),
      "skipped": .integer(report.skipped), "verified": .bool(report.isVerified),
      "clearedOldTable": .bool(report.hasClearedBackup), "seconds": .seconds(seconds),
    ])
  }
}

/// What `usb --dry-run` prints.
struct StickForecast: Sendable {
  var image: StickImage
  var device: String
  var place: DevicePlace

  var lines: [String] {
    var lines = ["would write  \(image.text) to \(device.printable())"]
    if case .disk(let disk, let contents) = place {
      lines += ["would erase"] + DiskText(disk: disk, contents: contents).lines
    }
    return lines
  }

  /// The event `stick-forecast` of docs/json.md.
  func json(at time: Double) -> JSON {
    .object([
      "event": .string("stick-forecast"), "time": .seconds(time),
      "target": .string(image.source.name), "device": .string(device),
      "sha256": .string(image.source.digest.hex), "size": .integer(image.source.digest.size),
    ])
  }
}

extension Console {
  func show(_ summary: StickSummary) throws {
    if mode == .json { return printEvent(summary.json(at: seconds)) }
    printNotes(summary.notes)
    if mode != .quiet { try printResults(summary.lines(outputStyle)) }
  }

  func show(_ forecast: StickForecast) throws {
    if mode == .json { return printEvent(forecast.json(at: seconds)) }
    try printResults(forecast.lines)
  }
}
