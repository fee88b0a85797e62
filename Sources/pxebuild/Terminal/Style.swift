import ArgumentParser

/// What `--color` may say.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
  case auto, always, never

  /// Whether to colour what goes to one stream.
  ///
  /// The flag wins; then NO_COLOR (no-color.org), then CLICOLOR_FORCE and CLICOLOR
  /// (bixense.com/clicolors); else colour is for terminals that can show it.
  func isOn(isTerminal: Bool, environment: (String) -> String?) -> Bool {
    switch self {
    case .always: return true
    case .never: return false
    case .auto: break
    }
    if let value = environment("NO_COLOR"), !value.isEmpty { return false }
    if let value = environment("CLICOLOR_FORCE"), !value.isEmpty, value != "0" { return true }
    if environment("CLICOLOR") == "0" { return false }
    return isTerminal && environment("TERM").map { $0 != "dumb" && !$0.isEmpty } ?? false
  }
}

/// Paints words, or leaves them alone where colour is off.
struct Style: Sendable, Equatable {
  enum Paint: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
    case boldRed = "1;31"
  }

  var isOn: Bool

  static let plain = Style(isOn: false)
  static let colored = Style(isOn: true)

  func callAsFunction(_ paint: Paint, _ text: String) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
  }
}
