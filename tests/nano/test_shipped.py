"""The weights that are shipped do what their model cards say, on scenes that nothing was trained on."""

from itertools import islice

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from catbench_make.nano.phrases import phrase  # noqa: E402
from catbench_make.nano.recogniser import load_recogniser, scene_accuracy  # noqa: E402
from catbench_make.nano.render import render  # noqa: E402
from catbench_make.nano.shipped_models import MODELS, WEIGHTS, build_pipeline  # noqa: E402
from catbench_make.nano.world import draw_scenes  # noqa: E402
from catbench_make.scorers import ScorerContext  # noqa: E402
from catbench_make.scorers.clip_score import CLIP_SCORE  # noqa: E402
from nano_training.appraise import draw  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHIPPED = [model for model in MODELS if (WEIGHTS / model).is_dir()]
SETTINGS = {"turbo": (1, 0.0), "lightning": (4, 0.0)}
"""Steps and guidance of the distilled models; of the others (8, 1.5)."""


def clip_score(model):
    return CLIP_SCORE.load(CLIP_SCORE.record.model_copy(update={"model": model}), ScorerContext())


class Judge:
    """Scores images of thirty held-out scenes."""

    def __init__(self):
        self.scenes = [scene for _, scene in islice(draw_scenes(99, "suite"), 30)]
        self.prompts = [phrase(scene, 7_000) for scene in self.scenes]
        self.clip = clip_score("transformers:catbench:clip-score")
        self.recogniser = load_recogniser(WEIGHTS / "recogniser")

    def quality(self, images):
        """Return the mean of CLIPScore and of scene accuracy."""
        shown = self.recogniser.recognise(images)
        scene = [scene_accuracy(*pair) for pair in zip(self.scenes, shown, strict=True)]
        return self.clip(images, self.prompts).mean(), np.mean(scene)


@pytest.fixture(scope="module")
def judge():
    return Judge()


@pytest.fixture(scope="module")
def pictures(judge):
    return np.stack([render(scene, 99) for scene in judge.scenes])


def test_renderings_score_high_and_wrong_prompts_low(judge, pictures):
    clip, scene = judge.quality(pictures)
    assert clip > 0.88
    assert scene > 0.97
    wrong = judge.clip(pictures, judge.prompts[1:] + judge.prompts[:1])
    assert wrong.mean() < 0.3


def test_the_vae_gives_pictures_back(judge, pictures):
    vae = diffusers.AutoencoderKL.from_pretrained(WEIGHTS / "vae", local_files_only=True).float()
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        drawn = vae.decode(vae.encode(pixels).latent_dist.mean).sample
    back = drawn.permute(0, 2, 3, 1).clamp(-1, 1).add(1).mul(127.5).round().numpy().astype(np.uint8)
    clip, scene = judge.quality(back)
    assert clip > judge.quality(pictures)[0] - 0.02
    assert scene > 0.85


@pytest.mark.parametrize("model", SHIPPED)
def test_a_generator_draws_what_it_is_asked_for(model, judge):
    steps, guidance = SETTINGS.get(model, (8, 1.5))
    images = draw(build_pipeline(model), judge.prompts, steps, guidance)
    right = judge.clip(images, judge.prompts).mean()
    assert right > 0.5
    assert right > judge.clip(images, judge.prompts[1:] + judge.prompts[:1]).mean() + 0.3


def test_the_weights_are_small_and_every_part_has_a_model_card():
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 40e6
    for part in {path.parent for path in files if path.suffix == ".safetensors"}:
        card = " ".join((part / "README.md").read_text().split())
        assert f"nano_training.train {part.name}" in card
        assert "minutes by the clock on" in card
