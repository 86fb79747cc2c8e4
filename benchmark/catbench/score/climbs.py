"""The steps by which each prompt climbs from the cheapest candidate to the best predicted one.

They are the edges of the upper concave hull of the points (c[m], γ̂[i, m]) of prompt i: a monotone chain over
candidates of rising cost (Andrew 1979), run for all prompts at once: a stack a prompt, kept as links to the
vertex before.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, Ints


def climbs(predicted: Floats, cost: Floats) -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """Return every step of every prompt's hull, in no order, and where each prompt starts.

    Of predictions (n, M) at costs (M,). A step is its prompt, the candidate left, the candidate taken, and
    the trade-off λ: predicted quality gained per cost. A start (n,) is the best predicted of the cheapest.
    """
    count = len(predicted)
    levels, level_of = np.unique(cost, return_inverse=True)
    columns = np.ascontiguousarray(predicted.T)
    best = np.empty((len(levels), count), dtype=np.int64)
    height = np.empty((len(levels), count))
    for level in range(len(levels)):
        members = np.flatnonzero(level_of == level)
        best[level] = members[columns[members].argmax(axis=0)]
        height[level] = columns[members].max(axis=0)

    # A vertex is a position in these flat arrays: its level times `count`, plus its prompt.
    x, y = np.repeat(levels, count), height.ravel()
    before, slope_into = np.empty(y.size, dtype=np.int64), np.empty(y.size)
    slope_into[:count] = np.nan  # at the base: nothing compares with it
    top, top_height = np.arange(count), height[0].copy()
    for level in range(1, len(levels)):
        rows = np.flatnonzero(height[level] > top_height)
        under, value = top.take(rows), height[level].take(rows)
        slope = (value - top_height.take(rows)) / (levels[level] - x.take(under))
        popped = np.flatnonzero(slope >= slope_into.take(under))
        while len(popped):
            lower = before.take(under.take(popped))
            steeper = (value.take(popped) - y.take(lower)) / (levels[level] - x.take(lower))
            under[popped], slope[popped] = lower, steeper
            popped = popped[steeper >= slope_into.take(lower)]
        here = rows + level * count
        before[here], slope_into[here] = under, slope
        top[rows], top_height[rows] = here, value

    steps: list[tuple[Ints, Ints]] = []
    vertex = top[top >= count]
    while len(vertex):
        lower = before.take(vertex)
        steps.append((lower, vertex))
        vertex = lower[lower >= count]
    if not steps:
        none = np.empty(0, np.int64)
        return none, none, none, np.empty(0), best[0]
    start, stop = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    return stop % count, best.take(start), best.take(stop), slope_into.take(stop), best[0]
