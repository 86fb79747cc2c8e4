from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from catbench.errors import UsageError  # noqa: E402
from catbench_make.nano.training.loop import TrainingPlan, learning_rate_share, take_average, train  # noqa: E402
from catbench_make.nano.training.pictures import draw_pictures, family_scenes, load_pictures  # noqa: E402
from catbench_make.nano.training.recogniser_task import RecogniserTask  # noqa: E402
from catbench_make.nano.training.vae import VaeTask, pixel_weights  # noqa: E402


@pytest.fixture(scope="module")
def pictures():
    return draw_pictures(seed=0, number=16)


def task_of(cls, pictures, seed=0, batch=2):
    task = cls(pictures, seed, "cpu")
    task.batch = batch
    return task


@pytest.mark.parametrize("cls", [VaeTask, RecogniserTask])
def test_a_run_that_is_stopped_and_taken_up_equals_an_uninterrupted_one(cls, pictures, tmp_path):
    whole, parted = task_of(cls, pictures), task_of(cls, pictures)
    assert train(whole, TrainingPlan(tmp_path / "whole", steps=4))
    assert not train(parted, TrainingPlan(tmp_path / "parted", steps=4, minutes=0.0))
    again = task_of(cls, pictures, seed=5)
    assert train(again, TrainingPlan(tmp_path / "parted", steps=4))
    for name, network in whole.networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, again.networks[name].state_dict()[key]), key


def test_a_snapshot_is_the_average_so_far(pictures, tmp_path):
    trained, taken = task_of(RecogniserTask, pictures), task_of(RecogniserTask, pictures, seed=7)
    train(trained, TrainingPlan(tmp_path, steps=3))
    assert take_average(taken, TrainingPlan(tmp_path, steps=9)) == 3
    assert torch.equal(trained.recogniser.cell.weight, taken.recogniser.cell.weight)
    with pytest.raises(UsageError, match="no checkpoint"):
        take_average(taken, TrainingPlan(tmp_path / "other", steps=9))


def test_another_seed_learns_other_weights(pictures, tmp_path):
    one, other = task_of(RecogniserTask, pictures), task_of(RecogniserTask, pictures)
    train(one, TrainingPlan(tmp_path / "one", steps=2, seed=0))
    train(other, TrainingPlan(tmp_path / "other", steps=2, seed=1))
    assert not torch.equal(one.recogniser.cell.weight, other.recogniser.cell.weight)


def test_a_checkpoint_of_another_run_is_refused(pictures, tmp_path):
    train(task_of(RecogniserTask, pictures), TrainingPlan(tmp_path, steps=1))
    for other in ({"seed": 1, "steps": 1}, {"steps": 2}, {"steps": 1, "pictures": 8}):
        with pytest.raises(UsageError, match="a run of model recogniser, seed 0, steps 1"):
            train(task_of(RecogniserTask, pictures), TrainingPlan(tmp_path, **other))


def test_training_lowers_the_loss(pictures, tmp_path):
    task = task_of(RecogniserTask, pictures, batch=16)
    generator = torch.Generator().manual_seed(9)
    before = task.loss(generator).item()
    train(task, TrainingPlan(tmp_path, steps=60))
    assert task.loss(generator.manual_seed(9)).item() < 0.8 * before


def test_the_learning_rate_warms_up_stays_and_falls_to_zero():
    shares = [learning_rate_share(step, 1000, 0.4) for step in range(1001)]
    assert shares[0] == 0.01
    assert shares[300] == 1.0
    assert shares[800] == pytest.approx(0.5)
    assert shares[1000] == 0.0


def test_pictures_are_kept_and_are_of_their_scenes(pictures, tmp_path):
    kept = load_pictures(tmp_path, seed=0, number=16)
    again = load_pictures(tmp_path, seed=0, number=16)
    assert np.array_equal(kept.images, pictures.images)
    assert np.array_equal(kept.tokens, again.tokens)
    scenes = family_scenes(0, 16)
    assert len(scenes) == len(kept) == 16
    assert {scene.audience for scene in scenes} == {"training"}


def test_pixels_of_things_weigh_more():
    images = torch.zeros(1, 3, 32, 32)
    images[:, 0, 10:14, 10:14] = 1.0
    weights = pixel_weights(images)
    assert weights.mean() == pytest.approx(1.0, abs=1e-5)
    assert weights[0, 0, 12, 12] == pytest.approx(5 * weights[0, 0, 0, 0].item())
    assert (weights > weights[0, 0, 0, 0]).sum() == 36


def test_families_differ_in_a_detail():
    scenes = family_scenes(3, 40)
    for first in range(0, 40, 4):
        assert all(scenes[first] != scenes[first + i] for i in (1, 2, 3))


def test_unknown_models_are_refused():
    from catbench_make.nano.train import build_task

    with pytest.raises(UsageError, match="unknown nano model 'sdxl-m'"):
        build_task("sdxl-m", SimpleNamespace())
