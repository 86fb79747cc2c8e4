"""What a fitted router said about prompts: the one thing that is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints
from catbench.suite.prompts import Prompts

Labelled: TypeAlias = tuple[Prompts, Floats]
"""Prompts with their qualities (n, M)."""
ROUNDING = 1e-11
"""Of a prediction: differences below some digits of double precision are nobody's."""


@dataclass(frozen=True)
class Answer:
    """What a fitted router said about the test prompts: predictions, or choices at trade-offs."""

    predicted: Floats | None
    """(n, M)."""
    choices: Ints | None
    """(T, n), positions in the pool."""
    trade_offs: Floats
    """(T,), falling to 0; at these a policy was asked."""
    fit_seconds: float = 0.0
    seconds_per_prompt: float = 0.0
    flops_per_prompt: float | None = None
    """Of routing itself, where the router knows it."""
    encoder_flops_per_prompt: float | None = None
    """Of the text encoder that the router runs, where it runs one and knows."""
    hardware: str = ""
    """What the seconds were measured on."""
    validation: tuple[Answer, ...] = ()
    """What it said about the validation prompts of each round (`catbench.score.rounds`): trade-offs for a
    budget are chosen by it."""

    @property
    def kind(self) -> Literal["estimator", "policy"]:
        """Whether the router predicts qualities, or routes itself."""
        return "policy" if self.predicted is None else "estimator"


def joined(answers: Sequence[Answer]) -> Answer:
    """Return answers about several sets of prompts as one about all; of what else they say, the first's."""
    predicted = [one.predicted for one in answers if one.predicted is not None]
    choices = [one.choices for one in answers if one.choices is not None]
    return replace(
        answers[0],
        predicted=np.concatenate(predicted) if predicted else None,
        choices=np.concatenate(choices, axis=1) if choices else None,
    )


def restrict(answer: Answer, inside: npt.NDArray[np.bool_] | Ints) -> Answer:
    """Return the answer about some tested prompts, by a mask (n,) or positions; validation stays whole."""
    predicted = None if answer.predicted is None else answer.predicted[inside]
    choices = None if answer.choices is None else answer.choices[:, inside]
    return replace(answer, predicted=predicted, choices=choices)
