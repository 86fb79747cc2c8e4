"""Reworded prompts mean the same and equal none of a list."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.submit.rewording import reword, reworded
from catbench.suite.prompts import Prompts, normalise
from catbench.suite.simulate import Simulation, simulate

TEXTS = ["cat", "a dog on a hill", "two red circles above a blue square.", "château,  at {dusk}!"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_reworded_text_equals_none_in_a_list_and_holds_what_it_held(text):
    random = np.random.default_rng(0)
    for _ in range(50):
        said = reword(text, random)
        assert normalise(said) != normalise(text)
        assert normalise(text).rstrip(".!") in normalise(said)


def test_features_move_a_little_and_rows_stay():
    matrix = simulate(Simulation(prompts=300))[0]
    prompts = matrix.texts(matrix.rows("test"))
    said = reworded(prompts, np.random.default_rng(1))
    assert isinstance(said, Prompts)
    assert len(said) == len(prompts)
    one, other = prompts.features["words"], said.features["words"]
    assert other.dtype == np.float32
    assert not (one == other)[:, one.std(axis=0) > 0].any()
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.99


def test_no_two_draws_are_the_same():
    texts = [f"a long harbour under the evening mountain {number}" for number in range(50)]
    one, other = (list(reworded(Prompts(texts), np.random.default_rng(seed))) for seed in (1, 2))
    assert sum(a == b for a, b in zip(one, other, strict=True)) < len(texts) / 10
