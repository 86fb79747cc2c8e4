"""All metrics of the paper over the same images: what they share is made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from torch.overrides import TorchFunctionMode
from transformers.models.blip import BlipVisionModel

from catbench.suite.info import Metric
from catbench.suite.store import load
from catbench_make.scorers import ScorerContext, Shared, load_scorers, score_all
from catbench_make.scorers import clip_model as clip
from catbench_make.scorers.pixels import Look, pixels

PROMPTS = ["a red cat", "two dogs", "the sea", "a boat", ""]


@pytest.fixture
def metrics(
    open_clip_folder: Path, head: Path, image_reward_folder: Callable[[str], Path]
) -> tuple[Metric, ...]:
    """The paper's four, by tiny models of the classes that the real ones are."""
    return (
        Metric(name="clip_score", model=f"open_clip:{open_clip_folder}"),
        Metric(name="image_reward", model=str(image_reward_folder("small"))),
        Metric(name="aesthetic", model=f"open_clip:{open_clip_folder} + {head}"),
        Metric(name="sharpness"),
    )


def pictures(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 40, 48, 3), dtype=np.uint8)


class CountingMoves(TorchFunctionMode):
    """Counts the batches of images that are sent to a device."""

    def __init__(self):
        super().__init__()
        self.images: list[int] = []

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = keywords or {}
        if function is torch.Tensor.to and arguments[0].ndim == 4 and arguments[0].shape[1] == 3:
            target = keywords.get("device", arguments[1] if len(arguments) > 1 else None)
            if isinstance(target, str | torch.device):
                self.images.append(len(arguments[0]))
        return function(*arguments, **keywords)


def counting(monkeypatch, owner, name) -> list[int]:
    """Count the calls of a function; each adds how many images it was given, 1 for an image alone."""
    calls: list[int] = []
    inner = getattr(owner, name)

    def counted(*arguments, **keywords):
        given = keywords.get("pixel_values", arguments[-1] if arguments else None)
        calls.append(len(given) if given.ndim == 4 else 1)
        return inner(*arguments, **keywords)

    monkeypatch.setattr(owner, name, counted)
    return calls


def test_an_image_is_decoded_moved_and_embedded_once_for_all_metrics(metrics, monkeypatch):
    functions = load_scorers(metrics, ScorerContext())
    decoded = counting(monkeypatch, Image, "fromarray")
    by_clip = counting(monkeypatch, open_clip.model.CLIP, "encode_image")
    by_blip = counting(monkeypatch, BlipVisionModel, "forward")
    with CountingMoves() as moved:
        scores = score_all(functions, pictures(5), PROMPTS, batch=2)
    assert set(scores) == {"clip_score", "image_reward", "aesthetic", "sharpness"}
    assert decoded == [1] * 5
    assert moved.images == by_clip == by_blip == [2, 2, 1]


def test_metrics_together_score_as_each_alone_does(metrics):
    together = score_all(load_scorers(metrics, ScorerContext()), pictures(5), PROMPTS, batch=2)
    for metric in metrics:
        alone = load_scorers([metric], ScorerContext())[metric.name]
        np.testing.assert_allclose(together[metric.name], alone(pictures(5), PROMPTS), atol=1e-5)


def test_a_clip_is_loaded_once_for_the_metrics_that_name_it(metrics, monkeypatch):
    loaded: list[tuple[str, str]] = []
    monkeypatch.setattr(
        clip, "_load", lambda model, revision, _: loaded.append((model, revision)) or "a CLIP"
    )
    context = ScorerContext()
    model, other = metrics[0].model, metrics[0].model_copy(update={"revision": "other"})
    load_scorers([metrics[0]], context)
    load_scorers([metrics[0], other], context)
    assert loaded == [(model, ""), (model, "other")]


def test_what_is_kept_is_of_the_images_at_hand():
    shared, made = Shared(), []

    def make():
        made.append(len(made))
        return made[-1]

    first, second = pictures(1), pictures(1, seed=1)
    assert [shared.of_images("a", first, make) for _ in range(2)] == [0, 1]  # it could have been written to
    for images in (first, second):
        images.setflags(write=False)
    assert [shared.of_images("a", first, make) for _ in range(2)] == [2, 2]
    assert shared.of_images("b", first, make) == 3
    assert shared.of_images("a", second, make) == 4
    assert shared.of_images("a", first, make) == 5


@pytest.mark.parametrize("shape", [(256, 256, 3), (200, 331, 3), (331, 200, 3)])
def test_pixels_are_those_of_the_clip_that_the_paper_scores_by(shape):
    config = {"size": 224, **open_clip.get_pretrained_cfg("ViT-L-14", "openai")}
    known = {name: config[name] for name in ("size", "mean", "std", "interpolation", "resize_mode")}
    look = clip.look_of(known)
    assert look == Look(224)  # and those of ImageReward, whose golden scores rest on it
    preprocess = open_clip.transform.image_transform_v2(
        open_clip.transform.PreprocessCfg(**known), is_train=False
    )
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    expected = preprocess(Image.fromarray(image))
    assert torch.equal(pixels(image[None], look, ScorerContext())[0], expected)


@pytest.mark.parametrize(
    "other", [{"interpolation": "bilinear"}, {"resize_mode": "squash"}, {"size": (224, 256)}]
)
def test_a_clip_that_wants_other_pixels_is_given_its_own(other):
    plain = {
        "size": 224,
        "mean": (0.5,) * 3,
        "std": (0.5,) * 3,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    }
    assert clip.look_of(plain) == Look(224, (0.5,) * 3, (0.5,) * 3)
    assert clip.look_of({**plain, **other}) is None


def test_a_suite_that_names_them_is_generated_with_all_four(suite, metrics, command, tmp_path):
    outcome = command("generate", suite(metrics=metrics, samples=1), "--out", tmp_path / "run", "--batch", 4)
    assert outcome.code == 0, outcome.err
    matrix = load(tmp_path / "run" / "suite")
    assert set(matrix.scores) == {metric.name for metric in metrics}
    for name, values in matrix.scores.items():
        assert values.shape == (6, 2, 1), name
        assert len(np.unique(values)) > 6, name
