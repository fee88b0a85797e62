/// How diagnostics become text.
public enum DiagnosticStyle: Sendable {
  case plain
  /// With the ANSI sequences of ECMA-48 section 8.3.117 (SGR).
  case coloured

  func paint(_ text: String, _ code: String) -> String {
    self == .plain ? text : "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }
}

extension Diagnostic {
  /// The diagnostic as a person sees it: message, place, source line with a caret, notes, help. No
  /// line break at the end.
  public func rendered(style: DiagnosticStyle = .plain) -> String {
    let colour = severity == .error ? "1;31" : "1;33"
    let gutter = String(location?.line ?? 0).utf8.count
    var lines = [style.paint("\(severity.rawValue):", colour) + " " + style.paint(message, "1")]
    if let location { lines += excerpt(of: location, gutter, colour, style) }
    let pad = String(repeating: " ", count: gutter)
    for note in notes where note.location == nil {
      lines.append("\(pad) \(style.paint("=", "1;34")) note: \(note.message)")
    }
    if let help { lines.append("\(pad) \(style.paint("=", "1;34")) help: \(help)") }
    for note in notes {
      guard let place = note.location else { continue }
      lines.append(style.paint("note:", "1;32") + " " + note.message)
      lines += excerpt(of: place, String(place.line).utf8.count, "1;32", style)
    }
    return lines.joined(separator: "\n")
  }
}

private func excerpt(
  of location: SourceLocation, _ gutter: Int, _ colour: String, _ style: DiagnosticStyle
) -> [String] {
  let pad = String(repeating: " ", count: gutter)
  let bar = style.paint("|", "1;34")
  let shown = ShownLine(location)
  let caret = String(repeating: " ", count: shown.column) + style.paint(shown.carets, colour)
  return [
    "\(pad)\(style.paint("-->", "1;34")) \(location)",
    "\(pad) \(bar)",
    "\(style.paint(String(location.line), "1;34")) \(bar)"
      + (shown.text.isEmpty ? "" : " \(shown.text)"),
    "\(pad) \(bar) \(caret)",
  ]
}

/// A source line as a terminal can show it, and where the carets go below it.
private struct ShownLine {
  var text = ""
  /// Terminal columns before the first caret.
  var column = 0
  var carets = "^"

  /// Lines wider than this are cut around the place, so that one long line does not fill a screen.
  private static let widest = 160

  init(_ location: SourceLocation) {
    // One element for each scalar: what is shown and how many terminal columns it takes.
    var cells = HiddenSecrets.hidden(in: location.file.line(location.line).unicodeScalars)
      .map(Self.cell)
    var offset = location.offset
    while let last = cells.last, last.text == " " || last.text == "    ", cells.count > offset {
      cells.removeLast()
    }
    var end = min(location.offset + location.length, max(cells.count, offset + 1))
    var prefix = ""
    if cells.reduce(0, { $0 + $1.width }) > Self.widest {
      let first = max(0, offset - Self.widest / 2)
      let last = min(cells.count, first + Self.widest)
      prefix = first > 0 ? "…" : ""
      let suffix = last < cells.count ? "…" : ""
      cells = Array(cells[min(first, last)..<last])
      offset -= first
      end = min(end - first, cells.count)
      text = prefix + cells.reduce("") { $0 + $1.text } + suffix
    } else {
      text = cells.reduce("") { $0 + $1.text }
    }
    column = prefix.isEmpty ? 0 : 1
    column += cells.prefix(offset).reduce(0) { $0 + $1.width } + max(0, offset - cells.count)
    let covered = offset < cells.count ? cells[offset..<max(offset, min(end, cells.count))] : []
    carets = String(repeating: "^", count: max(1, covered.reduce(0) { $0 + $1.width }))
  }

  private static func cell(_ scalar: Unicode.Scalar) -> (text: String, width: Int) {
    if scalar == "\t" { return ("    ", 4) }
    // A control character in a recipe must not reach the terminal.
    if isUnprintable(scalar) { return ("\u{fffd}", 1) }
    return (String(scalar), terminalWidth(scalar))
  }
}

/// The columns that a terminal gives a scalar: 0 for what combines with the one before, 2 for East
/// Asian wide and fullwidth ones (Unicode TR11) and emoji, else 1.
private func terminalWidth(_ scalar: Unicode.Scalar) -> Int {
  if scalar.isASCII { return 1 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format: return 0
  default: break
  }
  switch scalar.value {
  case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
    0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
    0xff00...0xff60, 0xffe0...0xffe6, 0x1b000...0x1b2ff, 0x1f300...0x1f64f, 0x1f680...0x1f6ff,
    0x1f900...0x1faff, 0x20000...0x3fffd:
    return 2
  default: return 1
  }
}
