import Testing

@testable import Recipes

@Suite("HTTP servers")
struct HTTPServerTests {
  private func endpoint(_ url: String) -> String {
    do {
      let found = try HTTPEndpoint(url: url)
      return "\(found.address ?? "*") \(found.port) \(found.prefix)"
    } catch {
      return "\(error)"
    }
  }

  @Test("A URL says where to listen, or why a plain server cannot")
  func endpoints() {
    #expect(endpoint("http://10.0.0.200") == "10.0.0.200 80 ")
    #expect(endpoint("HTTP://10.0.0.200:8080/") == "10.0.0.200 8080 ")
    #expect(endpoint("http://boot.example.org/tftpboot/") == "* 80 /tftpboot")
    #expect(endpoint("http://[2001:db8::1]:81/a/b") == "[2001:db8::1] 81 /a/b")
    #expect(endpoint("http://[::1]") == "[::1] 80 ")
    #expect(endpoint("http://user@10.0.0.1:81") == "10.0.0.1 81 ")
    #expect(endpoint("https://10.0.0.1") == "isSecure")
    for port in ["0", "65536", "+80", "", "http"] {
      #expect(endpoint("http://10.0.0.1:\(port)/") == "port(\"\(port)\")")
    }
    for path in ["/a,b", "/a;}", "/a/../b", "/a//b", "/%20", "/a?x", "/$a"] {
      #expect(endpoint("http://10.0.0.1\(path)") == "path(\"\(path)\")")
    }
  }

  @Test("Odd folders are quoted for nginx, or refused where it has no way to write them")
  func nginxFolders() {
    let endpoint = HTTPEndpoint(address: "10.0.0.1", port: 80)
    let root = "/srv/a \"b\" c\\d;}"
    let config = NginxConfig(root: root, endpoint: endpoint, service: .system)
    #expect(config.text.contains("root \"/srv/a \\\"b\\\" c\\\\d;}\";\n"))
    #expect(NginxConfig.problem(with: root) == nil)
    #expect(NginxConfig.problem(with: "/srv/$a") == "\"$\"")
    #expect(NginxConfig.problem(with: "/srv/a\nb") == "a control character")
    for bad in ["*", "?", "[", "]", "$", "\"", "\\", "\u{7f}"] {
      #expect(ApacheConfig.problem(with: "/srv/a\(bad)b") != nil, "\(bad)")
    }
    #expect(ApacheConfig.problem(with: "/srv/a b/größe;#%{x}'") == nil)
  }

  @Test("A path of site.http is where the tree is, and what pxebuild keeps there is not")
  func prefix() {
    let endpoint = HTTPEndpoint(address: nil, port: 8080, prefix: "/boot")
    let nginx = NginxConfig(root: "/srv/tree", endpoint: endpoint, service: .system).siteText
    for line in [
      "  listen 8080;", "  location = /boot/.pxebuild { return 404; }",
      "  location ^~ /boot/ {", "    alias \"/srv/tree/\";",
    ] {
      #expect(nginx.contains("\n\(line)\n"), "\(line)")
    }
    let apache = ApacheConfig(root: "/srv/tree", endpoint: endpoint, note: []).siteText
    for line in [
      "<VirtualHost *:8080>", "  Alias \"/boot/\" \"/srv/tree/\"",
      "  <Location \"/boot/.pxebuild\">",
    ] {
      #expect("\n\(apache)".contains("\n\(line)\n"), "\(line)")
    }
    #expect(!apache.contains("DocumentRoot"))
  }

  @Test("No extension has two types")
  func types() {
    let all = MediaTypes.known.flatMap(\.extensions)
    #expect(Set(all).count == all.count)
  }
}
