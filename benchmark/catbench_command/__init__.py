"""The program `catbench`, which starts outside the folder `catbench`: another project writes there too.

On the package index the name catbench is that of a benchmark of interatomic potentials; this project's
distribution is `catbench-t2i`. Both put files into `site-packages/catbench`, and no installer minds. So
before anything of that folder is imported, its files are looked at.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import warnings
from importlib.metadata import PackageNotFoundError, distribution, distributions
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "catbench-t2i"
MARKER = "catbench-t2i.txt"
"""A file of the folder `catbench` that only this project has."""
REMEDY = "use an environment of its own for each, and install this one there from its clone: pip install ."


def main() -> None:
    """Run the command line, or say in one line why the folder `catbench` cannot be used, with exit code 2."""
    other = other_version()
    if broken := what_is_broken() or (what_is_overwritten() if other else ""):
        _say(f"{broken}, with catbench {other}" if other else broken)
        sys.exit(2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "another project", UserWarning)  # it was said already
        try:
            from catbench.cli import main as run
        except Exception as error:
            if not other:
                raise
            _say(f"files of {DISTRIBUTION} do not go with catbench {other}'s: {error}")
            sys.exit(2)
    if other:
        _say(f"another project, catbench {other} on the package index, is installed beside {DISTRIBUTION}")
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


def what_is_overwritten() -> str:
    """Return which file of ours another project wrote over, by what pip noted of it; "" where none is."""
    try:
        files = distribution(DISTRIBUTION).files or []
    except PackageNotFoundError:
        return ""
    for one in files:
        place = Path(str(one.locate()))
        if one.suffix != ".py" or one.parts[0] != "catbench" or one.hash is None:
            continue
        found = hashlib.sha256(place.read_bytes()).digest() if place.is_file() else b""
        if base64.urlsafe_b64encode(found).decode().rstrip("=") != one.hash.value:
            return f"{place} of {DISTRIBUTION} was overwritten or removed"
    return ""


def _say(what: str) -> None:
    sys.stderr.write(f"catbench: {what}; {REMEDY}\n")
