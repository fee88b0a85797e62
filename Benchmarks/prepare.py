"""What hyperfine runs before a timing. usage: prepare.py STEP PATH"""

import os
import shutil
import sys
import time
from pathlib import Path

import sites


def main(step, path):
    path = Path(path)
    site = sites.Site("pxebuild", path)
    if step == "cold":
        sites.forget(site)
    elif step == "new-site":
        for name in sites.RESULTS_OF_BUILDS:
            sites.set_aside(site.cache / name, path / "aside")
        sites.set_aside(site.output, path / "aside")
        os.sync()
    elif step == "new-folder":
        sites.set_aside(path, path.parent / "aside")
        path.mkdir()
        os.sync()
    elif step == "change":
        sites.change_chain(site, time.time_ns())
    elif step == "change-embed":
        path.write_text(
            f"#!ipxe\ndhcp\nchain http://10.0.0.200/install.ipxe?run={time.time_ns()}\n",
            encoding="utf-8")
    elif step == "copy":
        # The tree has to be there to be copied; the last timing of our own side may have left none.
        shutil.rmtree(path / "copy", ignore_errors=True)
        if not site.output.exists():
            sys.exit("the output tree is gone")
    elif step == "blobs":
        sites.fill(path)
    else:
        sys.exit(f"no step named {step}")


main(*sys.argv[1:])
