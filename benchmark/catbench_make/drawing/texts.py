"""The embeddings of a block's prompts: encoded once, kept in the run's folder, read from there afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import load_file, save

from catbench_make.packages import versions
from catbench_make.pipelines.encode import Embeddings, Tokenizers, can_encode, encode, encode_empty, too_long
from catbench_make.plan.job import Job
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Block
from catbench_make.recorded import is_whole, read_record, write_recorded


class EncodedText(NamedTuple):
    """The prompts of a block as a pipeline reads them."""

    embeddings: Embeddings | None
    """None for a pipeline whose prompts cannot be encoded beforehand."""
    cut: tuple[int, ...]
    """Positions of the prompts that are longer than a tokenizer's window."""


def encoded_text(
    job: Job, pipeline: Any, tokenizers: Tokenizers, encoder: str, block: Block, settings: DrawingSettings
) -> EncodedText:
    """Return the block's embeddings, from the run's folder or encoded now.

    `tokenizers` are those of `own_tokenizers`, `encoder` is the digest of the pipeline's text encoders.
    Raises UsageError for a folder that cannot be written to.
    """
    if not can_encode(pipeline):
        return EncodedText(None, too_long(tokenizers, block.texts, settings))
    batch = [] if job.text_batch == 1 else [job.text_batch]
    made_by = json.dumps([encoder, job.hardware_name, versions(), *batch])
    folder = job.embeddings / hashlib.sha256(made_by.encode()).hexdigest()[:16]
    empty, _ = _kept(folder / "empty.safetensors", lambda: (encode_empty(pipeline, settings), ()))
    texts, cut = _kept(
        folder / f"{block.name}.safetensors",
        lambda: (
            encode(pipeline, block.texts, settings, job.text_batch),
            too_long(tokenizers, block.texts, settings),
        ),
    )
    return EncodedText({**texts, **empty}, cut)


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
