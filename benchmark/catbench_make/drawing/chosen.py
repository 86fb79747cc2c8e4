"""Draws what a router chose: each prompt once, with the candidate that it goes to.

The folder is a run's own, as that of `catbench generate`: shards, of one candidate and up to
PROMPTS_PER_BLOCK prompts each, from which a rerun goes on. Beside them stand the images that were asked for,
`images/ID.png`, and `images.jsonl` with what each was made of. An id is 16 hex digits of the SHA-256 of
prompt and candidate; a prompt's seed is that of its text alone, so all candidates start from the same noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from catbench.errors import counted
from catbench.files import atomic_file
from catbench.home import known_suites
from catbench.suite.pool import Candidate, Cost
from catbench.use.fitted import FittedRouter
from catbench_make.drawing.generation import Progress, check_batches, run_shards
from catbench_make.drawing.run_estimate import estimate, processor_speed
from catbench_make.drawing.run_folder import owned_folder
from catbench_make.drawing.shards import kept_images, missing_shards, read_outcome
from catbench_make.packages import optional, prepare
from catbench_make.plan.candidates import drawing_settings
from catbench_make.plan.job import Job, check_device
from catbench_make.plan.shard_plan import Shard, by_model, cut_blocks

IMAGES, LIST = "images", "images.jsonl"


def shards_of(candidates: Sequence[Candidate], chosen: Sequence[tuple[str, str]]) -> tuple[Shard, ...]:
    """Return the shards of (prompt, candidate id): candidates that share a pipeline one after the other.

    A prompt that comes twice is drawn once. Raises SuiteError for a candidate whose settings cannot be read.
    """
    shards: list[Shard] = []
    for candidate in candidates:
        texts = sorted({text for text, name in chosen if name == candidate.id})
        if texts:
            settings = drawing_settings(candidate)
            ids = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
            blocks = cut_blocks(ids, texts, [1] * len(texts))
            shards += [Shard(candidate, settings, block) for block in blocks]
    return by_model(shards)


def draw_chosen(
    shards: Sequence[Shard],
    out: Path,
    *,
    device: str = "cpu",
    batch: int = 8,
    root: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> tuple[int, int]:
    """Draw shards into a folder, what is there already left as it is.

    Returns how many images are in the folder now, and how many of them are new. `root` is the suite's folder,
    for models given by a relative path. Raises UsageError for a folder that cannot be written to, is in use,
    or holds shards of other settings; GenerationError for models that fail.
    """
    prepare()
    job = Job(out.absolute(), (), device, batch, keep_images=True, root=root)
    with owned_folder(job):
        missing, _ = missing_shards(job, shards)
        new = run_shards(None, job, missing, on_progress)
        rows = [row for shard in shards for row in _images(job, shard)]
        with atomic_file(job.folder / LIST) as draft:
            draft.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return len(rows), new


def _images(job: Job, shard: Shard) -> Sequence[dict[str, Any]]:
    """Write the images of a shard that is done as files, and return a record of each."""
    folder = job.folder / IMAGES
    folder.mkdir(exist_ok=True)
    made_with = read_outcome(job, shard)[0]
    rows: list[dict[str, Any]] = []
    for image, png in zip(shard.block.images, kept_images(job, shard), strict=True):
        text = shard.block.texts[image.row]
        name = hashlib.sha256(f"{text}\n{shard.candidate.id}".encode()).hexdigest()[:16]
        path = folder / f"{name}.png"
        if not path.is_file():
            with atomic_file(path) as draft:
                draft.write_bytes(png)
        rows.append(
            {
                "prompt": text,
                "candidate": shard.candidate.id,
                "image": f"{IMAGES}/{name}.png",
                "seed": image.seed,
                **{key: made_with[key] for key in ("settings", "weights", "hardware", "versions")},
            }
        )
    return rows


def draw_fitted(
    fitted: FittedRouter,
    chosen: Sequence[tuple[str, str]],
    folder: Path,
    *,
    device: str,
    batch: int,
    dry_run: bool,
) -> None:
    """Draw what a router chose, or say what that takes; the entry point behind `catbench route --draw`."""
    optional("torch", "--draw")
    check_batches(batch, 1, None)
    check_device(device)
    shards = shards_of(fitted.pool.candidates, chosen)
    if dry_run:
        unit, _, hardware = fitted.pool.unit.partition("@")
        prices = zip(fitted.pool.ids, fitted.pool.cost.tolist(), strict=True)
        costs = [Cost(candidate=name, unit=unit, hardware=hardware, value=value) for name, value in prices]
        speed = processor_speed() if device == "cpu" else None
        found = estimate(shards, costs, 0, True, hardware, speed)
        hours = "unknown" if found.device_hours is None else f"{found.device_hours:,.2g} ({found.basis})"
        typer.echo(f"to draw  {counted(found.images, 'image')}; device-hours {hours}")
        return

    def progress(now: Progress) -> None:
        typer.echo(f"{now.images:,} of {now.images_due:,} images drawn", err=True)

    root = known_suites().get(fitted.suite)
    images, new = draw_chosen(shards, folder, device=device, batch=batch, root=root, on_progress=progress)
    typer.echo(f"{counted(images, 'image')} in {folder / IMAGES}, {new:,} of them new")
    typer.echo(f"{folder / LIST} says what each was made of")
