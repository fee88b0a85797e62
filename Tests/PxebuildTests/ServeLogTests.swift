import Testing

@testable import pxebuild

@Suite("What servers say, understood")
struct ServeLogTests {
  private func request(
    _ service: ServedRequest.Service, _ path: String, _ outcome: ServedRequest.Outcome,
    client: String? = "10.0.0.5"
  ) -> ServerEvent {
    .request(ServedRequest(service: service, client: client, path: path, outcome: outcome))
  }

  @Test("requests of nginx, with names as they are on the disk")
  func nginxRequests() {
    var log = NginxLog()
    let line = "10.0.0.5\tGET\t/a%20b/gr\\xC3\\xB6%C3%9Fe?x=%26\t206\t100\tbytes=0-99"
    #expect(
      log.event(of: line, from: .output)
        == .request(
          ServedRequest(
            service: .http, client: "10.0.0.5", method: "GET", path: "a b/größe?x=&",
            outcome: .sent, status: 206, bytes: 100, range: "0-99")))
    for (status, outcome) in [(200, "sent"), (301, "sent"), (404, "not-found"), (403, "failed")] {
      guard
        case .request(let request)? = log.event(
          of: "10.0.0.5\tHEAD\t/\t\(status)\t0\t-", from: .output)
      else {
        Issue.record("\(status) is no request")
        continue
      }
      #expect(request.outcome.rawValue == outcome)
      #expect(request.range == nil)
    }
    #expect(log.event(of: "not a line of this log", from: .output) == nil)
    // A "%" that starts no byte stays.
    #expect(
      log.event(of: "::1\tGET\t/100%\t200\t1\t-", from: .output)
        == .request(
          ServedRequest(
            service: .http, client: "::1", method: "GET", path: "100%", outcome: .sent, status: 200,
            bytes: 1)))
  }

  @Test("what nginx says itself, less what is of no interest")
  func nginxMessages() {
    var log = NginxLog()
    let lines = [
      "2026/11/26 15:00:00 [notice] 12#12: start worker processes": ServerEvent.ready,
      "2026/11/26 15:00:00 [error] 12#12: *3 open() \"/x\" failed (13: Permission denied)":
        .said("*3 open() \"/x\" failed (13: Permission denied)"),
      "nginx: [emerg] bind() to 127.0.0.1:80 failed (98: Address already in use)":
        .said("bind() to 127.0.0.1:80 failed (98: Address already in use)"),
    ]
    for (line, event) in lines { #expect(log.event(of: line, from: .errors) == event) }
    for line in [
      "2026/11/26 15:00:00 [notice] 12#12: using the \"epoll\" event method", "",
      "nginx: [alert] could not open error log file: open() \"/var/log/nginx/error.log\" failed",
    ] {
      #expect(log.event(of: line, from: .errors) == nil)
    }
  }

  @Test("dnsmasq's log, of old versions too")
  func dnsmasq() {
    var log = DnsmasqLog(root: "/run/tree/")
    let lines = [
      "dnsmasq-tftp[7]: TFTP root is /run/tree": ServerEvent.ready,
      "dnsmasq-tftp[7]: sent /run/tree/a to b to 10.0.0.5": request(.tftp, "a to b", .sent),
      "dnsmasq-tftp[7]: failed sending /run/tree/a to 10.0.0.5": request(.tftp, "a", .failed),
      "dnsmasq-tftp[7]: file /run/tree/a not found for 10.0.0.5": request(.tftp, "a", .notFound),
      "dnsmasq-tftp: file /run/tree/a not found": request(.tftp, "a", .notFound, client: nil),
      "dnsmasq-tftp[7]: error 8 User aborted received from 10.0.0.5":
        .said("error 8 User aborted received from 10.0.0.5"),
      "dnsmasq-dhcp[7]: PXE(eth0) 52:54:00:12:34:56 proxy":
        .said("PXE(eth0) 52:54:00:12:34:56 proxy"),
      "dnsmasq: failed to create listening socket for 10.0.0.1: Address already in use":
        .said("failed to create listening socket for 10.0.0.1: Address already in use"),
    ]
    for (line, event) in lines { #expect(log.event(of: line, from: .errors) == event) }
    #expect(log.event(of: "dnsmasq[7]: started, version 2.90 DNS disabled", from: .errors) == nil)
  }

  @Test("a request is one line, in which nothing can forge another")
  func lines() {
    let request = ServedRequest(
      service: .http, client: "10.0.0.5", method: "GET", path: "a\nb\u{1B}[0m", outcome: .failed,
      status: 403)
    #expect(
      request.line(.plain) == "http  10.0.0.5         GET a\\nb\\u{1B}[0m  not sent, status 403")
    let tftp = ServedRequest(service: .tftp, client: "10.0.0.50", path: "", outcome: .notFound)
    #expect(tftp.line(.plain) == "tftp  10.0.0.50        /  not found")
  }
}
