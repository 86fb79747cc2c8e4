"""What a training run has learned so far, on disk: `checkpoint.pt` in the run's folder.

It appears whole or not at all, and is read with torch's safe loader (tensors and plain values only).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from catbench.errors import UsageError
from catbench.files import atomic_file

_NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write the state of a run; the previous checkpoint stays until the new one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / _NAME) as draft:
        torch.save(state, draft)


def load_checkpoint(folder: Path, model: str, pinned: dict[str, int]) -> dict[str, Any] | None:
    """Return the state that a run of this model left in `folder`, None where there is none.

    Raises UsageError where the folder holds the run of another model, or one whose `pinned` values (seed,
    steps, pictures) are others.
    """
    path = folder / _NAME
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    here = {"model": model, **pinned}
    there = {name: state.get(name) for name in here}
    if there != here:
        said = (", ".join(f"{name} {value}" for name, value in run.items()) for run in (there, here))
        raise UsageError("{}: a run of {}, not of {}: give another --out, or delete it".format(path, *said))
    return state
