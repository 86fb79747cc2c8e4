"""What stands beside a suite's files for people, hubs and catalogues: `README.md` and `croissant.json`.

Both are made of the files and may be made again; neither is in the manifest or in any digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from catbench.files import atomic_file
from catbench.hub.address import Address
from catbench.suite.costs import Cost
from catbench.suite.croissant import croissant
from catbench.suite.dataset_card import dataset_card
from catbench.suite.manifest import Manifest

DESCRIPTIONS = ("README.md", "croissant.json")


def write_descriptions(
    folder: Path,
    manifest: Manifest,
    costs: Sequence[Cost],
    *,
    to: Path | None = None,
    repository: str = "",
    day: date | None = None,
) -> None:
    """Write the card and the Croissant file of the suite that lies in `folder`, its manifest included.

    They go into that folder or into `to`. `repository` is `OWNER/NAME` where the suite is published on a hub,
    `day` the day on which (default: today). Raises SuiteError where a table cannot be read, UsageError where
    a file cannot be written.
    """
    page = Address(repository).page if repository else ""
    texts = {
        "README.md": dataset_card(manifest, costs, repository),
        "croissant.json": croissant(folder, manifest, day or datetime.now(UTC).date(), page),
    }
    for name, text in texts.items():
        with atomic_file((to or folder) / name) as draft:
            draft.write_text(text, encoding="utf-8")
