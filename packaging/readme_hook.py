"""The README as a package index shows it: links and pictures that lead somewhere from anywhere.

`CATBENCH_REPOSITORY` is the address of the repository, which a release's workflow sets: relative links are made
absolute with it, at the tag of the version. Where it is not set, their texts stand without links: none is dead.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

ADDRESS = "CATBENCH_REPOSITORY"


class ReadmeHook(MetadataHookInterface):
    """Puts the README, and the project's address where it is known, into the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme` and `urls`."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = os.environ.get(ADDRESS, "").rstrip("/")
        page = linked(text, repository, f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": page}
        if repository:
            metadata["urls"] = {"Repository": repository, "Changes": f"{repository}/blob/main/CHANGELOG.md"}


def linked(text: str, repository: str, tag: str) -> str:
    """Return Markdown whose relative links lead into a repository at a tag, or are plain text without one."""

    def found(link: re.Match[str]) -> str:
        picture, words, target = link.groups()
        if target.startswith("#") or "://" in target:
            return link[0]
        if not repository:
            return words
        return f"{picture}[{words}]({repository}/{'raw' if picture else 'blob'}/{tag}/{target})"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)  # code stays as it is
    return "".join(
        part if part.startswith("```") else re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", found, part)
        for part in parts
    )
