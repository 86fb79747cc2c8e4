"""Names of points never cover each other, and a figure shows the heights where its curves are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catbench import evaluate, load
from catbench.errors import UsageError
from catbench.report.figure import curve_table, frame, gain_curve, label_places, outside_label, panels
from catbench.report.plot import plotly_figure, write_plot
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate

WIDE, HIGH = 400.0, 300.0
BELOW, ABOVE, RIGHT, LEFT = (0, -1), (0, 1), (1, 0), (-1, 0)


def boxes(points, names, places):
    """Return the corners (left, low, right, high) of every name that is written, 6 by 10 a character."""
    found = {}
    for i, place in enumerate(places):
        if place:
            across, up = (1 - np.array(place)) / 2  # the part of the name that is nearest to its point
            wide, gap = 6 * len(names[i]), 4 * (1 - 2 * np.array([across, up]))
            left, low = points[i] + gap * (np.array([across, up]) != 0.5) - [across * wide, up * 10]
            found[i] = left, low, left + wide, low + 10
    return found


@given(arrays(float, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 300).map(float)))
def test_names_cover_neither_each_other_nor_a_point_nor_the_frame(points):
    names = [f"candidate-{i}" for i in range(len(points))]
    placed = boxes(points, names, label_places(points, names, (WIDE, HIGH), (6, 10)))
    for i, (left, low, right, high) in placed.items():
        assert left >= 0
        assert low >= 0
        assert right <= WIDE
        assert high <= HIGH
        for j, point in enumerate(points):
            assert i == j or not (left < point[0] < right and low < point[1] < high)
        for j, (x0, y0, x1, y1) in placed.items():
            assert i == j or left >= x1 or x0 >= right or low >= y1 or y0 >= high


def test_every_point_is_named_where_there_is_room():
    points = np.array([[100.0, 100], [100, 200], [300, 150]])
    assert label_places(points, ["a", "b", "c"], (WIDE, HIGH), (6, 10)) == [BELOW] * 3
    assert label_places(np.array([[100.0, 5], [100, 295]]), ["a", "b"], (WIDE, HIGH), (6, 10)) == [
        ABOVE,
        BELOW,
    ]


def test_names_keep_off_lines_where_they_can():
    point, flat = np.array([[100.0, 100]]), np.array([[0.0, 95], [200, 95]])
    assert label_places(point, ["a"], (WIDE, HIGH), (6, 10), [flat]) == [ABOVE]
    everywhere = np.array([[0.0, y] for y in range(0, 300, 2)] + [[200.0, 0]])
    assert label_places(point, ["a"], (WIDE, HIGH), (6, 10), [everywhere]) != [None]


def test_where_one_name_has_room_the_first_point_gets_it():
    points, names = np.array([[30.0, 7], [80, 7]]), ["candidate1", "candidate2"]
    assert label_places(points, names, (120, 14), (4, 10)) == [RIGHT, None]
    assert label_places(points[::-1], names, (120, 14), (4, 10)) == [LEFT, None]


def test_a_frame_holds_the_curves_and_the_candidates_near_them():
    low, high, outside = frame([0.8, 0.9, np.nan], [0.76, 0.91, 0.1])
    assert outside == 1
    assert 0.7 < low < 0.76
    assert 0.91 < high < 0.95
    assert outside_label(outside) == "1 candidate outside"
    assert outside_label(0) == ""


def test_a_frame_of_one_height_has_some_height():
    low, high, outside = frame([2.0, 2.0], [2.0])
    assert low < 2 < high
    assert outside == 0


@pytest.fixture(scope="module")
def reports(simulated):
    matrix = load(simulated)
    return [evaluate("ridge", matrix, by="words", bootstrap=Bootstrap(count)) for count in (40, 0)]


def test_a_gain_lies_in_its_band_and_is_above_0_where_the_router_is_better(reports):
    report, _ = reports
    for position, result in enumerate(report.results):
        if result.slice != "all":  # which has no curve
            continue
        gain = gain_curve(report, position)
        assert len(gain.cost) == len(gain.low) == 17
        assert (gain.cost[0], gain.cost[-1]) == (result.curve.cost[0], result.curve.cost[-1])
        assert gain.quality[0] == pytest.approx(0, abs=2e-6)  # every curve starts at the cheapest candidate
        assert max(gain.quality) > 0
        assert min(np.subtract(gain.high, gain.low)) >= 0
        assert max(np.abs(gain.low)) > 0


def test_without_replicates_a_gain_has_no_band(reports):
    gain = gain_curve(reports[1], 0)
    assert gain.low == gain.high == []
    assert len(gain.cost) == 33


def test_the_table_of_curves_holds_what_the_report_does(reports):
    table = curve_table(reports[0])
    assert len(table) == 33 * 2  # two metrics; slices have no curve
    result = reports[0].result("simulated_error")
    rows = table[table["metric"] == "simulated_error"]
    for name, wanted in (
        ("cost", result.curve.cost),
        ("quality", result.curve.quality),
        ("low", result.curve.low),
        ("high", result.curve.high),
        ("mixture", result.reference_curves["mixture"]),
        ("oracle", result.reference_curves["oracle"]),
    ):
        assert rows[name].tolist() == wanted, name
    np.testing.assert_allclose(rows["gain"], rows["mixture"] - rows["quality"], atol=2e-6)  # lower is better
    assert rows["gain_low"].notna().sum() == 17
    assert not curve_table(reports[1])[["low", "high", "gain_low", "gain_high"]].notna().any(axis=None)


def test_prices_that_a_report_cannot_tell_apart_have_a_table_too():
    matrix = simulate(Simulation(prompts=100, candidates=3))[0]
    close = [cost.model_copy(update={"value": 1 + 1e-6 * number}) for number, cost in enumerate(matrix.costs)]
    report = evaluate("ridge", replace(matrix, costs=tuple(close)), bootstrap=Bootstrap(10))
    table = curve_table(report)
    assert table["cost"].nunique() < len(table)
    assert table["cost"].tolist() == [cost for result in report.results for cost in result.curve.cost]


def test_a_figure_shows_the_gain_below_the_curve(reports):
    described = panels(reports)
    assert [series.name for series in described[0].gains] == ["ridge", "ridge"]
    figure = plotly_figure(described)
    below = [trace for trace in figure.data if trace.yaxis == f"y{len(described) + 1}"]
    assert {tuple(trace.y) for trace in below} >= {
        tuple(series.curve.quality) for series in described[0].gains
    }
    axes = [axis.type for axis in figure.select_xaxes()]
    assert axes == ["log"] * (2 * len(described))


def test_a_price_that_no_axis_holds_is_refused_with_the_candidate(reports, tmp_path):
    first = reports[0].results[0]
    absurd = first.model_copy(update={"costs": [*first.costs[:-1], 1e300]})
    with pytest.raises(UsageError, match=r"other-3 costs 1e\+300"):
        write_plot([reports[0].model_copy(update={"results": (absurd,)})], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
