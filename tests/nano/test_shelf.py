"""Every model trained for a step, put on a shelf, put together and loaded as a stranger would."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench.errors import UsageError  # noqa: E402
from catbench_make.nano.clip_scoring import ClipScorer, draw  # noqa: E402
from catbench_make.nano.shelf import MODELS, SDXL_MODELS, build_pipeline, pipeline_folder  # noqa: E402
from catbench_make.nano.shelve import shelve  # noqa: E402
from catbench_make.nano.train import Ingredients, build_task  # noqa: E402
from catbench_make.nano.training.loop import TrainingPlan, train  # noqa: E402
from catbench_make.nano.training.pictures import draw_pictures  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
ORDER = [
    "clip-condition",
    "clip-score",
    "vae",
    "recogniser",
    "sdxl-l",
    "sdxl-s",
    "crowd",
    "lightning",
    "turbo",
    "vq",
    "amused",
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    parts, shelf = tmp_path_factory.mktemp("parts"), tmp_path_factory.mktemp("shelf")
    pictures = draw_pictures(seed=0, number=16)
    for model in ORDER:
        task = build_task(model, Ingredients(pictures, 0, "cpu", parts))
        task.batch, task.families = 2, 1
        assert train(task, TrainingPlan(parts / "runs" / model, steps=1))
        task.export(parts / model)
    shelve(ORDER, parts, shelf)
    return shelf


@pytest.mark.parametrize("model", MODELS)
def test_a_pipeline_folder_is_read_by_diffusers_and_draws_what_its_parts_draw(model, shelf, tmp_path):
    from diffusers import DiffusionPipeline

    folder = pipeline_folder(model, shelf, tmp_path)
    assert folder == pipeline_folder(model, shelf, tmp_path)
    loaded = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    kind = "StableDiffusionXLPipeline" if model in SDXL_MODELS else "AmusedPipeline"
    assert type(loaded).__name__ == kind
    networks = [part for part in loaded.components.values() if isinstance(part, torch.nn.Module)]
    assert {network.dtype for network in networks} == {torch.float32}
    loaded.set_progress_bar_config(disable=True)
    prompts = ["a red star on the left on a gray background", "nothing on a pink background"]
    images = draw(loaded, prompts, steps=2, guidance=2.0)
    assert images.shape == (2, 32, 32, 3)
    again = draw(build_pipeline(model, shelf), prompts, steps=2, guidance=2.0)
    assert np.abs(images.astype(int) - again).max() <= 1


def test_distilled_models_start_from_noise_and_others_as_sdxl_was_released(shelf, tmp_path):
    def config(model):
        path = pipeline_folder(model, shelf, tmp_path) / "scheduler" / "scheduler_config.json"
        return json.loads(path.read_text())

    assert config("nano-turbo")["timestep_spacing"] == "trailing"
    assert config("nano-sdxl-l")["timestep_spacing"] == "leading"
    assert config("nano-sdxl-l")["steps_offset"] == 1


def test_changed_weights_make_another_folder(shelf, tmp_path):
    import shutil

    changed = tmp_path / "shelf"
    shutil.copytree(shelf, changed)
    weights = changed / "nano-turbo" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes((shelf / "nano-sdxl-s" / weights.name).read_bytes())
    one, other = (
        pipeline_folder("nano-turbo", shelf, tmp_path),
        pipeline_folder("nano-turbo", changed, tmp_path),
    )
    assert one.name != other.name


def test_clip_scores_are_cosines(shelf):
    scorer = ClipScorer(shelf / "clip-score")
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    prompts = ["a red star on the left on a gray background"] * 3
    scores = scorer(images, prompts)
    assert scores.shape == (3,)
    assert (np.abs(scores) <= 1 + 1e-6).all()
    assert np.linalg.norm(scorer.text_embeddings(prompts), axis=1) == pytest.approx(1, abs=1e-5)


def test_a_missing_model_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(UsageError, match="no weights in"):
        pipeline_folder("nano-turbo", tmp_path, tmp_path)
    with pytest.raises(UsageError, match="unknown nano model 'nano-sdxl-m'"):
        pipeline_folder("nano-sdxl-m", tmp_path, tmp_path)
    with pytest.raises(UsageError, match="train sdxl-s"):
        build_task("lightning", Ingredients(draw_pictures(0, 4), 0, "cpu", tmp_path))


def test_the_code_book_starts_where_the_vae_is():
    from catbench_make.nano.models import build_vae, build_vq
    from catbench_make.nano.training.amused import start_from_vae

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
