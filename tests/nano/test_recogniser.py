import numpy as np
import pytest

torch = pytest.importorskip("torch")

from catbench_make.nano.recogniser import Recogniser, scene_accuracy  # noqa: E402
from catbench_make.nano.world import Inventory, Scene, Thing  # noqa: E402

RED, BLUE = Thing("big", "red", "star"), Thing("small", "blue", "ring")


def showing(background="gray", **cells):
    return Scene(background, tuple(cells.get(f"at{cell}") for cell in range(9)))


@pytest.mark.parametrize(
    ("shown", "placed", "free"),
    [
        (showing(at0=RED, at4=BLUE), 1.0, 1.0),
        (showing(at4=RED, at8=BLUE), 1 / 3, 1.0),
        (showing(at0=RED), 2 / 3, 2 / 3),
        (showing(at0=RED, at4=RED), 2 / 3, 2 / 3),
        (showing(at0=RED, at4=BLUE, at8=BLUE), 3 / 4, 3 / 4),
        (showing("pink", at1=RED, at2=BLUE), 0.0, 2 / 3),
        (showing(), 1 / 3, 1 / 3),
    ],
)
def test_scene_accuracy_by_hand(shown, placed, free):
    asked = showing(at0=RED, at4=BLUE)
    assert scene_accuracy(asked, shown) == pytest.approx(placed)
    assert scene_accuracy(asked.inventory, shown) == pytest.approx(free)


def test_things_asked_for_twice_have_to_be_shown_twice():
    asked = Inventory("gray", (RED, RED))
    assert scene_accuracy(asked, showing(at3=RED, at7=RED)) == 1.0
    assert scene_accuracy(asked, showing(at3=RED)) == pytest.approx(2 / 3)


def test_images_of_another_shape_are_refused_and_others_give_a_scene_each():
    with pytest.raises(ValueError, match="shape"):
        Recogniser().recognise(np.zeros((2, 3, 32, 32), dtype=np.uint8))
    assert len(Recogniser().recognise(np.zeros((2, 32, 32, 3), dtype=np.uint8))) == 2
