"""The README as a package index shows it: links and pictures that lead somewhere from anywhere.

`CATBENCH_REPOSITORY` is the address of the repository, which a release's workflow sets: relative links are
made absolute with it, at the tag of the version. Where it is not set, paths in the tree stand for links.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ReadmeHook(MetadataHookInterface):
    """Puts the README, and the project's address where it is known, into the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme` and `urls`."""
        repository = os.environ.get("CATBENCH_REPOSITORY", "").rstrip("/")
        page = index_page(Path(self.root), repository, f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": page}
        if repository:
            metadata["urls"] = {"Repository": repository, "Changes": f"{repository}/blob/main/CHANGELOG.md"}


def index_page(root: Path, repository: str, tag: str) -> str:
    """Return the README of the tree at `root`, its relative links made absolute, or paths."""
    links = runpy.run_path(str(root / "packaging" / "links.py"))

    def address(target: str, picture: bool) -> str | None:
        if target.startswith("#") or "://" in target:
            return None
        return links["of_repository"](repository, tag, target, picture)

    return links["linked"]((root / "README.md").read_text(encoding="utf-8"), address)
