import BuildEngine

/// What is said of a fault, and what to do about it.
struct BootWords {
  let expected: BootExpectation
  let record: BootRecord

  private var program: String { expected.program }
  private var name: String { expected.firmware.name }
  private var firmware: String { "the \(name) firmware" }

  private func who(_ isProgram: Bool) -> String { isProgram ? program : firmware }

  /// What to look at when the firmware was told the wrong thing, or nothing.
  private var architecture: String {
    let number =
      expected.method == .http
      ? expected.firmware.httpArchitecture : expected.firmware.pxeArchitecture
    return "see what the DHCP server offers architecture \(number.map(String.init) ?? "?"): "
      + "pxebuild dhcp-check"
  }

  private let userClass =
    "see what the DHCP server says to the user class iPXE: pxebuild dhcp-check"

  /// The message goes on where the boot ended by itself: "… within 60 seconds".
  func text(of fault: BootFault) -> (message: String, advice: String?) {
    switch fault {
    case .noQuestion, .noAnswer, .noFreeAddress, .nothingOffered, .noServer, .notAskedFor:
      answers(fault)
    case .notInTree, .notServed, .readRefused, .notFinished, .otherProgram, .otherWay,
      .otherBytes, .otherBuild:
      files(fault)
    case .notStarted, .loop, .skippedProgram, .otherVersion, .noSign, .item, .lab:
      programs(fault)
    case .httpStatus, .httpDown, .httpSilent: requests(fault)
    }
  }

  // MARK: DHCP

  private func answers(_ fault: BootFault) -> (String, String?) {
    switch fault {
    case .noAnswer(toProgram: false):
      (
        "no DHCP server answered \(firmware)",
        "see whether its subnet and its range have an address to give"
      )
    case .noAnswer: ("\(program) started, and no DHCP server answered it", nil)
    case .noFreeAddress(let toProgram, let words):
      (
        "the DHCP server has no address left for \(who(toProgram)) (\"\(words)\")",
        toProgram
          ? "give it a larger range: iPXE may count as another machine than the firmware before it"
          : "give it a larger range"
      )
    case .nothingOffered(toProgram: true, _):
      ("\(program) started and got an address, and was told nothing to load", userClass)
    case .nothingOffered(_, let hasMenu):
      (
        "\(firmware) got an address, and was offered nothing to boot"
          + (hasMenu ? " but a boot server that did not answer" : ""), architecture
      )
    case .noServer(let file, let toProgram):
      (
        "\(who(toProgram)) was told to load \(file) by an answer that names no server, "
          + "and did not ask for it",
        "have the DHCP server name it: next-server of dhcpd and Kea, the address at the end of "
          + "dnsmasq's dhcp-boot"
      )
    case .notAskedFor(let file, byProgram: true):
      ("\(program) started, was told to load \(file), and did not ask for it", nil)
    case .notAskedFor(let file, _):
      ("\(firmware) was offered \(file) and did not ask for it", nil)
    default: ("the machine did not ask for an address", nil)
    }
  }

  // MARK: Files

  private func files(_ fault: BootFault) -> (String, String?) {
    switch fault {
    case .notInTree(let file, byProgram: true):
      (
        "\(program) started and asked for \(file), which the tree does not have",
        "see what its script names, and whether it is built: pxebuild all"
      )
    case .notInTree(let file, _):
      // What firmware shows for a refused read.
      (
        "\(firmware) was offered \(file), which the tree does not have"
          + (file == program ? "" : "; the tree has \(program) for it") + " (PXE-E23)",
        architecture
      )
    case .notServed(let file, let byProgram, let reason):
      (
        "\(byProgram ? "\(program) asked for" : "\(firmware) was offered") \(file), and the TFTP "
          + "server does not find it: \(reason)",
        "see which folder the TFTP server serves, and who may read the file"
      )
    case .readRefused(let file, let reason): ("the TFTP server refused \(file): \(reason)", nil)
    case .otherProgram(let file):
      ("\(firmware) was offered \(file); the one for it is \(program)", architecture)
    case .otherWay(let way):
      (
        "the machine went on to boot by \(way): it got nothing to start by "
          + expected.method.name, architecture
      )
    case .otherBytes(let bytes):
      (
        "\(firmware) read another \(program) (\(bytes.map { "\($0)" } ?? "?") bytes) than the "
          + "tree's (\(expected.found.map { "\($0.size)" } ?? "?") bytes)",
        "see which folder the server serves: another build's files are there"
      )
    case .otherBuild:
      (
        "\(program) in the tree is of another build: "
          + difference(expected.found, expected.placed),
        "put the right one back: pxebuild all"
      )
    case .notFinished(let file): ("\(firmware) did not get \(file) to its end", nil)
    default: ("", nil)
    }
  }

  private func difference(_ found: Digest?, _ placed: Digest?) -> String {
    guard let found, let placed else { return "its bytes are not those that pxebuild placed" }
    return "it has \(found.size) bytes (SHA-256 \(found.short)…), and pxebuild placed "
      + "\(placed.size) (\(placed.short)…)"
  }

  // MARK: Programs

  private func programs(_ fault: BootFault) -> (String, String?) {
    switch fault {
    case .notStarted: notStarted
    case .loop:
      (
        "\(program) started, and was told to load \(program) again: it would go on like that for ever",
        "have the DHCP server know iPXE by its user class (option 77), and offer it the script"
      )
    case .skippedProgram(let request):
      (
        "\(program) was never read: an iPXE in the network card's ROM went to \(request)",
        "have the DHCP server offer \(program) to what does not call itself iPXE (option 77)"
      )
    case .otherVersion(let version, let request):
      (
        "what asked for \(request) calls itself iPXE \(version), which is not the \(program) of "
          + "the tree", "see whether another iPXE, in a ROM or on a disk, comes first"
      )
    default:
      ("the machine did not start from \(program), or its script uses no network,", nil)
    }
  }

  private var notStarted: (String, String?) {
    let size = (record.programBytes ?? expected.found?.size).map { " (\($0) bytes)" } ?? ""
    let message =
      expected.method.isMedium
      ? "\(firmware) could not start \(program)\(size)"
      : "\(firmware) read \(program)\(size) to its end, and it did not start"
    let advice =
      switch problem {
      case .cutOff: "put it back whole: pxebuild all"
      case .otherBuild: "put the right one back: pxebuild all"
      case .otherMachine: "build \(program) for \(name): see the target's recipe"
      case nil: "see whether \(program) is whole and for \(name): pxebuild all --verbose"
      }
    return (message, advice)
  }

  /// What is wrong with the program in the tree, as far as its bytes say it.
  private enum ProgramProblem { case cutOff(at: Int64), otherMachine(String), otherBuild }

  private var problem: ProgramProblem? {
    if let image = expected.image {
      if image.isCutOff { return .cutOff(at: image.end) }
      if image.firmware != expected.firmware {
        return .otherMachine(image.firmware?.name ?? "another machine")
      }
    }
    if let found = expected.found, let placed = expected.placed, found != placed {
      return .otherBuild
    }
    return nil
  }

  /// What is known beside; it follows the end of the boot.
  func detail(of fault: BootFault) -> String? {
    guard fault == .notStarted else { return nil }
    switch problem {
    case .cutOff(let end): return "the file is cut off, its sections end at byte \(end)"
    case .otherMachine(let machine): return "it is a program for \(machine)"
    case .otherBuild: return difference(expected.found, expected.placed)
    case nil: return nil
    }
  }

  // MARK: HTTP

  private func requests(_ fault: BootFault) -> (String, String?) {
    switch fault {
    case .httpStatus(let request, let status, byProgram: true):
      ("\(program) started and asked for \(request): the HTTP server answered \(status)", nil)
    case .httpStatus(let request, let status, _):
      ("\(firmware) was offered \(request), and the HTTP server answered \(status)", architecture)
    case .httpDown(let address, let port):
      (
        "nothing answers on TCP port \(port) of \(address): the HTTP server is down",
        "see whether the URL that was offered is that of the HTTP server: site.http is "
          + expected.http
      )
    case .httpSilent(let request): ("the HTTP server gave no answer for \(request)", nil)
    default: ("", nil)
    }
  }
}

extension BootRecord {
  /// How large the last file was that was read to its end.
  fileprivate var programBytes: Int64? {
    for seen in events.reversed() {
      if case .readFinished(_, let bytes, _) = seen.event { return bytes }
    }
    return nil
  }
}
