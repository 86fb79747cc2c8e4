"""Weights in torch's own files, read as data: no code in them is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catbench.errors import GenerationError, first_line
from catbench_make.packages import optional


def read_weights(path: Path) -> dict[str, Any]:
    """Return a state dict, name -> float32 tensor on the CPU.

    Raises GenerationError for a file that is not there, is cut short, or holds anything but tensors by name.
    """
    torch = optional("torch", "reading weights")
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch's unpickler happens to raise
        raise GenerationError(
            f"weights {path}: cannot be read as tensors alone ({type(error).__name__}: {first_line(error)}); "
            "is the file whole, and one of weights and not of a pickled model?"
        ) from error
    if not isinstance(weights, dict) or not all(map(torch.is_tensor, weights.values())):
        raise GenerationError(f"weights {path}: holds a {type(weights).__name__}, not tensors by name")
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()
    }
