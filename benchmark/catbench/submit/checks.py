"""What a submission answers, held against what it answers when it is asked again, and against baselines.

Honesty checks: it predicts from the prompt and the training data, and nothing else.

repeats        a second process, fitted anew, predicts the same
order          in another order of the test prompts, each prompt gets the same
one at a time  shown alone, each of 64 sampled prompts gets the same: nothing is read off the batch

That it knows nothing else is what canaries are for (`catbench.submit.canaries`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isclose
from typing import Literal

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.report.submission_record import BesideBaselines, Check
from catbench.score.answer import ROUNDING, Answer
from catbench.score.deployment import sweep_of
from catbench.score.measures import audc
from catbench.score.rounds import Part, Rounds
from catbench.score.sweep import mixture_curve, oracle_curve
from catbench.suite.pool import Pool

TOLERANCE = 1e-4
"""How far two answers may be apart, relative (`difference`)."""
SHARE = 1e-3
"""How far their AUDCs may be apart, of the headroom (`audc_gap`): room for two events that change
places in a curve of few prompts."""


def compare_answers(
    name: str,
    how: str,
    test: Part,
    pools: Sequence[Pool],
    answers: Mapping[str, Answer],
    again: Mapping[str, Answer],
    rows: Ints | slice = slice(None),
) -> Check:
    """Return the check whether answers about test prompts, `rows` of the split, come again.

    They are the same within TOLERANCE, and their areas within SHARE: predictions of one candidate may be so
    large that they hide the others, but nothing hides what is scored.
    """
    apart = gap = 0.0
    for pool in pools:
        one, other = answers[pool.metric], again[pool.metric]
        quality = test.labelled(pool)[1][rows]
        apart = max(apart, difference(one, other))
        gap = max(gap, audc_gap(one, other, quality, pool))
    says = f"{how}: predictions differ by {apart:.2g}, relative, and AUDC by {gap:.2g} of the headroom"
    passed = apart <= TOLERANCE and gap <= SHARE
    return Check(name=name, passed=passed, value=min(apart, 1e300), bound=TOLERANCE, says=says)


def difference(one: Answer, other: Answer) -> float:
    """Return how far two answers are apart, the second relative to how far the first tells candidates apart.

    Predictions are compared as routing compares them, within a prompt: what is added to all candidates of a
    prompt, however large, changes nothing and hides nothing. The largest difference counts. For choices, the
    share that differ; infinite where one predicts and the other chooses.
    """
    if one.kind != other.kind:
        return inf
    if one.predicted is None or other.predicted is None:
        return float(np.mean(np.asarray(one.choices) != np.asarray(other.choices)))
    centred, again = (p - p.mean(axis=1, keepdims=True) for p in (one.predicted, other.predicted))
    spread = np.abs(centred).max(axis=1)
    # A prompt whose candidates are hardly told apart is held against the others, and against rounding.
    least = np.maximum(0.01 * np.median(spread), ROUNDING * np.abs(one.predicted).max(axis=1))
    scale = np.maximum(np.maximum(spread, least), np.finfo(np.float64).tiny)
    return float((np.abs(centred - again).max(axis=1) / scale).max())


def audc_gap(one: Answer, other: Answer, quality: Floats, pool: Pool) -> float:
    """Return how far the AUDCs of two answers about prompts of qualities (n, M) are apart.

    As a share of what the oracle gains over the mixture; infinite where they differ and nothing is to gain.
    """
    first, second = (float(audc(sweep_of(a, quality, pool).curve(), pool.cost)) for a in (one, other))
    curves = oracle_curve(quality, pool.cost), mixture_curve(quality, pool.cost)
    best, mixed = (float(audc(curve, pool.cost)) for curve in curves)
    if isclose(first, second, rel_tol=1e-12, abs_tol=1e-12):
        return 0.0
    return abs(first - second) / (best - mixed) if best > mixed else inf


def digest_of(answers: Mapping[str, Answer], rounds: Rounds) -> str:
    """Return the SHA-256 of answers' bytes: prompt ids, then metric, kind, shape and numbers of each.

    The answer about the tested prompts comes first, then those about each round's validation prompts. Numbers
    are little-endian, 8 bytes, row by row; -0.0 counts as 0.0.
    """
    digest = hashlib.sha256("\n".join(rounds.test.ids).encode())
    for metric, answer in answers.items():
        for said in (answer, *answer.validation):
            numbers = (
                said.predicted.astype("<f8") + 0.0
                if said.predicted is not None
                else np.asarray(said.choices).astype("<i8")
            )
            digest.update(f"\n{metric} {said.kind} {numbers.shape}\n".encode())
            digest.update(np.ascontiguousarray(numbers).tobytes())
    return digest.hexdigest()


def beside_baselines(answer: Answer, rounds: Rounds, pool: Pool) -> BesideBaselines:
    """Return where an answer stands beside the best constant candidate and the mixture, by AUDC."""
    test, of_prompt = rounds.test, rounds.of_prompt
    quality = test.labelled(pool)[1]
    sign = test.matrix.metric(pool.metric).sign

    def area(one: Answer) -> float:
        return float(audc(sweep_of(one, quality, pool, of_prompt).curve(), pool.cost))

    shape = len(answer.trade_offs), len(quality)
    constants = [
        area(replace(answer, predicted=None, choices=np.full(shape, position)))
        for position in range(len(pool))
    ]
    mixture = float(audc(mixture_curve(quality, pool.cost), pool.cost))
    best, own = max(constants), area(answer)
    beside: dict[Literal["mixture", "best constant candidate"], float] = {
        "mixture": mixture,
        "best constant candidate": best,
    }
    return BesideBaselines(
        audc=own * sign,
        mixture=mixture * sign,
        best_constant=pool.ids[int(np.argmax(constants))],
        best_constant_audc=best * sign,
        below=tuple(name for name, other in beside.items() if own < other),
    )
