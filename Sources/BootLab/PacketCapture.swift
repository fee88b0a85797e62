import BuildEngine
import Glibc
import SystemPackage

/// Frames in a file that tcpdump and Wireshark read (the format "pcap" of libpcap, version 2.4).
final class PacketCapture {
  private let file: FileDescriptor

  init(_ path: FilePath) throws {
    file = try FileSystem.open(path, .writeOnly, options: [.create, .truncate], doing: "write")
    let ethernet: UInt32 = 1
    let version: UInt32 = 4 << 16 | 2
    let longest: UInt32 = 65535
    _ = try? file.writeAll(Self.bytes([0xa1b2_c3d4, version, 0, 0, longest, ethernet]))
  }

  deinit { try? file.close() }

  /// Adds a frame that passes now; on a full disk it is missing.
  func write(_ frame: [UInt8]) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let count = UInt32(frame.count)
    let head = [UInt32(now.tv_sec), UInt32(now.tv_nsec / 1000), count, count]
    _ = try? file.writeAll(Self.bytes(head) + frame)
  }

  /// In this machine's order; the first number tells a reader which that is.
  private static func bytes(_ numbers: [UInt32]) -> [UInt8] {
    numbers.withUnsafeBytes { Array($0) }
  }
}
