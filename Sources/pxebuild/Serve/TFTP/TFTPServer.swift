import BuildEngine
import Glibc
import Recipes
import Synchronization
import SystemPackage

/// A TFTP server for ports other than 69, which an ordinary user can have. It only sends.
///
/// None of Debian's can do it here: dnsmasq's port cannot be chosen, tftpd-hpa wants root and logs to syslog
/// alone, atftpd cannot be installed beside tftpd-hpa.
struct TFTPServer: Sendable {
  /// The tree.
  let root: FilePath
  let address: IPv4Address
  let port: Int

  /// More machines wait until others have their file.
  private static let mostTransfers = 1000

  /// Serves until the task is cancelled.
  ///
  /// - Parameter event: Gets what happens, from one thread.
  /// - Throws: `BuildError` when the port cannot be had.
  func run(_ event: @escaping @Sendable (ServerEvent) -> Void) async throws {
    let listener = try open()
    let end = EndMark()
    try await withTaskCancellationHandler {
      try await onOwnThread {
        defer { close(listener) }
        event(.ready)
        serve(listener, until: end, event)
      }
    } onCancel: {
      end.set()
    }
  }

  private final class EndMark: Sendable {
    private let isOver = Atomic<Bool>(false)
    var isSet: Bool { isOver.load(ordering: .relaxed) }
    func set() { isOver.store(true, ordering: .relaxed) }
  }

  // MARK: The loop

  /// One thread for all: a packet that comes in, or a time that is over, is one step of one transfer.
  private func serve(
    _ listener: Int32, until end: EndMark, _ event: (ServerEvent) -> Void
  ) {
    var transfers: [TFTPTransfer] = []
    defer { for transfer in transfers { transfer.close() } }
    var buffer = [UInt8](repeating: 0, count: 2048)
    while !end.isSet {
      let listens = transfers.count < Self.mostTransfers
      var waiting = transfers.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
      if listens { waiting.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
      poll(&waiting, nfds_t(waiting.count), 100)
      let now = Self.now
      var left: [TFTPTransfer] = []
      for (index, transfer) in transfers.enumerated() {
        var transfer = transfer
        switch step(&transfer, isReadable: waiting[index].revents != 0, &buffer, at: now) {
        case .goesOn: left.append(transfer)
        case .wasAsked: transfer.close()
        case .ended(let outcome):
          transfer.close()
          var request = transfer.request
          request.outcome = outcome
          event(.request(request))
        }
      }
      transfers = left
      if listens, waiting[waiting.count - 1].revents != 0 {
        if let new = answer(listener, &buffer, at: now, event) { transfers.append(new) }
      }
    }
  }

  private func step(
    _ transfer: inout TFTPTransfer, isReadable: Bool, _ buffer: inout [UInt8], at now: Double
  ) -> TFTPTransfer.State {
    if isReadable {
      let count = recv(transfer.socket, &buffer, buffer.count, 0)
      // The machine has closed its port.
      if count < 0, errno == ECONNREFUSED { return .ended(.failed) }
      if count > 0, let message = TFTPPacket.parse(buffer[..<count]) {
        return transfer.receive(message, at: now)
      }
    }
    return now >= transfer.deadline ? transfer.remind(at: now) : .goesOn
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  // MARK: Requests

  /// Takes a request; nil when there is nothing to send.
  private func answer(
    _ listener: Int32, _ buffer: inout [UInt8], at now: Double, _ event: (ServerEvent) -> Void
  ) -> TFTPTransfer? {
    var client = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let count = withUnsafeMutablePointer(to: &client) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        recvfrom(listener, &buffer, buffer.count, 0, $0, &length)
      }
    }
    guard count > 0, let message = TFTPPacket.parse(buffer[..<count]), message != .other,
      case .read(let wanted) = message, let socket = Self.socket(at: address, port: 0)
    else { return nil }
    let isConnected = withUnsafePointer(to: &client) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, length) == 0 }
    }
    var name = wanted.name[...]
    while name.hasPrefix("/") { name = name.dropFirst() }
    var request = ServedRequest(
      service: .tftp,
      client: IPv4Address(value: UInt32(bigEndian: client.sin_addr.s_addr)).description,
      path: String(name), outcome: .failed)
    switch open(request.path, mode: wanted.mode) {
    case .success(let found) where isConnected:
      return TFTPTransfer(
        socket: socket, file: found.file, size: found.size, wanted, request, at: now)
    case .success(let found): try? found.file.close()  // opened for reading only
    case .failure(let refusal):
      let packet = TFTPPacket.error(refusal.code, refusal.text)
      send(socket, packet, packet.count, Int32(MSG_NOSIGNAL))
      if refusal.code == .notFound { request.outcome = .notFound }
      event(.request(request))
    }
    close(socket)
    return nil
  }

  private struct Refusal: Error {
    var code: TFTPPacket.ErrorCode
    var text: String
  }

  /// Opens a file of the tree. Links are followed, as the other servers do: pxebuild places none that leaves
  /// the tree unless the recipe says so.
  private func open(
    _ path: String, mode: String
  ) -> Result<(file: FileDescriptor, size: Int64), Refusal> {
    guard mode == "octet" else {
      return .failure(Refusal(code: .illegal, text: "only mode octet (binary) is served"))
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(".."), !parts.contains(".pxebuild"), !path.isEmpty,
      // A named pipe would keep us waiting without it.
      let file = try? FileDescriptor.open(
        root.pushing(FilePath(path)), .readOnly, options: [.closeOnExec, .nonBlocking])
    else { return .failure(Refusal(code: .notFound, text: "no such file")) }
    var status = stat()
    // Root's rights are not lent to the network.
    let isOpenToAll = fstat(file.rawValue, &status) == 0 && status.st_mode & S_IROTH != 0
    guard status.st_mode & S_IFMT == S_IFREG, isOpenToAll || geteuid() != 0 else {
      try? file.close()  // opened for reading only
      return .failure(Refusal(code: .access, text: "not a file that may be read"))
    }
    return .success((file, Int64(status.st_size)))
  }

  // MARK: Sockets

  private func open() throws -> Int32 {
    if let socket = Self.socket(at: address, port: port) { return socket }
    throw BuildError(
      .failed, "cannot serve TFTP at port \(port) of \(address)",
      reason: String(cString: strerror(errno)))
  }

  private static func socket(at address: IPv4Address, port: Int) -> Int32? {
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard socket >= 0 else { return nil }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = in_port_t(port).bigEndian
    place.sin_addr.s_addr = address.value.bigEndian
    let isBound = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isBound { return socket }
    let code = errno
    close(socket)
    errno = code
    return nil
  }
}
