from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench.errors import UsageError  # noqa: E402
from nano_training.corpora import EVERYTHING  # noqa: E402
from nano_training.loop import TrainingPlan, learning_rate_share, train  # noqa: E402
from nano_training.pictures import draw_pictures  # noqa: E402
from nano_training.recognise import RecogniserTask  # noqa: E402
from nano_training.vae import VaeTask, pixel_weights  # noqa: E402


@pytest.fixture(scope="module")
def pictures():
    return draw_pictures(EVERYTHING, 16)


def task_of(cls, pictures, seed=0, batch=2):
    task = cls("vae" if cls is VaeTask else "recogniser", pictures, Path(), seed, "cpu")
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


def test_pixels_of_things_weigh_more():
    images = torch.zeros(1, 3, 32, 32)
    images[:, 0, 10:14, 10:14] = 1.0
    weights = pixel_weights(images)
    assert weights.mean() == pytest.approx(1.0, abs=1e-5)
    assert weights[0, 0, 12, 12] == pytest.approx(5 * weights[0, 0, 0, 0].item())
    assert (weights > weights[0, 0, 0, 0]).sum() == 36


def test_the_code_book_starts_where_the_vae_is():
    from nano_training.networks import build_vae, build_vq
    from nano_training.vae import start_from_vae

    vae, vq = build_vae(3).eval(), build_vq(4).eval()
    start_from_vae(vq, vae)
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mean = vae.encode(2 * pixels - 1).latent_dist.mean
        latents = vq.encode(pixels).latents
        both = torch.stack([latents.flatten(), mean.flatten()])
        assert torch.corrcoef(both)[0, 1] > 0.9
        drawn = vq.decoder(vq.post_quant_conv(mean))
        assert torch.allclose(drawn, vae.decode(mean).sample / 2 + 0.5, atol=1e-5)
