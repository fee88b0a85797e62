import BootLab
import Foundation

extension DHCPClient {
  /// Sends a request and returns the answers to it, until there is one and then none for a moment.
  func ask(_ question: DHCPQuestion, seconds: Double = 1) throws -> [DHCPReply] {
    try ask([question], patience: .init(first: seconds, each: 0, together: 0, after: 0.1))[0]
  }

  /// The one answer to a request, which is sent again until it comes.
  func answer(_ question: DHCPQuestion) throws -> DHCPReply {
    try untilAnswered("\(question)") { try ask(question, seconds: 2).first }
  }
}

extension DHCPQuestion {
  /// As a machine of the lab, with 10.0.0.2, asks the boot server of a proxy.
  ///
  /// - Parameter item: Of the boot menu; BIOS machines say which they mean.
  static func bootServer(_ address: String, architecture: Int, item: UInt16?) -> DHCPQuestion {
    DHCPQuestion(
      architecture: architecture,
      bootServer: .init(
        address: UInt32(bigEndian: socketAddress(address, port: 4011).sin_addr.s_addr),
        ownAddress: 0x0a00_0002, item: item))
  }
}

/// - Parameter text: An IPv4 address.
func socketAddress(_ text: String, port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  inet_pton(AF_INET, text, &address.sin_addr)
  return address
}

func withAddress<Result>(
  _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
) rethrows -> Result {
  try withUnsafeMutablePointer(to: &address) {
    try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
