"""Headroom captured: how much of what routing could gain a router does gain.

0 is the best that can be had without reading the prompt (the mixture), 1 the oracle. Ranking uses the
gain, which orders alike and needs no division.
"""

from __future__ import annotations

from math import nan


def gain(audc: float, mixture: float) -> float:
    """Return the area gained over the mixture, on the metric's scale."""
    return audc - mixture


def headroom(audc: float, mixture: float, oracle: float) -> float:
    """Return (AUDC - mixture) / (oracle - mixture) of three areas; nan where there is no headroom.

    The oracle knows the test scores, noise included, so the share is conservative.
    """
    room = oracle - mixture
    return (audc - mixture) / room if room > 1e-12 * max(1.0, abs(oracle)) else nan
