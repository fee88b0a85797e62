import BuildEngine

/// The part of the screen that changes while a build runs.
struct LiveFrame: Sendable {
  var progress: BuildProgress
  /// Columns of the terminal.
  var width: Int
  /// Lines of the terminal.
  var height: Int
  /// Seconds since the build began.
  var time: Double
  var style: Style

  /// The frame, one element a line, none wider than the terminal less one column: a line that fills
  /// the last column makes some terminals wrap.
  ///
  /// First a line for the whole build, then one for each running action, the oldest first. What does
  /// not fit is counted in a last line.
  var lines: [String] {
    let room = max(width - 1, 1)
    var lines = [heading(room)]
    // Two lines less than the screen: the heading, and the one that the cursor rests on.
    let most = max(min(height - 2, 12), 1)
    let running = progress.running
    let shown = running.count <= most ? running.count : max(most - 1, 0)
    lines += running.prefix(shown).map { line($0, room) }
    if shown < running.count {
      let rest = "         and \(running.count - shown) more".truncated(toColumns: room)
      lines.append(style(.dim, rest))
    }
    return lines
  }

  private func heading(_ room: Int) -> String {
    let count = "[\(progress.finished)/\(max(progress.wanted, progress.finished))]"
    var facts = [durationText(time)]
    if progress.cached > 0 { facts.append("\(progress.cached) from cache") }
    if progress.failed > 0 { facts.append("\(progress.failed) failed") }
    let rest = " " + facts.joined(separator: ", ")
    guard count.columns + rest.columns <= room else {
      return (count + rest).truncated(toColumns: room)
    }
    return style(.bold, count) + rest
  }

  private func line(_ action: BuildProgress.Running, _ room: Int) -> String {
    let clock = durationText(max(0, time - action.started)).rightAligned(toColumns: 7) + "  "
    let name = action.name.printable()
    var detail = action.progressText(at: time)
    if let note = action.note {
      detail += (detail.isEmpty ? "" : ", ") + note.printable()
    }
    guard clock.columns < room else { return clock.truncated(toColumns: room) }
    let left = room - clock.columns
    if detail.isEmpty { return style(.dim, clock) + name.truncated(toColumns: left) }
    // The name gives way down to half of the line, then the detail.
    let shortName = name.truncated(toColumns: max(left - detail.columns - 2, left / 2))
    guard left - shortName.columns > 2 else {
      return style(.dim, clock) + name.truncated(toColumns: left)
    }
    let shortDetail = detail.truncated(toColumns: left - shortName.columns - 2)
    return style(.dim, clock) + shortName + "  " + style(.cyan, shortDetail)
  }
}
