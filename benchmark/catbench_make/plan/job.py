"""What the workers of a run share: where shards lie, what they are made with, on what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catbench.errors import UsageError
from catbench.route.routing import processor_name
from catbench.suite.info import Metric
from catbench_make.checkout import INFINITY
from catbench_make.packages import optional
from catbench_make.plan.settings import DrawingSettings

UNASKED: dict[str, Any] = {"compile": False, "text_batch": 1, "decode_batch": None}
"""Settings of a run that decide pixels, and are in a shard's record only where they are other than these."""


@dataclass(frozen=True)
class Job:
    """The settings of a run."""

    folder: Path
    """The run's own folder; shards and embeddings lie in it."""
    metrics: tuple[Metric, ...]
    device: str
    """`cpu`, `cuda`, or `cuda:1`."""
    batch: int
    """Images to draw at once."""
    keep_images: bool = False
    root: Path | None = None
    """The suite's folder, for models given by a relative path."""
    compiled: bool = False
    """Whether denoiser and decoder are compiled, those of candidates that allow it."""
    text_batch: int = 1
    """Prompts to encode at once."""
    decode_batch: int | None = None
    """Images to decode at once; None = as many as are drawn."""
    hardware: str = ""
    """What the workers' device calls itself, where they run elsewhere; empty = it is asked here."""

    @property
    def hardware_name(self) -> str:
        """What the device of the workers calls itself; raises as `hardware_name`."""
        return self.hardware or hardware_name(self.device)

    def compiles(self, settings: DrawingSettings) -> bool:
        """Return whether a candidate of these settings is drawn compiled."""
        return self.compiled and can_be_compiled(settings)

    @property
    def shards(self) -> Path:
        """Where shards lie."""
        return self.folder / "shards"

    @property
    def embeddings(self) -> Path:
        """Where encoded prompts lie: a cache that may be deleted."""
        return self.folder / "embeddings"

    @property
    def suite(self) -> Path:
        """Where the finished suite is written."""
        return self.folder / "suite"


def can_be_compiled(settings: DrawingSettings) -> bool:
    """Return whether a candidate's denoiser can be compiled; `pipelines.compile` says why some cannot."""
    return settings.cache is None and settings.pipeline != INFINITY


@cache
def hardware_name(device: str) -> str:
    """Return what a device calls itself: `NVIDIA H200`, or the processor's name.

    Raises UsageError for what is no device's name, and for a GPU that torch does not find.
    """
    torch = optional("torch", "generating images")
    check_device(device)
    if device == "cpu":
        return processor_name()
    if not torch.cuda.is_available():
        raise UsageError(f"--device {device!r}: torch {torch.__version__} finds no CUDA device here")
    return torch.cuda.get_device_name(device)


def check_device(device: str) -> None:
    """Raise UsageError for what is no name of a device; whether it is there, `hardware_name` finds."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise UsageError(f"--device {device!r} is unknown: use cpu, cuda or cuda:N")


def make_deterministic(device: str) -> None:
    """Make torch choose the same algorithms every time, so that the same work gives the same bytes."""
    if device == "cpu":
        return
    torch: Any = optional("torch", "generating images")
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
