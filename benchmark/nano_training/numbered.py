"""Things as numbers, and the answers that a recogniser should give of them."""

from __future__ import annotations

import torch

from catbench_make.nano.world import COLOURS, SHAPES, SIZES, Thing


def thing_number(thing: Thing | None) -> int:
    """Return a number for each possible thing, -1 for none: (shape, colour, size) in mixed radix."""
    if thing is None:
        return -1
    shape, colour, size = SHAPES.index(thing.shape), COLOURS.index(thing.colour), SIZES.index(thing.size)
    return (shape * len(COLOURS) + colour) * len(SIZES) + size


def answers_of(numbers: torch.Tensor) -> list[torch.Tensor]:
    """Return the right answers to each question in `HEADS`, int64 of the shape of `numbers`.

    `numbers` are `thing_number`'s, -1 where there is nothing: shape is then 0, colour and size are
    -100, torch's "ignore".
    """
    nothing = numbers < 0
    rest, size = numbers // len(SIZES), numbers % len(SIZES)
    shape, colour = rest // len(COLOURS) + 1, rest % len(COLOURS)
    return [
        shape.masked_fill(nothing, 0).long(),
        colour.masked_fill(nothing, -100).long(),
        size.masked_fill(nothing, -100).long(),
    ]
