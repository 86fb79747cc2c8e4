"""Leaks planted in a suite are found, told, and taken out without moving a test prompt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from catbench.paper.published import TABLE1_CANDIDATES, TABLE2_CANDIDATES
from catbench.suite.info import SuiteInfo
from catbench_make.costs.flop_table import shipped_costs
from catbench_make.prompts import paper_suites as paper
from catbench_make.prompts.check_plot import similarity_bins, write_check_plot
from catbench_make.prompts.leaks import parted_pairs, without_leaks
from catbench_make.prompts.prompt_check import Other, check
from catbench_make.verbs.prompt_tables import print_check

PLANTED = [
    ("a red cat on a small chair", "train"),
    ("A red  cat on a small chair", "test"),  # equal to the first
    ("a red cat on a small table", "test"),  # near to both
    ("seven green boats", "train"),
    ("seven green boats sail", "validation"),  # near to the fourth
    ("seven green boats sail away", "test"),  # near to the fifth and the fourth
    ("nothing like the others", "train"),
    ("nothing like the others here", "train"),  # near, but in the same split
]


@pytest.fixture
def prompts():
    texts, splits = zip(*PLANTED, strict=True)
    ids = [f"p{row}" for row in range(len(texts))]
    return pd.DataFrame({"prompt_id": ids, "text": texts, "source": "s", "group": ids, "split": splits})


@pytest.fixture
def found(prompts, embeddings, quiet):
    return check(prompts, embeddings(prompts["text"].tolist(), quiet), 0.75)


def pairs(found):
    return sorted(zip(found["a"].tolist(), found["b"].tolist(), strict=True))


def test_equal_and_near_pairs_across_splits_are_found_and_no_others(found):
    assert pairs(found.exact) == [(0, 1)]
    assert pairs(found.similar) == [(0, 2), (3, 4), (3, 5), (4, 5)]
    assert found.leaks == 5


def test_a_training_prompt_goes_then_a_validation_one_and_never_a_test_one(prompts, embeddings, quiet):
    splits = prompts["split"].tolist()
    leaks = parted_pairs(embeddings(prompts["text"].tolist(), quiet), splits, 0.75)
    assert without_leaks(leaks, splits).tolist() == [False, True, True, False, False, True, True, True]


def test_a_training_prompt_stays_where_its_only_neighbour_goes(embeddings, quiet):
    texts = ["one two three four five", "two three four five six", "three four five six seven"]
    splits = ["train", "validation", "test"]
    leaks = parted_pairs(embeddings(texts, quiet), splits, 0.75)
    assert without_leaks(leaks, splits).tolist() == [True, False, True]


def test_the_record_names_pairs_lengths_and_words(found):
    record = found.record()
    assert record["splits"] == {"train": 4, "validation": 1, "test": 3}
    assert record["exact_across_splits"] == [
        {"prompts": ["p0", "p1"], "splits": ["train", "test"], "similarity": 1.0}
    ]
    assert record["length"]["validation"] == {"least": 4, "median": 4, "95%": 4, "most": 4, "mean": 4}
    # Training has 18 words; of validation's four it lacks `sail`.
    assert record["vocabulary"]["validation"] == {"words": 4, "distinct": 4, "unseen": 0.25}
    assert record["beyond_clip_window"] is None


def test_the_statistics_fit_into_a_terminal_of_80_columns(found, capsys, monkeypatch):
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    print_check(found, "made")
    printed = capsys.readouterr().out
    assert "validation" in printed
    assert "…" not in printed


def test_another_set_is_compared_prompt_by_prompt(prompts, embeddings, quiet):
    texts = ("Nothing like the others", "seven green boats sail away today", "unheard")
    vectors = embeddings(prompts["text"].tolist(), quiet)
    found = check(prompts, vectors, 0.8, other=Other("file.txt", texts, embeddings(texts, quiet)))
    assert pairs(found.other_exact) == [(6, 0)]
    assert pairs(found.other_similar) == [(4, 1), (5, 1), (7, 0)]
    record = found.record()["against"]
    assert record["exact"][0] == {"prompt": "p6", "split": "train", "text": texts[0], "similarity": 1.0}
    assert (record["prompts"], record["test_prompts"]) == (3, 0)
    met = check(prompts, None, 0.8, other=Other("file.txt", (*texts, "A RED cat  on a small table"), None))
    assert (met.tested_elsewhere, met.parted, met.leaks) == (1, 1, 1)


def test_without_vectors_equal_texts_are_found_all_the_same(prompts):
    found = check(prompts, None, 0.75)
    assert (pairs(found.exact), found.similar, found.leaks) == ([(0, 1)], None, 1)


@pytest.mark.parametrize("near", [0.01, 0.75, 0.9, 1.0])
@pytest.mark.parametrize(
    ("size", "least", "most"), [(0, 12, 14), (29, 12, 14), (900, 30, 32), (10**6, 60, 62)]
)
def test_no_bar_of_the_histogram_straddles_what_is_near(near, size, least, most):
    edges = similarity_bins(near, size)
    assert near in edges
    assert edges[0] <= -0.2 + 1e-12
    assert edges[-1] == 1
    assert (np.diff(edges) > 0).all()
    assert least <= len(edges) - 1 <= most


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_findings_are_drawn(found, prompts, embeddings, quiet, tmp_path, form):
    vectors = embeddings(prompts["text"].tolist(), quiet)
    write_check_plot(found, vectors, tmp_path / f"a.{form}")
    assert (tmp_path / f"a.{form}").stat().st_size > 5000


def test_the_papers_suites_have_their_candidates_metrics_and_samples(prompts):
    problem = paper.paper_suite(SuiteInfo(id="coco"), prompts)
    assert problem.samples == {"train": 4, "validation": 4, "test": 4}
    assert [metric.name for metric in problem.metrics] == [
        "clip_score",
        "image_reward",
        "aesthetic",
        "sharpness",
    ]
    assert set(problem.pools["sdxl"]) < set(problem.pools["sdxl+"])
    assert {cost.candidate for cost in problem.costs} == set(problem.pools["sdxl+"])


def test_the_papers_candidates_are_those_of_its_tables_the_cheapest_first(prompts):
    problem = paper.paper_suite(SuiteInfo(id="coco"), prompts)
    ids = [candidate.id for candidate in problem.candidates]
    assert set(ids) == {*TABLE1_CANDIDATES, *TABLE2_CANDIDATES}
    prices = {cost.candidate: cost.value for cost in problem.costs if cost.unit == "tflops"}
    assert ids == sorted(ids, key=prices.__getitem__)


def test_the_bill_is_the_cost_table_times_the_images():
    tflops = {cost.candidate: cost.value for cost in shipped_costs() if cost.unit == "tflops"}
    total = sum(tflops[candidate.id] for candidate in paper.candidates())
    hours = 1000 * 4 * total / (989.4 / 3) / 3600
    assert paper.COCO_SUITE.drawing(1000).startswith(
        f"about {hours:,.0f} H100-hours for 12 candidates at 330"
    )
    assert hours > paper.device_hours(1000)  # of one table's candidates alone
