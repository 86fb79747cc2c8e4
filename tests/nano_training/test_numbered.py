import pytest

torch = pytest.importorskip("torch")

from catbench_make.nano.world import COLOURS, SHAPES, SIZES, Thing  # noqa: E402
from nano_training.pictures import answers_of, thing_number  # noqa: E402


def test_things_have_numbers_of_their_own():
    numbers = {
        thing_number(Thing(size, colour, shape)) for size in SIZES for colour in COLOURS for shape in SHAPES
    }
    assert numbers == set(range(len(SIZES) * len(COLOURS) * len(SHAPES)))
    assert thing_number(None) == -1


def test_answers_name_every_thing():
    thing = Thing("medium", "lime", "hourglass")
    shape, colour, size = answers_of(torch.tensor([thing_number(thing), -1]))
    assert (SHAPES[shape[0] - 1], COLOURS[colour[0]], SIZES[size[0]]) == (
        thing.shape,
        thing.colour,
        thing.size,
    )
    assert (shape[1], colour[1], size[1]) == (0, -100, -100)
