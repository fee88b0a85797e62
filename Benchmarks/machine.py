"""Says what a table was measured on."""

import os
import platform
import subprocess


def first_line(command):
    """The first line that a program prints, or a dash when there is no such program."""
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return "-"
    return text.splitlines()[0].strip() if text else "-"


def field(path, name, separator):
    """The value of the first line of a file that begins with a name."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(name):
                return line.split(separator, 1)[1].strip().strip('"')
    return "-"


def description(work):
    """Lines of Markdown about this machine and the tools that were measured."""
    memory = int(field("/proc/meminfo", "MemTotal", ":").split()[0]) / 1024 / 1024
    disk = first_line(["stat", "-f", "-c", "%T", str(work)])
    system = field("/etc/os-release", "PRETTY_NAME", "=")
    here = os.path.dirname(os.path.abspath(__file__))
    commit = first_line(["git", "-C", here, "describe", "--always", "--dirty"])
    return [
        f"- pxebuild {commit}",
        f"- {os.cpu_count()} processors ({field('/proc/cpuinfo', 'model name', ':')}),"
        f" {memory:.0f} GiB memory, file system {disk}",
        f"- {system}, Linux {platform.release()}",
        f"- {first_line(['gcc', '--version'])}; {first_line(['make', '--version'])};"
        f" ninja {first_line(['ninja', '--version'])};"
        f" {first_line(['hyperfine', '--version'])}",
        f"- load before the start: {os.getloadavg()[0]:.2f}",
    ]
