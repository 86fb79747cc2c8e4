"""A matrix is complete, read-only and refuses what breaks a rule; what is read from it has the right sign."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from catbench import CatbenchError
from catbench.suite.info import Metric
from catbench.suite.pool import Candidate, Cost, Pool
from catbench.suite.simulate import Simulation, simulate


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=100, candidates=4, samples=3))[0]


def test_a_lower_is_better_metric_is_negated_once(matrix):
    for name, sign in (("simulated_score", 1), ("simulated_error", -1)):
        found = matrix.qualities(name, "test", matrix.pool())
        np.testing.assert_array_equal(found, sign * matrix.scores[name][matrix.rows("test")].astype(float))


def test_columns_follow_the_pool(matrix):
    pool = matrix.pool(candidates=["other-4", "sim-1"])
    every = matrix.qualities("simulated_score", "train", matrix.pool())
    np.testing.assert_array_equal(matrix.qualities("simulated_score", "train", pool), every[:, [3, 0]])
    np.testing.assert_array_equal(pool.cost, matrix.pool().cost[[3, 0]])


def test_pools_by_name(matrix):
    assert matrix.pool().ids == matrix.pool("heterogeneous").ids == ("sim-1", "sim-2", "other-3", "other-4")
    assert matrix.pool("homogeneous").ids == ("sim-1", "sim-2")
    named = replace(matrix, pools={"others": ("other-3", "other-4"), "both": ("sim-1", "other-3")})
    assert named.pool("homogeneous").ids == ("other-3", "other-4")
    with pytest.raises(CatbenchError, match="did you mean 'homogeneous'"):
        matrix.pool("homogenous")
    alone = replace(matrix, candidates=tuple(c.model_copy(update={"model": ""}) for c in matrix.candidates))
    with pytest.raises(CatbenchError, match=r"suite .+ has no two candidates of one model"):
        alone.pool("homogeneous")


def test_a_pool_of_the_candidates_with_a_price(matrix):
    some = [
        Cost(candidate=name, unit="usd", value=place + 1) for place, name in enumerate(("other-4", "sim-1"))
    ]
    partial = replace(matrix, costs=(*some, *matrix.costs))
    assert partial.pool("priced:usd").ids == ("sim-1", "other-4")
    assert partial.pool("priced:usd").cost.tolist() == [2, 1]
    assert partial.pool("priced:usd", cost="tflops").unit == "tflops"
    assert partial.pool("priced:tflops").ids == partial.candidate_ids
    assert (partial.pool().unit, partial.pool("priced:usd").unit) == ("tflops", "usd")
    with pytest.raises(
        CatbenchError, match=r"'sim-2' has no cost in 'usd' \(nor has 1 other\): .*'priced:usd'"
    ):
        partial.pool(cost="usd")
    with pytest.raises(CatbenchError, match="unknown cost 'eur'"):
        partial.pool("priced:eur")
    two = [cost.model_copy(update={"hardware": name}) for name in ("A100", "H100") for cost in some]
    machines = replace(matrix, costs=(*matrix.costs, *two[:3]))
    assert machines.pool("priced:usd@H100").ids == ("other-4",)
    with pytest.raises(CatbenchError, match="name one of usd@A100, usd@H100"):
        machines.pool("priced:usd")
    own = replace(partial, pools={"priced:usd": ("sim-2",)})
    assert own.pool("priced:usd").ids == ("sim-2",)


def test_near_names_are_suggested_whatever_their_case(matrix):
    with pytest.raises(CatbenchError, match="did you mean 'other-4'"):
        matrix.pool(candidates=["OTHER-4"])


def test_prompts_handed_out_hold_only_texts_and_features(matrix):
    rows = matrix.rows("test")
    prompts = matrix.texts(rows)
    assert list(prompts) == matrix.prompts["text"].iloc[rows].tolist()
    np.testing.assert_array_equal(prompts.features["words"], matrix.features["words"][rows])
    assert not vars(prompts).keys() & {"prompt_id", "split", "group", "source", "scores"}


def test_scores_are_kept_in_single_precision(matrix):
    double = {name: scores.astype(np.float64) for name, scores in matrix.scores.items()}
    assert {scores.dtype for scores in replace(matrix, scores=double).scores.values()} == {np.dtype("f4")}


def given_arrays(matrix):
    return {
        part: {name: np.array(array) for name, array in getattr(matrix, part).items()}
        for part in ("scores", "features")
    }


def test_a_matrix_leaves_what_it_is_given_alone_and_keeps_its_own(matrix):
    given, before = given_arrays(matrix), given_arrays(matrix)
    frame, samples, pools = matrix.prompts, dict(matrix.samples), {"one": ["sim-1"]}
    made = replace(matrix, **given, prompts=frame, samples=samples, pools=pools)
    for part, arrays in given.items():
        for name, array in arrays.items():
            array[:] = 7  # the caller's array can still be written to, and the matrix does not see it
            np.testing.assert_array_equal(getattr(made, part)[name], before[part][name])
    texts = made.prompts["text"].tolist()
    frame.loc[0, "text"], frame["more"] = "another", 1
    samples["test"], pools["one"][0] = 1, "sim-2"
    assert made.prompts["text"].tolist() == texts
    assert "more" not in made.prompts
    assert made.samples["test"] == matrix.samples["test"]
    assert made.pools["one"] == ("sim-1",)


def test_what_a_matrix_hands_out_changes_no_matrix(matrix):
    before = matrix.prompts["text"].tolist()
    for change in (
        lambda frame: frame.pop("group"),
        lambda frame: frame.insert(0, "first", 1),
        lambda frame: frame.__setitem__("text", "x"),
        lambda frame: frame.loc.__setitem__((0, "text"), "x"),
        lambda frame: setattr(frame, "columns", range(frame.shape[1])),
    ):
        change(matrix.prompts)
        assert matrix.prompts["text"].tolist() == before
        assert "first" not in matrix.prompts
    for mapping in (matrix.scores, matrix.features, matrix.samples, matrix.pools):
        with pytest.raises(TypeError):
            mapping["train"] = None
    for array in (*matrix.scores.values(), *matrix.features.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_what_is_read_only_already_is_shared(matrix):
    other = replace(matrix, pools={})
    for part in ("scores", "features"):
        for name, array in getattr(other, part).items():
            assert np.shares_memory(array, getattr(matrix, part)[name])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda matrix: pickle.loads(pickle.dumps(matrix))])
def test_a_copy_of_a_matrix_is_as_closed_as_the_matrix(matrix, copied):
    other = copied(matrix)
    assert other.prompts.equals(matrix.prompts)
    assert (other.pools, other.samples, other.costs) == (matrix.pools, matrix.samples, matrix.costs)
    np.testing.assert_array_equal(other.scores["simulated_score"], matrix.scores["simulated_score"])
    with pytest.raises(ValueError, match="read-only"):
        other.features["words"][0] = 0


def test_a_matrix_is_shown_in_one_line(matrix):
    assert repr(matrix) == (
        "ScoreMatrix('simulated': 100 prompts x 4 candidates, simulated_score, simulated_error)"
    )


def first(matrix, **values):
    prompts = matrix.prompts.copy()
    for column, value in values.items():
        prompts.loc[0, column] = value
    return {"prompts": prompts}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: first(m, prompt_id="sim-000001"), "prompt id 'sim-000001' appears twice"),
        (lambda m: first(m, split="dev"), "unknown split 'dev'"),
        (lambda m: {"prompts": m.prompts.assign(split="train")}, "no prompt in the validation split"),
        (lambda m: {"candidates": m.candidates[:1] * 4}, "candidate 'sim-1' appears twice"),
        (lambda m: {"pools": {"sim": ("sim-1", "sim-9")}}, "pool 'sim': unknown candidate 'sim-9'"),
        (lambda m: {"metrics": m.metrics[:1]}, "metrics"),
        (
            lambda m: {"samples": {"train": 3, "test": 3}},
            "no number of samples .* the validation split",
        ),
        (lambda m: {"samples": {"train": 3, "validation": 3, "test": 4}}, "4 samples in test, of 3"),
        (lambda m: {"candidates": m.candidates[:3], "pools": {}}, "not \\(prompt, candidate, sample\\)"),
        (lambda m: {"features": {"clip": np.zeros((5, 2), "f4")}}, "feature 'clip' has shape"),
        (lambda m: {"features": {"clip": np.full((100, 2), np.nan, "f4")}}, "'clip' has values that are not"),
    ],
)
def test_what_breaks_a_rule_is_refused(matrix, change, says):
    with pytest.raises(CatbenchError, match=says):
        replace(matrix, **change(matrix))


@pytest.mark.parametrize(
    "cost", [[1.0], [1.0, 0.0], [1.0, -2.0], [1.0, np.nan], [1.0, np.inf], [1.0, 1e300], [1.0, 1e-300]]
)
def test_a_pool_prices_every_candidate(cost):
    pair = Candidate(id="a"), Candidate(id="b")
    with pytest.raises(CatbenchError, match=r"one cost for each|candidate 'b' costs"):
        Pool("all", pair, np.array(cost), "usd", "clip")


def test_a_pool_keeps_its_own_read_only_prices():
    given = np.array([2.0, 1.0])
    pool = Pool("all", (Candidate(id="a"), Candidate(id="b")), given, "usd", "clip")
    given[:] = 9
    np.testing.assert_array_equal(pool.cost, [2, 1])
    assert pool.cheapest == 1
    with pytest.raises(ValueError, match="read-only"):
        pool.cost[0] = 3


@pytest.mark.parametrize("name", ["", "two words", "-x", "a/b", "a,b", "a:b"])
def test_ids_fit_into_options_and_file_names(name):
    with pytest.raises(ValueError, match="id"):
        Candidate(id=name)


def test_a_metric_is_called_by_its_label_where_it_has_one():
    assert (Metric(name="clip").title, Metric(name="clip", label="CLIPScore").title) == ("clip", "CLIPScore")
