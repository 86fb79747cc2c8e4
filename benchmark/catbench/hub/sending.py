"""Files are sent to a dataset repository in one commit, so that every revision of it is whole.

What was sent before a break is on the hub by its content and is not sent again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catbench.hub.address import Address
from catbench.hub.refusals import refusals_explained


def send(address: Address, files: Mapping[str, Path], message: str, *, private: bool) -> str:
    """Write files, by their paths in the repository, as one commit on a branch, and return the commit.

    The repository is made where it is not there, private or public; one that is there stays as it is.
    The library's own progress bars are shown where there is a terminal. Raises UsageError where the hub
    refuses or the connection breaks.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.utils import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    api = HfApi()
    with refusals_explained("write to", address):
        api.create_repo(address.repository, repo_type="dataset", private=private, exist_ok=True)
        operations: list[Any] = [CommitOperationAdd(name, path) for name, path in files.items()]
        done = api.create_commit(
            address.repository,
            operations,
            commit_message=message,
            repo_type="dataset",
            revision=address.revision,
        )
    return str(done.oid)
