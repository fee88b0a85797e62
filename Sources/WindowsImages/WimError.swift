import CWim
import Glibc

/// Why an image, or something in it, cannot be read or written.
public struct WimError: Error, Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// The file is no WIM.
    case notAWim
    /// It contradicts itself, or ends too early.
    case damaged
    /// One part of a split WIM (.swm).
    case split
    /// An encrypted ESD.
    case encrypted
    /// The image that was asked for is not in it.
    case noSuchImage
    /// The path that was asked for is not in the image.
    case noSuchPath
    /// The disk is full.
    case noSpace
    /// There is not enough memory.
    case noMemory
    /// Whoever followed its progress ended it.
    case stopped
    case other
  }

  public var kind: Kind
  /// wimlib's own number for it (`enum wimlib_error_code`).
  public var code: Int32
  /// wimlib's own words, its summary last.
  public var message: String

  public init(_ kind: Kind, code: Int32 = 0, message: String) {
    self.kind = kind
    self.code = code
    self.message = message
  }

  /// - Parameter said: What the library wrote while it failed.
  init(code: CInt, said: String) {
    let number = wimlib_error_code(rawValue: UInt32(bitPattern: code))
    let summary = wimlib_get_error_string(number).map { String(cString: $0) } ?? "error \(code)"
    let details = said.split { $0.isNewline }.map(\.trimmingBlanks)
      .filter { !$0.isEmpty && !$0.hasPrefix("[WARNING]") }
      .map { $0.hasPrefix("[ERROR] ") ? String($0.dropFirst("[ERROR] ".count)) : $0 }
    self.code = code
    message = (details + [summary]).joined(separator: "\n")
    kind = Self.kind(of: number, message: message)
  }

  private static func kind(of code: wimlib_error_code, message: String) -> Kind {
    // The library's own number says "write error" only; the system's words say why.
    if message.contains(String(cString: strerror(ENOSPC))) { return .noSpace }
    switch code {
    case WIMLIB_ERR_NOT_A_WIM_FILE: return .notAWim
    case WIMLIB_ERR_IS_SPLIT_WIM, WIMLIB_ERR_SPLIT_INVALID: return .split
    case WIMLIB_ERR_WIM_IS_ENCRYPTED: return .encrypted
    case WIMLIB_ERR_INVALID_IMAGE: return .noSuchImage
    case WIMLIB_ERR_PATH_DOES_NOT_EXIST: return .noSuchPath
    case WIMLIB_ERR_NOMEM: return .noMemory
    case WIMLIB_ERR_ABORTED_BY_PROGRESS: return .stopped
    case WIMLIB_ERR_DECOMPRESSION, WIMLIB_ERR_INVALID_HEADER, WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY,
      WIMLIB_ERR_INVALID_METADATA_RESOURCE, WIMLIB_ERR_INVALID_RESOURCE_HASH,
      WIMLIB_ERR_INVALID_CHUNK_SIZE, WIMLIB_ERR_INTEGRITY, WIMLIB_ERR_INVALID_INTEGRITY_TABLE,
      WIMLIB_ERR_UNEXPECTED_END_OF_FILE, WIMLIB_ERR_XML, WIMLIB_ERR_IMAGE_COUNT,
      WIMLIB_ERR_METADATA_NOT_FOUND, WIMLIB_ERR_RESOURCE_NOT_FOUND,
      WIMLIB_ERR_INVALID_PART_NUMBER, WIMLIB_ERR_UNKNOWN_VERSION:
      return .damaged
    default: return .other
    }
  }
}

extension StringProtocol {
  fileprivate var trimmingBlanks: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
