/// The form of Samba's files (smb.conf(5), smbpasswd(5)).
enum SambaText {
  /// Where Samba looks for passwords when smb.conf says so.
  static let passwords = "/etc/samba/smbpasswd"

  /// What is wrong with the name of a share, or nil. Windows and Samba agree on what it cannot have.
  static func problem(withShare name: String) -> String? {
    if name.isEmpty { return "it is empty" }
    if name.utf8.count > 80 { return "it is longer than 80 bytes" }
    if ["global", "homes", "printers", "print$", "ipc$", "profiles"].contains(name.lowercased()) {
      return "Samba has a meaning of its own for it"
    }
    if let bad = name.first(where: { "/\\[]:|<>+=;,*?\"%".contains($0) }) {
      return "it has \(quoted(String(bad)))"
    }
    let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    return isPlain && name.first != " " && name.last != " " ? nil : "it has a space at its end"
  }

  /// Why a share cannot be of a folder, or nil: the rest of a line is the value, "%" starts a variable, and
  /// "\" at the end goes on in the next line.
  static func problem(withPath path: String) -> String? {
    if path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "a control character"
    }
    if path.contains("%") { return "\"%\"" }
    if path.contains("\\") { return "\"\\\"" }
    return path.hasSuffix(" ") ? "a space at its end" : nil
  }

  /// - Precondition: no share and no path has a `problem`.
  static func config(_ shares: [SambaShare], output: String, note: String) -> String {
    let hasGuests = shares.contains { $0.user == nil }
    var lines = [
      note, "[global]", "  server role = standalone server", "  disable netbios = yes",
      "  smb ports = 445", "  load printers = no", "  disable spoolss = yes",
      "  log file = /var/log/samba/log.%m", "  max log size = 1000",
    ]
    if hasGuests {
      lines += [
        "# Windows wants to give a user and a password; any that is not known is a guest.",
        "  map to guest = Bad User",
      ]
    }
    if shares.contains(where: { $0.user != nil }) {
      lines.append("  passdb backend = smbpasswd:\(passwords)")
    }
    for share in shares {
      lines += [
        "", "[\(share.name)]", "  path = \(share.folder.path(in: output))", "  read only = yes",
        share.user.map { "  valid users = \($0.name)" } ?? "  guest ok = yes",
        "# A program runs without a mode that says so: setup.exe.",
        "  acl allow execute always = yes",
        "  follow symlinks = no",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A file with a line for each user. The user's number is the machine's own business: Samba goes by the
  /// name.
  static func passwordFile(_ users: [SambaUser], note: String) -> String {
    let none = String(repeating: "X", count: 32)
    let lines = users.map {
      // The time of the last change, any but 0, which would demand a new password.
      "\($0.name):0:\(none):\(NTHash.text(of: $0.password)):[U          ]:LCT-60000000:"
    }
    return ([note] + lines).joined(separator: "\n") + "\n"
  }
}
