/// `http: nginx` or `http: apache` — an HTTP server whose root is the output tree.
enum HTTPKind {
  enum Server: String, CaseIterable, Sendable { case nginx, apache }
  /// `whole` is all that the server reads; `site` is a part that its own file includes.
  enum Form: String, CaseIterable, Sendable { case whole, site }

  static let http = Key<Server>(
    "http", .word("an HTTP server"), isRequired: true, "nginx or apache.")
  static let form = Key<Form>(
    "form", .word("whole or site"),
    "site: a part for the server's own file to include; a whole file when left out.")

  static let kind = ConfigKind(
    name: "http", summary: "An HTTP server that serves the output tree.",
    keys: [http.description, form.description],
    programs: { $0.values[http].map { [$0 == .nginx ? "nginx" : "apache2"] } ?? [] },
    ports: { _, served in served.site.httpEndpoint.map { [.tcp($0.port)] } ?? [] }, make: make)

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    guard let server = config.values[http] else { return nil }
    let endpoint = endpoint(of: config, served, &checker)
    let isServable = check(served.output, for: server, config, &checker)
    guard let endpoint, isServable else { return nil }
    let isSite = config.values[form] == .site
    let note = ConfigNote.hash(server.rawValue, file: file(server, isSite: isSite))
      .split(separator: "\n").map(String.init)
    let text: String
    switch server {
    case .nginx:
      let nginx = NginxConfig(
        root: served.output, endpoint: endpoint, service: .system, note: note)
      text = isSite ? nginx.siteText : nginx.text
    case .apache:
      let apache = ApacheConfig(root: served.output, endpoint: endpoint, note: note)
      text = isSite ? apache.siteText : apache.text
    }
    return .file(ConfigText(text: text))
  }

  private static func file(_ server: Server, isSite: Bool) -> String {
    switch (server, isSite) {
    case (.nginx, false): "/etc/nginx/nginx.conf"
    case (.nginx, true): "/etc/nginx/sites-available/"
    case (.apache, false): "/etc/apache2/apache2.conf"
    case (.apache, true): "/etc/apache2/sites-available/"
    }
  }

  private static func endpoint(
    of config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> HTTPEndpoint? {
    guard let url = config.need(.http, of: served, &checker) else { return nil }
    do {
      return try HTTPEndpoint(url: url)
    } catch {
      let (reason, help) =
        switch error {
        case .isSecure:
          (
            "it wants TLS, and a certificate is nobody's but the machine's",
            "let site.http start with http://, or put a server with a certificate before this one"
          )
        case .port(let text): ("\(quoted(text)) is no port", "a port is a number from 1 to 65535")
        case .path(let text):
          (
            "the path \(quoted(text)) has characters with a meaning to servers",
            "use letters, digits, \"/\", \".\", \"_\" and \"-\" only"
          )
        }
      checker.error(
        "\(config.owner) cannot serve \(printable(url)): \(reason)", at: config.location, help: help
      )
      return nil
    }
  }

  private static func check(
    _ root: String, for server: Server, _ config: Config, _ checker: inout Checker
  ) -> Bool {
    let problem =
      switch server {
      case .nginx: NginxConfig.problem(with: root)
      case .apache: ApacheConfig.problem(with: root)
      }
    guard let problem else { return true }
    checker.error(
      "\(server.rawValue) cannot serve the folder \(quoted(root)), which has \(problem) in its name",
      at: config.location, help: "choose another output folder")
    return false
  }
}
