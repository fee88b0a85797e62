/// How the report looks.
enum ReportStyle {
  /// CSS. Everything may be narrower than its content: long words break, and tables become lists.
  static let sheet = """
    :root { color-scheme: light dark; --back: #fff; --card: #f6f7f9; --text: #1b1f24; --dim: #5b6470;
      --line: #d8dde3; --link: #0b5cad; --good: #1a7f37; --goodback: #e3f5e7; --bad: #b42318;
      --badback: #fdeceb; --skip: #7a5c00; --skipback: #fdf4d8; }
    @media (prefers-color-scheme: dark) { :root { --back: #14171b; --card: #1c2127; --text: #e6e9ed;
      --dim: #9aa5b1; --line: #323a44; --link: #7cb7ff; --good: #6fd58a; --goodback: #16301f;
      --bad: #ff9a91; --badback: #3a1b19; --skip: #ecc94b; --skipback: #332b10; } }
    * { box-sizing: border-box; min-width: 0; }
    body { margin: 0; background: var(--back); color: var(--text); overflow-wrap: anywhere;
      font: 16px/1.5 system-ui, sans-serif; }
    header, main { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
    header { padding-top: 1.5rem; }
    h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.2; }
    h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
    h3 { margin: 1.25rem 0 .5rem; font-size: 1rem; }
    p { margin: .5rem 0; }
    a { color: var(--link); }
    code, pre, time { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .875em; }
    .about, .note, figcaption, .ends, time { color: var(--dim); }
    .counts { display: flex; flex-wrap: wrap; gap: .5rem; }
    .badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .875rem;
      font-weight: 600; white-space: nowrap; }
    .badge.passed { color: var(--good); background: var(--goodback); }
    .badge.failed { color: var(--bad); background: var(--badback); }
    .badge.skipped { color: var(--skip); background: var(--skipback); }
    table { width: 100%; margin: 1rem 0 2rem; border-collapse: collapse; }
    th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); text-align: left;
      vertical-align: top; }
    th { color: var(--dim); font-size: .875rem; font-weight: 600; }
    td:nth-child(1), td:nth-child(2), td:nth-child(6) { white-space: nowrap; }
    td:nth-child(4) { min-width: 8.5rem; }
    section { margin: 0 0 1.5rem; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem;
      background: var(--card); }
    .verdict { padding: .5rem .75rem; border-radius: .25rem; border-left: .25rem solid; }
    .verdict.passed { border-color: var(--good); background: var(--goodback); }
    .verdict.failed { border-color: var(--bad); background: var(--badback); }
    .verdict p { margin: 0; }
    .verdict .fix { margin-top: .25rem; }
    .views { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr));
      gap: 1rem; align-items: start; }
    figure { margin: .75rem 0 0; }
    img { display: block; max-width: 100%; height: auto; border-radius: .25rem; background: #000; }
    pre { margin: 0; padding: .75rem; max-height: 26rem; overflow: auto; white-space: pre-wrap;
      border: 1px solid var(--line); border-radius: .25rem; background: var(--back); }
    pre.console { border-color: #000; background: #0c0e11; color: #dfe3e8; }
    .timeline { margin: 0; padding: 0; list-style: none; }
    .timeline li { display: grid; grid-template-columns: 4.5rem 3.5rem minmax(0, 1fr) minmax(0, 1fr);
      gap: 0 .75rem; padding: .35rem 0; border-top: 1px solid var(--line); align-items: baseline; }
    .timeline time { text-align: right; }
    .way { padding: 0 .25rem; border-radius: .25rem; font-size: .75rem; font-weight: 600;
      text-align: center; border: 1px solid; }
    .way.dhcp { color: var(--link); } .way.tftp { color: var(--skip); }
    .way.http { color: var(--good); } .way.tcp { color: var(--bad); }
    .ends { font-size: .875rem; white-space: nowrap; }
    .bad .answer { color: var(--bad); font-weight: 600; }
    .timeline details { grid-column: 3 / -1; }
    details { margin-top: .5rem; }
    .timeline details { margin: 0; font-size: .875rem; }
    summary { color: var(--dim); cursor: pointer; }
    dl { display: grid; grid-template-columns: minmax(0, 14rem) minmax(0, 1fr); gap: 0 .75rem; margin: .25rem 0; }
    dt { color: var(--dim); } dd { margin: 0; }
    @media (max-width: 44rem) {
      thead { display: none; }
      table, tbody, tr, td { display: block; }
      tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
      td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); padding: .1rem 0; border: 0; }
      td:empty { display: none; } td:nth-child(4) { min-width: 0; }
      td::before { content: attr(data-name); color: var(--dim); font-size: .875rem; }
      td > * { justify-self: start; }
      .timeline li { grid-template-columns: 4.5rem 3.5rem minmax(0, 1fr); }
      .timeline .answer, .timeline details { grid-column: 1 / -1; padding-left: 1rem; }
      .timeline .what { grid-column: 1 / -1; padding-left: 1rem; }
      .ends { white-space: normal; }
      dl { grid-template-columns: minmax(0, 1fr); } dd { padding-left: 1rem; }
    }
    @media print { section { break-inside: avoid; } pre { max-height: none; } }
    """
}
