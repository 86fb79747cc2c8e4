"""Quality metrics: each a record (name, direction, model, revision, citation) and a function.

A function takes images, uint8 (n, height, width, 3), read-only, and their n prompts, and returns n scores.
A `MetricSource` pairs the record with what makes the function; a suite's manifest may name another model or
revision, and the function is made from that record. A package adds a metric by the entry point

    [project.entry-points."catbench.metrics"]
    brightness = "my_package.metrics:brightness"      # a MetricSource

whose name is the metric's name in manifests and score tables. Built in are those of the paper: `clip_score`,
`image_reward`, `aesthetic`, `sharpness`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Scores
from catbench.errors import CatbenchError, GenerationError, unknown_name
from catbench.suite.info import Metric

Images: TypeAlias = npt.NDArray[np.uint8]
"""Shape (n, height, width, 3), 0 to 255, red green blue."""

ScoreFunction: TypeAlias = Callable[[Images, Sequence[str]], Floats | Scores]
"""(images, prompts) -> scores, shape (n,), as the metric's direction says (not negated)."""

ENTRY_POINTS = "catbench.metrics"
_BUILT_IN = ("aesthetic", "clip_score", "image_reward", "sharpness")
"""Each has a file, in which the source has its name in capitals."""

Made = TypeVar("Made")


class Shared:
    """Models by name, and what has been made of the images at hand: pixels on the device, embeddings.

    It holds on to one array of images at a time, so it is for one thread at a time too.
    """

    def __init__(self) -> None:
        self._models: dict[Hashable, Any] = {}
        self._images: Images | None = None
        self._of_images: dict[Hashable, Any] = {}

    def model(self, key: Hashable, load: Callable[[], Made]) -> Made:
        """Return the model called `key`, loaded the first time."""
        if key not in self._models:
            self._models[key] = load()
        return self._models[key]

    def of_images(self, key: Hashable, images: Images, make: Callable[[], Made]) -> Made:
        """Return what `make` makes of the images, made once as long as the same array is given.

        An array that can be written to may hold other images the next time: nothing of it is kept.
        """
        if images.flags.writeable:
            return make()
        if images is not self._images:
            self._images, self._of_images = images, {}
        if key not in self._of_images:
            self._of_images[key] = make()
        return self._of_images[key]


@dataclass(frozen=True)
class ScorerContext:
    """Where a metric's function runs."""

    device: str = "cpu"
    root: Path | None = None
    """The suite's folder; a model given by a relative path is looked for there first."""
    shared: Shared = field(default_factory=Shared, compare=False, repr=False)
    """What the metrics that are loaded with this context make once for all of them."""


@dataclass(frozen=True)
class MetricSource:
    """A quality metric as it can be computed."""

    record: Metric
    """The metric with its default model."""
    load: Callable[[Metric, ScorerContext], ScoreFunction]
    """Makes the function for a record: that above, or a manifest's with another model or revision."""


def metric_source(name: str) -> MetricSource:
    """Return the metric called `name`, built in or from an entry point.

    Raises UsageError for an unknown name, GenerationError for an entry point that does not load.
    """
    if name in _BUILT_IN:
        return getattr(import_module(f"{__name__}.{name}"), name.upper())
    found: Mapping[str, EntryPoint] = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        raise unknown_name("metric", name, [*_BUILT_IN, *found])
    try:
        source: Any = found[name].load()
    except Exception as error:
        raise GenerationError(
            f"metric {name!r}: its entry point {found[name].value} does not load: {error}"
        ) from error
    if not isinstance(source, MetricSource):
        raise GenerationError(
            f"metric {name!r}: {found[name].value} is a {type(source).__name__}, not a "
            "catbench_make.scorers.MetricSource"
        )
    return source


def load_scorers(metrics: Sequence[Metric], context: ScorerContext) -> dict[str, ScoreFunction]:
    """Return the functions of a suite's metrics, by name. Raises as `metric_source` and the metrics do."""
    sources = {metric.name: metric_source(metric.name) for metric in metrics}
    return {metric.name: sources[metric.name].load(metric, context) for metric in metrics}


def score_all(
    functions: Mapping[str, ScoreFunction], images: Images, prompts: Sequence[str], batch: int
) -> dict[str, Scores]:
    """Return the scores of images by every metric, each shape (n,), `batch` images at a time.

    All metrics are given the same array one after the other, read-only, so that they can share what they
    make of it (`ScorerContext.shared`). Raises as `score`.
    """
    images.setflags(write=False)
    parts: dict[str, list[Scores]] = {name: [] for name in functions}
    for start in range(0, len(prompts), batch):
        part = slice(start, start + batch)
        some, texts = images[part], prompts[part]
        for name, function in functions.items():
            parts[name].append(score(name, function, some, texts))
    return {name: np.concatenate(values) for name, values in parts.items()}


def score(name: str, function: ScoreFunction, images: Images, prompts: Sequence[str]) -> Scores:
    """Return the scores of images as float32, shape (n,), checked.

    Raises GenerationError naming the metric and the prompt where it fails, or returns something else than
    one finite number an image.
    """
    try:
        values = np.asarray(function(images, prompts), dtype=np.float32)
    except CatbenchError:
        raise
    except Exception as error:
        raise GenerationError(
            f"metric {name!r} fails on an image of {prompts[0]!r}: {type(error).__name__}: {error}"
        ) from error
    if values.shape != (len(prompts),):
        raise GenerationError(
            f"metric {name!r} returned shape {values.shape} for {len(prompts)} images, not ({len(prompts)},)"
        )
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise GenerationError(f"metric {name!r} is {values[row]} on an image of {prompts[row]!r}")
    return values
