"""What a fitted router is worth on prompts that were scored later."""

from __future__ import annotations

import pandas as pd
import pytest

import catbench
from catbench.errors import SuiteError
from catbench.suite.simulate import Simulation, simulate
from catbench.use.later_scores import later_scores


def rows_of(matrix):
    """Return a matrix as a table of prompt, candidate, sample and score."""
    scores = matrix.scores["simulated_score"]
    prompts = matrix.prompts
    return pd.DataFrame(
        [
            (prompts["prompt_id"][i], prompts["text"][i], name, s, float(scores[i, m, s]))
            for i in range(len(prompts))
            for m, name in enumerate(matrix.candidate_ids)
            for s in range(scores.shape[2])
        ],
        columns=["prompt_id", "prompt", "candidate", "sample", "simulated_score"],
    )


@pytest.fixture(scope="module")
def later():
    """Prompts of the same population that the router never saw."""
    return simulate(Simulation(prompts=400, candidates=3, samples=2, seed=9))[0]


def test_it_is_the_report_of_its_answers_on_those_prompts(fitted, later, tmp_path):
    rows_of(later).to_csv(tmp_path / "later.csv", index=False)
    router = fitted["ridge"]
    found = later_scores(router, tmp_path / "later.csv")
    predicted = router.answer(list(later.prompts["text"])).predicted
    quality = later.scores["simulated_score"].astype(float).mean(axis=2)
    curve = catbench.deferral_curve(predicted, quality, router.pool.cost)
    audc = curve.area_log(router.pool.cost.min(), router.pool.cost.max())
    assert found.prompts == 400
    # In folds, each of which spends as much: not quite the curve of all prompts at once.
    assert found.report.result().estimate("audc").value == pytest.approx(audc, rel=1e-3)
    assert 0 < found.budget_error < 0.25
    assert found.unlike < 0.05 * 400


def test_prompts_that_would_all_be_of_one_split_are_scored_all(fitted, tmp_path):
    matrix, _ = simulate(Simulation(prompts=1500, candidates=3, samples=2, seed=9))
    table = rows_of(matrix)
    of_test = set(matrix.prompts["prompt_id"][matrix.rows("test")])
    table[table["prompt_id"].isin(of_test)].to_csv(tmp_path / "later.csv", index=False)
    assert later_scores(fitted["ridge"], tmp_path / "later.csv").prompts == len(of_test)


def test_the_command_says_the_verdict(command, folders, later, tmp_path):
    table = rows_of(later).assign(another=1.0)
    more = table[table["candidate"] == "sim-1"].assign(candidate="a-new-one")
    pd.concat([table, more]).to_csv(tmp_path / "later.csv", index=False)
    said = command("route", folders / "ridge", "--report", tmp_path / "later.csv")
    assert said.code == 0, said.err
    assert "always drawing with" in said.out
    assert "budget error" in said.out
    assert "give it alone" in command("route", folders / "ridge", "--report", "x.csv", "--budget", "9").err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop(columns="simulated_score"), "no column 'simulated_score'"),
        (lambda t: t[t["candidate"] != "sim-2"], "no score of candidate 'sim-2', which the router chooses"),
    ],
)
def test_a_table_that_lacks_something(fitted, later, tmp_path, change, says):
    change(rows_of(later)).to_csv(tmp_path / "later.csv", index=False)
    with pytest.raises(SuiteError, match=says):
        later_scores(fitted["ridge"], tmp_path / "later.csv")
