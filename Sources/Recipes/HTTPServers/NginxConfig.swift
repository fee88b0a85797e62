/// nginx as the HTTP server of an output tree (nginx.org/en/docs).
///
/// Links are followed: pxebuild is the only one who writes the tree, places no link that leaves it, and an image
/// that stays where it is (`link:`) is such a link on purpose. nginx sends ranges of files by itself, of any size.
public struct NginxConfig: Sendable {
  /// Who runs nginx.
  public enum Service: Sendable {
    /// The machine's own service, with Debian's places for its log and process number.
    case system
    /// A foreground process of an ordinary user or root: everything that it writes goes into this folder, and
    /// its log to standard output and standard error.
    case foreground(folder: String)
  }

  /// The output tree, absolute.
  public var root: String
  public var endpoint: HTTPEndpoint
  public var service: Service
  /// A socket that is a file, absolute, to listen at in place of the endpoint's address and port.
  public var socket: String?
  /// Lines that start the file; each a comment.
  public var note: [String]

  public init(root: String, endpoint: HTTPEndpoint, service: Service, note: [String] = []) {
    self.root = root
    self.endpoint = endpoint
    self.service = service
    self.note = note
  }

  /// The form of a line of the access log, fields apart by tabs. nginx writes a byte that is no plain ASCII as
  /// `\xNN`.
  public static let logFields = [
    "$remote_addr", "$request_method", "$request_uri", "$status", "$body_bytes_sent", "$http_range",
  ]

  /// Why nginx cannot serve a folder, or nil.
  static func problem(with root: String) -> String? {
    if root.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "a control character"
    }
    // Its files have no way to write a dollar sign in a path.
    return root.contains("$") ? "\"$\"" : nil
  }

  /// A whole file, for `nginx -c`.
  ///
  /// - Precondition: `problem(with: root)` is nil.
  public var text: String {
    let lines =
      note + main + ["", "http {"] + (http + server).map { $0.isEmpty ? "" : "  \($0)" } + ["}"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A file for a folder whose files another one includes: the server alone.
  var siteText: String { (note + server).joined(separator: "\n") + "\n" }

  private var main: [String] {
    // A connection takes two: its socket, and the file that is sent.
    let events = [
      "worker_rlimit_nofile 16384;", "", "events {", "  worker_connections 4096;", "}",
    ]
    switch service {
    case .system:
      return [
        "user www-data;", "worker_processes auto;", "pid /run/nginx.pid;",
        "error_log /var/log/nginx/error.log;",
      ] + events
    case .foreground(let folder):
      return [
        "daemon off;", "worker_processes auto;", "pid \(Self.quoted("\(folder)/nginx.pid"));",
        "error_log stderr notice;",
      ] + events
    }
  }

  private var http: [String] {
    let common = ["sendfile on;", "tcp_nopush on;", "server_tokens off;"]
    switch service {
    case .system: return common + ["access_log /var/log/nginx/access.log;", ""]
    case .foreground(let folder):
      let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
        "\($0)_temp_path \(Self.quoted("\(folder)/\($0)"));"
      }
      return common + folders + [
        "log_format pxebuild \(Self.quoted(Self.logFields.joined(separator: "\t")));",
        "access_log /dev/stdout pxebuild;", "log_not_found off;", "",
      ]
    }
  }

  private var server: [String] {
    let place = socket.map { Self.quoted("unix:\($0)") } ?? endpoint.listen
    return [
      "server {", "  listen \(place);", "  default_type \(MediaTypes.other);",
      "  types {",
    ]
      + MediaTypes.known.map { "    \($0.type) \($0.extensions.joined(separator: " "));" }
      + ["  }", ""] + locations.map { "  \($0)" } + ["}"]
  }

  private var locations: [String] {
    let prefix = endpoint.prefix
    // What pxebuild keeps there for itself.
    let own = [
      "location = \(prefix)/.pxebuild { return 404; }",
      "location ^~ \(prefix)/.pxebuild/ { return 404; }",
    ]
    guard !prefix.isEmpty else { return ["root \(Self.quoted(root));"] + own }
    return own + [
      "location ^~ \(prefix)/ {", "  alias \(Self.quoted(root == "/" ? "/" : "\(root)/"));", "}",
      "location / { return 404; }",
    ]
  }

  /// A value between double quotes.
  private static func quoted(_ text: String) -> String {
    "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
