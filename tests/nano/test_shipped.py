"""The weights that are shipped do what their model cards say, on scenes that nothing was trained on."""

from itertools import islice

import numpy as np
import pytest

pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from catbench_make.nano.appraise import Judge, reconstructed  # noqa: E402
from catbench_make.nano.clip_scoring import draw  # noqa: E402
from catbench_make.nano.render import render  # noqa: E402
from catbench_make.nano.shelf import MODELS, SHELF, build_pipeline  # noqa: E402
from catbench_make.nano.world import draw_scenes  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHIPPED = [model for model in MODELS if (SHELF / model).is_dir()]
SETTINGS = {"nano-turbo": (1, 0.0), "nano-lightning": (4, 0.0)}
"""Steps and guidance of the distilled models; of the others (8, 1.5)."""


@pytest.fixture(scope="module")
def judge():
    return Judge(list(islice(draw_scenes(99, "suite"), 30)))


@pytest.fixture(scope="module")
def pictures(judge):
    return np.stack([render(scene, 99) for scene in judge.scenes])


def test_renderings_score_high_and_wrong_prompts_low(judge, pictures):
    quality = judge.quality("renderings", pictures)
    assert quality.clip > 0.88
    assert quality.scene > 0.97
    wrong = judge.clip(pictures, judge.prompts[1:] + judge.prompts[:1])
    assert wrong.mean() < 0.3


def test_the_vae_gives_pictures_back(judge, pictures):
    vae = diffusers.AutoencoderKL.from_pretrained(SHELF / "vae", local_files_only=True).float()
    quality = judge.quality("reconstructions", reconstructed(vae, pictures))
    assert quality.clip > judge.quality("renderings", pictures).clip - 0.02
    assert quality.scene > 0.85


@pytest.mark.parametrize("model", SHIPPED)
def test_a_generator_draws_what_it_is_asked_for(model, judge):
    steps, guidance = SETTINGS.get(model, (8, 1.5))
    images = draw(build_pipeline(model), judge.prompts, steps, guidance)
    right = judge.clip(images, judge.prompts).mean()
    assert right > 0.5
    assert right > judge.clip(images, judge.prompts[1:] + judge.prompts[:1]).mean() + 0.3


def test_the_shelf_is_small_and_every_part_has_a_model_card():
    files = [path for path in SHELF.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 40e6
    for part in {path.parent for path in files if path.suffix == ".safetensors"}:
        card = " ".join((part / "README.md").read_text().split())
        assert "catbench_make.nano.train" in card
        assert "CPU cores" in card
