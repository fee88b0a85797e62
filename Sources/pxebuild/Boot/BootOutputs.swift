import BuildEngine
import FoundationEssentials
import Glibc
import SystemPackage

/// The files in which boots are told of, beside what is printed.
struct BootOutputs: Sendable {
  /// A folder for the report.
  var report: FilePath?
  /// A file for what continuous integration reads.
  var junit: FilePath?

  /// The report's page.
  var page: FilePath? { report?.appending("index.html") }

  /// Makes the folders, so that whoever may not write there learns it before the first boot.
  func prepare() throws {
    for folder in [report, junit?.removingLastComponent()].compactMap(\.self)
    where !folder.isEmpty {
      try FileSystem.createDirectories(folder)
    }
  }

  /// - Parameters:
  ///   - began: Seconds since 1970.
  ///   - seconds: How long all boots took.
  func write(_ results: [BootResult], of site: BootSite, began: Double, seconds: Double) throws {
    let date = Date(timeIntervalSince1970: began.rounded()).ISO8601Format()
    if let page {
      let report = ReportPage(
        results: results, dhcp: site.servedDHCP, http: site.http, untested: site.untested,
        date: date, seconds: seconds)
      try FileSystem.replace(page, with: Array(report.html.utf8))
    }
    if let junit {
      // Without the mark of the time zone, as the schema wants it.
      let report = JUnitReport(
        results: results, untested: site.untested, date: String(date.prefix { $0 != "Z" }),
        host: Self.host, seconds: seconds)
      try FileSystem.replace(junit, with: Array(report.xml.utf8))
    }
  }

  private static var host: String {
    var name = utsname()
    guard uname(&name) == 0 else { return "localhost" }
    return withUnsafeBytes(of: name.nodename) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
