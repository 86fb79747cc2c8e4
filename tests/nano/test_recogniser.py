import numpy as np
import pytest

torch = pytest.importorskip("torch")

from catbench_make.nano.recogniser import Recogniser, scene_accuracy, windows  # noqa: E402
from catbench_make.nano.world import Scene, Thing, empty  # noqa: E402

RED, BLUE = Thing("big", "red", "star"), Thing("small", "blue", "ring")


def with_things(**cells):
    return Scene("gray", tuple(cells.get(f"at{cell}") for cell in range(9)))


@pytest.mark.parametrize(
    ("shown", "accuracy"),
    [
        (with_things(at0=RED, at4=BLUE), 1.0),
        (with_things(at0=RED), 2 / 3),
        (with_things(at0=RED, at4=RED), 2 / 3),
        (with_things(at1=RED, at4=BLUE), 2 / 3),
        (with_things(at0=RED, at4=BLUE, at8=BLUE), 3 / 4),
        (Scene("pink", with_things(at0=RED, at4=BLUE).cells), 2 / 3),
        (empty("gray"), 1 / 3),
        (empty("pink"), 0.0),
    ],
)
def test_scene_accuracy_by_hand(shown, accuracy):
    assert scene_accuracy(with_things(at0=RED, at4=BLUE), shown) == pytest.approx(accuracy)


def test_scene_accuracy_of_nothing():
    assert scene_accuracy(empty("gray"), empty("gray")) == 1.0
    assert scene_accuracy(empty("gray"), with_things(at2=RED)) == 0.5


def test_each_window_sees_its_own_cell():
    images = torch.zeros(1, 3, 32, 32)
    images[:, :, 26, 5] = 1.0
    seen = windows(images).sum(dim=(1, 2, 3))
    assert seen.argmax() == 6
    assert (seen > 0).sum() == 1
    assert windows(images)[6, 0, 6, 7] == 1.0


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="shape"):
        Recogniser().recognise(np.zeros((2, 3, 32, 32), dtype=np.uint8))
