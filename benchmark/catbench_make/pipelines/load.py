"""Loads a diffusers pipeline and sets it to a candidate's settings.

The class is the one that the model names in its `model_index.json`. A pipeline is loaded once for all the
candidates that share its weights; between two of them the scheduler and DeepCache are changed, nothing else.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from safetensors.torch import load_file

from catbench.errors import GenerationError, SuiteError, first_line
from catbench_make.checkout import INFINITY
from catbench_make.packages import optional
from catbench_make.plan.settings import ComponentWeights, DrawingSettings, FeatureCache, local_source

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_pipeline(settings: DrawingSettings, device: str, root: Path | None) -> Any:
    """Return the pipeline with its weights on `device`; `root` is the suite's folder.

    Raises GenerationError where a model is not found or not readable, or there is no network to fetch it.
    """
    if settings.pipeline == INFINITY:
        from catbench_make.infinity.infinity import load_infinity

        with model_errors(INFINITY, settings.revision):
            return load_infinity(settings, device)
    diffusers = optional("diffusers", "generating images")
    local = local_source(settings.pipeline, root)
    with model_errors(settings.pipeline, settings.revision):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            str(local or settings.pipeline),
            revision=settings.revision or None,
            variant=settings.variant or None,
            dtype=DTYPES[settings.precision],
            local_files_only=local is not None,
        )
        if settings.weights is not None:
            _replace_weights(pipeline, settings.weights, root)
        pipeline = pipeline.to(device)
    pipeline.set_progress_bar_config(disable=True)
    if hasattr(pipeline, "watermark"):  # SDXL's marks images wherever invisible-watermark is installed
        pipeline.watermark = None
    if device != "cpu":
        for name in ("unet", "vae"):
            if getattr(pipeline, name, None) is not None:
                getattr(pipeline, name).to(memory_format=torch.channels_last)
    return pipeline


def scheduler_for(settings: DrawingSettings, released: Any) -> Any:
    """Return a fresh scheduler for the settings, made from the configuration that came with the model.

    Raises SuiteError for a class that diffusers does not have.
    """
    wanted = settings.scheduler
    if released is None:  # Infinity has none, and is refused one when it is loaded
        return None
    if wanted is None:
        return type(released).from_config(released.config)
    kind = getattr(optional("diffusers", "generating images"), wanted.name, None)
    if kind is None or not hasattr(kind, "from_config"):
        raise SuiteError(f"settings.scheduler: diffusers has no scheduler {wanted.name!r}")
    return kind.from_config(released.config, **wanted.config)


@contextmanager
def feature_cache(pipeline: Any, cache: FeatureCache | None) -> Generator[None]:
    """Run the block with DeepCache on the pipeline, or without where `cache` is None."""
    if cache is None:
        yield
        return
    helper = optional("DeepCache", "DeepCache").DeepCacheSDHelper(pipe=pipeline)
    helper.set_params(cache_interval=cache.interval, cache_branch_id=cache.branch)
    helper.enable()
    try:
        yield
    finally:
        helper.disable()


@contextmanager
def model_errors(source: str, revision: str = "") -> Generator[None]:
    """Turn what the hub and the loaders raise for `source` into a GenerationError of one sentence."""
    name = f"{source}@{revision}" if revision else source
    try:
        yield
    except HfHubHTTPError as error:
        raise GenerationError(f"model {name}: the hub refuses it: {first_line(error)}") from error
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        if _unreachable(error):
            raise GenerationError(
                f"model {name}: it is not on this machine and cannot be fetched (no network, or "
                "HF_HUB_OFFLINE is set): give a folder that exists, or fetch it beforehand"
            ) from error
        raise GenerationError(f"model {name}: cannot be loaded: {first_line(error)}") from error


def _replace_weights(pipeline: Any, weights: ComponentWeights, root: Path | None) -> None:
    component = getattr(pipeline, weights.component, None)
    if not isinstance(component, torch.nn.Module):
        raise ValueError(f"the pipeline has no component {weights.component!r} to load {weights.file} into")
    local = local_source(weights.source, root)
    path = (
        str(local / weights.file)
        if local
        else hf_hub_download(weights.source, weights.file, revision=weights.revision or None)
    )
    component.load_state_dict(load_file(path))


def _unreachable(error: BaseException | None) -> bool:
    """Return whether an error, or one that led to it, says that the hub did not answer."""
    while error is not None:
        if isinstance(error, (LocalEntryNotFoundError, ConnectionError)) or "Connect" in type(error).__name__:
            return True
        error = error.__cause__ or error.__context__
    return False
