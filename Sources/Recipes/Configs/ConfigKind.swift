/// One kind of server whose configuration is written from the recipes. Everything that depends on its keys
/// (reading, "did you mean", the schema, the check of its page) follows from `record`.
final class ConfigKind: Sendable {
  let name: String
  /// One sentence: what the config is for.
  let summary: String
  /// The keys; the first bears the kind's name, and its value says for which program.
  let record: RecordDescription
  /// Writes a config, or says in diagnostics why it cannot; nil only after an error. It also runs when
  /// recipes are only read, so that what it says stands in `check`.
  let make: @Sendable (Config, ServedSite, inout Checker) -> ConfigContent?
  /// The programs that the serving machine runs with the config.
  let programs: @Sendable (Config) -> [String]
  /// What a firewall has to let in for the server. Asked of configs that can be read.
  let ports: @Sendable (Config, ServedSite) -> [ServedPort]

  /// - Precondition: the first key's name is the kind's.
  init(
    name: String, summary: String, keys: [KeyDescription],
    programs: @escaping @Sendable (Config) -> [String],
    ports: @escaping @Sendable (Config, ServedSite) -> [ServedPort] = { _, _ in [] },
    make: @escaping @Sendable (Config, ServedSite, inout Checker) -> ConfigContent?
  ) {
    precondition(keys.first?.name == name, "a kind's first key bears its name")
    self.name = name
    self.summary = summary
    record = RecordDescription(keys: keys)
    self.programs = programs
    self.ports = ports
    self.make = make
  }

  // `all` is written by the build plugin RuleList from the files of Configs/Kinds.
  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// One config of the recipes: an entry of `configs:`.
public struct Config: Sendable {
  /// Its path in the folder for configs.
  public let path: String
  /// Where its path stands.
  public let location: SourceLocation
  /// The name of its kind.
  public var kindName: String { kind.name }
  let kind: ConfigKind
  let values: Record

  /// What messages call it.
  var owner: String { "config \(quoted(path))" }
}

/// What a config consists of.
enum ConfigContent: Sendable {
  case file(ConfigText)
  /// Files by their paths below the config's own.
  case folder([String: ConfigText])
}

/// The text of one file for a server.
struct ConfigText: Sendable, Equatable {
  var text: String
  /// True when it holds a secret: only its owner may read it.
  var isPrivate = false
}

/// All configs of the recipes as they have to be written.
public struct WrittenConfigs: Sendable {
  public struct Entry: Sendable {
    public let config: Config
    public let files: [ConfigFile]
  }

  /// In the order of the recipes.
  public let entries: [Entry]
  /// What is suspicious of them in this output tree, beside the recipes' own warnings.
  public let warnings: [Diagnostic]
}

/// A file for a server as it has to stand in the folder for configs.
public struct ConfigFile: Sendable, Equatable {
  /// Below the config's own path; empty for the config itself.
  public var path: String
  public var bytes: [UInt8]
  /// True when it holds a secret: only its owner may read it.
  public var isPrivate: Bool
}
