import Glibc

/// What the kernel knows a device by: the kind of driver, and which of its devices.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  public var major: UInt32
  public var minor: UInt32

  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// The packed form of stat(2): glibc's `gnu_dev_major` and `gnu_dev_minor`, which are macros.
  init(_ packed: dev_t) {
    let packed = UInt64(packed)
    major = UInt32(truncatingIfNeeded: (packed >> 8 & 0xfff) | (packed >> 32 & 0xffff_f000))
    minor = UInt32(truncatingIfNeeded: (packed & 0xff) | (packed >> 12 & 0xffff_ff00))
  }

  /// Reads "8:16".
  init?(_ text: some StringProtocol) {
    let halves = text.split(separator: ":")
    guard halves.count == 2, let major = UInt32(halves[0]), let minor = UInt32(halves[1]) else {
      return nil
    }
    self.init(major: major, minor: minor)
  }

  public var description: String { "\(major):\(minor)" }
}
