"""Names of points never cover each other, and a figure shows the heights where its curves are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.figure import Figure

from catbench import evaluate, load
from catbench.errors import UsageError
from catbench.report.axes import name_points
from catbench.report.figure import FixedPoint, curve_table, frame, gain_curve, outside_label, panels
from catbench.report.plot import plotly_figure, write_plot
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate

WIDE, HIGH = 400, 300


def boxes(points, names, lines=(), size=(WIDE, HIGH)):
    """Return the box of every name that is written beside points in a plane of this size in pixels."""
    axis = Figure(figsize=np.divide(size, 100), dpi=100).add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, size[0]), ylim=(0, size[1]))
    for line in lines:
        axis.plot(*np.transpose(line))
    name_points(axis, [FixedPoint(name, *point) for name, point in zip(names, points, strict=True)], 5)
    return {text.get_text(): text.get_window_extent() for text in axis.texts}


@settings(max_examples=25)
@given(arrays(float, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 300).map(float)))
def test_names_cover_neither_each_other_nor_a_point_nor_the_frame(points):
    names = [f"candidate-{i}" for i in range(len(points))]
    placed = boxes(points, names)
    for name, box in placed.items():
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= WIDE
        assert box.y1 <= HIGH
        others = [i for i in range(len(points)) if names[i] != name]
        assert not box.count_contains(points[others])
        assert not box.count_overlaps([other for one, other in placed.items() if one != name])


def test_every_point_is_named_where_there_is_room():
    points = [(100.0, 100.0), (100.0, 200.0), (300.0, 150.0)]
    placed = boxes(points, "abc")
    assert all(placed[name].y1 < point[1] for name, point in zip("abc", points, strict=True))
    low, high = boxes([(100.0, 5.0), (100.0, 295.0)], "ab").values()
    assert low.y0 > 5
    assert high.y1 < 295


def test_a_name_is_clear_of_its_neighbours():
    alone = boxes([(100.0, 100.0)], "a")["a"]
    reach = alone.y0 - 3.5  # a point whose mark ends half a pixel below the name
    near = boxes([(100.0, 100.0), (100.0, reach)], ["a", ""])["a"]
    assert near.y0 > 100


def test_names_keep_off_lines_where_they_can():
    assert boxes([(100.0, 100.0)], "a", [[(0, 92), (400, 92)]])["a"].y0 > 100
    everywhere = [(x, y) for y in range(0, 300, 2) for x in (0, 400)]
    assert boxes([(100.0, 100.0)], "a", [everywhere])


def test_where_one_name_has_room_the_first_point_gets_it():
    points, names = [(30.0, 7.0), (80.0, 7.0)], ["candidate1", "candidate2"]
    assert list(boxes(points, names, size=(120, 14))) == ["candidate1"]
    assert list(boxes(points[::-1], names, size=(120, 14))) == ["candidate1"]


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
    assert [series.name for series in described[0].gains[1:]] == ["ridge", "ridge"]
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
