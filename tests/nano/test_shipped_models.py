"""Every shipped model, put together and loaded as a stranger would."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench.errors import UsageError  # noqa: E402
from catbench_make.nano.shipped_models import (  # noqa: E402
    DIFFUSION_MODELS,
    MODELS,
    WEIGHTS,
    build_pipeline,
    pipeline_folder,
)
from catbench_make.scorers import ScorerContext  # noqa: E402
from catbench_make.scorers.clip_model import load_clip  # noqa: E402
from catbench_make.scorers.clip_score import CLIP_SCORE  # noqa: E402
from nano_training.appraise import draw  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("model", MODELS)
def test_a_pipeline_folder_is_read_by_diffusers_and_draws_what_its_parts_draw(model, tmp_path):
    from diffusers import DiffusionPipeline

    folder = pipeline_folder(model, WEIGHTS, tmp_path)
    assert folder == pipeline_folder(model, WEIGHTS, tmp_path)
    loaded = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    kind = "StableDiffusionXLPipeline" if model in DIFFUSION_MODELS else "AmusedPipeline"
    assert type(loaded).__name__ == kind
    networks = [part for part in loaded.components.values() if isinstance(part, torch.nn.Module)]
    assert {network.dtype for network in networks} == {torch.float32}
    loaded.set_progress_bar_config(disable=True)
    prompts = ["a red star on the left on a gray background", "nothing on a pink background"]
    images = draw(loaded, prompts, steps=2, guidance=2.0)
    assert images.shape == (2, 32, 32, 3)
    again = draw(build_pipeline(model, WEIGHTS), prompts, steps=2, guidance=2.0)
    assert np.abs(images.astype(int) - again).max() <= 1


def test_the_first_step_sees_pure_noise(tmp_path):
    path = pipeline_folder("turbo", WEIGHTS, tmp_path) / "scheduler" / "scheduler_config.json"
    config = json.loads(path.read_text())
    assert config["timestep_spacing"] == "trailing"
    assert config["prediction_type"] == "v_prediction"


def test_changed_weights_make_another_folder(tmp_path):
    import shutil

    changed = tmp_path / "weights"
    shutil.copytree(WEIGHTS, changed)
    weights = changed / "turbo" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes((WEIGHTS / "p" / weights.name).read_bytes())
    one, other = (
        pipeline_folder("turbo", WEIGHTS, tmp_path),
        pipeline_folder("turbo", changed, tmp_path),
    )
    assert one.name != other.name


def test_clip_scores_are_cosines():
    model = f"transformers:{WEIGHTS / 'clip-score'}"
    scorer = CLIP_SCORE.load(CLIP_SCORE.record.model_copy(update={"model": model}), ScorerContext())
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    prompts = ["a red star on the left on a gray background"] * 3
    scores = scorer(images, prompts)
    assert scores.shape == (3,)
    assert (np.abs(scores) <= 1 + 1e-6).all()
    text = load_clip(model, "", ScorerContext()).text(prompts[0])
    assert np.linalg.norm(text) == pytest.approx(1, abs=1e-5)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(UsageError, match="no weights in"):
        pipeline_folder("turbo", tmp_path, tmp_path)
    with pytest.raises(UsageError, match="unknown nano model 'sdxl-m'"):
        pipeline_folder("sdxl-m", tmp_path, tmp_path)
