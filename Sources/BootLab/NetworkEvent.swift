/// Something that was seen on the cable of a machine that boots.
public enum NetworkEvent: Sendable, Equatable {
  /// The machine asked for an address and what to boot.
  case asked(Client)
  /// A DHCP server answered it: an offer, or the word that closes the deal.
  case answered(Client, Answer)
  /// It asked for a file by TFTP.
  case readStarted(file: String)
  /// It got the whole file, in bytes; with the SHA-256 of what it got, in hexadecimal digits.
  case readFinished(file: String, bytes: Int64, sha256: String? = nil)
  /// The TFTP server refused, with an error code of RFC 1350 (1: no such file).
  case readFailed(file: String, code: Int, message: String)
  /// It asked for a path over HTTP, with what it says it is (User-Agent).
  case requested(path: String, agent: String)
  /// What the HTTP server said, as a status of RFC 9110, and how many bytes it announced.
  case responded(path: String, agent: String, status: Int, bytes: Int64? = nil)
  /// Nobody listened where it went for HTTP.
  case refused(address: String, port: Int)
  /// What an NFS server's mountd said to a machine that wanted a folder: 0, or an error (RFC 1813).
  case mounted(path: String, status: Int)

  /// Who asks by DHCP.
  public struct Client: Sendable, Equatable {
    /// Option 93, where it is said.
    public var architecture: Int?
    /// True when the user class (option 77) is that of iPXE: no firmware, but a program that has started.
    public var isIPXE: Bool

    public init(architecture: Int?, isIPXE: Bool) {
      self.architecture = architecture
      self.isIPXE = isIPXE
    }
  }

  /// What a DHCP server says.
  public struct Answer: Sendable, Equatable {
    /// The address that the machine may have; nil in an answer of a proxy.
    public var address: String?
    /// The server with the file.
    public var server: String?
    /// What to boot: a path or a URL. Nil when it says nothing of that.
    public var file: String?
    /// True when it sends the machine on to a boot server with a menu of its own (option 43 of PXE).
    public var hasMenu: Bool

    public init(address: String?, server: String?, file: String?, hasMenu: Bool = false) {
      self.address = address
      self.server = server
      self.file = file
      self.hasMenu = hasMenu
    }
  }
}

extension NetworkEvent {
  /// The event as words of a line between processes; `init(words:)` reads them.
  var words: [String] {
    switch self {
    case .asked(let client): ["asked"] + client.words
    case .answered(let client, let answer): ["answered"] + client.words + answer.words
    case .readStarted(let file): ["read-started", file]
    case .readFinished(let file, let bytes, let sha256):
      ["read-finished", file, String(bytes), sha256 ?? ""]
    case .readFailed(let file, let code, let message): ["read-failed", file, String(code), message]
    case .requested(let path, let agent): ["requested", path, agent]
    case .responded(let path, let agent, let status, let bytes):
      ["responded", path, agent, String(status), bytes.map(String.init) ?? ""]
    case .refused(let address, let port): ["refused", address, String(port)]
    case .mounted(let path, let status): ["mounted", path, String(status)]
    }
  }

  /// Nil for words that are no event.
  init?(words: [String]) {
    let rest = Array(words.dropFirst())
    switch (words.first, rest.count) {
    case ("asked", 2): self = .asked(Client(words: rest[...]))
    case ("answered", 6): self = .answered(Client(words: rest[..<2]), Answer(words: rest[2...]))
    case ("read-started", 1): self = .readStarted(file: rest[0])
    case ("read-finished", 3):
      self = .readFinished(
        file: rest[0], bytes: Int64(rest[1]) ?? 0, sha256: rest[2].isEmpty ? nil : rest[2])
    case ("read-failed", 3):
      self = .readFailed(file: rest[0], code: Int(rest[1]) ?? 0, message: rest[2])
    case ("requested", 2): self = .requested(path: rest[0], agent: rest[1])
    case ("responded", 4):
      self = .responded(
        path: rest[0], agent: rest[1], status: Int(rest[2]) ?? 0, bytes: Int64(rest[3]))
    case ("refused", 2): self = .refused(address: rest[0], port: Int(rest[1]) ?? 0)
    case ("mounted", 2): self = .mounted(path: rest[0], status: Int(rest[1]) ?? -1)
    default: return nil
    }
  }
}

extension NetworkEvent.Client {
  fileprivate var words: [String] { [architecture.map(String.init) ?? "", isIPXE ? "ipxe" : ""] }

  fileprivate init(words: ArraySlice<String>) {
    let words = Array(words)
    self.init(architecture: Int(words[0]), isIPXE: words[1] == "ipxe")
  }
}

extension NetworkEvent.Answer {
  fileprivate var words: [String] {
    [address ?? "", server ?? "", file ?? "", hasMenu ? "menu" : ""]
  }

  fileprivate init(words: ArraySlice<String>) {
    let words = Array(words)
    func word(_ index: Int) -> String? { words[index].isEmpty ? nil : words[index] }
    self.init(address: word(0), server: word(1), file: word(2), hasMenu: words[3] == "menu")
  }
}
