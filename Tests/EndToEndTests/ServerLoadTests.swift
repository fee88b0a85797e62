import Foundation
import Testing

/// What the generated files let servers bear: a room of machines that is switched on together. The servers have the
/// limits of a service of systemd, 1024 open files that they may raise themselves.
@Suite(
  "Servers under load",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct ServerLoadTests {
  private static let recipe = """
    site: { server: 10.0.0.200, http: "http://10.0.0.200" }
    targets:
      ipxe.efi: { file: program }
    configs:
      tftpd-hpa: { tftp: hpa }
      tftp.conf: { tftp: dnsmasq }
      nginx.conf: { http: nginx }

    """

  private static let limits = ["prlimit", "--nofile=1024:"]

  private func withLab(_ size: Int, _ body: (NetworkLab, Site) async throws -> Void) async throws {
    try await withSite { site in
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      try site.write(Data(bytes), to: "recipes/program")
      try site.recipe(Self.recipe)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await NetworkLab.with(folder: site.scratch) { try await body($0, site) }
    }
  }

  /// How many of so many machines, each of which holds a transfer before any goes on, get the whole file.
  ///
  /// - Parameter ahead: How many of them ask before others are answered.
  private func served(
    _ clients: Int, ahead: Int = 200, _ lab: NetworkLab, _ site: Site
  ) async throws -> Int {
    let expected = try #require(site.bytes("out/ipxe.efi"))
    return try await lab.onNetwork {
      let reads = try TFTPRead.requestAtOnce(
        "ipxe.efi", from: NetworkLab.serverAddress, clients: clients, ahead: ahead,
        seconds: 20)
      #expect(reads.count { $0.isAnswered } == clients)
      return try TFTPRead.finish(reads, seconds: 120).count { Data($0) == expected }
    }
  }

  @Test("in.tftpd serves 200 machines at once")
  func hpa() async throws {
    try await withLab(100_000) { lab, site in
      let script = """
        . "$1"
        exec in.tftpd --foreground --listen --user $TFTP_USERNAME --address $TFTP_ADDRESS \
          $TFTP_OPTIONS $TFTP_DIRECTORY
        """
      try lab.start(
        Self.limits + ["sh", "-c", script, "sh", "\(site.folder)/out-conf/tftpd-hpa"])
      // Once it answers it is up.
      try await lab.onNetwork {
        _ = try TFTPRead.fetch("ipxe.efi", from: NetworkLab.serverAddress)
      }
      #expect(try await served(200, lab, site) == 200, "\(lab.logText.suffix(2000))")
    }
  }

  @Test("dnsmasq serves as many machines at once as its file says")
  func dnsmasq() async throws {
    try await withLab(10_000) { lab, site in
      try lab.start(
        Self.limits + [
          "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--pid-file",
          "--conf-file=\(site.folder)/out-conf/tftp.conf",
        ])
      let text = try #require(site.read("out-conf/tftp.conf"))
      let limit = try #require(text.firstMatch(of: /\ntftp-max=([0-9]+)\n/).flatMap { Int($0.1) })
      // A request that nobody waits for any more would count.
      try await lab.waitForLog { $0.contains("TFTP root is ") }
      #expect(
        try await served(limit, ahead: 100, lab, site) == limit, "\(lab.logText.suffix(2000))")
      // It says so when it may not open as many files.
      #expect(!lab.logText.contains("restricting"), "\(lab.logText.prefix(2000))")
    }
  }

  @Test("nginx holds 3 000 connections at once and answers 2 000 requests on 200 of them")
  func nginx() async throws {
    try await withLab(1_000_000) { lab, site in
      try await lab.run(["mkdir", "-p", "/var/lib/nginx"])
      try await lab.run(["mount", "-t", "tmpfs", "none", "/var/log/nginx"])
      try lab.start(
        Self.limits + ["nginx", "-c", "\(site.folder)/out-conf/nginx.conf", "-g", "daemon off;"])
      let url = "http://10.0.0.200/ipxe.efi"
      try await lab.run(
        [
          "curl", "--silent", "--fail", "--retry", "50", "--retry-delay", "1",
          "--retry-connrefused", "--output", "/dev/null", url,
        ], on: "client")
      let answers = try await lab.run(
        [
          "curl", "--silent", "--parallel", "--parallel-max", "200", "--output", "/dev/null",
          "--write-out", "%{http_code} %{size_download}\\n", "\(url)?[1-2000]",
        ], on: "client")
      #expect(answers.split(separator: "\n").count { $0 == "200 1000000" } == 2000)
      // Each holds a file as well as a connection once it is asked for something.
      let count = 3000
      let answered = try await lab.onNetwork { try Self.holdConnections(count) }
      #expect(answered == count)
      let said = try await lab.run(["cat", "/var/log/nginx/error.log"])
      #expect(said == "")
    }
  }

  @Test("serve is not told by its servers that they may open too few files")
  func serve() async throws {
    try await withSite { site in
      try site.recipe("site: { server: 10.0.0.200 }\ntargets: { a: { script: x } }\n")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      let (text, _) = try await Serving.with(
        [], on: site, isAlone: true, prefix: ["/usr/bin/prlimit", "--nofile=1024:"]
      ) { serving in
        let answer = try await serving.fetch("http://127.0.0.1/a")
        #expect(answer == Data("x".utf8))
        return serving.text
      }
      #expect(!text.contains("exceed") && !text.contains("restricting"), "\(text)")
    }
  }

  /// Opens connections, asks for the file on each and reads the first line of each answer before any is closed.
  ///
  /// - Returns: How many answers were good.
  private static func holdConnections(_ count: Int) throws -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(count + 1000)))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var connections: [Int32] = []
    defer { for connection in connections { close(connection) } }
    var place = socketAddress(NetworkLab.serverAddress, port: 80)
    for _ in 0..<count {
      let connection = socket(
        AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      // What is not read yet waits at the server.
      var window: Int32 = 4096
      setsockopt(connection, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size))
      guard connection >= 0, withAddress(&place, { connect(connection, $0, $1) }) == 0 else {
        throw NetworkLab.Failure(description: "no connection: \(String(cString: strerror(errno)))")
      }
      connections.append(connection)
    }
    let request = Array("GET /ipxe.efi HTTP/1.1\r\nHost: 10.0.0.200\r\n\r\n".utf8)
    for connection in connections { _ = send(connection, request, request.count, 0) }
    return connections.count { connection in
      var wanted = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
      var answer = [UInt8](repeating: 0, count: 15)
      return poll(&wanted, 1, 60_000) > 0
        && recv(connection, &answer, answer.count, Int32(MSG_WAITALL)) == answer.count
        && answer.elementsEqual("HTTP/1.1 200 OK".utf8)
    }
  }
}
