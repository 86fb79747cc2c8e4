"""A shard on disk: `<candidate>/<block>.parquet` with its record beside it.

The table has one row an image: prompt_id, sample, seed, one float32 column a metric and, where images are
kept, the image as PNG. The record has what the images were made with: of models on the hub the revision, of
local ones a digest of their files. A shard made with anything else than this run would use is refused, not
mixed in; one that differs in the metrics alone is scored again, from the images that were kept.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from catbench.arrays import Scores
from catbench.errors import UsageError
from catbench.files import sha256_of
from catbench.suite.info import Metric
from catbench_make.packages import versions
from catbench_make.plan.job import UNASKED, Job
from catbench_make.plan.settings import DrawingSettings, local_source
from catbench_make.plan.shard_plan import Shard
from catbench_make.recorded import is_whole, read_record, write_recorded

MADE_WITH = "made_with"
OUTCOME = "outcome"
IMAGE_COLUMN = "image"
State: TypeAlias = Literal["done", "missing", "damaged", "drawn"]
"""Of a shard on disk: `drawn` has the images, and scores by other metrics than are wanted."""


def shard_path(job: Job, shard: Shard) -> Path:
    """Return where a shard's table lies."""
    return job.shards / f"{shard.name}.parquet"


def made_with(job: Job, shard: Shard) -> dict[str, Any]:
    """Return everything that a shard's images and scores depend on, as it stands in the record."""
    asked = {
        "compile": job.compiles(shard.settings),
        "text_batch": job.text_batch,
        "decode_batch": job.decode_batch,
    }
    return {
        "candidate": shard.candidate.id,
        "settings": shard.settings.model_dump(mode="json"),
        "weights": weights_digest(shard.settings, job.root),
        "prompts": list(shard.block.prompt_ids),
        "samples": list(shard.block.samples),
        "metrics": [
            {**one.model_dump(include={"name", "model", "revision"}), "weights": metric_digest(one, job.root)}
            for one in job.metrics
        ],
        "images_kept": job.keep_images,
        "batch": job.batch,
        "hardware": job.hardware_name,
        "versions": versions(),
        **{key: value for key, value in asked.items() if value != UNASKED[key]},
    }


def state_of(job: Job, shard: Shard, wanted: Mapping[str, Any]) -> State:
    """Return what is there of a shard.

    Raises UsageError where it was made with something else than `wanted`, naming what.
    """
    path = shard_path(job, shard)
    record = read_record(path)
    if record is None:
        return "damaged" if path.with_suffix(".json").exists() else "missing"
    if not is_whole(path, record):
        return "damaged"
    found, due = {**UNASKED, **record[MADE_WITH]}, {**UNASKED, **wanted}
    differs = [key for key, value in due.items() if found.get(key) != value]
    if differs == ["metrics"] and wanted["images_kept"]:
        return "drawn"
    if differs:
        key = differs[0]
        was, is_now = (_short(value) for value in (found.get(key), due[key]))
        hint = " (only images that were kept, by --images, can be scored again)" if key == "metrics" else ""
        raise UsageError(
            f"{path} was made with {key} {was}, not {is_now}: run with the same settings, or give another "
            f"--out{hint}"
        )
    return "done"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def missing_shards(job: Job, shards: Sequence[Shard]) -> tuple[list[Shard], tuple[str, ...]]:
    """Return the shards to make, and the names of those among them that are there but damaged."""
    states = {shard: state_of(job, shard, made_with(job, shard)) for shard in shards}
    missing = [shard for shard, state in states.items() if state != "done"]
    damaged = (shard_path(job, shard).name for shard, state in states.items() if state == "damaged")
    return missing, tuple(damaged)


def kept_images(job: Job, shard: Shard) -> list[bytes]:
    """Return the images of a shard that kept them, as PNG."""
    return pq.read_table(shard_path(job, shard), columns=[IMAGE_COLUMN])[IMAGE_COLUMN].to_pylist()


def decoded(png: bytes) -> Any:
    """Return a kept image as a PIL image."""
    from PIL import Image

    return Image.open(io.BytesIO(png)).convert("RGB")


def write_shard(
    job: Job,
    shard: Shard,
    wanted: Mapping[str, Any],
    scores: Mapping[str, Scores],
    pixels: npt.NDArray[np.uint8],
    outcome: Mapping[str, Any],
) -> None:
    """Write a shard, whole or not at all.

    `scores` maps a metric to (image,) values, `pixels` is (image, height, width, 3), `outcome` what came of
    it: the batch that fitted, prompts cut, images drawn twice. Raises UsageError where it cannot be written.
    """
    images = shard.block.images
    columns: dict[str, Any] = {
        "prompt_id": pa.array([shard.block.prompt_ids[image.row] for image in images]),
        "sample": pa.array([image.sample for image in images], pa.int16()),
        "seed": pa.array([image.seed for image in images], pa.int64()),
        **{name: pa.array(values, pa.float32()) for name, values in scores.items()},
    }
    if job.keep_images:
        columns[IMAGE_COLUMN] = pa.array(_as_png(pixels), pa.binary())
    record = {MADE_WITH: dict(wanted), OUTCOME: dict(outcome)}
    write_recorded(shard_path(job, shard), record, partial(pq.write_table, pa.table(columns)))


def read_outcome(job: Job, shard: Shard) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a shard was made with, and what came of it. The shard must be done."""
    record = read_record(shard_path(job, shard)) or {}
    return record[MADE_WITH], record[OUTCOME]


def _as_png(pixels: npt.NDArray[np.uint8]) -> Sequence[bytes]:
    from PIL import Image

    encoded: list[bytes] = []
    for image in pixels:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format="PNG", compress_level=1)
        encoded.append(buffer.getvalue())
    return encoded


def weights_digest(settings: DrawingSettings, root: Path | None) -> str:
    """Return the digest of the local files that settings draw with; empty where all come from the hub.

    `root` is the suite's folder. A model on the hub is pinned by its revision instead.
    """
    sources = [settings.pipeline] + ([settings.weights.source] if settings.weights else [])
    return _digest_of(sources, root)


def metric_digest(metric: Metric, root: Path | None) -> str:
    """Return the digest of the local files of a metric's model; empty where it has none.

    A model is named `FOLDER` or `LOADER:FOLDER`, or is several such, or files, joined by ` + `.
    """
    parts = metric.model.split(" + ")
    return _digest_of([name for part in parts for name in (part, part.partition(":")[2])], root)


def _digest_of(sources: Sequence[str], root: Path | None) -> str:
    found = [local_source(source, root) for source in sources if source]
    digests = [sha256_of(path) if path.is_file() else _folder_digest(path) for path in found if path]
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests else ""


@cache
def _folder_digest(folder: Path) -> str:
    """Return the digest of every file in a folder, read once a process."""
    lines = [
        f"{path.relative_to(folder).as_posix()} {sha256_of(path)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
