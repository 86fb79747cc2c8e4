"""What is read off a curve: heights, areas, costs to match, the hull."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial import ConvexHull

from catbench import CatbenchError, DeferralCurve
from catbench.score.curve import hull_curve


def curve_of(cost, quality):
    cost, quality = np.array(cost, float), np.array(quality, float)
    return DeferralCurve(cost, quality, np.append(np.inf, np.arange(len(cost) - 1, 0, -1.0)))


@st.composite
def curves(draw):
    size = draw(st.integers(1, 40))
    steps = draw(st.lists(st.floats(1e-3, 5), min_size=size, max_size=size))
    quality = draw(st.lists(st.floats(-20, 20), min_size=size, max_size=size))
    return curve_of(1 + np.cumsum(steps), quality)


def test_height_is_linear_between_vertices_and_flat_beyond_the_last():
    curve = curve_of([1, 3, 5], [0, 4, 2])
    np.testing.assert_allclose(curve.quality_at([1, 2, 3, 4, 5, 100]), [0, 2, 4, 3, 2, 2])


def test_nothing_can_be_had_below_the_cheapest():
    with pytest.raises(CatbenchError, match=r"no router can spend 0\.5"):
        curve_of([1, 2], [0, 1]).quality_at(0.5)


@given(curves(), st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None)
def test_areas_are_the_integrals_of_the_height(curve, a, b):
    low, high = sorted(curve.cost[0] + (curve.cost[-1] + 1 - curve.cost[0]) * np.array([a, b]))
    if high - low < 1e-6:
        return
    inside = curve.cost[(curve.cost > low) & (curve.cost < high)]
    linear, _ = quad(lambda c: float(curve.quality_at(c)), low, high, points=inside, limit=200)
    log, _ = quad(lambda c: float(curve.quality_at(c)) / c, low, high, points=inside, limit=200)
    assert curve.area(low, high) == pytest.approx(linear / (high - low), abs=1e-6)
    assert curve.area_log(low, high) == pytest.approx(log / np.log(high / low), abs=1e-6)


def test_a_log_area_worked_by_hand():
    # Q(c) = c on [1, e]: the integral of c d ln c is e - 1, over ln e = 1.
    assert curve_of([1, np.e], [1, np.e]).area_log(1, np.e) == pytest.approx(np.e - 1, rel=1e-14)


def test_a_log_area_keeps_its_precision_over_tiny_steps():
    cost = 1 + np.arange(100_001) * 1e-9
    curve = curve_of(cost, np.sin(np.arange(100_001)))
    assert curve.area_log(cost[0], cost[-1]) == pytest.approx(curve.area(cost[0], cost[-1]), abs=1e-9)


def test_an_area_of_no_width_is_the_height():
    assert curve_of([2], [7]).area(2, 2) == 7
    assert curve_of([2, 3], [7, 8]).area_log(2.5, 2.5) == 7.5


def test_an_area_needs_rising_ends():
    with pytest.raises(CatbenchError, match="low <= high"):
        curve_of([1, 2], [0, 1]).area(2, 1)


def test_cost_to_match_is_the_first_place_where_the_height_is_reached():
    curve = curve_of([1, 2, 3, 4], [0, 4, 1, 6])
    assert curve.cost_to_match(-1) == 1
    assert curve.cost_to_match(3) == 1.75
    assert curve.cost_to_match(4) == 2
    assert curve.cost_to_match(5) == pytest.approx(3.8)
    assert curve.cost_to_match(6.5) == np.inf


def test_a_quality_is_reached_within_rounding():
    curve = curve_of([1, 2], [0, 0.3])
    assert curve.cost_to_match(0.1 + 0.2) == 2  # 0.30000000000000004
    assert curve.cost_to_match(0.3 + 1e-9) == np.inf


@given(curves())
@settings(deadline=None)
def test_mixing_lifts_a_curve_onto_its_upper_hull(curve):
    hull = hull_curve(curve.cost, curve.quality)
    assert (hull.quality_at(curve.cost) >= curve.quality - 1e-9).all()
    slopes = np.diff(hull.quality) / np.diff(hull.cost)
    assert (slopes > 0).all()
    assert (np.diff(slopes) < 0).all()
    assert set(hull.cost) <= set(curve.cost)
    np.testing.assert_allclose(curve.mixed().quality, hull.quality_at(curve.cost))


def test_the_hull_of_many_points_is_qhull_s():
    random = np.random.default_rng(0)
    cost = np.sort(random.uniform(1, 2, 5000))
    quality = np.sqrt(cost) + random.normal(0, 0.1, 5000)
    vertices = ConvexHull(np.column_stack([cost, quality])).vertices
    best = quality.argmax()
    upper = sorted(
        v
        for v in vertices
        if v <= best and quality[v] >= np.interp(cost[v], cost[[0, best]], quality[[0, best]]) - 1e-12
    )
    np.testing.assert_allclose(hull_curve(cost, quality).cost, cost[upper])


def test_the_hull_takes_points_in_any_order_and_the_best_of_equally_dear_ones():
    hull = hull_curve(np.array([3.0, 1.0, 1.0, 3.0]), np.array([5.0, 2.0, 1.0, 6.0]))
    assert hull.cost.tolist() == [1, 3]
    assert hull.quality.tolist() == [2, 6]
