/// What firmware says on its console about a boot that came to nothing.
enum BootConsole {
  /// True when the firmware has gone on from what it should boot: the boot is over, whatever it tries next.
  static func hasGivenUp(_ lines: [String], firmware: Firmware, _ method: BootMethod) -> Bool {
    if firmware == .bios { return lines.contains { $0.hasPrefix("No bootable device") } }
    // edk2 goes through a list of its own; what comes after the way on trial does not count.
    return lines.contains {
      isFailure($0) && (method.isMedium ? !$0.contains("/IPv") : $0.contains(optionName(method)))
    } || lines.contains { $0.contains("BdsDxe: No bootable option or device was found") }
  }

  /// Why edk2 did not start what it had read: "Unsupported", "Load Error".
  static func loadError(_ lines: [String]) -> String? {
    lines.last(where: isFailure)?.split(separator: ": ").last.map(String.init)
  }

  /// The last line in which firmware gives the reason by a number: "PXE-E16: No valid offer received."
  static func pxeError(_ lines: [String]) -> String? {
    lines.last { $0.contains(#/PXE-E[0-9]+: /#) }.map {
      String($0.trimmingPrefix { $0.isWhitespace })
    }
  }

  /// The last line in which iPXE gives the reason: "Nothing to boot: No such file or directory
  /// (https://ipxe.org/2d03e13b)".
  static func ipxeError(_ lines: [String]) -> String? {
    lines.last { $0.contains("ipxe.org/") && $0.hasSuffix(")") && $0.contains(" (http") }
  }

  private static func isFailure(_ line: String) -> Bool {
    line.contains("BdsDxe: failed to load Boot") || line.contains("BdsDxe: failed to start Boot")
  }

  /// What edk2 calls a way to boot in its own list.
  private static func optionName(_ method: BootMethod) -> String {
    method == .http ? "HTTPv4" : "PXEv4"
  }
}
