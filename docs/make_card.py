"""Makes README.md and croissant.json of the shipped suite, beside its files: `python docs/make_card.py`."""

from __future__ import annotations

from catbench.home import shipped_suites
from catbench.suite.description import write_descriptions
from catbench.suite.store import load_costs, read_manifest

if __name__ == "__main__":
    for folder in shipped_suites().values():
        manifest = read_manifest(folder)
        write_descriptions(folder, manifest, load_costs(folder, manifest))
