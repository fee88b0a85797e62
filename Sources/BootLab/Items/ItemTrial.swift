/// Follows a machine from the first menu to an item's sign of life. It is told what was seen, and says what to do.
public struct ItemTrial: Sendable {
  /// What to do next.
  public enum Move: Sendable, Equatable {
    case wait
    /// Press these keys, one after the other.
    case press([String])
    case passed(ItemEvidence)
    case failed(BootFailure)
  }

  /// Everything that is known of the machine.
  public struct View: Sendable {
    public var events: [SeenEvent]
    /// Everything that it has printed, with sequences for terminals.
    public var console: String
    /// The text on a BIOS machine's screen, where somebody looks.
    public var screen: String
    /// It has switched itself off or restarted.
    public var hasEnded: Bool
    /// Since power-on.
    public var seconds: Double

    public init(
      events: [SeenEvent], console: String, screen: String = "", hasEnded: Bool = false,
      seconds: Double
    ) {
      self.events = events
      self.console = console
      self.screen = screen
      self.hasEnded = hasEnded
      self.seconds = seconds
    }
  }

  private let expected: ItemExpectation
  private var next = 0
  /// How much had been printed and had passed when the last key was pressed.
  private var printed = 0
  private var passed = 0
  /// When that was.
  private var pressed = 0.0
  /// When the menu that is waited for was seen whole.
  private var shown: Double?

  /// How long a menu stands before a key is pressed, in seconds: it is drawn line by line.
  private static let settling = 0.5
  /// How long iPXE says nothing more where nothing else can be seen.
  private static let silence = 5.0

  /// - Parameter start: What was seen until now is of the way to the first menu.
  public init(_ expected: ItemExpectation) { self.expected = expected }

  /// Looks at the machine.
  public mutating func look(_ view: View) -> Move {
    if next < expected.steps.count { return wait(for: expected.steps[next], view) }
    if let failure = failure(view) { return .failed(failure) }
    if let sign = sign(view) {
      return .passed(ItemEvidence(name: expected.name, sign: sign, seconds: view.seconds))
    }
    if view.hasEnded {
      return .failed(BootFailure(.item, "\(who): the machine has ended before \(wanted)"))
    }
    return .wait
  }

  /// Judges it when time is up.
  public func end(_ seconds: Int) -> BootFailure {
    guard next < expected.steps.count else {
      return BootFailure(
        .item,
        "\(who) was chosen, and gave no sign of life within \(seconds) seconds: "
          + "\(wanted) was waited for", advice: expected.sign.advice, isTimeOut: true)
    }
    let step = expected.steps[next]
    return BootFailure(
      .item,
      "the menu \"\(step.menu)\" with the line \"\(step.line)\" did not show within "
        + "\(seconds) seconds",
      advice: "see what the console shows, and whether the boot program comes to that menu",
      isTimeOut: true)
  }

  private var who: String { "item \(expected.name)" }
  private var wanted: String { expected.sign.name }

  // MARK: The way there

  private mutating func wait(for step: ItemExpectation.Step, _ view: View) -> Move {
    let text = Self.plain(view.console, from: printed)
    guard Self.shows(step.menu, text), Self.shows(step.line, text) else {
      return view.hasEnded
        ? .failed(
          BootFailure(.item, "\(who): the machine has ended before it showed \"\(step.menu)\""))
        : .wait
    }
    guard let shown else {
      self.shown = view.seconds
      return .wait
    }
    guard view.seconds - shown >= Self.settling else { return .wait }
    (printed, passed, pressed) = (view.console.utf8.count, view.events.count, view.seconds)
    (self.shown, next) = (nil, next + 1)
    return .press(step.keys)
  }

  /// Whether a line stands on the console. What is not ASCII some versions of iPXE print as numbers, and long lines are
  /// cut.
  private static func shows(_ line: String, _ text: String) -> Bool {
    let parts = line.split { !$0.isASCII }.map { $0.prefix(60) }
    return parts.allSatisfy { text.contains($0) }
  }

  /// What was printed since, without what moves the cursor and sets colours (ECMA-48).
  private static func plain(_ console: String, from start: Int) -> String {
    let news = String(decoding: console.utf8.dropFirst(start), as: UTF8.self)
    return news.replacing(#/\u{1b}(\[[0-9;?=]*[A-Za-z]|c)/#, with: "\n")
  }

  // MARK: What goes wrong

  private func failure(_ view: View) -> BootFailure? {
    let text = Self.plain(view.console, from: printed)
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmed }
    let marks = [" did not start: error ", "Kernel panic - not syncing", "Boot from SAN device "]
    if let line = lines.first(where: { line in
      marks.contains { line.contains($0) && ($0 != marks[2] || line.contains("failed")) }
    }) {
      let refused = news(view).lazy.compactMap(Self.refusal).first
      return BootFailure(
        .item, "\(who): \(Self.withoutURL(line))" + (refused.map { "; \($0)" } ?? ""),
        advice: "see what its lines in the recipe name, and whether that is in the tree")
    }
    let refusedMount = news(view).lazy.compactMap { seen -> String? in
      guard case .mounted(let path, let status) = seen.event, status != 0 else { return nil }
      return "the NFS server refused \(path) (\(status))"
    }.first
    return refusedMount.map {
      BootFailure(
        .item, "\(who): \($0)", advice: "see whether the NFS server's file exports that folder")
    }
  }

  /// A line of a menu of pxebuild's ends in a URL, which an 80th column cuts.
  private static func withoutURL(_ line: String) -> Substring {
    line.firstRange(of: " (http").map { line[..<$0.lowerBound] } ?? line[...]
  }

  private func news(_ view: View) -> ArraySlice<SeenEvent> { view.events.dropFirst(passed) }

  private static func refusal(_ seen: SeenEvent) -> String? {
    guard case .responded(let path, _, let status, _) = seen.event, status >= 400 else {
      return nil
    }
    return "the HTTP server answered \(status) for \(path)"
  }

  // MARK: Signs of life

  private func sign(_ view: View) -> String? {
    let text = Self.plain(view.console, from: printed)
    switch expected.sign {
    case .kernel: return Self.line("Linux version ", text)
    case .nfsRoot:
      return news(view).lazy.compactMap { seen -> String? in
        guard case .mounted(let path, 0) = seen.event else { return nil }
        return "it mounted \(path) over NFS"
      }.first
    case .wimboot: return Self.line("bootmgfw.efi", text) ?? Self.line("bootmgr", text)
    case .loader(let image): return loader(of: image, view, text)
    case .memtest: return Self.line("Memtest86+", view.screen) ?? Self.line("Memtest86+", text)
    case .text(let wanted): return Self.line(wanted, text)
    case .end: return view.hasEnded ? "the machine ended" : nil
    case .left: return left(view, text)
    }
  }

  /// The line that holds a text; it may still be without its end.
  private static func line(_ part: String, _ text: String) -> String? {
    let found = text.split(whereSeparator: \.isNewline).first { $0.contains(part) }
    return found.map { String($0.trimmed.prefix(70)) }
  }

  /// iPXE itself reads the first sectors, the catalog and the loader; the loader reads on.
  private static let ownReads = 8

  private func loader(of image: String, _ view: View, _ text: String) -> String? {
    // iPXE says so when it hands over.
    guard text.contains("Booting from SAN device") else { return nil }
    let reads = news(view).count { seen in
      guard case .responded(let path, _, 200..<300, _) = seen.event else { return false }
      return path.hasSuffix(image)
    }
    guard reads > Self.ownReads, view.seconds - pressed > Self.settling else { return nil }
    return "what \(image) holds has started: \(reads) reads of it"
  }

  private func left(_ view: View, _ text: String) -> String? {
    let step = expected.steps.last
    if let step, Self.shows(step.menu, text), Self.shows(step.line, text) { return nil }
    let last = news(view).last?.seconds ?? pressed
    guard view.seconds - max(last, pressed) > Self.silence else { return nil }
    return "iPXE left the menu and says nothing more; what it started was not looked at"
  }
}

extension ItemSign {
  fileprivate var advice: String? {
    switch self {
    case .kernel:
      "a kernel prints there when its arguments have console=ttyS0: add arguments: console=ttyS0 to the item"
    case .nfsRoot: "see whether its initrd finds the network, and whether the folder is exported"
    case .wimboot: "wimboot says nothing with quiet among its arguments"
    case .loader, .memtest, .text, .end, .left: nil
    }
  }
}

extension StringProtocol {
  /// Without blanks at its ends, and without control characters.
  fileprivate var trimmed: String {
    var text = self.filter { !$0.unicodeScalars.contains { $0.value < 0x20 } }[...]
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
