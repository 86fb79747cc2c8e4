"""Paired differences of two reports."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import CatbenchError, Report, compare, evaluate, load
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

DRAWS = Bootstrap(200)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite") / "simulated"
    save(simulate(Simulation(prompts=800, candidates=4))[0], folder)
    return load(folder)


@pytest.fixture(scope="module")
def reports(matrix):
    return {name: evaluate(name, matrix, bootstrap=DRAWS) for name in ("ridge", "mixture", "fixed:sim-2")}


def test_a_difference_is_the_difference_of_the_reports(matrix, reports):
    one, other = reports["ridge"], reports["mixture"]
    for found in compare(one, other, matrix):
        a, b = one.result(found.metric), other.result(found.metric)
        for name in ("audc", "headroom", "peak"):
            wanted = a.estimate(name).value - b.estimate(name).value
            assert found.estimate(name).value == pytest.approx(wanted, abs=3e-6)
        wanted = a.estimate("quality_at", "sim-2").value - b.estimate("quality_at", "sim-2").value
        assert found.estimate("quality_at", "sim-2").value == pytest.approx(wanted, abs=3e-6)
        np.testing.assert_allclose(
            found.curve.quality, np.subtract(a.curve.quality, b.curve.quality), atol=3e-6
        )


def test_a_paired_interval_is_narrower_than_an_unpaired_one(matrix, reports):
    found = compare(reports["ridge"], reports["mixture"], matrix)[0].measures["audc"]
    alone = [reports[name].result().estimate("audc") for name in ("ridge", "mixture")]
    unpaired = np.hypot(*[estimate.high - estimate.low for estimate in alone])
    assert found.high - found.low < 0.8 * unpaired
    assert found.low > 0


def test_a_router_does_not_differ_from_itself(matrix, reports):
    for found in compare(reports["ridge"], reports["ridge"], matrix):
        assert (found.measures["audc"].value, found.measures["audc"].low, found.measures["audc"].high) == (
            0,
            0,
            0,
        )


def test_a_saved_report_compares_as_the_one_in_memory(matrix, reports, tmp_path):
    reports["ridge"].save(tmp_path / "ridge.json")
    reports["fixed:sim-2"].save(tmp_path / "fixed.json")
    saved = [Report.read(tmp_path / name) for name in ("ridge.json", "fixed.json")]
    assert compare(*saved, matrix) == compare(reports["ridge"], reports["fixed:sim-2"], matrix)


def test_what_cannot_be_paired_is_refused(matrix, reports, tmp_path):
    ridge = reports["ridge"]
    with pytest.raises(CatbenchError, match="cannot be compared: pool is sim, not all"):
        compare(ridge, evaluate("ridge", matrix, pool="sim", bootstrap=DRAWS), matrix)
    with pytest.raises(CatbenchError, match="cost is seconds, not tflops"):
        compare(ridge, evaluate("ridge", matrix, cost="seconds", bootstrap=DRAWS), matrix)
    with pytest.raises(CatbenchError, match="draws is"):
        compare(ridge, evaluate("ridge", matrix, bootstrap=Bootstrap(200, 1)), matrix)
    with pytest.raises(CatbenchError, match="no metric of it is among"):
        compare(
            ridge.model_copy(update={"results": ridge.results[:1]}),
            ridge.model_copy(update={"results": ridge.results[1:]}),
            matrix,
        )
    ridge.save(tmp_path / "ridge.json")
    (tmp_path / "ridge.predictions.parquet").unlink()
    with pytest.raises(CatbenchError, match="no predictions"):
        compare(Report.read(tmp_path / "ridge.json"), ridge, matrix)
    other = simulate(Simulation(prompts=800, candidates=4, seed=1))[0]
    with pytest.raises(CatbenchError, match="give the right folder"):
        compare(ridge, reports["mixture"], other)
