import BootLab
import BuildEngine
import FoundationEssentials

/// The report on boots as one HTML page, which needs nothing else: pictures are in it, and it has no scripts.
struct ReportPage {
  let results: [BootResult]
  /// The DHCP server's config, nil on QEMU's user network, and where the tree is served.
  let dhcp: String?
  let http: String
  var untested: [Untested] = []
  /// When the boots began (RFC 3339), and how long they took.
  let date: String
  let seconds: Double

  var html: String {
    let head = Markup.element(
      "head", [:],
      [
        .element("meta", ["charset": "utf-8"]),
        .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        // Nothing is loaded and nothing runs, whatever a machine has printed.
        .element(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
          ]),
        .element("title", text: "Boot report: \(summary)"),
        .element("style", [:], [.verbatim(ReportStyle.sheet)]),
      ])
    let body = Markup.element(
      "body", [:],
      [header, .element("main", [:], [table, gaps] + results.enumerated().compactMap(section))])
    return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], [head, body]).html + "\n"
  }

  private var summary: String {
    [BootResult.Outcome.passed, .failed, .skipped].compactMap { outcome in
      let count = results.count { $0.outcome == outcome }
      return count > 0 ? "\(count) \(outcome.rawValue)" : nil
    }.joined(separator: ", ")
  }

  private var header: Markup {
    .element(
      "header", [:],
      [
        .element("h1", text: "Boot report"),
        .element(
          "p", ["class": "counts"],
          [BootResult.Outcome.passed, .failed, .skipped].compactMap { outcome in
            let count = results.count { $0.outcome == outcome }
            return count > 0
              ? .element(
                "span", ["class": "badge \(outcome.rawValue)"], text: "\(count) \(outcome.rawValue)"
              )
              : nil
          }),
        .element(
          "p", ["class": "about"],
          [
            .text(dhcp == nil ? "On QEMU's user network" : "DHCP by "),
            .list(dhcp.map { [.element("code", text: $0)] } ?? []), .text(", files at "),
            .element("code", text: http), .text(". Begun \(date), \(durationText(seconds))."),
          ]),
      ])
  }

  // MARK: The table

  private var table: Markup {
    let columns = ["Machine", "By", "Result", "Boots", "What was seen", "After"]
    return .element(
      "table", ["class": "combinations"],
      [
        .element("thead", [:], [.element("tr", [:], columns.map { .element("th", text: $0) })]),
        .element("tbody", [:], results.enumerated().map(row)),
      ])
  }

  private func row(_ index: Int, _ result: BootResult) -> Markup {
    let name = result.combination.firmware.name
    let machine: Markup =
      result.outcome == .skipped
      ? .text(name) : .element("a", ["href": "#\(anchor(index))"], text: name)
    let (seen, time): (String, String) =
      switch result.verdict {
      case .passed(let evidence): (evidence.words, durationText(evidence.seconds))
      case .failed(let failure): (failure.message, "")
      case nil, .running: (result.because, "")
      }
    let cells: [(String, [Markup])] = [
      ("Machine", [machine]), ("By", [.text(result.combination.method.name)]),
      ("Result", [badge(result)]),
      ("Boots", result.combination.target.map { [.element("code", text: $0)] } ?? []),
      ("What was seen", [.text(seen)]), ("After", [.text(time)]),
    ]
    return .element(
      "tr", ["class": result.outcome.rawValue],
      cells.filter { !$0.1.isEmpty || true }.map { name, content in
        .element("td", ["data-name": name], content)
      })
  }

  private func badge(_ result: BootResult) -> Markup {
    .element("span", ["class": "badge \(result.outcome.rawValue)"], text: result.outcome.rawValue)
  }

  private func anchor(_ index: Int) -> String { "boot-\(index + 1)" }

  /// What is not in the table because nobody was root.
  private var gaps: Markup {
    guard !untested.isEmpty else { return .list([]) }
    return .list([
      .element("h2", text: "Not tested without root"),
      .element(
        "dl", [:],
        untested.flatMap { [.element("dt", text: $0.what), .element("dd", text: $0.why)] }),
    ])
  }

  // MARK: A boot

  private func section(_ index: Int, _ result: BootResult) -> Markup? {
    guard let last = result.attempts.last else { return nil }
    var pieces: [Markup] = [
      .element("h2", [:], [.text("\(result.combination.name) "), badge(result)])
    ]
    pieces.append(verdict(result))
    if result.attempts.count > 1, let first = result.attempts[0].failure {
      pieces.append(
        .element(
          "p", ["class": "note"], text: "This was a second try. In the first, \(first.message)."))
    }
    if let kept = last.kept {
      pieces.append(
        .element(
          "p", ["class": "note"],
          [.text("The lab's folder was kept: "), .element("code", text: kept.string)]))
    }
    pieces.append(.element("div", ["class": "views"], [screen(last, result), console(last)]))
    pieces.append(timeline(last))
    pieces += last.logs.filter { !$0.text.isEmpty }.map { log in
      .element(
        "details", [:],
        [
          .element("summary", text: "What \(log.name) wrote"),
          .element("pre", [:], [.text(Self.end(of: log.text))]),
        ])
    }
    return .element("section", ["id": anchor(index)], pieces)
  }

  private func verdict(_ result: BootResult) -> Markup {
    switch result.verdict {
    case .passed(let evidence):
      let item = result.attempts.last?.item.map { " \($0.text)." } ?? ""
      return .element(
        "p", ["class": "verdict passed"],
        text: "\(evidence.words) after \(durationText(evidence.seconds)).\(item)")
    case .failed(let failure):
      let advice = failure.advice.map {
        [Markup.element("p", ["class": "fix"], [.element("b", text: "To do: "), .text($0)])]
      }
      return .element(
        "div", ["class": "verdict failed"],
        [.element("p", text: failure.message)] + (advice ?? []))
    case nil, .running: return .list([])
    }
  }

  private func screen(_ attempt: BootAttempt, _ result: BootResult) -> Markup {
    guard let picture = attempt.picture else {
      return .element(
        "p", ["class": "note"],
        text: "There is no picture of its screen: the machine had ended, or its QEMU makes none.")
    }
    let data = Data(picture).base64EncodedString()
    return .element(
      "figure", [:],
      [
        .element(
          "img",
          [
            "src": "data:image/png;base64,\(data)",
            "alt": "The screen of \(result.combination.name) at last; its text stands beside.",
          ]),
        .element("figcaption", text: "The screen at last"),
      ])
  }

  private func console(_ attempt: BootAttempt) -> Markup {
    let lines = attempt.record.consoleLines
    return .element(
      "figure", [:],
      [
        .element(
          "pre", ["class": "console", "tabindex": "0"],
          text: lines.isEmpty ? "(nothing)" : Self.end(of: lines.joined(separator: "\n"))),
        .element("figcaption", text: "What it printed on its serial console"),
      ])
  }

  /// The end of a long text.
  private static func end(of text: String) -> String {
    let longest = 64 * 1024
    guard text.utf8.count > longest else { return text }
    return "…\n" + String(decoding: text.utf8.suffix(longest), as: UTF8.self)
  }

  // MARK: The cable

  private func timeline(_ attempt: BootAttempt) -> Markup {
    let rows = ReportTimeline(attempt.record.events).rows
    guard !rows.isEmpty else {
      return .element("p", ["class": "note"], text: "Nothing passed on its network cable.")
    }
    return .list([
      .element("h3", text: "On its network cable"),
      .element("ol", ["class": "timeline"], rows.map(entry)),
    ])
  }

  private func entry(_ row: ReportTimeline.Row) -> Markup {
    var pieces: [Markup] = [
      .element("time", text: durationText(row.seconds)),
      .element("span", ["class": "way \(row.way.lowercased())"], text: row.way),
      .element(
        "span", ["class": "what"],
        [
          .element("b", text: row.what), .text(" "),
          .element("span", ["class": "ends"], text: "\(row.from) → \(row.to)"),
        ]),
    ]
    let answer = row.answer ?? (row.way == "DHCP" ? nil : "no answer")
    if let answer {
      pieces.append(.element("span", ["class": row.isBad ? "answer bad" : "answer"], text: answer))
    }
    if !row.details.isEmpty {
      let list = row.details.flatMap { detail -> [Markup] in
        [.element("dt", text: detail.name), .element("dd", text: detail.value)]
      }
      pieces.append(
        .element(
          "details", [:], [.element("summary", text: "all of it"), .element("dl", [:], list)]))
    }
    return .element("li", ["class": row.isBad ? "bad" : nil], pieces)
  }
}
