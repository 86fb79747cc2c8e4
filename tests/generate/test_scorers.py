"""Quality metrics: golden values from hand arithmetic, scipy and the models' own forward passes."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from catbench.errors import GenerationError, SuiteError, UsageError
from catbench.suite.info import Metric
from catbench_make import scorers
from catbench_make.scorers import MetricSource, ScorerContext, load_scorers, metric_source, score
from catbench_make.scorers.sharpness import sharpness


def pictures(count: int, size: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size + 8, 3), dtype=np.uint8)


def test_sharpness_of_one_white_pixel_is_that_of_hand_arithmetic():
    # A single 1 far from the border. With taps g summing to 1, blurring leaves g_a g_b, so the sum of
    # squares is 1 - 2 g_0^2 + (sum g^2)^2. For sigma 1, cut off at 4: sum of exp(-k^2 / 2) over |k| <= 4 is
    # 1 + 2 (0.60653066 + 0.13533528 + 0.01110900 + 0.00033546) = 2.50662080, and of its squares
    # 1 + 2 (0.36787944 + 0.01831564 + 0.00012341 + 0.00000011) = 1.77263720.
    total, squares = 2.50662080, 1.77263720
    expected = 1 - 2 / total**2 + (squares / total**2) ** 2
    image = np.zeros((1, 31, 31, 3), dtype=np.uint8)
    image[0, 15, 15] = 255
    assert sharpness(image, [""])[0] == pytest.approx(expected, rel=1e-7)
    assert expected == pytest.approx(0.7612831, rel=1e-6)


def test_sharpness_is_that_of_scipys_gaussian_filter():
    images = pictures(5)
    for image, value in zip(images, sharpness(images, [""] * 5), strict=True):
        intensity = image @ np.array([0.299, 0.587, 0.114])
        blurred = ndimage.gaussian_filter(intensity, sigma=1, mode="reflect", truncate=4)
        assert value == pytest.approx(((intensity - blurred) ** 2).sum() / (intensity**2).sum(), rel=1e-12)


def test_sharpness_falls_with_blur_and_does_not_depend_on_brightness():
    image = pictures(1)
    soft = ndimage.uniform_filter(image, size=(0, 3, 3, 0))
    assert sharpness(soft, [""]) < sharpness(image, [""])
    half = image // 2 * 2
    assert sharpness(half // 2, [""]) == pytest.approx(sharpness(half, [""]), rel=1e-12)


@pytest.mark.parametrize("level", [0, 1, 255])
def test_sharpness_of_one_colour_is_zero(level):
    assert sharpness(np.full((1, 8, 8, 3), level, dtype=np.uint8), [""])[0] == pytest.approx(0, abs=1e-25)


def test_clip_score_is_the_cosine_of_the_models_own_forward(clip: Path):
    import torch
    import transformers

    images, prompts = pictures(3), ["a cat", "two dogs", "a cat"]
    metric = Metric(name="clip_score", model=f"transformers:{clip}")
    values = load_scorers([metric], ScorerContext())["clip_score"](images, prompts)

    model = transformers.CLIPModel.from_pretrained(clip).eval()
    tokens = transformers.AutoTokenizer.from_pretrained(clip)(prompts, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = model(**tokens, pixel_values=torch.stack([as_clip_sees(image) for image in images]))
    # logits_per_image is the cosine times the model's temperature.
    expected = output.logits_per_image.diagonal() / model.logit_scale.detach().exp()
    np.testing.assert_allclose(values, expected.numpy(), atol=2e-6)


def as_clip_sees(image: np.ndarray):
    """Radford et al.'s preprocessing: shorter side to 32 by PIL's bicubic, centre, OpenAI's constants."""
    import torch
    from PIL import Image

    height, width = image.shape[:2]
    scale = 32 / min(height, width)
    small = Image.fromarray(image).resize((int(width * scale), int(height * scale)), Image.Resampling.BICUBIC)
    left, top = (small.width - 32) // 2, (small.height - 32) // 2
    values = np.asarray(small.crop((left, top, left + 32, top + 32)), dtype=np.float32) / 255
    values = (values - (0.48145466, 0.4578275, 0.40821073)) / (0.26862954, 0.26130258, 0.27577711)
    return torch.tensor(values.transpose(2, 0, 1), dtype=torch.float32)


def test_clip_score_encodes_a_prompt_once(clip: Path, monkeypatch):
    import transformers

    encoded: list[int] = []
    text_tower = type(transformers.CLIPModel.from_pretrained(clip).text_model)
    forward = text_tower.forward

    def counting(self, input_ids, *args, **kwargs):
        encoded.append(len(input_ids))
        return forward(self, input_ids, *args, **kwargs)

    monkeypatch.setattr(text_tower, "forward", counting)
    metric = Metric(name="clip_score", model=f"transformers:{clip}")
    function = load_scorers([metric], ScorerContext())["clip_score"]
    for _ in range(3):
        function(pictures(2), ["a cat", "two dogs"])
    assert sum(encoded) == 2


def test_clip_score_takes_a_model_of_open_clip(open_clip_folder: Path):
    import open_clip
    import torch
    from PIL import Image

    images, prompts = pictures(2), ["a cat", "two dogs"]
    metric = Metric(name="clip_score", model=f"open_clip:{open_clip_folder}")
    values = load_scorers([metric], ScorerContext())["clip_score"](images, prompts)
    name = f"local-dir:{open_clip_folder}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    with torch.no_grad():
        batch = torch.stack([preprocess(Image.fromarray(image)) for image in images])
        features = model.eval()(batch, open_clip.get_tokenizer(name)(prompts))
    expected = (features[0] * features[1]).sum(dim=1)
    np.testing.assert_allclose(values, expected.numpy(), atol=1e-6)


def test_openais_weights_are_run_with_the_activation_they_were_trained_with(monkeypatch):
    open_clip = pytest.importorskip("open_clip")
    from catbench_make.encoders import released_weights

    given = released_weights(open_clip, "ViT-L-14", "openai", "")
    assert given == {"pretrained": "openai", "force_quick_gelu": True}
    given = released_weights(open_clip, "ViT-L-14", "laion2b_s32b_b82k", "")
    assert given["force_quick_gelu"] is False
    asked = []

    def fetch(repository, revision):
        asked.append((repository, revision))
        return "weights.safetensors"

    monkeypatch.setattr(open_clip.pretrained, "download_pretrained_from_hf", fetch)
    given = released_weights(open_clip, "ViT-L-14", "laion2b_s32b_b82k", "abc")
    assert asked == [("laion/CLIP-ViT-L-14-laion2B-s32B-b82K", "abc")]
    assert given["pretrained"] == "weights.safetensors"
    # This tag was trained on images normalised otherwise than OpenAI's.
    assert given["image_mean"] == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("model", ["ViT-L-14", "ViT-Z-99/openai", "open_clip:no/such"])
def test_a_clip_model_that_does_not_exist_is_refused(model):
    with pytest.raises(SuiteError, match="metric model"):
        load_scorers([Metric(name="clip_score", model=model)], ScorerContext())


def brightness(images, prompts):
    return images.mean(axis=(1, 2, 3))


BRIGHTNESS = MetricSource(Metric(name="brightness"), lambda metric, context: brightness)
"""What a user's package would hold."""


def test_a_metric_is_added_by_an_entry_point(monkeypatch):
    point = EntryPoint("brightness", "somebody:BRIGHTNESS", scorers.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: BRIGHTNESS)
    monkeypatch.setattr(scorers, "entry_points", lambda group: [point] if group == "catbench.metrics" else [])
    assert metric_source("brightness") is BRIGHTNESS
    functions = load_scorers([Metric(name="brightness"), Metric(name="sharpness")], ScorerContext())
    assert score("brightness", functions["brightness"], pictures(2) * 0, ["", ""]).tolist() == [0, 0]
    with pytest.raises(UsageError, match="unknown metric 'brightnes': did you mean 'brightness'"):
        metric_source("brightnes")


@pytest.mark.parametrize(
    ("loaded", "message"),
    [(ImportError("no such module"), "does not load: no such module"), (brightness, "is a function, not a")],
)
def test_an_entry_point_that_is_no_metric_is_refused(monkeypatch, loaded, message):
    def load(self):
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    monkeypatch.setattr(EntryPoint, "load", load)
    point = EntryPoint("broken", "somebody:BROKEN", scorers.ENTRY_POINTS)
    monkeypatch.setattr(scorers, "entry_points", lambda group: [point])
    with pytest.raises(GenerationError, match=message):
        metric_source("broken")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images, prompts: [np.nan, 1.0], "'m' is nan on an image of 'first'"),
        (lambda images, prompts: [1.0], r"'m' returned shape \(1,\) for 2 images"),
        (lambda images, prompts: 1 / 0, "'m' fails on an image of 'first': ZeroDivisionError"),
    ],
)
def test_scores_that_are_none_are_refused(function, message):
    with pytest.raises(GenerationError, match=message):
        score("m", function, pictures(2), ["first", "second"])


def test_the_models_of_built_in_metrics_are_pinned():
    for name in ("clip_score", "aesthetic", "image_reward"):
        assert len(metric_source(name).record.revision) == 40
    assert metric_source("sharpness").record.direction == "higher"
