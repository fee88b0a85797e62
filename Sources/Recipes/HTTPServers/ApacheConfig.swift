/// Apache as the HTTP server of an output tree (httpd.apache.org/docs/2.4). Links are followed for the reason
/// given at `NginxConfig`; ranges and files of any size are the core's own.
struct ApacheConfig: Sendable {
  /// The output tree, absolute.
  var root: String
  var endpoint: HTTPEndpoint
  /// Lines that start the file; each a comment.
  var note: [String]

  /// Why Apache cannot serve a folder, or nil.
  static func problem(with root: String) -> String? {
    if root.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "a control character"
    }
    // Patterns in the name of a section, a variable, and what would end or escape the quotes.
    return root.first { "*?[]$\"\\".contains($0) }.map { quoted(String($0)) }
  }

  /// A whole file, for `apache2 -f`, with Debian's places for modules, log and process number.
  ///
  /// - Precondition: `problem(with: root)` is nil.
  var text: String {
    let modules = ["mpm_event", "authz_core", "alias", "mime"].map {
      "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so"
    }
    let lines =
      note + modules + [
        "", "ServerRoot \"/etc/apache2\"", "ServerName \(name)", "PidFile /run/apache2/apache2.pid",
        "User www-data", "Group www-data", "ErrorLog /var/log/apache2/error.log",
        "LogFormat \"%h %l %u %t \\\"%r\\\" %>s %O\" pxebuild",
        "CustomLog /var/log/apache2/access.log pxebuild", "ServerTokens Prod",
        "# The module would read a list of its own.", "TypesConfig /dev/null",
        "Listen \(endpoint.listen)", "", "<Directory \"/\">", "  AllowOverride None",
        "  Require all denied", "</Directory>", "",
      ] + server
    return lines.joined(separator: "\n") + "\n"
  }

  /// A file for `sites-available`: the server alone. Its port has to be one that Apache listens on.
  var siteText: String {
    let host = endpoint.address ?? "*"
    let lines =
      note + ["<VirtualHost \(host):\(endpoint.port)>", "  ServerName \(name)"]
      + server.map { $0.isEmpty ? "" : "  \($0)" } + ["</VirtualHost>"]
    return lines.joined(separator: "\n") + "\n"
  }

  private var name: String { endpoint.address ?? "localhost" }

  private var server: [String] {
    let prefix = endpoint.prefix
    let place =
      prefix.isEmpty
      ? ["DocumentRoot \"\(root)\""]
      : ["Alias \"\(prefix)/\" \"\(root == "/" ? "/" : "\(root)/")\""]
    return place + [
      "<Directory \"\(root)\">", "  Options FollowSymLinks", "  AllowOverride None",
      "  Require all granted", "</Directory>", "# What pxebuild keeps there for itself.",
      "<Location \"\(prefix)/.pxebuild\">", "  Require all denied", "</Location>",
      "EnableSendfile On",
    ]
      + MediaTypes.known.map { "AddType \($0.type) \($0.extensions.joined(separator: " "))" }
  }
}
