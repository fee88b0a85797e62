/// One thing that a build needs of the machine.
struct Requirement: Hashable, Sendable {
  enum Kind: String, Sendable {
    case program, header, library, file
    /// cc1 and its like: not in `PATH`, the compiler driver knows where.
    case compilerPart = "compiler-part"
    /// A sandbox that works, not only a program that is there.
    case sandbox
  }

  var kind: Kind
  var name: String
  /// The Debian package that brings it.
  var package: String?
  /// Builds go on without it.
  var isOptional: Bool { isServer || kind == .sandbox }
  /// Only the machine that serves needs it, which may be another one.
  var isServer: Bool

  /// A thing by its name: "/…" is a file, "….h" a header, "lib….so" a library, "cc1" a part of the
  /// compiler, "bwrap" the sandbox, all else a program.
  init(_ name: String, isServer: Bool = false) {
    self.name = name
    package = DebianPackages.package(for: name)
    kind =
      name.hasPrefix("/")
      ? .file
      : name.hasSuffix(".h")
        ? .header
        : name.hasPrefix("lib") && name.hasSuffix(".so")
          ? .library : name == "cc1" ? .compilerPart : name == "bwrap" ? .sandbox : .program
    self.isServer = isServer
  }

  /// Everything that the named things need, each once, in order: programs first, then what the compiler
  /// finds, then files, then the sandbox, which any build makes use of.
  ///
  /// - Parameter servers: Programs that servers are, and builds do without.
  static func all(for names: some Sequence<String>, servers: Set<String> = []) -> [Requirement] {
    var seen: Set<String> = []
    var open = Array(names) + ["bwrap"]
    while let name = open.popLast() {
      if seen.insert(name).inserted { open += DebianPackages.companions(of: name) }
    }
    let order: [Kind] = [.program, .compilerPart, .header, .library, .file, .sandbox]
    let sorted =
      seen.sorted().map { Requirement($0) }
      + servers.subtracting(seen).sorted().map { Requirement($0, isServer: true) }
    return order.flatMap { kind in sorted.filter { $0.kind == kind } }
  }
}
