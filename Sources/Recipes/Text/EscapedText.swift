/// Text in which every byte but ASCII letters, digits and some marks is written in another way.
///
/// - Parameters:
///   - marks: The ASCII characters beside letters and digits that stay as they are.
///   - escape: What stands for a byte that does not.
func escaped(_ text: String, keeping marks: String, _ escape: (UInt8) -> String) -> String {
  var result = ""
  for byte in text.utf8 {
    if isLetterOrDigit(byte) || marks.utf8.contains(byte) {
      result.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      result += escape(byte)
    }
  }
  return result
}
