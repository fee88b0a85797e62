/// The text of a script and where it came from, so that a place in it becomes a place in a file.
struct ScriptText: Sendable {
  private enum Origin: Sendable {
    /// Written in a recipe, by lines; what iPXE gets has `{{names}}` replaced.
    case recipe(Scalar, Lines)
    /// A file of its own.
    case file(SourceFile)
  }

  /// A text cut into lines.
  private struct Lines: Sendable {
    let bytes: [UInt8]
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      var starts = [0]
      for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
        starts.append(index + 1)
      }
      self.starts = starts
    }

    var count: Int { starts.count }

    /// The 0-based line of a byte.
    func line(of index: Int) -> Int {
      var low = 0
      var high = starts.count
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= index { low = middle } else { high = middle }
      }
      return low
    }

    /// The bytes of a 0-based line without its line break.
    func range(of line: Int) -> Range<Int> {
      starts[line]..<(line + 1 < starts.count ? starts[line + 1] - 1 : bytes.count)
    }
  }

  private let lines: Lines
  private let origin: Origin

  var bytes: [UInt8] { lines.bytes }

  /// A script of a recipe.
  ///
  /// - Parameter text: The scalar after substitution.
  init(_ text: String, of scalar: Scalar) {
    lines = Lines(Array(text.utf8))
    let written = text == scalar.text ? lines : Lines(Array(scalar.text.utf8))
    origin = .recipe(scalar, written)
  }

  /// A script in a file of its own. Bytes that are not UTF-8 count as the replacement character.
  init(_ content: [UInt8], file name: String, folder: String) {
    lines = Lines(Array(String(decoding: content, as: UTF8.self).utf8))
    origin = .file(SourceFile(name: name, folder: folder, bytes: lines.bytes))
  }

  /// Where a part of `bytes`, of one line, stands.
  func location(_ range: Range<Int>, _ variables: Variables) -> SourceLocation {
    switch origin {
    case .recipe(let scalar, let written):
      if let place = location(range, in: scalar, written, variables) { return place }
      return scalar.location(ofUTF8: Self.written(range, written.bytes, variables))
    case .file(let file):
      let place = file.position(ofByte: range.lowerBound)
      return SourceLocation(
        file, line: place.line, offset: place.offset, length: Self.scalars(bytes[range]))
    }
  }

  /// A place in a literal block, whose lines are those of the file less the indentation; nil for text
  /// written in another way.
  private func location(
    _ range: Range<Int>, in scalar: Scalar, _ written: Lines, _ variables: Variables
  ) -> SourceLocation? {
    guard scalar.style == .literal, written.count == lines.count else { return nil }
    let line = lines.line(of: range.lowerBound)
    let start = lines.range(of: line).lowerBound
    let text = Array(written.bytes[written.range(of: line)])
    let part = Self.written(
      range.lowerBound - start..<range.upperBound - start, text, variables)
    let fileLine = scalar.location.line + 1 + line
    let indentation = scalar.location.file.lineBytes(fileLine).count - text.count
    guard indentation >= 0, part.upperBound <= text.count else { return nil }
    return SourceLocation(
      scalar.location.file, line: fileLine,
      offset: indentation + Self.scalars(text[..<part.lowerBound]),
      length: Self.scalars(text[part]))
  }

  private static func scalars(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
  }

  /// The part of a text as written that became a part of it after substitution. The value of a name
  /// stands where the name stands.
  private static func written(_ range: Range<Int>, _ text: [UInt8], _ variables: Variables)
    -> Range<Int>
  {
    var start = range.lowerBound
    var end = range.upperBound
    var offset = 0
    for piece in variables.pieces(of: text) {
      let covered = offset..<offset + piece.length
      let shift = piece.written.lowerBound - offset
      if covered.contains(range.lowerBound) {
        start = piece.isReplaced ? piece.written.lowerBound : range.lowerBound + shift
      }
      if covered.contains(range.upperBound - 1) {
        end = piece.isReplaced ? piece.written.upperBound : range.upperBound + shift
      }
      offset = covered.upperBound
    }
    return start..<max(start, end)
  }
}
