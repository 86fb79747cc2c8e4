"""The aesthetic score: golden values of LAION's own mean embeddings by rating."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from catbench.errors import GenerationError, SuiteError, UsageError
from catbench.suite.info import Metric
from catbench_make.drawing.shards import metric_digest
from catbench_make.scorers import ScorerContext, aesthetic, load_scorers, metric_source
from catbench_make.scorers.aesthetic import SHA256, read_head


@pytest.fixture
def published(shared: Path) -> Path:
    folder = shared / "data" / "aesthetic"
    if not folder.is_dir():
        pytest.skip(
            f"{folder} is not there: it holds LAION's head, which may not be copied into the repository"
        )
    return folder


def test_the_published_head_rates_its_own_mean_embeddings_from_worst_to_best(published: Path):
    weight, bias = read_head(published / "sa_0_4_vit_l_14_linear.pth")
    embeddings = np.concatenate([np.load(published / f"rating{rating}.npy") for rating in range(10)])
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    scores = embeddings.astype(np.float64) @ weight + bias
    # torch's Linear(768, 1) on the same files, as LAION-AI/aesthetic-predictor uses them.
    assert scores[[0, 9]] == pytest.approx([-2.458, 11.304], abs=5e-4)
    assert (np.diff(scores) > 1).all()


def test_the_pinned_digest_is_that_of_the_published_head(published: Path):
    content = (published / "sa_0_4_vit_l_14_linear.pth").read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 40, 48, 3), dtype=np.uint8)


def test_it_is_the_head_on_unit_embeddings_of_the_models_own_forward(clip: Path, head: Path):
    metric = Metric(name="aesthetic", model=f"transformers:{clip} + {head}")
    values = load_scorers([metric], ScorerContext())["aesthetic"](pictures(3), ["", "", ""])
    model = transformers.CLIPModel.from_pretrained(clip).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(clip, use_fast=False)
    inputs = processor(images=list(pictures(3)), return_tensors="pt")["pixel_values"]
    layer = torch.nn.Linear(16, 1)
    layer.load_state_dict(torch.load(head))
    with torch.no_grad():
        embeddings = model.visual_projection(model.vision_model(pixel_values=inputs).pooler_output)
        expected = layer(torch.nn.functional.normalize(embeddings, dim=-1))[:, 0]
    np.testing.assert_allclose(values, expected.numpy(), atol=1e-5)


def test_a_head_is_looked_for_in_the_suites_folder_and_a_part_of_the_metrics_digest(
    clip: Path, head: Path, tmp_path: Path
):
    context = ScorerContext(root=head.parent)
    metric = Metric(name="aesthetic", model=f"transformers:{clip} + head.pth")
    assert np.isfinite(load_scorers([metric], context)["aesthetic"](pictures(1), [""])).all()
    alone = metric_digest(Metric(name="clip_score", model=f"transformers:{clip}"), None)
    first = metric_digest(metric, head.parent)
    other = head.with_name("other.pth")
    other.write_bytes(head.read_bytes() + b" ")
    changed = metric_digest(
        metric.model_copy(update={"model": f"transformers:{clip} + other.pth"}), head.parent
    )
    assert len({alone, first, changed, ""}) == 4


def test_the_published_head_is_fetched_from_its_commit_and_checked(clip: Path, head: Path, monkeypatch):
    asked: list[tuple[str, ...]] = []

    def fetch(url, sha256, name, progress, room, instead):
        asked.append((url, sha256, room))
        return head

    monkeypatch.setattr(aesthetic, "fetch", fetch)
    metric = Metric(name="aesthetic", model=f"transformers:{clip}")
    assert load_scorers([metric], ScorerContext())["aesthetic"](pictures(1), [""]).shape == (1,)
    url = "https://raw.githubusercontent.com/LAION-AI/aesthetic-predictor/6d122adad522ab246644d9dc1c6d7a3810ee255f/"
    assert asked == [(f"{url}sa_0_4_vit_l_14_linear.pth", SHA256, "metrics")]
    assert metric_source("aesthetic").record.model == "ViT-L-14/openai + sa_0_4_vit_l_14_linear"


def test_without_a_network_it_says_how_to_name_a_local_copy(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(aesthetic, "SOURCE", "http://127.0.0.1:9/head.pth")
    with pytest.raises(UsageError, match=r"cannot fetch .*'ViT-L-14/openai \+ FILE'"):
        load_scorers([Metric(name="aesthetic")], ScorerContext())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"weight": torch.ones(1, 16)}, "not a linear head's weight"),
        ({"layers.0.weight": torch.ones(8, 16), "layers.0.bias": torch.ones(8)}, "LAION's second predictor"),
        ([1, 2], "holds a list, not tensors by name"),
        (torch.nn.Linear(16, 1), "cannot be read as tensors alone"),
        (b"cut short", "cannot be read as tensors alone"),
    ],
)
def test_a_file_that_is_no_head_is_refused(tmp_path: Path, content, message):
    path = tmp_path / "head.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(GenerationError, match=message):
        read_head(path)


def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path):
    class Harmful:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "head.pth").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(GenerationError, match="cannot be read as tensors alone"):
        read_head(tmp_path / "head.pth")
    torch.save({"weight": Harmful()}, tmp_path / "head.pth")
    with pytest.raises(GenerationError, match="cannot be read as tensors alone"):
        read_head(tmp_path / "head.pth")
    assert not (tmp_path / "ran").exists()


def test_a_head_of_another_clip_and_one_that_is_not_there_are_refused(clip: Path, tmp_path: Path):
    torch.save(torch.nn.Linear(768, 1).state_dict(), tmp_path / "large.pth")
    for head, message in (
        (tmp_path / "large.pth", "takes embeddings of 768 components, the CLIP gives 16"),
        ("nothing.pth", "no file 'nothing.pth'"),
    ):
        with pytest.raises(SuiteError, match=message):
            load_scorers([Metric(name="aesthetic", model=f"transformers:{clip} + {head}")], ScorerContext())
