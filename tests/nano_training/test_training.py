import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from catbench.errors import UsageError  # noqa: E402
from catbench_make.nano.phrases import say  # noqa: E402
from catbench_make.nano.render import render  # noqa: E402
from catbench_make.nano.shipped_models import build_pipeline  # noqa: E402
from nano_training import pictures as pictures_module  # noqa: E402
from nano_training.appraise import appraise, exam  # noqa: E402
from nano_training.corpora import CORPORA, EVERYTHING  # noqa: E402
from nano_training.latents import PromptedLatents, text_encoder  # noqa: E402
from nano_training.pack import RECORD, card, pack, unpack  # noqa: E402
from nano_training.pictures import FAMILY, draw_pictures, load_pictures, thing_number  # noqa: E402
from nano_training.tokenizer import build_tokenizer, grammar_words  # noqa: E402
from nano_training.train import STEPS, Kit, build_task, finished, train_model  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""diffusers 0.42 hands torch tensors to numpy in the old way."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A kit whose every model has taken two steps on eight pictures."""
    folder = tmp_path_factory.mktemp("kit")
    kit = Kit(folder / "out", pictures=8, batch=4, weights=folder / "weights")
    for model in STEPS:
        assert train_model(model, kit, steps=2), model
    return kit


def test_every_word_is_one_token_and_no_prompt_is_cut():
    tokenizer = build_tokenizer()
    for word in grammar_words():
        assert len(tokenizer(word).input_ids) == 3, word
    crowded = draw_pictures(EVERYTHING, 200)
    assert (crowded.tokens[:, :, -1] == tokenizer.eos_token_id).all()


def test_pictures_are_of_their_corpus_and_kept_by_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures_module, "CHUNK", 8)
    kept = load_pictures(tmp_path, CORPORA["p"], 12)
    again = load_pictures(tmp_path, CORPORA["p"], 12)
    assert len(list(tmp_path.iterdir())) == 2
    assert np.array_equal(kept.images, again.images)
    told = [*CORPORA["p"].scenes(0, 8), *CORPORA["p"].scenes(1, 4)]
    assert len(kept) == len(told) == 12
    for row, (scene, is_open) in enumerate(told):
        assert kept.open[row] == is_open
        assert kept.cells[row].tolist() == [thing_number(thing) for thing in scene.cells]
        assert np.array_equal(kept.images[row], render(scene, row // 8))
        named = say(scene, 2 * (row // 8), places=not is_open).things
        assert kept.named[row, 0].tolist()[: len(named)] == [thing_number(thing) for thing in named]


def test_families_differ_in_what_their_prompts_tell():
    drawn = draw_pictures(EVERYTHING, 40, families=True)
    for first in range(0, 40, FAMILY):
        for other in range(first + 1, first + FAMILY):
            assert not np.array_equal(drawn.tokens[first], drawn.tokens[other])
            assert drawn.open[first] == drawn.open[other]


def test_all_models_are_trained_in_order_from_those_before(trained):
    assert all(finished(trained.out, model) for model in STEPS)
    record = json.loads((trained.out / "l" / RECORD).read_text())
    assert record["steps"] == 2
    assert record["pictures"] == 8
    with pytest.raises(UsageError, match="unknown nano model 'sdxl-m'"):
        build_task("sdxl-m", trained)


def test_kept_conditions_are_what_the_text_encoder_gives(trained):
    pictures = trained.load("p")
    data = PromptedLatents(pictures, trained.out, "p", "cpu")
    rows, phrasing = torch.tensor([3, 0, 7]), torch.tensor([1, 0, 1])
    kept = data.prompts.batch(rows, phrasing)
    fresh = text_encoder(trained.out, "cpu")(pictures.token_batch(rows, phrasing))
    assert torch.allclose(kept.hidden, fresh.hidden, atol=1e-2)
    assert torch.allclose(kept.pooled, fresh.pooled, atol=1e-2)


def test_a_model_that_builds_on_one_that_is_missing_says_which(tmp_path):
    with pytest.raises(UsageError, match=r"nano_training\.train vae"):
        build_task("p", Kit(tmp_path, pictures=8))


def test_what_is_packed_is_finished_elsewhere_with_a_card_that_says_what_was_never_seen(trained, tmp_path):
    for model in ("vae", "text-encoder", "q", "turbo"):
        pack(model, trained.out, trained.weights)
    assert str(trained.out) not in (trained.weights / "turbo" / "config.json").read_text()  # its teacher's
    unpack(tmp_path, trained.weights)
    assert finished(tmp_path, "q")
    assert build_pipeline("q", tmp_path).unet.dtype == torch.float32
    said = card("turbo", trained.out / "turbo")
    for concept in (*CORPORA["p"].absent_shapes, *CORPORA["p"].absent_colours):
        assert concept in said
    assert (trained.weights / "q" / "README.md").read_text() == card("q", trained.out / "q")
    with pytest.raises(UsageError, match="'p' is not finished"):
        pack("p", tmp_path, trained.weights)


@pytest.mark.parametrize("model", ["vae", "vq", "recogniser", "text-encoder", "clip-score", "turbo"])
def test_finished_models_are_appraised(trained, model):
    found = appraise(model, trained.out, 6)
    assert found
    assert all(np.isfinite(value) for value in found.values())


def test_an_exam_is_of_training_scenes_half_of_them_open():
    test = exam(10)
    assert {scene.audience for scene in test.scenes if scene.complexity} == {"training"}
    assert sum(test.open) == 5
    assert len(test.prompts) == len(test.asked) == len(test.render()) == 10
