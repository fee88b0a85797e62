import BuildEngine
import DiskWriter
import SystemPackage

/// `usb --list`: the disks of this machine, those first that may be written.
struct DiskList: Sendable {
  let site: SiteOptions

  struct Entry: Sendable {
    var text: DiskText
    var refusals: [BuildError]
  }

  func show(on console: Console) throws {
    let reader = DeviceReader()
    let entries = reader.disks().map { disk in
      var contents: DiskContents?
      // One that fails is listed with what the kernel knows.
      if case .disk(_, let found)? = try? DevicePlace.at(FilePath(disk.path), reader) {
        contents = found
      }
      var judgement = DeviceJudgement(path: disk.path)
      judgement.holds = disk.systemMounts.map { ("the running system", $0) }
      return Entry(
        text: DiskText(disk: disk, contents: contents),
        // That others may not write it is said once, below.
        refusals: judgement.refusals(of: .disk(disk, contents ?? DiskContents())))
    }
    let sorted = entries.filter(\.refusals.isEmpty) + entries.filter { !$0.refusals.isEmpty }
    if console.mode == .json {
      return try console.printResult(Self.json(sorted))
    }
    if entries.contains(where: { $0.text.contents == nil }) {
      console.printNotes(["run it as root to see what is on the disks"])
    }
    try console.printResults(
      sorted.isEmpty ? ["there is no disk in this machine"] : sorted.flatMap(\.lines))
  }
}

extension DiskList {
  /// What `--json` prints; docs/json.md describes it.
  static func json(_ entries: [Entry]) -> JSON {
    .object(["devices": .array(entries.map(\.json))])
  }
}

extension DiskList.Entry {
  fileprivate var lines: [String] {
    guard let refusal = refusals.first else { return text.lines }
    let why = refusal.reason.map { ": \($0)" } ?? ""
    return text.lines + ["    not for writing: \(refusal.message)\(why)"]
  }

  fileprivate var json: JSON {
    let disk = text.disk
    return .object([
      "device": .string(disk.path), "name": .string(disk.name), "size": .integer(disk.size),
      "blockSize": .integer(Int64(disk.blockSize)), "bus": .string(disk.bus.rawValue),
      "removable": .bool(disk.isRemovable), "readOnly": .bool(disk.isReadOnly),
      "model": disk.model.map(JSON.string), "serial": disk.serial.map(JSON.string),
      "forceName": .string(disk.forceName), "table": text.contents?.table.map(JSON.string),
      "volume": text.contents?.volume?.json,
      "partitions": .array((text.contents?.parts ?? []).map(\.json)),
      "refusals": .array(refusals.map(\.json)),
    ])
  }
}

extension DiskContents.Part {
  fileprivate var json: JSON {
    .object([
      "number": .integer(Int64(number)), "size": .integer(size), "volume": volume?.json,
    ])
  }
}

extension DiskContents.Volume {
  fileprivate var json: JSON {
    .object(["type": .string(type), "label": label.map(JSON.string)])
  }
}
