/// The lines that load images, and verify them where the menu does: the signature of a file is beside it, with `.sig`
/// after its name. Every word is escaped already.
struct ImageLines {
  let verifies: Bool

  /// What a line does when it fails.
  private static let failed = "|| goto failed"

  /// - Parameter words: The kernel's URL, then its arguments.
  func kernel(_ words: [String]) -> [String] {
    guard verifies, let url = words.first else {
      return ["kernel \(words.joined(separator: " ")) \(Self.failed)"]
    }
    return [
      "kernel --name menu-kernel \(words.joined(separator: " ")) \(Self.failed)",
      "imgverify menu-kernel \(url).sig \(Self.failed)",
    ]
  }

  /// - Parameters:
  ///   - name: What the kernel knows it by.
  ///   - words: Its URL, then its arguments.
  func initrd(_ name: String, _ words: [String]) -> [String] {
    let line = "initrd --name \(name) \(words.joined(separator: " ")) \(Self.failed)"
    guard verifies, let url = words.first else { return [line] }
    return [line, "imgverify \(name) \(url).sig \(Self.failed)"]
  }

  /// Another script or program, after which this one goes on.
  ///
  /// - Parameters:
  ///   - words: Its URL, then its arguments.
  ///   - label: Where to go when it fails.
  func chain(_ words: [String], orElse label: String) -> [String] {
    let end = "|| goto \(label)"
    guard verifies, let url = words.first else {
      return ["chain --autofree \(words.joined(separator: " ")) \(end)"]
    }
    // One that was refused before would be found by the name in place of this one.
    let call = ["chain --autofree menu-next"] + words.dropFirst() + [end]
    return [
      "imgfree", "imgfetch --name menu-next \(url) \(end)", "imgverify menu-next \(url).sig \(end)",
      call.joined(separator: " "),
    ]
  }

  /// A picture behind the menu, which is no matter when it cannot be shown.
  func picture(_ url: String) -> [String] {
    guard verifies else { return ["console --picture \(url) ||"] }
    return [
      "imgfetch --name menu-picture \(url) && imgverify menu-picture \(url).sig && "
        + "console --picture menu-picture ||"
    ]
  }

  /// What stands before everything that loads something.
  var start: [String] { verifies ? ["imgtrust --permanent"] : [] }
}
