/// Starts the compiler proper and the assembler in place of the driver `gcc`.
///
/// The driver only looks at its arguments and starts two programs, at the cost of a process for each object.
/// What it would start is asked of it (`-###`) for two of the objects that are compiled with the same
/// options; where the answers differ in nothing but the names of the files, the other objects are compiled
/// by the same two programs without it. Everything else goes through the driver.
struct CompilerDrivers {
  private let assembly: String
  private var templates: [String: Template] = [:]

  /// What the driver starts for one set of options; words hold marks where a file's name belongs.
  private struct Template {
    var programs: [[String]]
  }

  /// A compile of one source, its options apart.
  private struct Compile {
    var words: [String]
    var source: String
    var object: String
    var name: String

    /// `gcc … -DOBJECT=NAME … -c SOURCE -o OBJECT`, nothing else.
    init?(_ unit: CommandUnit) {
      guard unit.commands.count == 1, let words = unit.commands[0].simpleWords, words.count > 4,
        words[0].hasSuffix("gcc"), words[words.count - 4] == "-c", words[words.count - 2] == "-o",
        words[words.count - 3].hasSuffix(".c"), words.last == unit.target
      else { return nil }
      source = words[words.count - 3]
      object = unit.target
      guard let define = words.last(where: { $0.hasPrefix("-DOBJECT=") }) else { return nil }
      name = String(define.dropFirst(9))
      self.words = words
    }

    var base: String { source.split(separator: "/").last.map(String.init) ?? source }

    var options: String {
      words.dropLast(3).map { $0 == "-DOBJECT=\(name)" ? "-DOBJECT=" : $0 }.joined(separator: "\0")
    }

    private var marks: [(String, String)] {
      [
        (object, "\0object"), (source, "\0source"), (base, "\0base"),
        ("OBJECT=\(name)", "\0define"),
      ]
    }

    func marked(_ word: String) -> String { marks.first { $0.0 == word }?.1 ?? word }
    func filled(_ word: String) -> String { marks.first { $0.1 == word }?.0 ?? word }
  }

  /// Asks the driver about the units; `assembly` is an existing folder for assembler text.
  init(units: [CommandUnit], assembly: String, pool: CommandPool) {
    self.assembly = assembly
    var groups: [String: [Compile]] = [:]
    for unit in units {
      if let compile = Compile(unit) { groups[compile.options, default: []].append(compile) }
    }
    for (options, compiles) in groups where compiles.count > 3 {
      // A driver that does not answer as expected is used as it is.
      guard let first = Self.ask(compiles[0], pool),
        let second = Self.ask(compiles[compiles.count - 1], pool), first == second
      else { continue }
      templates[options] = Template(programs: first)
    }
  }

  private static func ask(_ compile: Compile, _ pool: CommandPool) -> [[String]]? {
    let question = Command([compile.words[0], "-###"] + compile.words.dropFirst())
    guard let answer = try? pool.capture(question) else { return nil }
    // The programs stand on lines that start with a blank; their words are quoted as for a shell.
    let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n")
    let programs = lines.filter { $0.hasPrefix(" ") }.map { ShellCommand(String($0)).simpleWords }
    guard programs.count == 2, let compiler = programs[0], let assembler = programs[1],
      compiler[0].hasSuffix("/cc1"), let output = compiler.lastIndex(of: "-o"),
      output + 1 < compiler.count, compiler[output + 1].hasSuffix(".s"),
      assembler.filter({ $0 == compiler[output + 1] }).count == 1,
      assembler.contains(compile.object)
    else { return nil }
    let text = compiler[output + 1]
    return [compiler, assembler].map { words in
      words.map { $0 == text ? "\0text" : compile.marked($0) }
    }
  }

  /// Where a unit's assembler text goes between its two programs; nil when the driver compiles it.
  func assemblyFile(of unit: CommandUnit) -> String? {
    guard let compile = Compile(unit), templates[compile.options] != nil else { return nil }
    return assemblyFile(of: compile)
  }

  private func assemblyFile(of compile: Compile) -> String {
    "\(assembly)/\(compile.object.split(separator: "/").last ?? "").s"
  }

  /// The programs that make a unit's file.
  func commands(of unit: CommandUnit) -> [Command] {
    guard let compile = Compile(unit), let template = templates[compile.options] else {
      return unit.commands.map { Command($0) }
    }
    let text = assemblyFile(of: compile)
    return template.programs.map { words in
      Command(words.map { $0 == "\0text" ? text : compile.filled($0) })
    }
  }
}
