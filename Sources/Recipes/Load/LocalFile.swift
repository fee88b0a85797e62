import Glibc

/// The few looks at the disk that reading recipes needs.
enum LocalFile {
  /// The bytes of a file, or what the operating system said ("No such file or directory").
  static func read(_ path: String, atMost limit: Int = .max) -> Result<[UInt8], SystemError> {
    // A named pipe would keep us waiting for ever without O_NONBLOCK.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return .failure(SystemError(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .failure(SystemError(errno)) }
    if status.st_mode & S_IFMT == S_IFDIR { return .failure(SystemError(EISDIR)) }
    guard status.st_mode & S_IFMT == S_IFREG else { return .failure(SystemError(EINVAL)) }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let wanted = min(limit - bytes.count, 64 * 1024)
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
        count = Glibc.read(descriptor, buffer.baseAddress, wanted)
        initialized = max(count, 0)
      }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return .failure(SystemError(errno)) }
      if count == 0 { break }
      bytes += chunk
    }
    return .success(bytes)
  }

  enum Kind { case file, folder, other }

  /// What a path is, links followed.
  static func kind(_ path: String) -> Result<Kind, SystemError> {
    var status = stat()
    guard stat(path, &status) == 0 else { return .failure(SystemError(errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .success(.file)
    case S_IFDIR: return .success(.folder)
    default: return .success(.other)
    }
  }

  /// The size of a file in bytes, links followed; nil for what is no file or cannot be looked at.
  static func size(_ path: String) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int64(status.st_size)
  }

  /// The mode bits of what is at a path, links followed; nil when it cannot be looked at.
  static func mode(_ path: String) -> UInt32? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return UInt32(status.st_mode)
  }

  /// Why a path cannot be an input, or nil.
  static func problem(_ path: String) -> String? {
    switch kind(path) {
    case .success(.file), .success(.folder): nil
    case .success(.other): "neither a file nor a folder"
    case .failure(let error) where error.code == ENOENT: "no such file or folder"
    case .failure(let error): "cannot look at it (\(error.text))"
    }
  }

  /// The names in a folder, sorted by their bytes.
  static func names(in folder: String) -> Result<[String], SystemError> {
    guard let stream = opendir(folder) else { return .failure(SystemError(errno)) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      names.append(name)
    }
    if errno != 0 { return .failure(SystemError(errno)) }
    return .success(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  /// The current folder, absolute.
  static func currentFolder() -> String? {
    guard let pointer = getcwd(nil, 0) else { return nil }
    defer { free(pointer) }
    return String(cString: pointer)
  }
}

/// An error number of the operating system with its text.
struct SystemError: Error, Equatable {
  let code: Int32

  static let noSuchFile = ENOENT

  init(_ code: Int32) { self.code = code }

  var text: String {
    var buffer = [CChar](repeating: 0, count: 256)
    // The GNU variant would return a pointer; Swift imports the POSIX one, which fills the buffer.
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// A path made absolute and written without "." and empty components. ".." stays: what it means is
/// the operating system's to say, because the folder before it may be a link.
func absolutePath(_ path: String, from folder: String) -> String {
  let whole = path.hasPrefix("/") ? path : folder + "/" + path
  return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}
