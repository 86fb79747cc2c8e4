"""Names of points never cover each other, and a figure shows the heights where its curves are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catbench.figure import frame, label_places, outside_label

WIDE, HIGH = 400.0, 300.0
AROUND = {"below": (0.5, 1), "above": (0.5, 0), "right": (0, 0.5), "left": (1, 0.5)}
"""Place -> which part of the name is nearest to its point, across and up."""


def boxes(points, names, places):
    """Return the corners (left, low, right, high) of every name that is written, 6 by 10 a character."""
    found = {}
    for i, place in enumerate(places):
        if place:
            across, up = AROUND[place]
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
    assert label_places(points, ["a", "b", "c"], (WIDE, HIGH), (6, 10)) == ["below"] * 3
    assert label_places(np.array([[100.0, 5], [100, 295]]), ["a", "b"], (WIDE, HIGH), (6, 10)) == [
        "above",
        "below",
    ]


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
