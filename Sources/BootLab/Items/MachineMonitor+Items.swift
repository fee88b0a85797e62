import BuildEngine
import SystemPackage

extension MachineMonitor {
  /// Presses a key, by QEMU's name for it: "a", "ret", "down".
  ///
  /// - Throws: `BuildError` when the machine has no such key.
  public func press(_ key: String) throws { try runForPeople("sendkey \(key)") }

  /// The text on a BIOS machine's screen while that shows text: 25 lines of 80 letters, each with its colours beside it
  /// (the VGA's text mode).
  ///
  /// - Parameter file: Where QEMU may write what is in the screen's memory.
  /// - Throws: `BuildError` when that cannot be had.
  public func screenText(by file: String) throws -> String {
    try runForPeople("pmemsave 0xb8000 4000 \"\(file)\"")
    let bytes = try FileSystem.read(FilePath(file)) ?? []
    let letters = stride(from: 0, to: bytes.count, by: 2).map { index in
      (0x20...0x7e).contains(bytes[index]) ? bytes[index] : 0x20
    }
    return stride(from: 0, to: letters.count, by: 80).map { start in
      String(decoding: letters[start..<min(start + 80, letters.count)], as: UTF8.self)
    }.joined(separator: "\n")
  }
}
