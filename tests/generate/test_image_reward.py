"""ImageReward against the authors' package, whose scores `parity/make_image_reward.py` has written down."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catbench.errors import GenerationError, SuiteError
from catbench.suite.info import Metric
from catbench_make.encoders import reader
from catbench_make.scorers import ScorerContext, image_reward, load_scorers, score
from catbench_make.scorers.checkpoint_file import read_weights
from catbench_make.scorers.image_reward import TOKENS, load_tokenizer
from catbench_make.scorers.reward_network import empty_network, load_network, published_name

UNUSED = (
    "blip.vision_proj.weight",
    "blip.vision_proj.bias",
    "blip.text_proj.weight",
    "blip.text_proj.bias",
    "blip.text_encoder.embeddings.position_ids",
)
"""Names in the checkpoint that no score depends on."""


@pytest.fixture(scope="module")
def small(image_reward_folder: Callable[[str], Path]) -> Path:
    return image_reward_folder("small")


@pytest.fixture
def checkpoint(small: Path) -> dict[str, torch.Tensor]:
    return read_weights(small / "ImageReward.pt")


@pytest.fixture
def rewards(parity: Any) -> Callable[[str | Path], np.ndarray]:
    """Return a function that gives the twelve scores by a model, four images at a time."""

    def scored(model: str | Path) -> np.ndarray:
        metric = Metric(name="image_reward", model=str(model))
        function = load_scorers([metric], ScorerContext())["image_reward"]
        images = parity.images()
        parts = [slice(start, start + 4) for start in range(0, 12, 4)]
        return np.concatenate(
            [score("image_reward", function, np.stack(images[part]), parity.PROMPTS[part]) for part in parts]
        )

    return scored


def test_a_small_network_of_the_packages_classes_scores_as_the_package_does(small: Path, parity, rewards):
    golden = np.array(parity.GOLDEN["small"]["scores"])
    assert golden.std() > 0.1  # or any network would agree
    np.testing.assert_allclose(rewards(small), golden, atol=1e-4, rtol=0)


@pytest.mark.slow
def test_the_network_at_its_full_size_scores_as_the_package_does(
    image_reward_folder: Callable[[str], Path], parity, rewards
):
    golden = np.array(parity.GOLDEN["full"]["scores"])
    assert golden.std() > 0.1
    np.testing.assert_allclose(rewards(image_reward_folder("full")), golden, atol=1e-4, rtol=0)


def test_the_score_depends_on_the_image_and_on_the_prompt(small: Path, parity):
    metric = Metric(name="image_reward", model=str(small))
    function = load_scorers([metric], ScorerContext())["image_reward"]
    images = np.stack(parity.images()[:2])
    by_image = function(images, ["a red cat"] * 2)
    by_prompt = function(images[[0, 0]], ["a red cat", "the sea at night"])
    assert abs(by_image[0] - by_image[1]) > 1e-2
    assert abs(by_prompt[0] - by_prompt[1]) > 1e-2


def test_prompts_become_the_packages_tokens(tmp_path: Path, parity):
    (tmp_path / "vocab.txt").write_text(parity.vocabulary(), encoding="utf-8")
    tokens = reader(load_tokenizer(tmp_path / "vocab.txt"), "cpu")(parity.PROMPTS, TOKENS, True)
    assert tokens["input_ids"].tolist() == parity.GOLDEN["token_ids"]
    np.testing.assert_array_equal(tokens["attention_mask"], tokens["input_ids"] != 0)


def test_every_tensor_of_the_published_size_has_its_place(parity):
    shapes = {name: tuple(shape) for name, shape in parity.GOLDEN["full"]["tensors"].items()}
    with torch.device("meta"):
        checkpoint = {name: torch.empty(shape) for name, shape in shapes.items()}
    network = empty_network(checkpoint, parity.MED, "golden")
    assert all(tensor.is_meta for tensor in network.state_dict().values())
    ours = {published_name(name): tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert ours == {name: shape for name, shape in shapes.items() if name not in UNUSED}
    assert set(UNUSED) < set(shapes)
    config = network.vision.config
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (1024, 24, 16)
    assert (config.image_size, config.patch_size) == (224, 16)
    epsilons = parity.GOLDEN["full"]["epsilons"]
    assert [config.layer_norm_eps] == epsilons["visual_encoder"]
    assert [network.text.config.layer_norm_eps] == epsilons["text_encoder"]
    # The published ImageReward.pt is 1,786,880,927 bytes: these float32 numbers, and less than 1% of names.
    assert 0.99 < 4 * sum(np.prod(shape) for shape in shapes.values()) / 1_786_880_927 < 1


def test_a_checkpoint_that_is_not_whole_or_of_other_sizes_is_refused(checkpoint, parity):
    missing = {name: tensor for name, tensor in checkpoint.items() if "layer.1.output.dense.bias" not in name}
    with pytest.raises(
        GenerationError, match=r"here: has no 'blip\.text_encoder.*layer\.1\.output\.dense\.bias'"
    ):
        load_network(missing, parity.SMALL_MED, "here")
    with pytest.raises(GenerationError, match=r"has the shape \(30524, 64\), not \(99, 64\)"):
        load_network(checkpoint, {**parity.SMALL_MED, "vocab_size": 99}, "here")
    with pytest.raises(GenerationError, match=r"its med_config\.json has no 'hidden_act'"):
        load_network(checkpoint, {k: v for k, v in parity.SMALL_MED.items() if k != "hidden_act"}, "here")
    with pytest.raises(GenerationError, match="is it a checkpoint of ImageReward"):
        load_network({"weight": torch.ones(1)}, parity.SMALL_MED, "here")


def test_a_folder_without_one_of_the_files_is_refused(small: Path, tmp_path: Path, rewards):
    for name in ("ImageReward.pt", "med_config.json"):
        (tmp_path / name).symlink_to(small / name)
    with pytest.raises(SuiteError, match=r"no vocab\.txt in the folder; it must hold .*bert-base-uncased"):
        rewards(tmp_path)


def test_the_published_files_are_taken_from_pinned_commits(small: Path, monkeypatch):
    import huggingface_hub

    asked: list[tuple[str, str, str]] = []

    def download(repository, name, revision):
        asked.append((repository, name, revision))
        return str(small / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    record = image_reward.IMAGE_REWARD.record
    load_scorers([record], ScorerContext())
    reward, bert = record.revision, "86b5e0934494bd15c9632b12f734a8a67f723594"
    assert asked == [
        ("zai-org/ImageReward", "ImageReward.pt", reward),
        ("zai-org/ImageReward", "med_config.json", reward),
        ("google-bert/bert-base-uncased", "vocab.txt", bert),
    ]


def test_the_authors_package_is_asked_for_by_name_and_says_where_it_can_live(small: Path, rewards):
    if importlib.util.find_spec("ImageReward") is not None:
        pytest.skip("the package image-reward is installed here; `parity/original.py` has run it")
    with pytest.raises(
        GenerationError, match=r"an environment of its own \(.*pip install (-e )?'.\[image-reward"
    ):
        rewards(f"package:{small}")
