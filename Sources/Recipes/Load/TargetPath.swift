/// The rules for the name of a target, which is its path in the output tree.
enum TargetPath {
  /// What is wrong with a path, in words, or nil.
  static func problem(with path: String) -> String? {
    let bytes = path.utf8
    if bytes.isEmpty { return "the path is empty" }
    if bytes.first == UInt8(ascii: "/") { return "the path is absolute" }
    if bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
      return "the path holds a control character"
    }
    var length = 0
    var dots = 0
    for byte in bytes {
      if byte == UInt8(ascii: "/") {
        if let problem = problem(length: length, dots: dots) { return problem }
        length = 0
        dots = 0
      } else {
        length += 1
        if byte == UInt8(ascii: ".") { dots += 1 }
      }
    }
    if let problem = problem(length: length, dots: dots) { return problem }
    // PATH_MAX less room for the output folder.
    return bytes.count > 3072 ? "the path is longer than 3072 bytes" : nil
  }

  private static func problem(length: Int, dots: Int) -> String? {
    if length == 0 { return "the path has an empty component" }
    if length == 1, dots == 1 { return "the path has the component \".\"" }
    if length == 2, dots == 2 { return "the path leaves the tree by \"..\"" }
    return length > 255 ? "a component of the path is longer than 255 bytes" : nil
  }
}
