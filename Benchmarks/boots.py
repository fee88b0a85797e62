"""Boots machines of a site; knows nothing of the table."""

import json
import os
import statistics
import time

from measure import run

# Whether KVM is any good takes seconds to find out where it is not; without its device nobody asks.
WITHOUT_KVM = [
    "unshare", "--mount", "sh", "-c", '[ ! -e /dev/kvm ] || mount --bind /dev/null /dev/kvm; exec "$@"', "sh"]
# What was found is forgotten where no folder for caches can be.
FORGETFUL = ["env", "XDG_CACHE_HOME=/dev/null"]


def boot(site, options, prefix):
    """Boots, and returns the wall time in seconds and what became of each machine."""
    command = prefix + [
        site.pxebuild, "boot", "--json", "--timeout", "300", "--recipes", site.recipes, "--output",
        site.output] + options
    start = time.monotonic()
    text = run(command, capture=True)
    took = time.monotonic() - start
    events = [json.loads(line) for line in text.splitlines()]
    return took, [event for event in events if event["event"] == "boot"]


def lab_cost(site, prefix):
    """The wall time of a boot in seconds, less the time from power-on to the boot program's request."""
    took, machines = boot(site, ["--firmware", "bios", "--via", "pxe"], prefix)
    return took - machines[0]["seconds"]


def side_by_side(site, runs):
    """The wall time of all machines in one command, and of each in one of its own, added: medians in seconds."""
    _, machines = boot(site, [], WITHOUT_KVM)
    each = [
        [machine["target"], "--firmware", machine["firmware"], "--via", machine["via"]]
        for machine in machines if machine["outcome"] == "passed"]
    together, alone = [], []
    for _ in range(runs):
        together.append(boot(site, [], WITHOUT_KVM)[0])
        alone.append(sum(boot(site, options, WITHOUT_KVM)[0] for options in each))
    return len(each), statistics.median(together), statistics.median(alone) / os.cpu_count()
