import Foundation
import Testing

/// What the boots of a site could leave on this machine. Others may boot sites beside it.
final class Leftovers {
  struct Found: Equatable {
    /// Command lines.
    var processes: [String]
    var interfaces: [String]
    var mounts: [String]
    var folders: [String]
  }

  private let site: Site
  /// The folders of this site's labs, those that are gone included.
  private var labs: Set<String> = []

  init(of site: Site) { self.site = site }

  var now: Found {
    let labsNow = list("/tmp").filter { name in
      guard name.hasPrefix("pxebuild-boot-") else { return false }
      let tree = try? FileManager.default.destinationOfSymbolicLink(atPath: "/tmp/\(name)/tree")
      return tree == site.output
    }
    labs.formUnion(labsNow)
    let marks = labs + [site.top]
    func isOurs(_ text: String) -> Bool { marks.contains { text.contains($0) } }
    return Found(
      processes: list("/proc").filter { $0.allSatisfy(\.isNumber) }.compactMap { id in
        // The servers of a lab have an environment of their own.
        let command = text("/proc/\(id)/cmdline")
        return isOurs(command + text("/proc/\(id)/environ"))
          ? command.replacingOccurrences(of: "\0", with: " ") : nil
      },
      interfaces: list("/sys/class/net"),
      mounts: text("/proc/self/mountinfo").split(separator: "\n").map(String.init).filter(isOurs),
      folders: labsNow + list("/run/netns"))
  }

  private func list(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Waits for something that may take long on a busy machine.
func eventually(_ what: String, _ isTrue: () -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while !isTrue(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
  #expect(isTrue(), "\(what)")
}
