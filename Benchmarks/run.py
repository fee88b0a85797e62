"""Measures pxebuild against make, ninja and cp; prints the table and writes RESULTS.md."""

import argparse
import os
import sys
from pathlib import Path

import machine
import rows
import sites
from measure import Failed

HERE = Path(__file__).resolve().parent


def table(results):
    lines = ["| what | pxebuild | peer | ratio | goal | met |", "|---|---|---|---|---|---|"]
    for row in results:
        met = "yes" if row.met else "**no**"
        lines.append(
            f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} | {row.goal} | {met} |")
    return lines


def main():
    names = [name for name, _, _ in rows.ROWS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=names, help="measure one row; nothing is written")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--runs", type=int, default=3, help="timings of the long rows (3)")
    parser.add_argument("--work", type=Path, default=HERE.parent / ".build-bench",
                        help="where everything is made")
    options = parser.parse_args()
    if options.list:
        print("\n".join(names))
        return 0
    pxebuild = Path(os.environ.get("PXEBUILD", HERE.parent / ".build-release/pxebuild"))
    if not os.access(pxebuild, os.X_OK):
        sys.exit(f"{pxebuild} is not there: run `make bench`, or set PXEBUILD")
    options.work.mkdir(parents=True, exist_ok=True)
    about = machine.description(options.work)
    bench = rows.Bench(pxebuild.resolve(), options.work.resolve(), HERE, options.runs)
    missing = {
        "upstream": None if sites.upstream_is_reachable() else f"{sites.UPSTREAM} cannot be reached",
        "root": None if os.geteuid() == 0 else "they need root",
        None: None,
    }
    results, left_out = [], {}
    for name, measure, need in rows.ROWS:
        if options.only not in (None, name):
            continue
        if missing[need]:
            left_out.setdefault(missing[need], []).append(name)
            continue
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            results += measure(bench)
        except Failed as error:
            sys.exit(f"{name}: {error}")
    lines = table(results)
    for why, names in left_out.items():
        lines += ["", f"Left out, because {why}: {', '.join(names)}."]
    print("\n".join(lines))
    if options.only is None:
        head = ["# Results", "", "Written by `make bench`; medians of wall times.", ""]
        (HERE / "RESULTS.md").write_text(
            "\n".join(head + about + [""] + lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
