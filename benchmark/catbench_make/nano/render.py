"""Draws a scene as 32x32 pixels, anti-aliased, with a seeded jitter.

Each thing is a signed distance field (negative inside, in units of its radius); its coverage of a pixel is
the field in pixels, clipped to half a pixel around the edge, and things are painted over the background cell
by cell. The jitter moves, scales and tints every thing a little, so that a scene has many pictures and no two
renderings of one teach the same pixels. It depends on the scene's key and the seed alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

from catbench_make.nano.world import Scene

IMAGE_SIZE = 32
RADII = {"small": 3.2, "medium": 4.2, "big": 5.1}
"""Half the extent of a thing, in pixels; a cell is 10.67 pixels wide."""
RGB = {
    "red": (0.86, 0.10, 0.12),
    "orange": (0.98, 0.55, 0.08),
    "yellow": (0.98, 0.90, 0.15),
    "green": (0.10, 0.65, 0.20),
    "blue": (0.12, 0.25, 0.90),
    "purple": (0.58, 0.18, 0.78),
    "white": (0.98, 0.98, 0.98),
    "black": (0.03, 0.03, 0.03),
    "gray": (0.50, 0.50, 0.50),
    "pink": (0.98, 0.68, 0.78),
    "cyan": (0.30, 0.88, 0.95),
    "lime": (0.62, 0.93, 0.25),
    "brown": (0.42, 0.26, 0.14),
    "teal": (0.05, 0.48, 0.48),
    "beige": (0.90, 0.84, 0.68),
    "navy": (0.10, 0.13, 0.42),
}
"""Colour names as red, green, blue in [0, 1]."""

_SHIFT = 0.5
_SCALE = 0.04
_TINT = 0.03
_REACH = 7
"""No thing reaches further from its cell's centre, in pixels."""

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
    for cell, thing in scene.things:
        x, y = cell_centre(cell)
        near = np.s_[
            max(0, round(y) - _REACH) : round(y) + _REACH, max(0, round(x) - _REACH) : round(x) + _REACH
        ]
        x += _SHIFT * _signed(rng)
        y += _SHIFT * _signed(rng)
        radius = RADII[thing.size] * (1 + _SCALE * _signed(rng))
        field = _FIELDS[thing.shape]((_COLUMNS[near] - x) / radius, (_ROWS[near] - y) / radius) * radius
        cover = np.clip(0.5 - field, 0.0, 1.0)[..., None]
        picture[near] = (1 - cover) * picture[near] + cover * _tinted(thing.colour, rng)
    return np.round(picture * 255).astype(np.uint8)


def _signed(rng: random.Random) -> float:
    return 2 * rng.random() - 1


def _tinted(colour: str, rng: random.Random) -> Field:
    tint = [_TINT * _signed(rng) for _ in range(3)]
    return np.clip(np.array(RGB[colour]) + tint, 0.0, 1.0)


def _disc(x: Field, y: Field, radius: float = 1.0) -> Field:
    return np.hypot(x, y) - radius


def _box(x: Field, y: Field, width: float, height: float) -> Field:
    return np.maximum(np.abs(x) - width, np.abs(y) - height)


def _heart(x: Field, y: Field) -> Field:
    lobes = _disc(np.abs(x) - 0.48, y + 0.38, 0.52)
    return np.minimum(lobes, _HEART_TIP(x, y))


def _arch(x: Field, y: Field) -> Field:
    outer = np.where(y < 0, _disc(x, y, 0.95), np.maximum(np.abs(x) - 0.95, y - 0.9))
    inner = np.where(y < 0, _disc(x, y, 0.42), np.abs(x) - 0.42)
    return np.maximum(outer, -inner)


def _polygon(corners: list[tuple[float, float]]) -> Callable[[Field, Field], Field]:
    """Return the exact signed distance to a simple polygon (crossing number for the sign)."""
    a = np.array(corners)[:, :, None, None]
    b = np.roll(a, -1, axis=0)
    (ax, ay), (bx, by) = np.moveaxis(a, 1, 0), np.moveaxis(b, 1, 0)
    dx, dy = bx - ax, by - ay
    slope = np.divide(dx, dy, out=np.zeros_like(dx), where=dy != 0)

    def distance(x: Field, y: Field) -> Field:
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx**2 + dy**2), 0.0, 1.0)
        nearest = np.hypot(x - ax - along * dx, y - ay - along * dy).min(axis=0)
        crossed = ((ay > y) != (by > y)) & (x < ax + (y - ay) * slope)
        return np.where(crossed.sum(axis=0) % 2 == 1, -nearest, nearest)

    return distance


def _star(points: int, dent: float) -> list[tuple[float, float]]:
    """Return the corners of a star from the top: on the unit circle, and at radius `dent` between two."""
    radii = (1.0, dent) * points
    turn = pi / points
    return [(r * sin(turn * i), -r * cos(turn * i)) for i, r in enumerate(radii)]


_HEART_TIP = _polygon([(-0.93, -0.14), (0.0, -0.42), (0.93, -0.14), (0.0, 1.0)])
_FIELDS: dict[str, Callable[[Field, Field], Field]] = {
    "circle": _disc,
    "square": lambda x, y: _box(x, y, 0.86, 0.86),
    "triangle": _polygon([(0.0, -1.0), (1.0, 0.85), (-1.0, 0.85)]),
    "ring": lambda x, y: np.abs(_disc(x, y, 0.74)) - 0.26,
    "cross": lambda x, y: np.minimum(_box(x, y, 0.3, 1.0), _box(x, y, 1.0, 0.3)),
    "star": _polygon(_star(5, 0.40)),
    "heart": _heart,
    "diamond": _polygon([(0.0, -1.05), (0.8, 0.0), (0.0, 1.05), (-0.8, 0.0)]),
    "moon": lambda x, y: np.maximum(_disc(x, y), -_disc(x - 0.55, y, 0.82)),
    "arrow": _polygon([(0, -1), (0.95, 0.1), (0.32, 0.1), (0.32, 1), (-0.32, 1), (-0.32, 0.1), (-0.95, 0.1)]),
    "hourglass": _polygon([(-0.9, -1), (0.9, -1), (0.14, 0), (0.9, 1), (-0.9, 1), (-0.14, 0)]),
    "arch": _arch,
    "bar": lambda x, y: _box(x, y, 1.0, 0.36),
    "frame": lambda x, y: np.maximum(_box(x, y, 0.92, 0.92), -_box(x, y, 0.42, 0.42)),
}
