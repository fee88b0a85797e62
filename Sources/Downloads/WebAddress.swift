/// The parts of a URL that decide whether and how it may be fetched.
package struct WebAddress: Hashable, Sendable {
  package enum Scheme: String, Sendable { case http, https, file }

  package let scheme: Scheme
  /// The URL as it was written, credentials included: for the transfer, never for a message.
  package let text: String

  /// Nil when the scheme is none of http, https and file.
  package init?(_ text: String) {
    guard let colon = text.firstIndex(of: ":"),
      let scheme = Scheme(rawValue: text[..<colon].lowercased()),
      text[colon...].hasPrefix("://") || scheme == .file
    else { return nil }
    self.scheme = scheme
    self.text = text
  }

  /// The URL without user name and password, for messages and logs.
  package var shown: String { Self.withoutCredentials(text) }

  package static func withoutCredentials(_ url: String) -> String {
    guard let separator = url.firstRange(of: "://") else { return url }
    let rest = url[separator.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = authority.lastIndex(of: "@") else { return url }
    return String(url[..<separator.upperBound]) + String(rest[rest.index(after: at)...])
  }

  /// Why a redirect from here to `next` must not be followed; nil when it may.
  package func refusal(ofRedirectTo next: String) -> String? {
    guard let target = WebAddress(next), target.scheme != .file else {
      return "it redirects to \(Self.withoutCredentials(next)), which is not a web address"
    }
    if scheme == .https && target.scheme == .http {
      return "it redirects to \(target.shown), which is not encrypted"
    }
    return nil
  }
}
