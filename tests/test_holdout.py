"""A candidate held out of training: hidden, then told by N labels, and scored in the whole pool."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from catbench import CatbenchError, evaluate
from catbench.errors import RouterError, UsageError
from catbench.report.trials import Trials
from catbench.route.holdout import HoldOut, held_out
from catbench.route.router_loader import find_router
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate

METRIC = "simulated_score"


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=400, candidates=3, samples=2))[0]


class Spy:
    """Predicts constants, and remembers what it was given."""

    seen: dict[str, object]

    def __init__(self, pool):
        Spy.seen = {"pool": pool}

    def fit(self, prompts, quality, validation):
        Spy.seen.update(train=quality, validation=validation)

    def add_candidate(self, prompts, quality):
        Spy.seen["added"] = list(prompts), quality

    def predict(self, prompts):
        return np.tile([0.1, 0.2, 0.7], (len(prompts), 1))


def run(matrix, router, candidate="other-3", labels=20, **options):
    hold_out = HoldOut(candidate, labels)
    return evaluate(router, matrix, metric=METRIC, bootstrap=Bootstrap(2), hold_out=hold_out, **options)


@pytest.mark.parametrize("router", ["uniroute", "embedllm", "mixture"])
def test_trials_hide_it_too(matrix, router):
    trials = Trials(2)
    rates = run(matrix, router, trials=trials).result().measures["win_rate"]
    assert rates.value[2] is not None

    class Refits(Spy):
        def refit(self, quality):
            raise AssertionError("it would see the hidden qualities")

    run(matrix, Refits, "sim-2", trials=trials)
    assert Spy.seen["train"].shape[1] == 2


def test_a_router_that_cannot_take_it_in_is_told_before_it_is_fitted(matrix):
    class Late:
        def __init__(self, pool):
            pass

        def fit(self, prompts, quality):
            raise AssertionError("fitted for nothing")

        def predict(self, prompts):
            raise AssertionError

    with pytest.raises(RouterError, match="cannot take in a candidate it never trained on"):
        run(matrix, Late)


def test_the_candidate_is_hidden_until_its_labels_are_given(matrix):
    report = run(matrix, Spy, "sim-2", 20)
    pool = matrix.pool(metric=METRIC)
    assert Spy.seen["pool"].ids == ("sim-1", "other-3")
    np.testing.assert_array_equal(Spy.seen["pool"].cost, pool.cost[[0, 2]])
    train = matrix.qualities(METRIC, "train", pool).mean(axis=2)
    np.testing.assert_array_equal(Spy.seen["train"], train[:, [0, 2]])
    texts, quality = Spy.seen["validation"]
    held = matrix.qualities(METRIC, "validation", pool).mean(axis=2)
    np.testing.assert_array_equal(quality, held[:, [0, 2]])
    names, labels = Spy.seen["added"]
    assert len(names) == 20
    assert set(zip(names, labels, strict=True)) <= set(zip(texts, held[:, 1], strict=True))
    assert "|hold-out:sim-2,labels=20" in report.signature
    # The last column that the router predicts is the new candidate's, wherever that stands in the pool.
    row = report.predictions.iloc[0]
    assert (row["sim-1"], row["sim-2"], row["other-3"]) == (0.1, 0.7, 0.2)


def test_the_labels_are_drawn_by_the_seed(matrix):
    drawn = [(run(matrix, Spy, seed=seed), Spy.seen["added"][0])[1] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("name", ["embedllm", "uniroute"])
def test_shipped_routers_that_can_beat_not_reading_the_prompt(name):
    matrix = simulate(Simulation(prompts=1500, candidates=3, samples=2, signal=2.0, noise=0.5))[0]
    result = run(matrix, name, labels=100).result()
    assert result.estimate("gain").value > 0


def test_a_router_that_cannot_is_told(matrix):
    with pytest.raises(RouterError, match=r"'ridge' cannot take in a candidate .* it has no add_candidate"):
        run(matrix, "ridge")
    with pytest.raises(RouterError, match="'fixed:sim-1' is a policy"):
        run(matrix, "fixed:sim-1")


@pytest.mark.parametrize(
    ("candidate", "labels", "options", "match"),
    [
        ("sim-9", 5, {}, "unknown candidate to hold out 'sim-9'"),
        ("other-3", 0, {}, "--labels 0: the validation split has from 1 to"),
        ("other-3", 10_000, {}, "--labels 10000: the validation split has from 1 to"),
        ("sim-1", 5, {"candidates": ["sim-1"]}, "no candidate beside 'sim-1'"),
    ],
)
def test_a_hold_out_that_cannot_be_is_told(matrix, candidate, labels, options, match):
    with pytest.raises(UsageError, match=match):
        run(matrix, "uniroute", candidate, labels, **options)


def test_a_router_that_forgets_the_new_column_is_told(matrix):
    class Forgetful(Spy):
        def predict(self, prompts):
            return np.zeros((len(prompts), 2))

    with pytest.raises(CatbenchError, match="needs 3 columns, the new candidate's last"):
        run(matrix, Forgetful)


def test_a_router_with_a_candidate_held_out_can_be_copied(matrix):
    pool = matrix.pool(metric=METRIC)
    made = held_out(find_router("mixture"), HoldOut("sim-2", 5)).make(pool)
    for copied in (copy.deepcopy(made), copy.copy(made), pickle.loads(pickle.dumps(made))):
        assert vars(copied).keys() == vars(made).keys()


def test_what_a_router_says_of_its_flops_is_passed_on(matrix):
    class Counted(Spy):
        flops_per_prompt, encoder_flops_per_prompt = 7.0, 11.0

    pool = matrix.pool(metric=METRIC)
    told = held_out(find_router(Counted), HoldOut("sim-2", 5)).make(pool)
    assert (told.flops_per_prompt, told.encoder_flops_per_prompt) == (7.0, 11.0)
    silent = held_out(find_router(Spy), HoldOut("sim-2", 5)).make(pool)
    assert (silent.flops_per_prompt, silent.encoder_flops_per_prompt) == (None, None)


def test_a_table_is_read_by_name_here_too(matrix):
    class Named(Spy):
        def predict(self, prompts):
            return pd.DataFrame({"sim-2": 0.7, "other-3": 0.2, "sim-1": 0.1}, index=range(len(prompts)))

    row = run(matrix, Named, "sim-2").predictions.iloc[0]
    assert (row["sim-1"], row["sim-2"], row["other-3"]) == (0.1, 0.7, 0.2)


def test_the_command_takes_both_options_or_none(command, simulated):
    outcome = command("evaluate", "uniroute", "--suite", simulated, "--hold-out", "sim-2")
    assert outcome.code == 2
    assert "--hold-out CANDIDATE and --labels N go together" in outcome.err
    outcome = command(
        "evaluate", "mixture", "--suite", simulated, "--hold-out", "sim-2", "--labels", 9, "--replicates", 2
    )
    assert outcome.code == 0
    assert "hold-out:sim-2,labels=9" in outcome.out
