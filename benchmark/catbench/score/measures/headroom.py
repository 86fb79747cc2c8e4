"""Headroom captured: how much of what routing could gain a router does gain.

0 is the best that can be had without reading the prompt (the mixture), 1 the oracle. Ranking uses the
gain, which orders alike and needs no division.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats


def gain(audc: Floats, mixture: Floats) -> Floats:
    """Return the area gained over the mixture, on the metric's scale."""
    return audc - mixture


def headroom(audc: Floats, mixture: Floats, oracle: Floats) -> Floats:
    """Return (AUDC - mixture) / (oracle - mixture) of three areas; nan where there is no headroom.

    The oracle knows the test scores, noise included, so the share is conservative.
    """
    room = np.asarray(oracle - mixture)
    known = room > 1e-12 * np.maximum(1.0, np.abs(oracle))
    return np.divide(audc - mixture, room, out=np.full(room.shape, np.nan), where=known)
