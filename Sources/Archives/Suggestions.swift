/// The names nearest to one that does not exist, gathered while reading through all there are.
package struct Suggestions {
  private let wanted: String
  private var first: [String] = []
  private var count = 0
  private var ranked: [(distance: Int, name: String)] = []

  package init(for wanted: String) { self.wanted = wanted }

  package mutating func consider(_ name: String) {
    guard !name.isEmpty else { return }
    count += 1
    if first.count < 10 { first.append(name) }
    guard let distance = distance(to: name) else { return }
    ranked.append((distance, name))
    ranked.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    if ranked.count > 3 { ranked.removeLast() }
  }

  /// At most three, the nearest first.
  package var nearest: [String] { ranked.map(\.name) }

  /// What there is, for an error's reason.
  package var summary: String {
    if count == 0 { return "it is empty" }
    if !ranked.isEmpty { return "the nearest are \(Self.list(nearest))" }
    let more = count > first.count ? " and \(count - first.count) more" : ""
    return "it has \(Self.list(first))\(more)"
  }

  private static func list(_ names: [String]) -> String {
    names.map { "'\($0)'" }.joined(separator: ", ")
  }

  /// Nil when the name is too far off. The same file name in another folder is near.
  private func distance(to name: String) -> Int? {
    func last(_ path: String) -> String {
      String(path.split(separator: "/").last ?? "").lowercased()
    }
    if last(name) == last(wanted) { return 1 }
    let limit = max(2, wanted.utf8.count / 4)
    guard abs(name.utf8.count - wanted.utf8.count) <= limit else { return nil }
    let distance = Self.editDistance(Array(name.lowercased().utf8), Array(wanted.lowercased().utf8))
    return distance <= limit ? distance : nil
  }

  /// Levenshtein's.
  private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let above = row[column + 1]
        let change = diagonal + (byte == right[column] ? 0 : 1)
        row[column + 1] = min(change, above + 1, row[column] + 1)
        diagonal = above
      }
    }
    return row[right.count]
  }
}
