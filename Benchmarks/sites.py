"""Makes the sites and the peers that are measured, below one work folder."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from measure import Failed, run

UPSTREAM = "https://github.com/ipxe/ipxe.git"
# Peer's goal, our target, in plain_make.sh's order.
FIVE = [
    ("bin/undionly.kpxe", "undionly.kpxe"),
    ("bin/ipxe.usb", "usb/bios.usb"),
    ("bin-x86_64-efi/ipxe.efi", "ipxe.efi"),
    ("bin-x86_64-efi/ipxe.usb", "usb/efi.usb"),
    ("bin-i386-efi/ipxe.efi", "ipxe32.efi"),
]
# What a cache holds beside the sources that were fetched; deleting it leaves a cold cache.
RESULTS_OF_BUILDS = ["blobs", "actions", "state", "logs", "work"]


class Site:
    """A recipe folder with an output tree and a cache of its own."""

    def __init__(self, pxebuild, folder):
        self.pxebuild = Path(pxebuild).resolve()
        self.folder = Path(folder)
        self.recipes = self.folder / "recipes"
        self.output = self.folder / "out"
        self.cache = self.folder / "cache"

    def command(self, *more):
        """The argument vector of `pxebuild all`."""
        return [
            self.pxebuild, "all", "--quiet", "--recipes", self.recipes, "--output", self.output,
            "--cache", self.cache, *more]

    def usb(self, disk):
        """The argument vector that writes stick.img to a disk."""
        return [
            self.pxebuild, "usb", "--quiet", "--yes", "--image", "stick.img", "--device", disk,
            "--force-fixed-disk", Path(disk).name, "--recipes", self.recipes, "--cache", self.cache]

    def build(self):
        run(self.command())

    def clear(self):
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.recipes.mkdir(parents=True)

    def write_site(self):
        """The smallest site.yaml."""
        (self.recipes / "site.yaml").write_text("site:\n  server: 10.0.0.200\n", encoding="utf-8")


def forget(site):
    """Removes what builds have made, not the sources that were fetched."""
    for name in RESULTS_OF_BUILDS:
        shutil.rmtree(site.cache / name, ignore_errors=True)
    shutil.rmtree(site.output, ignore_errors=True)
    # What is still to be written would be written in the time that is measured.
    os.sync()


def set_aside(path, place):
    """Takes a file or folder away so that nothing remembers it, and gives back the memory of its files.

    It is not deleted: for a minute ext4 does not use the inodes of what was deleted, and whoever creates files
    in that time waits for its search for others.
    """
    if not path.exists():
        return
    place.mkdir(exist_ok=True)
    target = place / f"{path.name}-{time.time_ns()}"
    path.rename(target)
    for file in target.rglob("*"):
        if file.is_file() and not file.is_symlink() and file.stat().st_size > 1_000_000:
            file.chmod(0o644)
            os.truncate(file, 0)


def upstream_is_reachable():
    """Whether the real iPXE can be fetched."""
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(
            ["git", "ls-remote", UPSTREAM, "HEAD"], env=env, capture_output=True, timeout=60,
            check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def ipxe_site(pxebuild, work, shipped):
    """The shipped site with the five targets, its lock and its link sets; nothing is built yet."""
    site = Site(pxebuild, work / "ipxe-site")
    site.clear()
    for item in shipped.iterdir():
        if item.name == "examples" or (
                item.suffix in (".yaml", ".yml") and item.name not in ("site.yaml", "ipxe.yaml")):
            continue
        if item.is_dir():
            shutil.copytree(item, site.recipes / item.name)
        else:
            shutil.copy(item, site.recipes / item.name)
    return site


def change_chain(site, number):
    """Changes one line of chain.ipxe; every number gives other bytes."""
    recipe = site.recipes / "ipxe.yaml"
    text = recipe.read_text(encoding="utf-8")
    changed, count = re.subn(
        r"^( *chain \S*?/install\.ipxe)\S*$", rf"\1?run={number}", text, count=1, flags=re.M)
    if count != 1:
        raise Failed("recipes/ipxe.yaml has no line `chain …/install.ipxe` to change")
    recipe.write_text(changed, encoding="utf-8")


class PlainMake:
    """A checkout of upstream that plain make builds the five targets in."""

    def __init__(self, work, here, jobs, commit):
        self.checkout = work / "plain-make"
        self.embed = work / "chain.ipxe"
        self.script = here / "plain_make.sh"
        self.jobs = jobs
        self.commit = commit
        if not (self.checkout / ".git").exists():
            run(["git", "clone", "-q", UPSTREAM, self.checkout])
        run(["git", "-C", self.checkout, "-c", "advice.detachedHead=false", "checkout", "-q", commit])
        self.epoch = run(
            ["git", "-C", self.checkout, "log", "-1", "--format=%ct"], capture=True).strip()

    def command(self, *goal_and_id):
        """The argument vector that builds the five, or one."""
        return [
            self.script, self.checkout / "src", self.embed, self.commit, self.epoch,
            str(self.jobs), *goal_and_id]

    def clean(self):
        """The argument vector that makes the checkout as it was cloned."""
        return ["git", "-C", self.checkout, "clean", "-qfdx"]

    def link_again(self, goal, build_id):
        """Links one goal anew with another build id; the objects stay."""
        path = self.checkout / "src" / goal
        for old in path.parent.glob(path.name.split(".")[0] + ".*"):
            old.unlink()
        run(self.command(goal, build_id))


def compare(site, plain):
    """Whether the five files of both sides are equal; returns a sentence for each that is not.

    The build id of a target is 4 bytes that pxebuild chooses. Plain make was given 0x12345678: where
    the two files differ, pxebuild's has its id. Plain make then links again with that id, and every
    byte has to be the same.
    """
    problems = []
    for goal, target in FIVE:
        theirs, ours = plain.checkout / "src" / goal, site.output / target
        if not theirs.exists():
            # An image goes with the program that it holds when that is linked again.
            run(plain.command(goal, "0x12345678"))
        chosen = build_id(theirs.read_bytes(), ours.read_bytes())
        if chosen:
            plain.link_again(goal, chosen)
        result = subprocess.run(
            ["cmp", theirs, ours], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            where = (result.stdout or result.stderr).strip().split(" differ: ")[-1]
            problems.append(f"{target} is not what plain make makes ({where})")
    return problems


def build_id(theirs, ours, marker=b"\x78\x56\x34\x12"):
    """The id that stands in our bytes where theirs have the marker; None when there is none."""
    at = theirs.find(marker)
    while at >= 0:
        if ours[at:at + 4] != marker and len(ours) == len(theirs):
            return hex(int.from_bytes(ours[at:at + 4], "little"))
        at = theirs.find(marker, at + 1)
    return None


def script_site(pxebuild, work, count):
    """A site of so many trivial `script` targets."""
    site = Site(pxebuild, work / f"scripts-{count}")
    site.clear()
    site.write_site()
    lines = ["targets:"]
    for number in range(count):
        lines += [f"  t{number // 100}/{number}.ipxe:", "    script: |", "      #!ipxe",
                  f"      echo {number}"]
    (site.recipes / "targets.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return site


def ninja_folder(work, count):
    """A folder with a build.ninja of so many edges, built once."""
    folder = work / f"ninja-{count}"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    lines = ["rule write", "  command = printf '#!ipxe\\necho $n\\n' > $out"]
    for number in range(count):
        lines += [f"build t{number // 100}/{number}.ipxe: write", f"  n = {number}"]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run(["ninja", "-C", folder, "--quiet"])
    return folder


def large_file_site(pxebuild, work, size):
    """A site with one `file` target of so many bytes, nearly all of them a hole."""
    site = Site(pxebuild, work / "large-file")
    site.clear()
    site.write_site()
    with open(site.recipes / "large.img", "wb") as file:
        file.truncate(size)
        file.seek(size // 2)
        file.write(b"not only zeros")
    (site.recipes / "targets.yaml").write_text(
        "targets:\n  large.img: { file: large.img }\n", encoding="utf-8")
    return site


def load_site(pxebuild, work, size):
    """A site with one file of so many bytes, and what servers of it read."""
    site = Site(pxebuild, work / "load-site")
    site.clear()
    site.write_site()
    (site.recipes / "program").write_bytes(os.urandom(size))
    (site.recipes / "targets.yaml").write_text(
        "targets:\n  ipxe.efi: { file: program }\n"
        "configs:\n  in.tftpd: { tftp: hpa }\n  dnsmasq: { tftp: dnsmasq }\n"
        "  nginx: { http: nginx }\n", encoding="utf-8")
    # The servers give up root's rights.
    work.chmod(0o755)
    return site


def boot_site(pxebuild, work):
    """A site that Debian's own programs boot, by PXE, over HTTP and from a stick."""
    site = Site(pxebuild, work / "boot-site")
    site.clear()
    (site.recipes / "site.yaml").write_text(
        "site:\n  server: 10.0.0.200\n"
        "  network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }\n"
        "targets:\n  undionly.kpxe: { file: /usr/lib/ipxe/undionly.kpxe }\n"
        "  ipxe.efi: { file: /usr/lib/ipxe/ipxe.efi }\n  ipxe.lkrn: { file: /usr/lib/ipxe/ipxe.lkrn }\n"
        "  stick.img: { image: { bios: ipxe.lkrn, x64: ipxe.efi } }\n"
        '  install.ipxe: { script: "#!ipxe\\nshell\\n" }\n'
        "configs:\n  dhcpd.conf: { dhcp: isc }\n", encoding="utf-8")
    return site


def stick_site(pxebuild, work, size):
    """A site with an image of a disk of so many bytes, random but for the mark of a boot sector."""
    site = Site(pxebuild, work / "stick-site")
    site.clear()
    site.write_site()
    image = site.recipes / "stick.img"
    with open(image, "wb") as file:
        for _ in range(size // 1_000_000):
            file.write(os.urandom(1_000_000))
        file.seek(510)
        file.write(b"\x55\xaa")
    (site.recipes / "targets.yaml").write_text(
        "targets:\n  stick.img: { file: stick.img }\n", encoding="utf-8")
    return site, image


@contextlib.contextmanager
def disk(work, size):
    """A loop device over a new file of that size; both are gone afterwards."""
    file = work / "disk"
    with open(file, "wb") as made:
        made.truncate(size)
    path = run(
        ["losetup", "--find", "--show", "--direct-io=on", file], capture=True).strip()
    try:
        yield path
    finally:
        run(["losetup", "--detach", path])
        file.unlink()


def iso_site(pxebuild, work, size):
    """A site that unpacks an image like that of a live system: one file is nearly all of it."""
    site = Site(pxebuild, work / "iso-site")
    site.clear()
    site.write_site()
    content = site.folder / "content"
    (content / "casper").mkdir(parents=True)
    for folder in range(20):
        (content / f"pool/{folder}").mkdir(parents=True)
        for number in range(20):
            (content / f"pool/{folder}/{number}.deb").write_bytes(os.urandom(30_000))
    with open(content / "casper/filesystem.squashfs", "wb") as file:
        for _ in range(size // 1_000_000 - 100):
            file.write(os.urandom(1_000_000))
    (content / "casper/initrd").write_bytes(os.urandom(88_000_000))
    image = site.folder / "image.iso"
    run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", image, content])
    shutil.rmtree(content)
    (site.recipes / "targets.yaml").write_text(
        "targets:\n  live: { iso: ../image.iso }\n", encoding="utf-8")
    return site, image


def programs(megabytes):
    """Programs and libraries of this machine: what images hold compresses as they do."""
    left = megabytes * 1_000_000
    for root in ["/usr/lib", "/usr/bin", "/opt"]:
        for path in sorted(Path(root).rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            if left <= 0:
                return
            piece = path.read_bytes()[:min(left, 20_000_000)]
            left -= len(piece)
            yield piece
    raise Failed(f"this machine has less than {megabytes} MB of programs")


def winpe_site(pxebuild, work, megabytes=250, overlay_megabytes=100):
    """A made-up Windows medium with an overlay for its image; nothing of it is Microsoft's."""
    site = Site(pxebuild, work / "winpe")
    site.clear()
    site.write_site()
    image = site.folder / "image"
    medium = site.folder / "medium"
    overlay = site.folder / "overlay"
    system = image / "Windows/System32"
    system.mkdir(parents=True)
    (system / "startnet.cmd").write_text("wpeinit\r\n", encoding="ascii")
    for name in ["setup.exe", "sources/setup.exe"]:
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_bytes(b"MZ")
    # The first for the overlay, so that the image has none of them already.
    done = 0
    for number, piece in enumerate(programs(megabytes + overlay_megabytes)):
        folder = overlay / "Tools" if done < overlay_megabytes * 1_000_000 else system
        done += len(piece)
        target = folder / f"d{number % 40}"
        target.mkdir(parents=True, exist_ok=True)
        (target / f"f{number}.dll").write_bytes(piece)
    for name in ["boot/bcd", "boot/boot.sdi"]:
        (medium / name).parent.mkdir(parents=True, exist_ok=True)
        (medium / name).write_bytes(name.encode())
    (medium / "sources").mkdir()
    wim = medium / "sources/boot.wim"
    # mkwinpeimg takes the second image.
    run(["wimlib-imagex", "capture", image, wim, "Windows PE", "--compress=LZX:20"])
    run(["wimlib-imagex", "append", image, wim, "Windows Setup"])
    (site.recipes / "winpe.yaml").write_text(
        "targets:\n  winpe: { winpe: ../medium, arch: amd64, files: ../overlay }\n", encoding="utf-8")
    shutil.rmtree(image)
    return site, medium, overlay


def large_winpe_site(pxebuild, work, megabytes):
    """The same with an image that is large because nothing in it can be compressed."""
    site, medium, _ = winpe_site(pxebuild, work, megabytes=1, overlay_megabytes=1)
    image = site.folder / "image"
    image.mkdir()
    for number in range(10):
        (image / f"large{number}.bin").write_bytes(os.urandom(megabytes * 100_000))
    run(["wimlib-imagex", "update", medium / "sources/boot.wim", "2",
         f"--command=add {image} /Large"])
    shutil.rmtree(image)
    return site


def hashed_site(pxebuild, work, count, size):
    """A folder of files of random bytes."""
    site = Site(pxebuild, work / "hashed")
    site.clear()
    site.write_site()
    folder = site.recipes / "files"
    folder.mkdir()
    for index in range(count):
        (folder / str(index)).write_bytes(os.urandom(size))
    (site.recipes / "files.yaml").write_text(
        "targets:\n  files: { file: files }\n", encoding="utf-8")
    return site


def stale_cache(pxebuild, work, count):
    """A cache that `fill` fills with blobs that nothing needs."""
    site = Site(pxebuild, work / "stale")
    site.clear()
    site.write_site()
    (site.recipes / "a.yaml").write_text("targets:\n  a: { script: x }\n", encoding="utf-8")
    site.build()
    (site.folder / "count").write_text(str(count), encoding="utf-8")
    return site


def fill(folder):
    """Puts blobs into a cache as a build would, but for their content, which a clean-up does not read."""
    blobs = Path(folder) / "cache" / "blobs"
    for index in range(int((Path(folder) / "count").read_text(encoding="utf-8"))):
        name = hashlib.sha256(str(index).encode()).hexdigest()
        path = blobs / name[:2] / name[2:]
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(b"x" * 100)
