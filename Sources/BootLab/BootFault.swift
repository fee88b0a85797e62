/// What can go wrong in a boot, as it is seen on the cable and on the console.
public enum BootFault: Sendable, Equatable {
  /// The machine never asked for an address.
  case noQuestion
  /// Nobody answered the firmware, or the program (iPXE).
  case noAnswer(toProgram: Bool)
  /// The DHCP server has no address left; its own words.
  case noFreeAddress(toProgram: Bool, words: String)
  /// An address, and nothing to boot; `hasMenu`: but a boot server, which did not answer.
  case nothingOffered(toProgram: Bool, hasMenu: Bool)
  /// An answer without an address names a file, and no server to get it from.
  case noServer(file: String, toProgram: Bool)
  /// It was offered a file and did not ask for it.
  case notAskedFor(String, byProgram: Bool)
  /// It asked for a file that the tree does not have.
  case notInTree(String, byProgram: Bool)
  /// The tree has the file, and the TFTP server does not find it.
  case notServed(String, byProgram: Bool, reason: String)
  /// The TFTP server would not send it.
  case readRefused(String, reason: String)
  /// It did not get a file to its end.
  case notFinished(String)
  /// It read the program of another kind of machine.
  case otherProgram(String)
  /// It came to its program another way than the one on trial.
  case otherWay(String)
  /// What it read is not the file of the tree.
  case otherBytes(bytes: Int64?)
  /// The file of the tree is not the one that pxebuild placed there.
  case otherBuild
  /// The program was read, and did not start.
  case notStarted
  /// The program has started, and was told to load itself again.
  case loop
  /// An iPXE that was there before went to the script, and the program was never read.
  case skippedProgram(request: String)
  /// The HTTP server's answer is an error.
  case httpStatus(String, status: Int, byProgram: Bool)
  /// Nobody listens where it went for HTTP.
  case httpDown(address: String, port: Int)
  /// It asked for something over HTTP, and got no answer.
  case httpSilent(String)
  /// The program got a script, and calls itself by a version that the tree's file does not have.
  case otherVersion(String, request: String)
  /// It booted, and an item of its menu did not.
  case item
  /// The lab itself was of no use: nothing is known of the boot.
  case lab
  /// Nothing came over the cable from a machine that boots from a stick or a disc.
  case noSign

  /// A word for scripts: docs/json.md lists them.
  public var code: String {
    switch self {
    case .noQuestion: "no-question"
    case .noAnswer: "no-dhcp-answer"
    case .noFreeAddress: "no-free-address"
    case .nothingOffered: "nothing-offered"
    case .noServer: "no-server-address"
    case .notAskedFor: "not-asked-for"
    case .notInTree: "not-in-tree"
    case .notServed: "not-served"
    case .readRefused: "read-refused"
    case .notFinished: "not-finished"
    case .otherProgram: "other-program"
    case .otherWay: "other-way"
    case .otherBytes: "other-bytes"
    case .otherBuild: "other-build"
    case .notStarted: "not-started"
    case .loop: "loop"
    case .skippedProgram: "skipped-program"
    case .httpStatus: "http-status"
    case .httpDown: "http-down"
    case .httpSilent: "http-silent"
    case .otherVersion: "other-version"
    case .noSign: "no-sign"
    case .item: "item"
    case .lab: "lab"
    }
  }
}

/// How a boot ended that came to no verdict by itself.
public enum BootEnd: Sendable, Equatable {
  /// It took longer than it may, in seconds.
  case timeUp(Int)
  /// The machine restarted.
  case restarted
  /// The firmware said that it had nothing left to boot.
  case gaveUp
}
