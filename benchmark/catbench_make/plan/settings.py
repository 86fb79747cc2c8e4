"""What a candidate's settings say: everything that is needed to draw the same image again.

`Candidate.settings` is free JSON to the rest of the house; here it is read as a `DrawingSettings`. A
candidate is a record and never a subclass: the pipeline class is found by diffusers in the
`model_index.json` of the model, and what a model needs beyond the common fields stands in `call`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from catbench.suite.info import InfoRecord
from catbench_make.checkout import INFINITY, weights_folder


class ComponentWeights(InfoRecord):
    """Weights of one component of the pipeline that come from somewhere else."""

    component: str = "unet"
    """The component's name in the pipeline."""
    source: str = Field(min_length=1)
    """Hub repository, or a local folder."""
    file: str = Field(min_length=1)
    """A safetensors file in it, with the component's own state dict."""
    revision: str = ""


class SchedulerSettings(InfoRecord):
    """The sampler, where it is not left as the model was released."""

    name: str = Field(min_length=1)
    """Class in diffusers: `EulerDiscreteScheduler`."""
    config: dict[str, Any] = Field(default_factory=dict)
    """Entries that replace those of the model's own scheduler configuration."""


class FeatureCache(InfoRecord):
    """DeepCache (Ma et al. 2024): deep UNet features are computed every `interval` steps only."""

    interval: int = Field(ge=1)
    branch: int = Field(default=0, ge=0)
    """The skip branch whose features are kept; 0 is the shallowest, and the fastest."""


class DrawingSettings(InfoRecord):
    """How one candidate draws."""

    pipeline: str = Field(min_length=1)
    """Hub repository of a diffusers pipeline, or a local folder (relative to the suite's, or as it is)."""
    revision: str = ""
    """Commit of the repository. Of a local folder the weights' digest is recorded instead."""
    variant: str = ""
    """Suffix of the weight files to take: `fp16`. Empty = those without one."""
    weights: ComponentWeights | None = None
    scheduler: SchedulerSettings | None = None
    """Empty = as released with the model."""
    steps: int = Field(ge=1)
    guidance: float = Field(ge=0)
    """Guidance scale as the pipeline takes it; 1 or less means no guidance in most."""
    width: int = Field(ge=8)
    """Pixels."""
    height: int = Field(ge=8)
    """Pixels."""
    cache: FeatureCache | None = None
    precision: Literal["float32", "bfloat16", "float16"] = "bfloat16"
    call: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the pipeline's call: `{"max_sequence_length": 256}`."""
    largest_batch: int | None = Field(default=None, ge=1)
    """1 for a pipeline that takes a single random generator for a whole batch (aMUSEd): an image's noise
    must not depend on the images drawn beside it."""
    never_seen: tuple[str, ...] = ()
    """Words for what was in none of the model's training data, where that is known."""

    @property
    def model_key(self) -> tuple[object, ...]:
        """Equal for candidates that draw with the same weights: a pipeline is loaded once for them all."""
        return (self.pipeline, self.revision, self.variant, self.weights, self.precision)


SHIPPED = "catbench:"
"""What the name of a model begins with whose weights are shipped with catbench: `catbench:turbo`."""
WEIGHTS = "catbench.weights"
"""Entry points: what stands before the colon -> a function from what stands behind it to a folder."""


def local_source(source: str, root: Path | None) -> Path | None:
    """Return the folder of a shipped model, or a folder or file in the suite's folder `root`, or as it is.

    None where there is none. Raises UsageError for a shipped model that does not exist, GenerationError
    where Infinity's code and weights are needed and not at hand.
    """
    if source.startswith(SHIPPED):
        return _find_shipped()(source.removeprefix(SHIPPED))
    if source == INFINITY:
        return weights_folder()
    for path in ([root / source] if root else []) + [Path(source)]:
        if path.exists():
            return path.absolute()
    return None


@cache
def _find_shipped() -> Callable[[str], Path]:
    """Return the function from a shipped model's name to its folder: a run asks it for every shard."""
    (point,) = entry_points(group=WEIGHTS, name=SHIPPED[:-1])
    return point.load()
