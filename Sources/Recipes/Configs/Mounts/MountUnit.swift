/// A mount of an image as a unit of systemd (systemd.mount(5)).
struct MountUnit: Sendable, Hashable {
  /// The image, absolute.
  var image: String
  /// Where it is mounted, absolute.
  var place: String

  /// The unit's file: systemd looks up a mount by the escaped path (systemd.unit(5), "String Escaping for
  /// Inclusion in Unit Names").
  var fileName: String {
    var result = ""
    for (index, byte) in place.split(separator: "/").joined(separator: "/").utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "/"): result += "-"
      case _ where isLetterOrDigit(byte) || ":_".utf8.contains(byte):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: ".") where index > 0: result += "."
      default:
        let digits = String(byte, radix: 16)
        result += "\\x" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return result + ".mount"
  }

  /// Why a unit cannot hold a path, or nil.
  static func problem(with path: String) -> String? {
    if path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "a control character"
    }
    if path.contains("\\") || path.contains("\"") { return "\"\\\" or a quotation mark" }
    return path.hasSuffix(" ") || path.contains("/ ") ? "a space at the end of a part" : nil
  }

  /// - Precondition: neither path has a `problem`.
  func text(note: String) -> String {
    """
    \(note)
    [Unit]
    Description=\(Self.escaped("The content of \(image)"))
    # Nothing is served before it is there.
    Before=nfs-server.service nfs-ganesha.service smbd.service nginx.service apache2.service
    RequiresMountsFor=\(Self.quoted(image))

    [Mount]
    What=\(Self.escaped(image))
    Where=\(Self.escaped(place))
    Options=loop,ro,nodev,nosuid

    [Install]
    WantedBy=multi-user.target

    """
  }

  /// "%" starts a specifier.
  private static func escaped(_ text: String) -> String { text.replacing("%", with: "%%") }

  /// A word of a list.
  private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }
}
