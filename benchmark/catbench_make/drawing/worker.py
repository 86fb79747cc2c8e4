"""Makes shards in three stages: encodes the block's prompts if nobody has, draws, then scores and writes.

A worker keeps the pipeline that it drew with last, so shards come best with those of one model together.
Whatever the order, a shard is made from its own prompts and settings and the files on disk alone. The stages
of different shards may overlap (see `engines.local`): only `draw` changes the worker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save

from catbench.errors import GenerationError
from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.shards import decoded, kept_images, made_with, read_outcome, state_of, write_shard
from catbench_make.packages import prepare, versions
from catbench_make.pipelines.compile import compile_pipeline, not_compiled
from catbench_make.pipelines.draw import BrokenImageError, Drawn, draw
from catbench_make.pipelines.encode import (
    Embeddings,
    call_arguments,
    can_encode,
    encode,
    encode_empty,
    encoder_digest,
    own_tokenizers,
    too_long,
)
from catbench_make.pipelines.load import feature_cache, load_pipeline, scheduler_for
from catbench_make.pipelines.memory import free_memory, is_out_of_memory
from catbench_make.plan.job import Job, make_deterministic
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Block, Shard
from catbench_make.recorded import is_whole, read_record, write_recorded
from catbench_make.scorers import ScoreFunction, ScorerContext, load_scorers, score_all

LoadPipeline: TypeAlias = Callable[[DrawingSettings, str, Path | None], Any]
"""Reads the model of settings onto a device; a folder of the suite comes third."""


class EncodedText(NamedTuple):
    """The prompts of a block as a pipeline reads them."""

    embeddings: Embeddings | None
    """None for a pipeline whose prompts cannot be encoded beforehand."""
    cut: tuple[int, ...]
    """Positions of the prompts that are longer than a tokenizer's window."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A shard between drawing and scoring."""

    shard: Shard
    wanted: Mapping[str, Any]
    """What the shard is made with, as its record will say."""
    pixels: npt.NDArray[np.uint8]
    """Shape (image, height, width, 3)."""
    outcome: Mapping[str, Any]
    """What came of it: the batch that fitted, prompts cut, images drawn twice."""
    scored_only: bool = False
    """Whether the images were there already."""


class Worker:
    """Makes the shards of a job on the job's device."""

    def __init__(self, job: Job, load: LoadPipeline | None = None) -> None:
        """`load` takes settings, device and the suite's folder; by default `load_pipeline`."""
        prepare()
        make_deterministic(job.device)
        self._job = job
        self._load = load or load_pipeline
        self._loaded: _LoadedModel | None = None

    def has_loaded(self, shard: Shard) -> bool:
        """Return whether the pipeline that draws a shard is the one at hand."""
        return self._loaded is not None and self._loaded.key == shard.settings.model_key

    def read(self, shard: Shard) -> EncodedText:
        """Return the text of a shard, whose pipeline must be at hand: from the run's folder, or encoded now.

        Raises UsageError for a folder that cannot be written to.
        """
        assert self._loaded is not None
        job, model, texts, settings = self._job, self._loaded, shard.block.texts, shard.settings
        if not can_encode(model.pipeline):
            return EncodedText(None, too_long(model.tokenizers, texts, settings))
        batch = [] if job.text_batch == 1 else [job.text_batch]
        made_by = json.dumps([model.encoder(settings), job.hardware_name, versions(), *batch])
        folder = job.embeddings / hashlib.sha256(made_by.encode()).hexdigest()[:16]
        empty, _ = _kept(folder / "empty.safetensors", lambda: (encode_empty(model.pipeline, settings), ()))
        encoded, cut = _kept(
            folder / f"{shard.block.name}.safetensors",
            lambda: (
                encode(model.pipeline, texts, settings, job.text_batch),
                too_long(model.tokenizers, texts, settings),
            ),
        )
        return EncodedText({**encoded, **empty}, cut)

    def draw(self, shard: Shard, text: Callable[[], EncodedText]) -> Drawing | ShardDone:
        """Draw a shard, or read its images where they are there; `text` returns what `read` does.

        A shard with a NaN in an image is done with: it could not be made. Raises GenerationError for a model
        that cannot be loaded, that refuses its settings or does not fit into memory with one image, or with
        the prompts to encode, and for a metric that is not available; UsageError for a folder that cannot be
        written to.
        """
        _ = self._scorers  # a metric that is not available is found before anything is drawn
        wanted = made_with(self._job, shard)
        if state_of(self._job, shard, wanted) == "drawn":
            pixels = np.stack([np.asarray(decoded(png)) for png in kept_images(self._job, shard)])
            outcome = read_outcome(self._job, shard)[1]
            return Drawing(shard, wanted, pixels, outcome, scored_only=True)
        model = self._model(shard.settings)
        try:
            embedded = self._embedded(text)
            drawn = self._draw(model, shard, embedded)
        except BrokenImageError as error:
            where = _named(_image_name(shard.block, error.position))
            problem = f"candidate {shard.candidate.id!r}, {where}: NaN in the image, even decoded in float32"
            return ShardDone(shard, problem)
        except GenerationError as error:
            raise GenerationError(f"candidate {shard.candidate.id!r}: {error}") from error
        outcome = {
            "batch": drawn.batch,
            "cut": [shard.block.prompt_ids[row] for row in embedded.cut],
            "drawn_twice": [_image_name(shard.block, position) for position in drawn.retried],
            "black": [_image_name(shard.block, position) for position in drawn.black],
        }
        return Drawing(shard, wanted, drawn.pixels, outcome)

    def finish(self, drawing: Drawing | ShardDone) -> ShardDone:
        """Score a shard's images and write it, unless it is done with.

        Raises GenerationError for a metric that fails, UsageError for a folder that cannot be written to.
        """
        if isinstance(drawing, ShardDone):
            return drawing
        shard, pixels = drawing.shard, drawing.pixels
        texts = [shard.block.texts[image.row] for image in shard.block.images]
        scores = score_all(self._scorers, pixels, texts, self._job.batch)
        write_shard(self._job, shard, drawing.wanted, scores, pixels, drawing.outcome)
        if drawing.scored_only:
            return ShardDone(shard, scored_only=True)
        asked = min(self._job.batch, shard.settings.largest_batch or self._job.batch)
        return ShardDone(shard, notes=_notes(asked, drawing.outcome))

    @cached_property
    def _scorers(self) -> Mapping[str, ScoreFunction]:
        return load_scorers(self._job.metrics, ScorerContext(self._job.device, self._job.root))

    def _model(self, settings: DrawingSettings) -> _LoadedModel:
        if self._loaded is None or self._loaded.key != settings.model_key:
            # The last model goes before the next is loaded; compiling and DeepCache leave cycles in it.
            self._loaded = None
            if self._job.compiled:
                torch.compiler.reset()
            free_memory()
            pipeline = self._load(settings, self._job.device, self._job.root)
            compiled = self._job.compiled and compile_pipeline(pipeline, self._job.device)
            if self._job.compiles(settings) and not compiled:  # the shard's record would say that it is
                raise GenerationError(f"--compile: {settings.pipeline} has no denoiser to compile")
            self._loaded = _LoadedModel(settings, pipeline)
        return self._loaded

    def _embedded(self, text: Callable[[], EncodedText]) -> EncodedText:
        try:
            return text()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            size = self._job.text_batch
            raise GenerationError(
                f"not enough memory on the device to encode {size} prompts at once"
            ) from error

    def _draw(self, model: _LoadedModel, shard: Shard, embedded: EncodedText) -> Drawn:
        settings, job = shard.settings, self._job
        model.pipeline.scheduler = scheduler_for(settings, model.released_scheduler)
        compiled = job.compiles(settings)

        def text(rows: Sequence[int]) -> dict[str, Any]:
            if embedded.embeddings is None:
                return {"prompt": [shard.block.texts[row] for row in rows]}
            return call_arguments(model.pipeline, embedded.embeddings, rows, settings.guidance > 1)

        with feature_cache(model.pipeline, settings.cache), not_compiled(job.compiled and not compiled):
            return draw(
                model.pipeline,
                settings,
                shard.block.images,
                text,
                job.batch,
                decode_batch=job.decode_batch,
                compiled=compiled,
            )


class _LoadedModel:
    """A pipeline with its weights, and what is asked of it more than once."""

    def __init__(self, settings: DrawingSettings, pipeline: Any) -> None:
        self.key = settings.model_key
        self.pipeline = pipeline
        self.tokenizers = own_tokenizers(pipeline)
        self.released_scheduler = pipeline.scheduler
        self._encoders: dict[str, str] = {}

    def encoder(self, settings: DrawingSettings) -> str:
        """Return the digest of the text encoders under these settings."""
        call = repr(sorted(settings.call.items()))
        if call not in self._encoders:
            self._encoders[call] = encoder_digest(self.pipeline, settings)
        return self._encoders[call]


def _kept(
    path: Path, make: Callable[[], tuple[Embeddings, tuple[int, ...]]]
) -> tuple[Embeddings, tuple[int, ...]]:
    """Return the embeddings at `path`, and which prompts are cut; made and put there where they are not."""
    record = read_record(path)
    if record is not None and is_whole(path, record):
        return load_file(path), tuple(record["cut"])
    embeddings, cut = make()
    # Not safetensors' `save_file`: it leaves a hidden file of its own behind where it is killed.
    content = save(embeddings)
    write_recorded(path, {"cut": list(cut)}, lambda draft: draft.write_bytes(content))
    return embeddings, cut


def _image_name(block: Block, position: int) -> dict[str, Any]:
    image = block.images[position]
    return {"prompt_id": block.prompt_ids[image.row], "sample": image.sample, "seed": image.seed}


def _notes(batch: int, outcome: Mapping[str, Any]) -> tuple[str, ...]:
    notes: list[str] = []
    if outcome["batch"] < batch:
        notes.append(f"out of memory: drawn in batches of {outcome['batch']} instead of {batch}")
    for image in outcome["drawn_twice"]:
        state = "is black" if image in outcome["black"] else "drawn again with the decoder in float32"
        notes.append(f"{_named(image)}: {state}")
    return tuple(notes)


def _named(image: Mapping[str, Any]) -> str:
    return f"prompt {image['prompt_id']!r}, sample {image['sample']}, seed {image['seed']}"
