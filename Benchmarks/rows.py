"""The rows of the table: each makes what it measures, measures both sides in one go, and judges."""

import json
import os
import shutil
import statistics
import sys
from dataclasses import dataclass

import boots
import sites
from measure import alternating_medians, medians, peak_memory, run


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
    plain = site.folder / "plain"
    empty = bench.step + ["new-folder", plain]
    cold = bench.step + ["new-site", site.folder]
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
    return rows


def winpe(bench):
    site, medium, overlay = sites.winpe_site(bench.pxebuild, bench.work)
    plain = bench.work / "winpe-plain.wim"
    peer = ["mkwinpeimg", "--only-wim", f"--windows-dir={medium}", f"--overlay={overlay}", plain]
    ours, theirs = medians(
        [site.command(), peer], runs=max(bench.runs, 3),
        prepare=[bench.step + ["new-site", site.folder], ["rm", "-f", plain]])
    rows = [ratio_row(
        "a Windows PE with an overlay of 100 MB, against mkwinpeimg --only-wim", ours, theirs, 0.35)]
    ours, = medians([site.command()], warmup=1, min_runs=10)
    rows.append(Row("the same, unchanged", seconds(ours), "-", "-", "≤ 50.0 ms", ours <= 0.05))
    shutil.rmtree(site.folder)
    plain.unlink()
    large = sites.large_winpe_site(bench.pxebuild, bench.work, 1000)
    peak = peak_memory(large.command())
    rows.append(Row(
        "peak memory, a boot.wim of 1 GB", f"{peak / 1e6:.0f} MB", "-", "-", "< 300 MB", peak < 300e6))
    shutil.rmtree(large.folder)
    return rows


def load(bench):
    site = sites.load_site(bench.pxebuild, bench.work, 1_000_000)
    site.build()
    rows = []
    for server, wanted, what in [
            ("in.tftpd", 200, "TFTP clients"), ("dnsmasq", 200, "TFTP clients"),
            ("nginx", 2000, "HTTP requests")]:
        found = json.loads(run(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             sys.executable, "-B", bench.here / "load.py", server,
             f"{site.output}-conf/{server}", site.output, "ipxe.efi"], capture=True))
        rows.append(Row(
            f"{wanted} {what} at once, a file of 1 MB, {server}", seconds(found["seconds"]), "-",
            "-", f"{wanted} whole", found["served"] == wanted))
    return rows


def usb(bench):
    size = 1_000_000_000
    site, image = sites.stick_site(bench.pxebuild, bench.work, size)
    with sites.disk(bench.work, size) as disk:
        ours = site.usb(disk)
        script = (
            'dd "if=$1" "of=$2" bs=4M oflag=direct conv=fsync status=none && cmp -n "$3" "$1" "$2"')
        peer = ["sh", "-c", script, "sh", image, disk, size]
        run(ours)
        runs = max(bench.runs, 7)
        # cmp reads into memory. On a virtual machine that may have to come from its host first, which takes seconds.
        buffered = ["dd", f"if={disk}", "of=/dev/null", "bs=4M", "status=none"]
        times = alternating_medians([ours, peer], runs, buffered)
        rows = [ratio_row("an image of 1 GB written and read back, against dd and cmp", *times, 1.1)]
        read = ["dd", f"if={disk}", "of=/dev/null", "bs=4M", "iflag=direct", "status=none"]
        times = alternating_medians([ours + ["--delta"], read], runs, buffered)
        rows.append(ratio_row("the same with --delta, nothing to write, against reading it", *times, 1))
    shutil.rmtree(site.folder)
    return rows


def boot(bench):
    site = sites.boot_site(bench.pxebuild, bench.work)
    site.build()
    costs = [boots.lab_cost(site, boots.WITHOUT_KVM) for _ in range(bench.runs)]
    looking = [boots.lab_cost(site, boots.FORGETFUL) for _ in range(bench.runs)]
    count, together, alone = boots.side_by_side(site, bench.runs)
    shutil.rmtree(site.folder)
    cost = statistics.median(costs)
    probe = statistics.median(looking) - cost
    return [
        Row("a boot in the lab, but for its machine", seconds(cost), "-", "-", "≤ 2.00 s", cost <= 2),
        Row("looking for KVM, once", seconds(max(probe, 0)), "-", "-", "≤ 5.00 s", probe <= 5),
        ratio_row(f"{count} machines, against each alone, by processors", together, alone, 1.3),
    ]


def verify(bench):
    """One core each: pxebuild takes all it gets, openssl takes one."""
    site = sites.hashed_site(bench.pxebuild, bench.work, 20, 50_000_000)
    site.build()
    files = sorted(str(path) for path in (site.output / "files").iterdir())
    ours, peer = medians(
        [["taskset", "-c", "0", site.pxebuild, "verify", "--skip-cache", "--quiet",
          "--recipes", site.recipes, "--output", site.output, "--cache", site.cache],
         ["taskset", "-c", "0", "openssl", "dgst", "-sha256", *files]],
        runs=max(bench.runs, 5), warmup=1)
    shutil.rmtree(site.folder)
    return [ratio_row("verify of 1 GB in 20 files, one core, against openssl dgst", ours, peer, 1 / 0.9)]


def clean_up(bench):
    site = sites.stale_cache(bench.pxebuild, bench.work, 100_000)
    command = [site.pxebuild, "cache", "gc", "--recipes", site.recipes, "--cache", site.cache]
    ours, = medians(
        [command], runs=max(bench.runs, 3), prepare=[bench.step + ["blobs", site.folder]])
    run(bench.step + ["blobs", site.folder])
    peak = peak_memory(command)
    shutil.rmtree(site.folder)
    return [
        Row("cache gc, 100 000 blobs", seconds(ours), "-", "-", "< 5 s", ours < 5),
        Row("peak memory, cache gc, 100 000 blobs", f"{peak / 1e6:.0f} MB", "-", "-", "< 200 MB",
            peak < 200e6),
    ]


# Name, function, what it needs: the real upstream, or root.
ROWS = [
    ("cold", cold, "upstream"),
    ("one-line", one_line, "upstream"),
    ("no-op", no_op, "upstream"),
    ("files", unchanged_files, None),
    ("tree", tree_again, None),
    ("memory", memory, None),
    ("iso", iso, None),
    ("winpe", winpe, None),
    ("load", load, "root"),
    ("boot", boot, "root"),
    ("verify", verify, None),
    ("gc", clean_up, None),
    ("usb", usb, "root"),
]
