import BuildEngine
import CCurl
import Glibc

/// One request over libcurl, its body appended to a partial file. Used by one thread.
final class Transfer {
  /// How a request ended.
  enum Ending {
    case complete
    case redirect(to: String)
    /// Worth another try. `isProgress` is set by whoever compares byte counts.
    case temporary(String, retryAfter: Duration?, isConnecting: Bool)
    case permanent(String)
    /// The bytes on disk do not fit what the server has now.
    case startOver
    case cancelled
  }

  private let address: WebAddress
  private let file: PartialFile
  private let limits: DownloadLimits
  private let progress: @Sendable (Progress) -> Void
  private let offset: Int64
  private let expectsDigest: Bool

  private var response = Response()
  private var hasBody = false
  private var problem: Problem?

  private enum Problem {
    case write(CInt)
    case other(BuildError)
    case startOver
  }

  init(
    _ address: WebAddress, into file: PartialFile, limits: DownloadLimits, expectsDigest: Bool,
    progress: @escaping @Sendable (Progress) -> Void
  ) {
    self.address = address
    self.file = file
    self.limits = limits
    self.expectsDigest = expectsDigest
    self.progress = progress
    // A file URL starts from zero, which costs nothing. So does a download without a digest to check
    // the joint by, unless the server can say that the file is still the same one.
    let isSameVersion = file.validator?.addressDigest == address.digest
    offset = address.scheme == .file || !(expectsDigest || isSameVersion) ? 0 : file.count
  }

  /// Runs it to its end, in the calling thread.
  ///
  /// - Throws: `BuildError` when the disk refuses the bytes.
  func run(in multi: UnsafeMutableRawPointer, _ cancellation: Cancellation) throws -> Ending {
    guard let handle = curl_easy_init() else {
      throw BuildError(.failed, "cannot start libcurl")
    }
    defer { curl_easy_cleanup(handle) }
    let headers = ifRange.flatMap { curl_slist_append(nil, "If-Range: \($0)") }
    defer { curl_slist_free_all(headers) }
    if offset == 0 && file.count > 0 { try file.reset() }
    configure(handle, headers)
    let code = withExtendedLifetime(self) { perform(handle, in: multi, cancellation) }
    guard let code else { return .cancelled }
    return try ending(of: handle, code)
  }

  private var ifRange: String? {
    guard offset > 0, let validator = file.validator, validator.addressDigest == address.digest
    else { return nil }
    return validator.value
  }

  private func configure(_ handle: UnsafeMutableRawPointer, _ headers: UnsafeMutableRawPointer?) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    curl_set_string(handle, CURLOPT_URL, address.text)
    curl_allow_web_and_file(handle)
    curl_set_string(handle, CURLOPT_USERAGENT, "pxebuild")
    curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    curl_set_long(handle, CURLOPT_NETRC, 1)  // CURL_NETRC_OPTIONAL
    curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
    curl_set_long(handle, CURLOPT_BUFFERSIZE, 256 << 10)
    curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.milliseconds)
    curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, limits.slowestRate)
    curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, limits.stall.milliseconds / 1000))
    if offset > 0 { curl_set_string(handle, CURLOPT_RANGE, "\(offset)-") }
    if let headers { curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers) }
    curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    curl_set_write_function(handle) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return transfer.receive(buffer) ? buffer.count : 0
    }
    curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    curl_set_header_function(handle) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
      Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .response.read(String(decoding: buffer, as: UTF8.self))
      return buffer.count
    }
  }

  /// libcurl's result, or nil when cancelled.
  private func perform(
    _ handle: UnsafeMutableRawPointer, in multi: UnsafeMutableRawPointer,
    _ cancellation: Cancellation
  ) -> CURLcode? {
    curl_multi_add_handle(multi, handle)
    defer { curl_multi_remove_handle(multi, handle) }
    while !cancellation.isCancelled {
      var running: CInt = 0
      guard curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
      if running == 0 {
        var left: CInt = 0
        guard let message = curl_multi_info_read(multi, &left) else { return CURLE_FAILED_INIT }
        return curl_message_result(message)
      }
      curl_multi_poll(multi, nil, 0, 1000, nil)
    }
    return nil
  }

  /// False stops the transfer; `problem` says why.
  private func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if response.status != 0, response.status != 200, response.status != 206 { return true }
    if !hasBody {
      hasBody = true
      do {
        guard try beginBody() else { return false }
      } catch {
        problem = .other(error as? BuildError ?? BuildError(.failed, "\(error)"))
        return false
      }
    }
    if let code = file.append(bytes) {
      problem = .write(code)
      return false
    }
    let start = response.status == 206 ? offset : 0
    progress(
      Progress(
        done: file.count, total: response.contentLength.map { $0 + start }, unit: .bytes))
    return true
  }

  private func beginBody() throws -> Bool {
    if response.status == 206 {
      guard response.rangeStart == offset, file.count == offset else {
        problem = .startOver
        return false
      }
      file.joins()
      return true
    }
    // The whole file: the server does not do ranges, or has another version by now.
    if file.count > 0 { try file.reset() }
    try file.setValidator(
      response.validator.map { PartialFile.Validator(addressDigest: address.digest, value: $0) })
    return true
  }

  private func ending(of handle: UnsafeMutableRawPointer, _ code: CURLcode) throws -> Ending {
    switch problem {
    case .write(let code): throw BuildError(errno: code, doing: "write", path: file.path)
    case .other(let error): throw error
    case .startOver: return .startOver
    case nil: break
    }
    guard code == CURLE_OK else { return failure(handle, code) }
    switch response.status {
    case 0, 200, 206:
      // An empty file has no body to begin with.
      if !hasBody && response.status != 206 { try file.reset() }
      return .complete
    case 416: return file.count > 0 ? .startOver : .permanent(statusText(416))
    case 301, 302, 303, 307, 308:
      var next: UnsafePointer<CChar>?
      curl_get_string(handle, CURLINFO_REDIRECT_URL, &next)
      guard let next else { return .permanent("it redirects to nowhere") }
      return .redirect(to: String(cString: next))
    case 408, 425, 429, 500, 502...504, 506...599:
      var seconds: curl_off_t = 0
      curl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds)
      return .temporary(
        statusText(response.status), retryAfter: seconds > 0 ? .seconds(seconds) : nil,
        isConnecting: false)
    default: return .permanent(statusText(response.status))
    }
  }

  private func failure(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) -> Ending {
    var systemCode = 0
    curl_get_long(handle, CURLINFO_OS_ERRNO, &systemCode)
    var connected: curl_off_t = 0
    curl_get_offset(handle, CURLINFO_CONNECT_TIME_T, &connected)
    return TransferFailure(
      code: code, systemCode: CInt(systemCode), isConnected: connected > 0, received: file.count,
      limits: limits
    ).ending
  }
}

extension WebAddress {
  /// Names the address in the cache without writing credentials there.
  var digest: String { Digest(of: Array(text.utf8)).hex }
}

extension Duration {
  package var milliseconds: Int {
    Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
