"""Memory that runs out: how it is known, and how what nobody needs any more is given back."""

from __future__ import annotations

import gc

import torch

_SIGNS = (
    "can't allocate memory",
    "CUDA error: out of memory",
    "CUDA out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""What a RuntimeError says; torch's own allocator has an error of its own, the libraries have none."""


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error, or one that led to it, means that memory is full, of device or machine."""
    while error is not None:
        if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
            return True
        if isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS):
            return True
        error = error.__cause__
    return False


def free_memory() -> None:
    """Give the device what no object holds any more, cycles of objects included."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
