"""A resample is scored as its prompts drawn that often are, and many resamples at once as each alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catbench.score.answer import Answer, restrict
from catbench.score.scorer import Scorer
from catbench.score.truth import Truth
from catbench.suite.pool import Candidate, Pool

PROMPTS = 6


@st.composite
def scorings(draw):
    """Draw a scorer's arguments, of either kind of router, with ties and equal costs likely."""
    candidates, random = draw(st.integers(1, 4)), np.random.default_rng(draw(st.integers(0, 10_000)))
    named = tuple(Candidate(id=f"c{i}") for i in range(candidates))
    pool = Pool("all", named, random.integers(1, 5, candidates).astype(float), "tflops", "quality")
    predicted = random.integers(-3, 4, (2, PROMPTS, candidates)).astype(float)
    choices = random.integers(0, candidates, (2, 3, PROMPTS))
    estimates, trade_offs = draw(st.booleans()), np.array([2.0, 1.0, 0.0])
    said = [Answer(p, None, trade_offs) if estimates else Answer(None, c, trade_offs)
            for p, c in zip(predicted, choices, strict=True)]  # fmt: skip
    answer = Answer(said[0].predicted, said[0].choices, trade_offs, validation=(said[1],))
    best = np.full(PROMPTS, random.integers(candidates))
    truth = Truth(
        pool=pool,
        samples=random.integers(-3, 4, (PROMPTS, candidates, 3)).astype(float),
        groups=np.arange(PROMPTS).astype(str),
        round=np.zeros(PROMPTS, dtype=np.int64),
        best=best,
        best_single=pool.ids[int(best[0])],
        limit=float(pool.cost[best].mean()),
        pairs=np.array([[0, 1], [2, 3]]),
        stages=draw(st.sampled_from([None, (0, candidates - 1), (candidates - 1, 0)])),
        kind="kind",
        best_of_kind=random.integers(-3, 4, (2, candidates)).astype(float)[np.arange(PROMPTS) % 2],
    )
    return answer, truth, draw(st.sampled_from([np.nan, 0.5]))


counts = st.lists(st.integers(0, 3), min_size=PROMPTS, max_size=PROMPTS).filter(any)
WITH_UNDRAWN_PAIRS = ("consistency",)
"""Weighs pairs of one group, which are drawn together; here their prompts are drawn apart."""


@given(scorings(), st.lists(counts, min_size=2, max_size=4))
@settings(deadline=None, max_examples=40)
def test_resamples_scored_at_once_are_those_scored_alone(scoring, resamples):
    scorer, weights = Scorer(*scoring), np.array(resamples, float)
    together = scorer.measures(weights)
    for row in range(len(weights)):
        alone = scorer.measures(weights[row : row + 1])
        assert together.keys() == alone.keys()
        for name, values in alone.items():
            np.testing.assert_allclose(together[name][row], values[0], rtol=1e-9, atol=1e-9, err_msg=name)


@given(scorings(), counts)
@settings(deadline=None, max_examples=40)
def test_a_resample_is_scored_as_its_prompts_repeated(scoring, drawn):
    answer, truth, overhead = scoring
    rows = np.repeat(np.arange(PROMPTS), drawn)
    again = Truth(
        **{
            **vars(truth),
            "samples": truth.samples[rows],
            "groups": truth.groups[rows],
            "round": truth.round[rows],
            "best": truth.best[rows],
            "best_of_kind": truth.best_of_kind[rows],
            "pairs": np.empty((0, 2), dtype=np.int64),
        }
    )
    repeated = Scorer(restrict(answer, rows), again, overhead)
    found = Scorer(*scoring).measures(np.array([drawn], float))
    for name, wanted in repeated.measures(np.ones((1, len(rows)))).items():
        # Shrinking takes its two variances from all prompts, whatever is drawn.
        if "oracle_shrunk" not in name and name not in WITH_UNDRAWN_PAIRS:
            np.testing.assert_allclose(found[name], wanted, rtol=1e-7, atol=1e-7, err_msg=name)
