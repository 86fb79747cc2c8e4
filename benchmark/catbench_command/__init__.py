"""The program `catbench`, which starts outside the folder `catbench`: another project writes there too.

On the package index the name catbench is that of a benchmark of interatomic potentials; this project's
distribution is `catbench-t2i`. Both put files into `site-packages/catbench`, and no installer minds. So
before anything of that folder is imported, its files are looked at.
"""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "catbench-t2i"
MARKER = "catbench-t2i.txt"
"""A file of the folder `catbench` that only this project has."""
REMEDY = "use an environment of its own for each, and install this one there from its clone: pip install ."


def main() -> None:
    """Run the command line, or say in one line why the folder `catbench` cannot be used, with exit code 2."""
    other, broken = other_version(), what_is_broken()
    if broken:
        sys.exit(_said(broken if not other else f"{broken}, with catbench {other}", 2))
    if other:
        _said(
            f"another project, catbench {other} on the package index, is installed beside {DISTRIBUTION}", 0
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "another project", UserWarning)  # it was said already
        from catbench.cli import main as run
    run()


def other_version() -> str | None:
    """Return the version of the other distribution called catbench; None where it is not installed.

    One that brings routers is this project, installed before it was renamed.
    """
    found = (
        one for one in distributions(name="catbench") if not one.entry_points.select(group="catbench.routers")
    )
    return next((one.version for one in found), None)


def what_is_broken() -> str:
    """Return what is wrong with the folder `catbench` that an import would find, "" where it is ours."""
    spec = find_spec("catbench")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not spec or not folders:
        return f"the files of {DISTRIBUTION} are missing"
    if not any((Path(folder) / MARKER).is_file() for folder in folders):
        return f"{folders[0]} is another project's: it comes before {DISTRIBUTION} on Python's path"
    if spec.origin is None or DISTRIBUTION not in Path(spec.origin).read_text(encoding="utf-8"):
        return f"files of {DISTRIBUTION} in {folders[0]} were overwritten or removed by another project's"
    return ""


def _said(what: str, code: int) -> int:
    sys.stderr.write(f"catbench: {what}; {REMEDY}\n")
    return code
