import numpy as np
import pytest

from catbench_make.nano.render import RADII, RGB, cell_centre, render
from catbench_make.nano.world import CELLS, COLOURS, SHAPES, Scene, Thing


def alone(shape, size="big", cell=4, colour="red", background="white"):
    return Scene(background, tuple(Thing(size, colour, shape) if at == cell else None for at in range(CELLS)))


def covered(scene, seed=0):
    """Where the picture is nearer to the thing's colour than to the background's, (32, 32)."""
    picture = render(scene, seed) / 255
    thing = next(iter(scene.things))[1]
    distances = [np.abs(picture - RGB[name]).sum(axis=2) for name in (thing.colour, scene.background)]
    return distances[0] < distances[1]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_thing_stays_within_its_radius_and_is_as_wide_or_as_high(shape):
    for size, radius in RADII.items():
        rows, columns = np.nonzero(covered(alone(shape, size)))
        assert len(rows) > 10
        extents = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert max(extents) == pytest.approx(2 * radius, abs=3)
        x, y = cell_centre(4)
        assert np.abs(rows + 0.5 - y).max() <= 1.1 * radius + 1
        assert np.abs(columns + 0.5 - x).max() <= 1.1 * radius + 1


def test_things_are_drawn_in_their_cell_even_at_the_border():
    for cell in range(CELLS):
        rows, columns = np.nonzero(covered(alone("diamond", "big", cell)))
        x, y = cell_centre(cell)
        assert columns.mean() + 0.5 == pytest.approx(x, abs=1)
        assert rows.mean() + 0.5 == pytest.approx(y, abs=1)


@pytest.mark.parametrize("size", RADII)
def test_shapes_and_colours_can_be_told_apart(size):
    masks = [covered(alone(shape, size)).astype(float) for shape in SHAPES]
    colours = [np.array(RGB[name]) for name in COLOURS]
    for row in range(len(masks)):
        for other in range(row):
            differing = np.abs(masks[row] - masks[other]).sum()
            assert differing >= 0.15 * max(masks[row].sum(), masks[other].sum()), (SHAPES[row], SHAPES[other])
    for row in range(len(colours)):
        for other in range(row):
            assert np.abs(colours[row] - colours[other]).sum() > 0.3, (COLOURS[row], COLOURS[other])


def test_a_scene_and_a_seed_give_one_picture():
    scene = alone("heart")
    assert np.array_equal(render(scene, 3), render(scene, 3))
    assert not np.array_equal(render(scene, 3), render(scene, 4))
    assert render(scene).shape == (32, 32, 3)
    assert render(scene).dtype == np.uint8
