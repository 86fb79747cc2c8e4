"""What stands beside a suite's files for people, hubs and catalogues: `README.md` and `croissant.json`.

Both are made of the files and may be made again; neither is in the manifest or in any digest. A suite is sent
to a hub with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from catbench.errors import UsageError
from catbench.files import atomic_file
from catbench.hub.address import Address
from catbench.hub.fetching import check_path
from catbench.suite.croissant import croissant
from catbench.suite.dataset_card import dataset_card
from catbench.suite.licences import known_licence
from catbench.suite.manifest import DESCRIPTIONS, Manifest
from catbench.suite.pool import Cost


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


def files_to_send(
    folder: Path, manifest: Manifest, descriptions: Path, *, have_the_right: bool
) -> dict[str, Path]:
    """Return what is sent of a suite: path in the repository -> file.

    That is the manifest, the files that it names, and the descriptions, which lie in a folder of their own.
    Raises UsageError where neither the licence nor the sender says that the suite may be handed on.
    """
    licence = manifest.suite.licence
    if known_licence(licence) is None and not have_the_right:
        says = f"has the licence {licence!r}, which is none that is known to let it be handed on"
        raise UsageError(
            f"suite {manifest.suite.id!r} {says if licence else 'states no licence'}: --i-have-the-right "
            "says that you may send it"
            + ("" if licence else "; `catbench import table ... --licence 'CC BY 4.0' --force` states one")
        )
    for name in manifest.files:
        check_path(name)
    files = {name: folder / name for name in ("manifest.json", *sorted(manifest.files))}
    return {**files, **{name: descriptions / name for name in DESCRIPTIONS}}
