import numpy as np
import pytest

from catbench_make.nano.render import IMAGE_SIZE, RADII, RGB, cell_centre, render
from catbench_make.nano.world import BACKGROUNDS, CELLS, COLOURS, SHAPES, SIZES, Scene, Thing, empty

AREAS = {
    "circle": np.pi,
    "ring": np.pi * (1 - 0.52**2),
    "square": (2 * 0.86) ** 2,
    "cross": 4 * 0.6 - 0.6**2,
    "triangle": 1.85,
    "star": 10 * 0.5 * 0.42 * np.sin(np.pi / 5),
}
"""Areas at radius 1, by school geometry."""


def alone(thing, cell, background="gray"):
    return Scene(background, tuple(thing if c == cell else None for c in range(CELLS)))


def covered(thing, cell, seed):
    """Share of black over white in each pixel, from the red channel; the jitter of black is below 4%."""
    red = render(alone(thing, cell, "white"), seed)[..., 0] / 255
    ground = red.max()
    return (ground - red) / (ground - RGB["black"][0])


def test_same_seed_same_picture_other_seed_other_jitter():
    scene = alone(Thing("big", "red", "star"), 4)
    assert np.array_equal(render(scene, 1), render(scene, 1))
    assert not np.array_equal(render(scene, 1), render(scene, 2))
    assert render(scene).shape == (IMAGE_SIZE, IMAGE_SIZE, 3)
    assert render(scene).dtype == np.uint8


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_an_empty_scene_is_one_colour_near_its_name(background):
    picture = render(empty(background))
    assert (picture == picture[0, 0]).all()
    assert np.abs(picture[0, 0] / 255 - RGB[background]).max() <= 0.035


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES)
def test_a_thing_covers_the_area_that_geometry_tells(shape, size):
    areas = [covered(Thing(size, "black", shape), 4, seed).sum() for seed in range(30)]
    assert np.mean(areas) == pytest.approx(AREAS[shape] * RADII[size] ** 2, rel=0.12)


@pytest.mark.parametrize("cell", range(CELLS))
def test_a_thing_stands_in_its_cell(cell):
    cover = covered(Thing("medium", "black", "circle"), cell, seed=3)
    rows, columns = np.mgrid[0:IMAGE_SIZE, 0:IMAGE_SIZE] + 0.5
    centre = (cover * columns).sum() / cover.sum(), (cover * rows).sum() / cover.sum()
    assert centre == pytest.approx(cell_centre(cell), abs=1.2)


def test_edges_are_smooth_and_inside_is_solid():
    cover = covered(Thing("big", "black", "circle"), 4, seed=0)
    edge = (cover > 0.05) & (cover < 0.95)
    assert 10 < edge.sum() < 60
    assert cover[16, 16] == pytest.approx(1, abs=0.05)


def test_no_two_colours_that_can_meet_look_alike():
    for background in BACKGROUNDS:
        for colour in COLOURS:
            if colour != background:
                assert np.abs(np.subtract(RGB[background], RGB[colour])).max() > 0.15, (background, colour)
