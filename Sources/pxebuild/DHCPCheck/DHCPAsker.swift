import BootLab
import Recipes
import SystemPackage

/// The process that asks DHCP servers, on whichever network it was started: it prints what they say, a line each.
struct DHCPAsker: Sendable, Equatable {
  let interface: String
  /// Of this machine on that network.
  let address: IPv4Address?
  /// The network card's address that the questions bear.
  let hardware: [UInt8]

  init(interface: String, address: IPv4Address?, hardware: [UInt8]) {
    self.interface = interface
    self.address = address
    self.hardware = hardware
  }

  /// What `init(arguments:)` reads.
  var arguments: [String] {
    [interface, address?.description ?? "", hardware.map { String($0) }.joined(separator: ":")]
  }

  /// Nil for arguments that are none of it.
  init?(arguments: [String]) {
    guard arguments.count == 3 else { return nil }
    interface = arguments[0]
    address = IPv4Address(arguments[1])
    hardware = arguments[2].split(separator: ":").compactMap { UInt8($0) }
    guard hardware.count == 6 else { return nil }
  }

  var questions: [DHCPQuestion] { AskedArchitecture.questions(hardware: hardware) }

  /// - Throws: `BuildError` when nothing can be asked.
  func run() throws {
    let answers = try DHCPInterview.run(
      questions, interface: interface, ownAddress: address?.value)
    let lines = answers.enumerated().flatMap { index, answers in answers.lines(index) }
    // What cannot be written reaches nobody who could be told.
    _ = try? FileDescriptor.standardOutput.writeAll(lines.map { $0 + "\n" }.joined().utf8)
  }
}
