import Recipes

/// What is wrong with an address that a person gave; one line for people.
struct AddressProblem: Error, Equatable {
  var message: String

  init(_ message: String) { self.message = message }
}

extension IPv4Address {
  /// Reads "10.0.0.200".
  ///
  /// - Throws: `AddressProblem` saying what is wrong.
  init(checking text: String) throws(AddressProblem) {
    if let address = IPv4Address(text) {
      self = address
      return
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let areNumbers = parts.allSatisfy { part in
      (1...5).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    guard parts.count == 4, areNumbers else {
      throw AddressProblem("\"\(text.printable())\" is not an IPv4 address such as 10.0.0.200")
    }
    if let large = parts.first(where: { Int($0).map { $0 > 255 } ?? true }) {
      throw AddressProblem("\"\(text)\" is not an IPv4 address: \(large) is more than 255")
    }
    let padded = parts.first { $0.utf8.count > 1 && $0.hasPrefix("0") } ?? ""
    throw AddressProblem("\"\(text)\" is not an IPv4 address: \(padded) begins with a zero")
  }
}

extension IPv4Subnet {
  /// Reads "10.0.0.0/24", with a prefix from 8 to 30: what is larger or smaller has no room for a site.
  ///
  /// - Throws: `AddressProblem` saying what is wrong.
  init(checking text: String) throws(AddressProblem) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let prefix = Int(parts[1])
    else {
      throw AddressProblem("\"\(text.printable())\" is not a subnet such as 10.0.0.0/24")
    }
    let address = try IPv4Address(checking: String(parts[0]))
    guard (8...30).contains(prefix) else {
      throw AddressProblem("the subnet \(text) has a prefix that is not from 8 to 30")
    }
    self.init(of: address, prefixLength: prefix)
    guard self.address == address else {
      throw AddressProblem(
        "\(text) is an address inside the subnet \(self): write the subnet itself")
    }
  }
}
