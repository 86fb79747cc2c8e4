"""FLOPs of a whole call of any pipeline, counted while it draws one image on the CPU."""

from __future__ import annotations

from pathlib import Path

from catbench_make.costs.flops import Flops, count
from catbench_make.pipelines.draw import draw
from catbench_make.pipelines.load import feature_cache, load_pipeline, scheduler_for
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Image

DENOISERS = ("unet", "transformer", "prior")
"""Components that run once a step, by their names in a pipeline."""


def count_call(settings: DrawingSettings, root: Path | None) -> tuple[Flops, Flops]:
    """Return the FLOPs of one image: of the whole call, and of its denoiser.

    The model is loaded in float32, whose FLOPs are those of every precision. Raises GenerationError where it
    cannot be loaded.
    """
    settings = settings.model_copy(update={"precision": "float32"})
    pipeline = load_pipeline(settings, "cpu", root)
    pipeline.scheduler = scheduler_for(settings, pipeline.scheduler)
    image = Image(row=0, sample=0, seed=0)
    with feature_cache(pipeline, settings.cache):
        counted = count(lambda: draw(pipeline, settings, [image], lambda _: {"prompt": ["a cat"]}, batch=1))
    denoiser = next((getattr(pipeline, name) for name in DENOISERS if hasattr(pipeline, name)), None)
    return counted["Global"], counted.get(type(denoiser).__name__, Flops(0.0, 0.0))
