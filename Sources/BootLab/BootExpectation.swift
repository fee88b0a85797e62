import BuildEngine

/// What has to be seen of a machine for its boot to count.
public struct BootExpectation: Sendable {
  public var firmware: Firmware
  public var method: BootMethod
  /// The boot program's path in the tree: what the recipes have such a machine read.
  public var program: String
  /// The program in the tree, and what pxebuild has placed there; nil where that is not known.
  public var found: Digest?
  public var placed: Digest?
  /// What the program in the tree is, for firmware that is UEFI.
  public var image: ProgramImage?
  /// The URL of the tree's root, as recipes give it.
  public var http: String
  /// Whether the tree has a file.
  public var has: @Sendable (String) -> Bool
  /// Whether a program of the tree holds a text; nil where that cannot be told, as for one that unpacks itself.
  public var holds: @Sendable (_ program: String, _ text: String) -> Bool?

  public init(
    firmware: Firmware, method: BootMethod, program: String, http: String,
    has: @escaping @Sendable (String) -> Bool,
    holds: @escaping @Sendable (_ program: String, _ text: String) -> Bool?
  ) {
    self.firmware = firmware
    self.method = method
    self.program = program
    self.http = http
    self.has = has
    self.holds = holds
  }
}

/// What proves that a machine has booted.
public struct BootEvidence: Sendable, Equatable {
  /// The file that the firmware itself read, and its size where that was seen; nil for a stick or a disc.
  public var file: String?
  public var bytes: Int64?
  /// What the program then asked the HTTP server for, and got.
  public var request: String
  /// The version that the program calls itself by.
  public var version: String
  /// From power-on to that answer.
  public var seconds: Double

  public init(
    file: String?, bytes: Int64?, request: String, version: String, seconds: Double
  ) {
    self.file = file
    self.bytes = bytes
    self.request = request
    self.version = version
    self.seconds = seconds
  }
}

/// Why a boot failed: the first thing that went wrong.
public struct BootFailure: Sendable, Equatable {
  public var fault: BootFault
  /// One line, no full stop.
  public var message: String
  /// What to do about it, one sentence.
  public var advice: String?
  /// True when time was up: a second try may come further.
  public var isTimeOut: Bool
  /// The last lines that a program of the lab printed, where that is what failed.
  public var output: [String] = []

  public init(
    _ fault: BootFault, _ message: String, advice: String? = nil, isTimeOut: Bool = false
  ) {
    self.fault = fault
    self.message = message
    self.advice = advice
    self.isTimeOut = isTimeOut
  }
}

/// What is known of a boot.
public enum BootVerdict: Sendable, Equatable {
  case running
  case passed(BootEvidence)
  case failed(BootFailure)
}
