"""The shipped matrix comes out of the shipped weights again."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench import evaluate, load
from catbench.score.bootstrap import Bootstrap
from catbench_make.drawing.generation import Plan, generate

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def as_shipped(again):
    """Hold a matrix that was just made against the shipped one, on the prompts and candidates that it has."""
    shipped = load("nano")
    rows = [shipped.prompts["prompt_id"].tolist().index(name) for name in again.prompts["prompt_id"]]
    columns = [shipped.candidate_ids.index(name) for name in again.candidate_ids]
    for metric, scores in again.scores.items():
        differences = np.abs(scores - shipped.scores[metric][rows][:, columns, : scores.shape[2]])
        # A pixel that is rounded the other way moves a score a little; a thing that is hardly there may
        # be seen or not.
        known = differences[np.isfinite(differences)]
        assert known.size == np.isfinite(scores).sum()
        assert np.median(known) < 1e-4
        assert (known < 0.02).mean() > 0.99


def test_the_shipped_scores_are_those_of_the_shipped_weights(tmp_path):
    again = load(generate(Plan.of("nano", limit=3, samples=1), tmp_path, batch=64).suite)
    assert again.candidate_ids == load("nano").candidate_ids
    as_shipped(again)


@pytest.mark.slow
@pytest.mark.parametrize("candidate", load("nano").candidate_ids)
def test_every_shipped_score_of_a_candidate_is_that_of_its_shipped_weights(candidate, tmp_path):
    plan = Plan.of("nano", candidates=[candidate])
    again = load(generate(plan, tmp_path, batch=64).suite)
    assert len(again.prompts) == len(load("nano").prompts)
    as_shipped(again)


def test_a_fresh_test_set_stands_beside_the_shipped_training_prompts(tmp_path):
    names = ["nano-turbo-1", "nano-p-2"]
    plan = Plan.of("nano", candidates=names, limit=3, samples=2, fresh_test=5)
    fresh, shipped = load(generate(plan, tmp_path).suite), load("nano")
    columns = [shipped.candidate_ids.index(name) for name in names]
    for split in ("train", "validation"):
        rows, known = fresh.rows(split), shipped.rows(split)
        assert fresh.prompts["text"].iloc[rows].tolist() == shipped.prompts["text"].iloc[known].tolist()
        depth = shipped.samples[split]
        assert fresh.samples[split] == depth
        for metric, scores in fresh.scores.items():
            assert (scores[rows, :, :depth] == shipped.scores[metric][known][:, columns, :depth]).all()
        assert (fresh.features["nano-clip"][rows] == shipped.features["nano-clip"][known]).all()
    assert len(fresh.rows("test")) == 3
    assert fresh.samples["test"] == 2
    assert not set(fresh.prompts["text"].iloc[fresh.rows("test")]) & set(shipped.prompts["text"])
    report = evaluate("mixture", fresh, bootstrap=Bootstrap(20))
    assert report.result().prompts == 3
