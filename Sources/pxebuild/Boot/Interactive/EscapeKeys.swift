/// What somebody types at a machine's console, with the one thing that is not for the machine: Ctrl-A and x leave it, as
/// in QEMU itself. Ctrl-A twice is one for the machine.
struct EscapeKeys: Sendable {
  private static let mark: UInt8 = 1  // Ctrl-A

  private var isMarked = false

  /// Takes what was typed.
  ///
  /// - Returns: What the machine gets, up to the point where it is left.
  mutating func take(_ typed: some Sequence<UInt8>) -> (bytes: [UInt8], leaves: Bool) {
    var bytes: [UInt8] = []
    for byte in typed {
      guard isMarked else {
        if byte == Self.mark { isMarked = true } else { bytes.append(byte) }
        continue
      }
      isMarked = false
      switch byte {
      case UInt8(ascii: "x"), UInt8(ascii: "X"): return (bytes, true)
      case Self.mark: bytes.append(byte)
      default: break  // No other key means anything after Ctrl-A.
      }
    }
    return (bytes, false)
  }
}
