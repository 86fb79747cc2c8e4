"""Who trains and who tests: the suite's own splits, folds of it, or the splits of another suite.

A round is one fit of a router: training prompts, validation prompts, test prompts. A suite's splits are one
round. With K folds there are K: the SHA-256 of a prompt's group, under a salt of its own, puts it into one
fold; in round k fold k is tested, a tenth of the other groups (by another salt) validate, and what remains
trains. So every prompt is tested once, by a router that never saw its group. The curve is the mean of the
rounds' curves, each of which spends the same (`catbench.score.sweep.FoldedSweep`); one bootstrap draws from
all prompts. Intervals then hold for the K fitted routers: they cover the noise of the test prompts, not that
of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints
from catbench.errors import UsageError
from catbench.score.answer import Answer, Labelled, joined, restrict
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool
from catbench.suite.prompts import SPLITS, Prompts, Split, normalise, share_of

VALIDATION = 0.1
"""Share of the groups outside a fold that validate."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some prompts of a suite."""

    matrix: ScoreMatrix
    rows: Ints
    """Positions of the prompts in the suite, (n,)."""
    samples: int
    """Samples that are stored of each."""
    features: tuple[str, ...]
    """Embeddings that a router is given."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> list[str]:
        """Ids of the prompts."""
        return list(self.matrix.prompts["prompt_id"].to_numpy()[self.rows])

    @property
    def groups(self) -> npt.NDArray[np.str_]:
        """Groups of the prompts, (n,)."""
        return self.matrix.prompts["group"].to_numpy()[self.rows]

    def texts(self) -> Prompts:
        """Return the prompts as a router sees them."""
        given = self.matrix.texts(self.rows)
        return Prompts(list(given), {name: given.features[name] for name in self.features})

    def qualities(self, pool: Pool) -> Floats:
        """Return qualities of every sample (n, M, S), higher is better, columns in the pool's order."""
        return self.matrix.qualities_at(pool.metric, self.rows, self.samples, pool)

    def labelled(self, pool: Pool) -> Labelled:
        """Return the prompts with their qualities (n, M), means over samples."""
        return self.texts(), self.qualities(pool).mean(axis=2)


@dataclass(frozen=True)
class Round:
    """One fit of a router."""

    train: Part
    validation: Part
    test: Part


@dataclass(frozen=True, eq=False)
class Rounds:
    """Every fit that a report is made of."""

    each: tuple[Round, ...]
    described: str
    """What a signature says of them; empty for the suite's own splits."""
    left_out: tuple[str, ...] = ()
    """Candidates of the tested suite that the training suite lacks."""

    @property
    def test(self) -> Part:
        """All tested prompts, in the suite's order."""
        first = self.each[0].test
        return replace(first, rows=np.sort(np.concatenate([one.test.rows for one in self.each])))

    @property
    def of_prompt(self) -> Ints:
        """The round (n,) in which each of the tested prompts is tested."""
        return self.in_order([np.full(len(one.test), number) for number, one in enumerate(self.each)])

    @property
    def _order(self) -> Ints:
        """Of all rounds' tested prompts, one round after the other: that of the suite."""
        return np.argsort(np.concatenate([one.test.rows for one in self.each]))

    def in_order(self, parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return what is known of each round's tested prompts as one array, in the suite's order."""
        return np.concatenate(parts)[self._order]

    def joined(self, answers: Sequence[Answer]) -> Answer:
        """Return the answers of all rounds as one, its prompts in the suite's order.

        Choices of a policy are joined by the position of their trade-offs. Seconds and FLOPs of a prompt are
        means; those of fitting are added up.
        """
        return replace(
            restrict(joined(answers), self._order),
            fit_seconds=sum(a.fit_seconds for a in answers),
            seconds_per_prompt=float(np.mean([a.seconds_per_prompt for a in answers])),
            flops_per_prompt=_mean([a.flops_per_prompt for a in answers]),
            encoder_flops_per_prompt=_mean([a.encoder_flops_per_prompt for a in answers]),
            validation=tuple(part for a in answers for part in a.validation),
        )


def rounds_of(matrix: ScoreMatrix, folds: int | None = None, train_on: ScoreMatrix | None = None) -> Rounds:
    """Return the rounds of an evaluation.

    `folds` is their number, 0 for the suite's own splits, None for what the suite asks for. With `train_on`
    a router is fitted on that suite's training and validation prompts, less those whose text is tested here.
    Raises UsageError for folds that leave a part empty, of a suite whose splits store different numbers of
    samples, or together with `train_on`.
    """
    if train_on is not None:
        if folds:
            raise UsageError("folds split one suite, --train-on takes another: give one of the two")
        return _trained_elsewhere(matrix, train_on)
    count = matrix.suite.folds if folds is None else folds
    if not count:
        features = tuple(matrix.features)
        parts = (Part(matrix, matrix.rows(split), matrix.samples[split], features) for split in SPLITS)
        return Rounds((Round(*parts),), "")
    return _folded(matrix, count)


def _folded(matrix: ScoreMatrix, count: int) -> Rounds:
    if count < 2:
        raise UsageError(f"--folds {count}: at least 2 are needed, since one fold would train on nothing")
    if len(depths := set(matrix.samples.values())) > 1:
        raise UsageError(
            f"suite {matrix.suite.id!r} stores {' and '.join(map(str, sorted(depths)))} samples by split: "
            "folds mix the splits, so all need equally many"
        )
    groups = matrix.prompts["group"].to_numpy()
    names, member = np.unique(groups, return_inverse=True)
    fold = np.array([int(share_of(f"fold {name}") * count) for name in names])[member]
    validates = np.array([share_of(f"fold validation {name}") < VALIDATION for name in names])[member]
    features, depth = tuple(matrix.features), depths.pop()
    rounds: list[Round] = []
    for number in range(count):
        inside = fold == number
        masks = (~inside & ~validates, ~inside & validates, inside)
        if not all(mask.any() for mask in masks):
            raise UsageError(f"--folds {count} of {len(names)} groups of prompts leaves a part of one empty")
        rounds.append(Round(*(Part(matrix, np.flatnonzero(mask), depth, features) for mask in masks)))
    return Rounds(tuple(rounds), f"folds:{count}")


def _trained_elsewhere(matrix: ScoreMatrix, other: ScoreMatrix) -> Rounds:
    shared = [name for name in matrix.candidate_ids if name in other.candidate_ids]
    if not shared:
        raise UsageError(f"suites {matrix.suite.id!r} and {other.suite.id!r} have no candidate in common")
    features = tuple(
        name
        for name, values in matrix.features.items()
        if name in other.features and other.features[name].shape[1] == values.shape[1]
    )
    test = Part(matrix, matrix.rows("test"), matrix.samples["test"], features)
    tested = {normalise(text) for text in test.texts()}
    met = np.array([normalise(str(text)) in tested for text in other.prompts["text"]])

    def part(split: Split) -> Part:
        rows = other.rows(split)
        return Part(other, rows[~met[rows]], other.samples[split], features)

    parts = part("train"), part("validation")
    for name, one in zip(("training", "validation"), parts, strict=True):
        if not len(one):
            raise UsageError(
                f"every {name} prompt of {other.suite.id!r} is tested in {matrix.suite.id!r}: none is left"
            )
    left_out = tuple(name for name in matrix.candidate_ids if name not in shared)
    without = f",without:{','.join(left_out)}" if left_out else ""
    described = f"train-on:{other.suite.id}@{other.digest[:12]}({len(parts[0])}){without}"
    return Rounds((Round(*parts, test),), described, left_out)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
