extension RecipeSet {
  /// The config of a path.
  public func config(_ path: String) -> Config? { configs.first { $0.path == path } }

  /// The programs that the serving machine runs with these configs.
  public var serverPrograms: Set<String> {
    Set(configs.flatMap { $0.kind.programs($0) })
  }

  /// The files of all configs, in the order of the recipes.
  ///
  /// - Parameters:
  ///   - output: The output tree, absolute.
  ///   - absent: Targets that the tree lacks because their sources could not be reached; no config names
  ///     them.
  ///   - links: The symbolic links in the tree, by their paths there.
  /// - Throws: why a config cannot be written.
  public func writtenConfigs(
    output: String, absent: Set<String> = [], links: Set<String> = []
  ) throws(RecipeErrors) -> WrittenConfigs {
    var checker = Checker(variables: Variables(settable: []))
    let served = ServedSite(recipes: self, output: output, absent: absent, links: links)
    let written = configs.compactMap { config in
      config.kind.make(config, served, &checker).map {
        WrittenConfigs.Entry(config: config, files: $0.files)
      }
    }
    if checker.hasErrors { throw RecipeErrors(checker.diagnostics) }
    // The rest was said when the recipes were read.
    let warnings = checker.diagnostics.filter { !self.warnings.contains($0) }
    return WrittenConfigs(entries: written, warnings: Diagnostic.sorted(warnings))
  }

  /// Says of every config that can be read why it cannot be written. The output tree's place may still come
  /// from the command line.
  func checkConfigs(_ checker: inout Checker) {
    for config in configs {
      if let target = target(config.path) {
        checker.error(
          "\(config.owner) bears the name of a target", at: config.location,
          notes: [.init("the target is defined here", at: target.location)],
          help: "rename one of the two: on the command line a name means one thing")
      }
      checkFolders(of: config, &checker)
    }
    let served = ServedSite(recipes: self, output: site.output ?? "/var/lib/tftpboot")
    for config in configs where config.values.isComplete && config.hasAllKeys {
      _ = config.kind.make(config, served, &checker)
    }
  }

  /// A config cannot be a file and a folder that holds another one.
  private func checkFolders(of config: Config, _ checker: inout Checker) {
    var folder = config.path[...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      guard let other = self.config(String(folder)) else { continue }
      checker.error(
        "\(config.owner) is inside \(other.owner)", at: config.location,
        notes: [.init("the other one is defined here", at: other.location)],
        help: "rename one of the two: a path is a file or a folder, not both")
    }
  }
}

extension Config {
  /// True when no required key is missing.
  fileprivate var hasAllKeys: Bool {
    kind.record.keys.allSatisfy { !$0.isRequired || values.isWritten($0.name) }
  }
}

extension ConfigContent {
  fileprivate var files: [ConfigFile] {
    switch self {
    case .file(let text): [ConfigFile(path: "", text)]
    case .folder(let texts):
      texts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { ConfigFile(path: $0.key, $0.value) }
    }
  }
}

extension ConfigFile {
  fileprivate init(path: String, _ text: ConfigText) {
    self.init(path: path, bytes: Array(text.text.utf8), isPrivate: text.isPrivate)
  }
}
