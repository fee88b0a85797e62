import CLinux
import CWim
import Glibc
import Synchronization

/// The library as a whole. It keeps what it has to say in one place for all threads, so calls take turns; it has
/// threads of its own for what takes long.
enum Wimlib {
  private struct Log {
    /// Where the library writes why something failed; nil where there is no memory for a file.
    var file: UnsafeMutablePointer<FILE>?

    mutating func take() -> String {
      guard let file else { return "" }
      fflush(file)
      var status = stat()
      guard fstat(fileno(file), &status) == 0, status.st_size > 0 else { return "" }
      let size = min(Int(status.st_size), 64 << 10)
      let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = max(0, pread(fileno(file), buffer.baseAddress, size, 0))
      }
      rewind(file)
      ftruncate(fileno(file), 0)
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  private static let log = Mutex(start())

  /// Names in Windows' images mean the same in any case; nothing is printed.
  private static func start() -> Log {
    wimlib_global_init(CInt(WIMLIB_INIT_FLAG_DEFAULT_CASE_INSENSITIVE))
    // Level 50 is the library's own: five times as slow for 0.2 % fewer bytes.
    wimlib_set_default_compression_level(CInt(WIMLIB_COMPRESSION_TYPE_LZX.rawValue), 20)
    let memory = linux_memory_file("wimlib")
    guard memory >= 0, let file = fdopen(memory, "w+") else { return Log() }
    wimlib_set_error_file(file)
    wimlib_set_print_errors(true)
    return Log(file: file)
  }

  /// Calls a function of the library, one at a time.
  ///
  /// - Throws: what it says went wrong, in its own words.
  static func call(_ body: () -> CInt) throws(WimError) {
    let failure = log.withLock { log -> WimError? in
      let code = body()
      let said = log.take()
      return code == 0 ? nil : WimError(code: code, said: said)
    }
    if let failure { throw failure }
  }

  /// The same for what cannot fail.
  static func ask<Value: Sendable>(_ body: () -> Value) -> Value { log.withLock { _ in body() } }
}
