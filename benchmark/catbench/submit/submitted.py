"""What a report says of a submission's answers: their digest, and where they stand beside baselines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from catbench.report.submission_record import BesideBaselines
from catbench.score.answer import Answer
from catbench.score.answer_sweep import sweep_of
from catbench.score.measures import audc
from catbench.score.rounds import Rounds
from catbench.score.sweep import mixture_curve
from catbench.suite.pool import Pool


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

    constants = [
        area(
            replace(answer, predicted=None, choices=np.full((len(answer.trade_offs), len(quality)), position))
        )
        for position in range(len(pool))
    ]
    mixture = float(audc(mixture_curve(quality, pool.cost), pool.cost))
    best, own = max(constants), area(answer)
    below: list[Literal["mixture", "best constant candidate"]] = []
    if own < mixture:
        below.append("mixture")
    if own < best:
        below.append("best constant candidate")
    return BesideBaselines(
        audc=own * sign,
        mixture=mixture * sign,
        best_constant=pool.ids[int(np.argmax(constants))],
        best_constant_audc=best * sign,
        below=tuple(below),
    )
