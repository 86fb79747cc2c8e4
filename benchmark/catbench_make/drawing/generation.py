"""`catbench generate` as a function: a suite's matrix from its prompts.

The run's folder holds `shards/`, `embeddings/` (a cache) and, once every shard is there, `suite/`. A rerun
with the same settings makes only what is missing. One process at a time writes to a folder, or one for
each part (`--part I/N`); engines that use several machines do so from one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from catbench.errors import GenerationError, UsageError, check_known
from catbench.suite.matrix import ScoreMatrix, Suite
from catbench.suite.pool import Cost
from catbench.suite.store import load, load_suite
from catbench_make.costs.flop_table import flop_costs, shipped_costs
from catbench_make.drawing.assemble import assemble, cut_prompts, save_suite
from catbench_make.drawing.engines import Engine, RemoteEngine, ShardDone
from catbench_make.drawing.run_estimate import RunEstimate, Speed, estimate
from catbench_make.drawing.run_folder import RunPart, owned_folder
from catbench_make.drawing.shards import missing_shards
from catbench_make.packages import prepare
from catbench_make.plan.candidates import choose_candidates
from catbench_make.plan.job import Job
from catbench_make.plan.shard_plan import PROMPTS_PER_BLOCK, Shard, choose, cut
from catbench_make.scorers import metric_source


@dataclass(frozen=True)
class Progress:
    """How far a run is; images count those of this run alone."""

    shards: int
    shards_due: int
    images: int
    images_due: int
    seconds: float
    done: ShardDone | None = None
    """The shard that was made last."""

    @property
    def images_per_second(self) -> float:
        """Of this run so far; 0 before its first image."""
        return self.images / self.seconds if self.images else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At that speed; None before the first image."""
        return (self.images_due - self.images) / self.images_per_second if self.images else None


@dataclass(frozen=True)
class Outcome:
    """What a run has made."""

    suite: Path
    """The suite's folder, which a part does not write yet."""
    images: int
    """Drawn by this run; the others were there, if only to be scored again."""
    damaged: tuple[str, ...]
    """Shards that were there but not whole, and were made again."""
    prompts_cut: frozenset[str]
    """Ids of prompts longer than a tokenizer's window; the rest of them was not read."""


@dataclass(frozen=True)
class Plan:
    """A run before it starts."""

    suite: Suite
    shards: tuple[Shard, ...]
    labelled: ScoreMatrix | None = None
    """The suite whose training and validation prompts stand beside those that are drawn."""

    @classmethod
    def of(
        cls,
        suite: str | Path,
        candidates: Sequence[str] | None = None,
        limit: int | None = None,
        samples: int | None = None,
        prompts_per_block: int = PROMPTS_PER_BLOCK,
        fresh_test: int | None = None,
    ) -> Plan:
        """Return the plan; raises UsageError and SuiteError for anything that cannot be run.

        `fresh_test` is the seed of new test prompts to draw, the others of the suite being taken over.
        """
        whole, labelled = load_suite(suite), None
        if fresh_test is not None:
            whole, labelled = _fresh(whole, fresh_test), load(suite)
            check_known("candidate", labelled.candidate_ids, *(candidates or ()))
        chosen = choose_candidates(whole.candidates, candidates)
        drawn = choose(whole, chosen, limit=limit, samples=samples)
        for metric in drawn.metrics:
            metric_source(metric.name)
        return cls(drawn, cut(drawn, prompts_per_block), labelled)

    def estimate(self, keep_images: bool, hardware: str = "", speed: Speed | None = None) -> RunEstimate:
        """Return what all of the run takes, priced by the suite's table and the shipped one.

        `hardware` is what the device calls itself that the run is for, empty where it is not known; `speed`
        what it attains, None for an H100's.
        """
        known = (*self.suite.costs, *shipped_costs())
        return estimate(self.shards, known, len(self.suite.metrics), keep_images, hardware, speed)


def generate(
    plan: Plan,
    out: Path,
    *,
    device: str = "cpu",
    batch: int = 8,
    keep_images: bool = False,
    compiled: bool = False,
    text_batch: int = 1,
    decode_batch: int | None = None,
    engine: Engine | None = None,
    part: RunPart | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """Draw, score and store everything that is planned and not yet in `out`, then write `out/suite`.

    A `part` draws its share and writes no suite: that is left to a run without one, once all are made.

    `compiled`, `text_batch` and `decode_batch` are those of `Job`: they make a run faster, and its pixels
    others in the last place.
    Raises UsageError for a folder that cannot be written to, is in use, or holds shards of other settings;
    GenerationError for models that fail, and, once all else is done, for images that are not numbers.
    Whatever is finished by then stays, and a rerun goes on from there.
    """
    check_batches(batch, text_batch, decode_batch)
    prepare()
    job = Job(
        out.absolute(),
        plan.suite.metrics,
        device,
        batch,
        keep_images,
        plan.suite.root,
        compiled,
        text_batch,
        decode_batch,
        engine.hardware(device) if isinstance(engine, RemoteEngine) else "",
    )
    shards = plan.shards if part is None else part.share(plan.shards)
    with owned_folder(job, part):
        missing, damaged = missing_shards(job, shards)
        images = run_shards(engine, job, missing, on_progress)
        if part is None:
            matrix = assemble(plan.suite, job, shards, _price(plan.suite), plan.labelled)
            save_suite(matrix, job, shards)
        return Outcome(job.suite, images, damaged, cut_prompts(job, shards))


def check_batches(batch: int, text_batch: int, decode_batch: int | None) -> None:
    """Raise UsageError for a batch of nothing."""
    for option, size in (("batch", batch), ("text-batch", text_batch), ("decode-batch", decode_batch)):
        if size is not None and size < 1:
            raise UsageError(f"--{option} {size}: at least 1 is needed")


def run_shards(
    engine: Engine | None, job: Job, shards: Sequence[Shard], report: Callable[[Progress], None]
) -> int:
    """Make the shards, by default in this process; returns the number of images drawn.

    Raises GenerationError where shards failed.
    """
    if engine is None:
        from catbench_make.drawing.engines.local import LocalEngine

        engine = LocalEngine()
    due = sum(len(shard.block.images) for shard in shards)
    problems: list[str] = []
    images, drawn, started = 0, 0, time.monotonic()
    report(Progress(0, len(shards), 0, due, 0.0))
    for number, done in enumerate(engine.run(job, shards), start=1):
        images += len(done.shard.block.images)
        drawn += 0 if done.scored_only else len(done.shard.block.images)
        if done.problem:
            problems.append(done.problem)
        report(Progress(number, len(shards), images, due, time.monotonic() - started, done))
    if problems:
        raise GenerationError(
            f"{len(problems)} of {len(shards)} shards could not be made, the others are kept: {problems[0]}"
            + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else "")
        )
    return drawn


def _price(unscored: Suite) -> tuple[Cost, ...]:
    """Return the costs of a suite's candidates: the suite's units that price them all, then FLOPs."""
    own = [cost for cost in unscored.costs if cost.candidate in unscored.candidate_ids]
    priced = Counter((cost.unit, cost.hardware) for cost in own)  # no candidate twice: a suite has no such
    columns = [column for column, count in priced.items() if count == len(unscored.candidates)]
    whole = [cost for column in columns for cost in own if (cost.unit, cost.hardware) == column]
    units = {cost.unit for cost in whole}
    if not {"tflops", "tflops_paper"} <= units:
        counted = flop_costs(unscored.candidates, unscored.root)
        whole += [cost for cost in counted if cost.unit not in units]
    return tuple(whole)


FRESH_PROMPTS = "catbench.fresh_prompts"
"""Entry points: suite -> a function from it and a seed to the same with new test prompts alone."""


def _fresh(whole: Suite, seed: int) -> Suite:
    found = entry_points(group=FRESH_PROMPTS, name=whole.suite.id)
    if not found:
        raise UsageError(
            f"--fresh-test: suite {whole.suite.id!r} has no grammar to draw new prompts from; nano has"
        )
    return next(iter(found)).load()(whole, seed)
