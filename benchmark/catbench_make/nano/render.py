"""Draws a scene as 32x32 pixels, anti-aliased, with a seeded jitter.

Each thing is a signed distance field (negative inside, in pixels); its coverage of a pixel is the field
clipped to half a pixel around the edge, and things are painted over the background cell by cell. The
jitter moves, scales and tints every thing a little, so that a scene has many pictures and no two
renderings of one teach the same pixels. It depends on the scene's key and the seed alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

from catbench_make.nano.world import CELLS, Scene

IMAGE_SIZE = 32
RADII = {"small": 2.5, "medium": 3.7, "big": 5.1}
"""Half the extent of a thing, in pixels; a cell is 10.67 pixels wide."""
RGB = {
    "red": (0.86, 0.10, 0.12),
    "orange": (0.98, 0.55, 0.08),
    "yellow": (0.98, 0.90, 0.15),
    "green": (0.10, 0.65, 0.20),
    "blue": (0.12, 0.25, 0.90),
    "purple": (0.55, 0.15, 0.70),
    "white": (0.98, 0.98, 0.98),
    "black": (0.03, 0.03, 0.03),
    "gray": (0.50, 0.50, 0.50),
    "pink": (0.98, 0.68, 0.78),
    "brown": (0.42, 0.26, 0.14),
    "teal": (0.05, 0.48, 0.48),
    "beige": (0.90, 0.84, 0.68),
    "navy": (0.10, 0.13, 0.42),
}
"""Colour names as red, green, blue in [0, 1]."""

_SHIFT = 0.5
_SCALE = 0.04
_TINT = 0.03

Field = npt.NDArray[np.float64]

_ROWS, _COLUMNS = np.mgrid[0:IMAGE_SIZE, 0:IMAGE_SIZE] + 0.5


def cell_centre(cell: int) -> tuple[float, float]:
    """Return (x, y) of a cell's centre in pixels, x to the right and y downwards."""
    row, column = divmod(cell, 3)
    width = IMAGE_SIZE / 3
    return (column + 0.5) * width, (row + 0.5) * width


def render(scene: Scene, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return the picture of a scene, uint8 (32, 32, 3), red, green, blue."""
    rng = random.Random(f"{scene.key} {seed}")
    picture = np.tile(_tinted(scene.background, rng), (IMAGE_SIZE, IMAGE_SIZE, 1))
    for cell in range(CELLS):
        thing = scene.cells[cell]
        if thing is None:
            continue
        x, y = cell_centre(cell)
        x += _SHIFT * _signed(rng)
        y += _SHIFT * _signed(rng)
        radius = RADII[thing.size] * (1 + _SCALE * _signed(rng))
        field = _FIELDS[thing.shape]((_COLUMNS - x) / radius, (_ROWS - y) / radius) * radius
        cover = np.clip(0.5 - field, 0.0, 1.0)[..., None]
        picture = (1 - cover) * picture + cover * _tinted(thing.colour, rng)
    return np.round(picture * 255).astype(np.uint8)


def _signed(rng: random.Random) -> float:
    return 2 * rng.random() - 1


def _tinted(colour: str, rng: random.Random) -> Field:
    tint = [_TINT * _signed(rng) for _ in range(3)]
    return np.clip(np.array(RGB[colour]) + tint, 0.0, 1.0)


def _circle(x: Field, y: Field) -> Field:
    return np.hypot(x, y) - 1


def _ring(x: Field, y: Field) -> Field:
    return np.abs(np.hypot(x, y) - 0.76) - 0.24


def _square(x: Field, y: Field) -> Field:
    return np.maximum(np.abs(x), np.abs(y)) - 0.86


def _cross(x: Field, y: Field) -> Field:
    x, y = np.abs(x), np.abs(y)
    return np.minimum(np.maximum(x - 0.3, y - 1), np.maximum(x - 1, y - 0.3))


def _polygon(corners: list[tuple[float, float]]) -> Callable[[Field, Field], Field]:
    """Return the exact signed distance to a simple polygon (crossing number for the sign)."""

    def distance(x: Field, y: Field) -> Field:
        nearest = np.full(x.shape, np.inf)
        inside = np.zeros(x.shape, dtype=bool)
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
            along = np.clip(along, 0.0, 1.0)
            nearest = np.minimum(nearest, np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)))
            if ay != by:
                inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
        return np.where(inside, -nearest, nearest)

    return distance


def _star(points: int, dent: float) -> list[tuple[float, float]]:
    """Return the corners of a star from the top: on the unit circle, and at radius `dent` between two."""
    radii = (1.0, dent) * points
    turn = pi / points
    return [(r * sin(turn * i), -r * cos(turn * i)) for i, r in enumerate(radii)]


_FIELDS: dict[str, Callable[[Field, Field], Field]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _polygon([(0.0, -1.0), (1.0, 0.85), (-1.0, 0.85)]),
    "ring": _ring,
    "cross": _cross,
    "star": _polygon(_star(5, 0.42)),
}
