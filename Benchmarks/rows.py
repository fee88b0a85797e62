"""The rows of the table: each makes what it measures, measures both sides in one go, and judges."""

import os
import shutil
import sys
from dataclasses import dataclass

import sites
from measure import medians, peak_memory, run


@dataclass
class Row:
    """One line of the table. `value` is what the goal is about: a ratio, seconds or bytes."""

    what: str
    ours: str
    peer: str
    ratio: str
    goal: str
    met: bool


class Bench:
    """What the rows share: the binary, the work folder, things that several rows need."""

    def __init__(self, pxebuild, work, here, runs):
        self.pxebuild = pxebuild
        self.work = work
        self.here = here
        self.runs = runs
        self.step = [sys.executable, "-B", here / "prepare.py"]
        self.ipxe_parts = None

    def ipxe(self):
        """The five targets of both sides, built once and compared."""
        if self.ipxe_parts:
            return self.ipxe_parts
        site = sites.ipxe_site(self.pxebuild, self.work, self.here.parent / "recipes")
        site.build()
        commit = sites.run(
            ["git", "ls-remote", sites.UPSTREAM, "refs/tags/v2.0.0"], capture=True).split()[0]
        plain = sites.PlainMake(self.work, self.here, os.cpu_count(), commit)
        shutil.copy(site.output / "chain.ipxe", plain.embed)
        self.ipxe_parts = (site, plain)
        return self.ipxe_parts

    def ipxe_built(self):
        """The same, with plain make's side built as well."""
        site, plain = self.ipxe()
        run(plain.command())
        return site, plain


def seconds(value):
    """A time as text, in the unit that suits it."""
    if value < 0.001:
        return f"{value * 1e6:.1f} µs"
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def ratio_row(what, ours, peer, most, most_seconds=None):
    """A row whose goal is a ratio, and perhaps a time as well."""
    ratio = ours / peer
    goal = f"≤ {most:.2f}"
    met = ratio <= most
    if most_seconds:
        goal += f" and ≤ {seconds(most_seconds)}"
        met = met and ours <= most_seconds
    return Row(what, seconds(ours), seconds(peer), f"{ratio:.3f}", goal, met)


def cold(bench):
    site, plain = bench.ipxe()
    ours, peer = medians(
        [site.command(), plain.command()], runs=bench.runs,
        prepare=[bench.step + ["cold", site.folder], plain.clean()])
    problems = sites.compare(site, plain)
    row = ratio_row("five iPXE targets, cold, against plain make", ours, peer, 0.45)
    row.what += "; files differ: " + "; ".join(problems) if problems else "; all five files equal"
    row.met = row.met and not problems
    return [row]


def one_line(bench):
    site, plain = bench.ipxe_built()
    ours, peer = medians(
        [site.command(), plain.command()], runs=max(bench.runs, 5),
        prepare=[
            bench.step + ["change", site.folder], bench.step + ["change-embed", plain.embed]])
    return [ratio_row("one line of chain.ipxe changed, five targets", ours, peer, 0.5, 2)]


def no_op(bench):
    site, plain = bench.ipxe_built()
    site.build()
    ours, peer = medians([site.command(), plain.command()], warmup=1, min_runs=10)
    return [ratio_row("nothing changed, five targets", ours, peer, 1 / 20, 0.05)]


def unchanged_files(bench):
    few = sites.script_site(bench.pxebuild, bench.work, 1000)
    many = sites.script_site(bench.pxebuild, bench.work, 10000)
    for site in (few, many):
        site.build()
    ninja = sites.ninja_folder(bench.work, 10000)
    times = medians(
        [few.command(), many.command(), ["ninja", "-C", ninja, "--quiet"]], warmup=3, min_runs=20)
    slope = (times[1] - times[0]) / 9000
    return [
        Row("each unchanged file (1 000 to 10 000)", seconds(slope), "-", "-", "< 2 µs",
            slope < 2e-6),
        ratio_row("nothing changed, 10 000 targets, against ninja", times[1], times[2], 1.5),
    ]


def tree_again(bench):
    rows = []
    candidates = [(sites.script_site(bench.pxebuild, bench.work, 1000), "1 000 scripts")]
    if sites.upstream_is_reachable():
        candidates.append((bench.ipxe()[0], "the iPXE site"))
    for site, name in candidates:
        site.build()
        copy = site.folder / "copy"
        ours, peer = medians(
            [site.command(), [bench.here / "durable_copy.sh", site.output, copy]], min_runs=10,
            warmup=1, prepare=[["rm", "-rf", site.output], bench.step + ["copy", site.folder]])
        rows.append(ratio_row(f"rm -rf out, {name}, against cp -r and sync", ours, peer, 2))
    return rows


def memory(bench):
    site = sites.large_file_site(bench.pxebuild, bench.work, 2_000_000_000)
    peak = peak_memory(site.command())
    shutil.rmtree(site.folder)
    return [
        Row("peak memory, a file of 2 GB", f"{peak / 1e6:.0f} MB", "-", "-", "< 150 MB", peak < 150e6)
    ]


def iso(bench):
    site, image = sites.iso_site(bench.pxebuild, bench.work, 700_000_000)
    site.build()
    plain = bench.work / "iso-plain"
    empty = ["sh", "-c", 'rm -rf "$1" && mkdir "$1" && sync', "sh", plain]
    cold = bench.step + ["cold", site.folder]
    commands = {
        "7z x": ["7z", "x", "-y", f"-o{plain}", image],
        "bsdtar -xf": ["bsdtar", "-xf", image, "-C", plain],
        "7z x and sync": ["sh", "-c", '7z x -y "-o$1" "$2" && sync -f "$1"', "sh", plain, image],
    }
    times = medians(
        [site.command(), *commands.values()], runs=max(bench.runs, 5), warmup=1,
        prepare=[cold] + [empty] * len(commands))
    run(["diff", "-r", site.output / "live", plain])
    rows = [
        ratio_row(f"an image of 700 MB unpacked, first time, against {name}", times[0], time, 1)
        for name, time in zip(commands, times[1:])
    ]
    sites.forget(site)
    peak = peak_memory(site.command())
    rows.append(Row(
        "peak memory, an image of 700 MB", f"{peak / 1e6:.0f} MB", "-", "-", "< 150 MB", peak < 150e6))
    ours, peer = medians([site.command(), commands["7z x"]], warmup=1, runs=max(bench.runs, 5))
    rows.append(ratio_row("the same image unchanged, against 7z x", ours, peer, 0.1, 0.05))
    shutil.rmtree(site.folder)
    shutil.rmtree(plain)
    return rows


def winpe(bench):
    site, medium, overlay = sites.winpe_site(bench.pxebuild, bench.work)
    plain = bench.work / "winpe-plain.wim"
    peer = ["mkwinpeimg", "--only-wim", f"--windows-dir={medium}", f"--overlay={overlay}", plain]
    ours, theirs = medians(
        [site.command(), peer], runs=max(bench.runs, 3),
        prepare=[bench.step + ["cold", site.folder], ["rm", "-f", plain]])
    rows = [ratio_row(
        "a Windows PE with an overlay of 100 MB, against mkwinpeimg --only-wim", ours, theirs, 0.35)]
    ours, = medians([site.command()], warmup=1, min_runs=10)
    rows.append(Row("the same, unchanged", seconds(ours), "-", "-", "≤ 50.0 ms", ours <= 0.05))
    shutil.rmtree(site.folder)
    plain.unlink()
    large, _, _ = sites.winpe_site(bench.pxebuild, bench.work, megabytes=1000, overlay_megabytes=1)
    peak = peak_memory(large.command())
    rows.append(Row(
        "peak memory, a boot.wim of 1 GB", f"{peak / 1e6:.0f} MB", "-", "-", "< 300 MB", peak < 300e6))
    shutil.rmtree(large.folder)
    return rows


# Name, function, whether it needs the real upstream.
ROWS = [
    ("cold", cold, True),
    ("one-line", one_line, True),
    ("no-op", no_op, True),
    ("files", unchanged_files, False),
    ("tree", tree_again, False),
    ("memory", memory, False),
    ("iso", iso, False),
    ("winpe", winpe, False),
]
