"""Runs commands and measures them; knows nothing of what is measured."""

import json
import os
import statistics
import subprocess
import tempfile


class Failed(Exception):
    """A command that had to work did not."""


def run(command, cwd=None, env=None, capture=False):
    """Runs an argument vector to its end; returns standard output when asked for it."""
    result = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=merged(env), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if result.returncode != 0:
        shown = (result.stdout + result.stderr).strip().splitlines()[-20:]
        raise Failed("\n".join([f"{command[0]} ended with status {result.returncode}:"] + shown))
    return result.stdout if capture else None


def merged(env):
    """The environment of this process with some variables changed."""
    return {**os.environ, **(env or {})}


def quote(words):
    """A command line for hyperfine, which splits it again."""
    import shlex

    return " ".join(shlex.quote(str(word)) for word in words)


def medians(commands, runs=None, warmup=0, prepare=None, min_runs=10, cwd=None):
    """Median wall time in seconds of each argument vector, measured by one hyperfine.

    prepare: None, or one argument vector for each command, run before every timing of it.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        arguments = ["hyperfine", "-N", "--style", "none", "--export-json", report.name]
        arguments += ["--runs", str(runs)] if runs else ["--min-runs", str(min_runs)]
        arguments += ["--warmup", str(warmup)]
        for words in prepare or []:
            arguments += ["--prepare", quote(words)]
        run(arguments + [quote(words) for words in commands], cwd=cwd)
        results = json.load(open(report.name, encoding="utf-8"))["results"]
    return [statistics.median(result["times"]) for result in results]


def alternating_medians(commands, runs, prepare):
    """The same, one run of each after the other, so that what changes on the machine meanwhile meets all of them.

    Each command runs once more at first, and that run does not count. prepare: one argument vector for all.
    """
    each = [prepare] * len(commands)
    rounds = [medians(commands, runs=1, prepare=each) for _ in range(runs + 1)][1:]
    return [statistics.median(times) for times in zip(*rounds)]


def peak_memory(command):
    """The largest resident set in bytes of a process of the command, by GNU time."""
    with tempfile.NamedTemporaryFile() as report:
        run(["/usr/bin/time", "-f", "%M", "-o", report.name] + list(command))
        return int(report.read().split()[-1]) * 1024
