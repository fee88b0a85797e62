/// Text on its way into an iPXE script: the one place where it is escaped.
///
/// iPXE splits a line into words at white space and knows no quotes; then it looks for words that are
/// `||`, `&&` or `;` and for a word that starts with `#`; then it expands `${…}` in each word, over and
/// over while there is one (`system()` in its src/core/exec.c, `expand_settings()` in src/core/settings.c).
/// So a word that means something to iPXE is one that does not after an expansion which gives nothing,
/// and a blank that has to stay is an expansion that gives a blank. A `${…}` cannot be written so that it
/// stays: whoever makes a menu refuses it.
public enum MenuText {
  /// A setting that nobody sets.
  static let nothing = "${menu-nothing}"
  /// A setting that the script has to set to one blank (`set menu-blank:hex 20`).
  static let blank = "${menu-blank:string}"

  /// True for text that cannot be in a script as itself: iPXE would expand it, or end the line.
  public static func isRefused(_ text: String) -> Bool {
    text.contains("${") || text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
  }

  /// Several words, as the rest of a line: a command's text arguments are joined with one blank between.
  static func text(_ text: String) -> String {
    precondition(!isRefused(text), "iPXE would expand it")
    var words: [String] = []
    var kept = ""
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    for (index, part) in parts.enumerated() {
      if part.isEmpty, index < parts.count - 1 {
        kept += blank
      } else {
        words.append(kept + (kept.isEmpty ? word(part) : part))
        kept = ""
      }
    }
    return words.filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// One word that stays one, whatever is in it.
  static func argument(_ text: String) -> String {
    precondition(!isRefused(text), "iPXE would expand it")
    if text.isEmpty { return nothing }
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    return parts.count == 1 ? word(text) : parts.joined(separator: blank)
  }

  /// A line of a script: a backslash at its end would join it with the next one.
  static func line(_ text: String) -> String { text.hasSuffix("\\") ? text + " " : text }

  private static func word(_ text: String) -> String {
    let isSpecial = ["||", "&&", ";"].contains(text) || text.hasPrefix("#")
    return isSpecial ? nothing + text : text
  }
}
