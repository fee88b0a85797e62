/// Text in which every byte but ASCII letters, digits and some marks is written in another way.
///
/// - Parameters:
///   - marks: The ASCII characters beside letters and digits that stay as they are.
///   - escape: What stands for a byte that does not.
func escaped(_ text: String, keeping marks: String, _ escape: (UInt8) -> String) -> String {
  var result = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    case _ where marks.utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
    default: result += escape(byte)
    }
  }
  return result
}
