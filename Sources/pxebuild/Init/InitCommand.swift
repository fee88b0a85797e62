import ArgumentParser
import BuildEngine
import Glibc
import Recipes
import SystemPackage

/// `pxebuild init DIR`: a site that a person can edit.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write the recipes of a new site, to be edited.",
    discussion: """
      Asks for the server's address when it is not given and there is a terminal to ask on. What is \
      not said follows from the server's address, or from this machine's own network when this \
      machine is the server. A folder that has recipes already is left as it is.
      """)

  @Argument(help: "The folder for the recipes; it is made if need be.")
  var directory: String

  @Option(help: "The address of the machine that serves the files (10.0.0.200).")
  var server: String?

  @Option(help: "The network that machines boot in (10.0.0.0/24).")
  var subnet: String?

  @Option(help: "The address of its router (10.0.0.1).")
  var router: String?

  @Option(help: "The addresses of name servers, with commas between them (8.8.8.8,1.1.1.1).")
  var dns: String?

  @Option(help: "The addresses to give out (10.0.0.100-10.0.0.199).")
  var range: String?

  @Option(help: "The server's network card on that network (eth0).")
  var interface: String?

  @Option(help: "The folder that is served.")
  var output = "/var/lib/tftpboot"

  @Option(help: "Colour the output: auto, always or never. NO_COLOR is respected.")
  var color = ColorChoice.auto

  func run() throws {
    let local = LocalNetwork.ofThisMachine()
    let address = try server ?? askForServer(local)
    let addresses: SiteAddresses
    do {
      addresses = try SiteAddresses(
        .init(
          server: address, subnet: subnet, router: router, dns: dns, range: range,
          interface: interface), on: local)
    } catch {
      throw ValidationError(error.messages.joined(separator: "\n"))
    }
    let template = SiteTemplate(addresses: addresses, output: try absolute(output).string)
    let written = try SiteWriter(folder: FilePath(directory)).write(template.files)
    let console = Console(try TerminalOptions.parse(["--color", color.rawValue]))
    try console.printResults(Self.report(written, addresses, folder: directory))
  }

  /// What was written, with which addresses, and what to do next.
  static func report(_ written: [FilePath], _ addresses: SiteAddresses, folder: String) -> [String]
  {
    let name = folder.printable()
    return written.map { "wrote \($0.string.printable())" } + [
      "  server     \(addresses.server) on \(addresses.interface)",
      "  subnet     \(addresses.subnet), router \(addresses.router), DNS "
        + addresses.dns.map(\.description).joined(separator: ", "),
      "  gives out  \(addresses.range.lowerBound) to \(addresses.range.upperBound)",
      "Next: read and edit them, then",
      "  pxebuild all --recipes \(name)",
    ]
  }

  private func askForServer(_ local: LocalNetwork) throws -> String {
    guard isatty(0) == 1, isatty(2) == 1 else {
      throw ValidationError(
        "say the server's address with --server (there is no terminal to ask on)")
    }
    let proposal = local.likelyServer?.address.description
    let hint = proposal.map { " [\($0)]" } ?? " (for example 10.0.0.200)"
    while true {
      _ = try FileDescriptor.standardError.writeAll(
        "Address of the machine that serves the files\(hint): ".utf8)
      guard let line = readLine() else { throw ValidationError("no address was given") }
      let answer = line.split(separator: " ").joined()
      if answer.isEmpty, let proposal { return proposal }
      do {
        return try IPv4Address(checking: answer).description
      } catch {
        _ = try FileDescriptor.standardError.writeAll("\(error.message)\n".utf8)
      }
    }
  }
}
