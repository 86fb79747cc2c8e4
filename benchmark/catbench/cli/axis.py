"""The option that says which cost axis an area is shown on."""

from __future__ import annotations

from enum import StrEnum


class Axis(StrEnum):
    """Cost axis of an area: each doubling of a budget counts alike, or each unit of cost."""

    LOG = "log"
    LINEAR = "linear"
