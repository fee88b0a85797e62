import DiskWriter

/// A disk as people are told of it.
struct DiskText: Sendable {
  var disk: BlockDevice
  /// Nil when this user may not read it.
  var contents: DiskContents?

  /// The disk, then what is on it.
  var lines: [String] {
    var words = [
      disk.model.map { "\($0.printable()), on \(disk.bus.name)" } ?? "on \(disk.bus.name)"
    ]
    if let serial = disk.serial { words.append("serial number \(serial.printable())") }
    if !disk.isRemovable { words.append("not removable") }
    if disk.isReadOnly { words.append("write-protected") }
    let path = disk.path.printable().padded(toColumns: 14)
    return [
      "\(path)  \(sizeText(disk.size).rightAligned(toColumns: 9))  \(words.joined(separator: ", "))"
    ] + parts
  }

  private var parts: [String] {
    guard let contents else { return [] }
    let volumes = contents.parts.map { part in
      row("partition \(part.number)", part.size, part.volume)
    }
    if !volumes.isEmpty { return volumes }
    if let volume = contents.volume { return [row("whole disk", disk.size, volume)] }
    return [indent + (contents.table == nil ? "nothing known on it" : "no partitions on it")]
  }

  private let indent = String(repeating: " ", count: 4)

  private func row(_ name: String, _ size: Int64, _ volume: DiskContents.Volume?) -> String {
    var line = indent + name.padded(toColumns: 12) + sizeText(size).rightAligned(toColumns: 9)
    line += "  \(volume?.type.printable() ?? "unknown")"
    if let label = volume?.label { line += " \"\(label.printable())\"" }
    return line
  }
}
