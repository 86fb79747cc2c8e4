"""Makes shards: encodes the block's prompts if nobody has, draws, scores, writes.

A worker keeps the pipeline that it drew with last, so shards come best with those of one model together.
Whatever the order, a shard is made from its own prompts and settings and the files on disk alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.torch import load_file, save

from catbench.arrays import Scores
from catbench.errors import GenerationError
from catbench.generate.engines import ShardDone
from catbench.generate.job import Job, hardware_name, make_deterministic
from catbench.generate.packages import prepare, versions
from catbench.generate.pipelines.draw import BrokenImageError, Drawn, draw
from catbench.generate.pipelines.encode import (
    Embeddings,
    call_arguments,
    can_encode,
    encode,
    encode_empty,
    encoder_digest,
    too_long,
)
from catbench.generate.pipelines.load import feature_cache, load_pipeline, scheduler_for
from catbench.generate.plan import Block, Shard
from catbench.generate.scorers import ScoreFunction, ScorerContext, load_scorers, score_all
from catbench.generate.sealed import is_whole, read_record, write_sealed
from catbench.generate.settings import DrawingSettings
from catbench.generate.shards import made_with, read_images, read_outcome, state_of, write_shard
from catbench.generate.weights import weights_digest


class Worker:
    """Makes the shards of a job, one at a time, on the job's device."""

    def __init__(self, job: Job) -> None:
        prepare()
        make_deterministic(job.device)
        self._job = job
        self._loaded: _LoadedModel | None = None

    def make(self, shard: Shard) -> ShardDone:
        """Make a shard and write it; one whose images are there is only scored.

        A NaN in an image is the shard's problem and returned. Raises GenerationError for a model that cannot
        be loaded, that refuses its settings or does not fit into memory with one image, and for a metric that
        fails; UsageError for a folder that cannot be written to.
        """
        started = time.monotonic()
        scorers = self._scorers  # a metric that cannot be had is found before anything is drawn
        wanted = made_with(self._job, shard, weights_digest(shard.settings, self._job.root))
        if state_of(self._job, shard, wanted) == "drawn":
            pixels, outcome = read_images(self._job, shard), read_outcome(self._job, shard)[1]
            write_shard(self._job, shard, wanted, self._score(scorers, shard.block, pixels), pixels, outcome)
            return ShardDone(shard, time.monotonic() - started, scored_only=True)
        model = self._model(shard.settings)
        embeddings, cut = self._text(model, shard.block, shard.settings)
        try:
            drawn = self._draw(model, shard, embeddings)
        except BrokenImageError as error:
            image = shard.block.images[error.position]
            where = f"prompt {shard.block.prompt_ids[image.row]!r}, sample {image.sample}, seed {image.seed}"
            return ShardDone(
                shard,
                time.monotonic() - started,
                f"candidate {shard.candidate.id!r}, {where}: NaN in the image, even decoded in float32",
            )
        except GenerationError as error:
            raise GenerationError(f"candidate {shard.candidate.id!r}: {error}") from error
        scores = self._score(scorers, shard.block, drawn.pixels)
        outcome = {
            "batch": drawn.batch,
            "cut": [shard.block.prompt_ids[row] for row in cut],
            "drawn_twice": [_image_name(shard.block, position) for position in drawn.retried],
            "black": [_image_name(shard.block, position) for position in drawn.black],
        }
        write_shard(self._job, shard, wanted, scores, drawn.pixels, outcome)
        asked = min(self._job.batch, shard.settings.largest_batch or self._job.batch)
        return ShardDone(shard, time.monotonic() - started, notes=_notes(asked, outcome))

    @cached_property
    def _scorers(self) -> Mapping[str, ScoreFunction]:
        return load_scorers(self._job.metrics, ScorerContext(self._job.device, self._job.root))

    def _model(self, settings: DrawingSettings) -> _LoadedModel:
        if self._loaded is None or self._loaded.key != settings.model_key:
            self._loaded = None  # frees the memory of the last before the next is loaded
            pipeline = load_pipeline(settings, self._job.device, self._job.root)
            self._loaded = _LoadedModel(settings, pipeline)
        return self._loaded

    def _draw(self, model: _LoadedModel, shard: Shard, embeddings: Embeddings | None) -> Drawn:
        settings = shard.settings
        model.pipeline.scheduler = scheduler_for(settings, model.released_scheduler)
        text: Callable[[Sequence[int]], dict[str, Any]]
        if embeddings is None:
            text = partial(_texts, shard.block)
        else:
            guided = settings.guidance > 1
            text = partial(call_arguments, model.pipeline, embeddings, guided=guided)
        with feature_cache(model.pipeline, settings.cache):
            return draw(model.pipeline, settings, shard.block.images, text, self._job.batch)

    def _score(
        self, scorers: Mapping[str, ScoreFunction], block: Block, pixels: npt.NDArray[np.uint8]
    ) -> dict[str, Scores]:
        texts = [block.texts[image.row] for image in block.images]
        return score_all(scorers, pixels, texts, self._job.batch)

    def _text(
        self, model: _LoadedModel, block: Block, settings: DrawingSettings
    ) -> tuple[Embeddings | None, tuple[int, ...]]:
        """Return the block's embeddings, from the cache or encoded now, and the positions of prompts cut.

        None for a pipeline whose prompts cannot be encoded beforehand.
        """
        if not can_encode(model.pipeline):
            return None, too_long(model.pipeline, block.texts, settings)
        made_by = json.dumps([model.encoder(settings), hardware_name(self._job.device), versions()])
        folder = self._job.embeddings / hashlib.sha256(made_by.encode()).hexdigest()[:16]
        path = folder / f"{block.name}.safetensors"
        empty, _ = _kept(folder / "empty.safetensors", lambda: (encode_empty(model.pipeline, settings), ()))
        embeddings, cut = _kept(
            path,
            lambda: (
                encode(model.pipeline, block.texts, settings),
                too_long(model.pipeline, block.texts, settings),
            ),
        )
        return {**embeddings, **empty}, cut


class _LoadedModel:
    """A pipeline with its weights, and what is asked of it more than once."""

    def __init__(self, settings: DrawingSettings, pipeline: Any) -> None:
        self.key = settings.model_key
        self.pipeline = pipeline
        self.released_scheduler = pipeline.scheduler
        self._encoders: dict[str, str] = {}

    def encoder(self, settings: DrawingSettings) -> str:
        """Return the digest of the text encoders under these settings."""
        call = repr(sorted(settings.call.items()))
        if call not in self._encoders:
            self._encoders[call] = encoder_digest(self.pipeline, settings)
        return self._encoders[call]


def _texts(block: Block, rows: Sequence[int]) -> dict[str, Any]:
    return {"prompt": [block.texts[row] for row in rows]}


def _kept(
    path: Path, make: Callable[[], tuple[Embeddings, tuple[int, ...]]]
) -> tuple[Embeddings, tuple[int, ...]]:
    """Return the embeddings at `path` and the prompts cut, made and put there where they are not yet."""
    record = read_record(path)
    if record is not None and is_whole(path, record):
        return load_file(path), tuple(record["cut"])
    embeddings, cut = make()
    write_sealed(path, {"cut": list(cut)}, partial(_write_embeddings, embeddings))
    return embeddings, cut


def _write_embeddings(embeddings: Embeddings, path: Path) -> None:
    # Not safetensors' `save_file`: it leaves a hidden file of its own behind where it is killed.
    path.write_bytes(save(embeddings))


def _image_name(block: Block, position: int) -> dict[str, Any]:
    image = block.images[position]
    return {"prompt_id": block.prompt_ids[image.row], "sample": image.sample, "seed": image.seed}


def _notes(batch: int, outcome: Mapping[str, Any]) -> tuple[str, ...]:
    notes: list[str] = []
    if outcome["batch"] < batch:
        notes.append(f"out of memory: drawn in batches of {outcome['batch']} instead of {batch}")
    for image in outcome["drawn_twice"]:
        state = "is black" if image in outcome["black"] else "drawn again with the decoder in float32"
        notes.append(
            f"prompt {image['prompt_id']!r}, sample {image['sample']}, seed {image['seed']}: {state}"
        )
    return tuple(notes)
