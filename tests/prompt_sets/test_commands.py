"""`catbench prompts ...` and `catbench suites`, as typed."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from catbench.errors import MissingExtraError, UsageError
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import load, load_suite, save


@pytest.fixture
def typed(command, bag, monkeypatch):
    """Type a command with the encoder `bag`, whatever it is called."""
    monkeypatch.setattr("catbench_make.encoders.load_encoder", lambda name, device="cpu": bag)
    return command


@pytest.fixture
def captions(tmp_path, texts):
    pd.DataFrame({"image_id": range(len(texts)), "prompt": texts}).to_csv(
        tmp_path / "captions.csv", index=False
    )
    return tmp_path / "captions.csv"


def test_a_suite_is_built_named_listed_and_refused_without_scores(typed, captions):
    listed = " ".join(typed("suites").out.split())
    assert "coco not made COCO, in the paper 18,384 prompts" in listed
    assert "catbench prompts diffusiondb --limit 97841" in listed
    # As the README has it.
    assert "about 304 H100-hours for 12 candidates at 330 TFLOP/s, an assumed third of the peak" in listed
    assert "about 1,618 H100-hours" in listed
    outcome = typed("prompts", "coco", "--from", captions)
    assert outcome.code == 0, outcome.err
    assert "similar" in outcome.out
    assert "800 prompts encoded" in outcome.err
    problem = load_suite("coco")
    assert f"{len(problem.prompts)} prompts (train" in outcome.out
    assert problem.suite.provenance.sources[0].files[0].name == "captions.csv"
    listed = " ".join(typed("suites").out.split())
    assert "no scores yet: catbench generate coco --out RUN" in listed
    assert "coco not made" not in listed
    refused = typed("evaluate", "ridge", "--suite", "coco")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "catbench generate coco" in refused.err


def test_built_again_or_from_its_ids_it_is_the_same_to_the_byte(typed, captions, tmp_path):
    for name, more in (("a", ()), ("b", ()), ("c", ("--ids", tmp_path / "a"))):
        outcome = typed("prompts", "coco", "--from", captions, "--out", tmp_path / name, *more)
        assert outcome.code == 0, outcome.err
    for name in ("prompts.parquet", "kept_ids.txt"):
        first, *others = ((tmp_path / folder / name).read_bytes() for folder in "abc")
        assert others == [first, first]
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (tmp_path / "b" / "manifest.json").read_bytes()


def test_a_suite_that_is_there_is_replaced_only_when_asked_and_never_with_scores(typed, captions, tmp_path):
    words = ("prompts", "coco", "--from", captions, "--out", tmp_path / "a")
    assert typed(*words).code == 0
    assert "is there already" in typed(*words).err
    assert typed(*words, "--force", "--limit", 30).code == 0
    assert len(load_suite(tmp_path / "a").prompts) == 30
    save(simulate(Simulation(prompts=60, candidates=2, samples=1))[0], tmp_path / "scored")
    refused = typed("prompts", "coco", "--from", captions, "--out", tmp_path / "scored", "--force")
    assert refused.code == 2
    assert "holds scores" in refused.err
    assert len(load(tmp_path / "scored").prompts) == 60


def test_diffusiondb_takes_a_ceiling_and_several_files(typed, tmp_path):
    pd.DataFrame({"prompt": ["one cat", "two dogs"], "prompt_nsfw": [0.2, 0.9]}).to_csv(tmp_path / "a.csv")
    pd.DataFrame({"prompt": ["three birds"], "prompt_nsfw": [0.1]}).to_parquet(tmp_path / "b.parquet")
    sources = ("--from", tmp_path / "a.csv", "--from", tmp_path / "b.parquet")
    outcome = typed("prompts", "diffusiondb", *sources, "--nsfw-ceiling", 0.5)
    assert outcome.code == 0, outcome.err
    suite = load_suite("diffusiondb")
    assert sorted(suite.prompts["text"]) == ["one cat", "three birds"]
    assert set(suite.prompts["source"]) == {"DiffusionDB"}
    assert suite.suite.licence == "prompts: CC0-1.0"


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        ("promt\nx\n", (), "no column called prompt, caption, text"),
        ("prompt\nx\n", ("--column", "promt"), "did you mean 'prompt'?"),
        ("", (), "it is empty"),
        ("prompt\n", (), "no rows"),
        ('prompt\n""\n', (), "no prompt of DiffusionDB is left"),
        ("prompt\nx\n", ("--threshold", 0), "--threshold 0"),
        ("prompt\nx\n", ("--limit", 0), "--limit 0"),
        ("prompt\nx\n", ("--nsfw-ceiling", 0.5), "unknown column in"),
        ("prompt,prompt_nsfw\nx,0.1\n", ("--nsfw-ceiling", 2), "--nsfw-ceiling 2"),
        ("prompt\nx\n", ("--ids", "nothing.txt"), "there is no file nothing.txt"),
        ("prompt\nx\n", ("--from", "nothing.csv"), "there is no file nothing.csv"),
        ("prompt\nx\n", ("--out", "{tmp}/a.csv"), "a.csv: it is a file, a folder is needed"),
        ("prompt\nx\n", ("--ids", "i", "--limit", 5), "--limit beside --ids would change nothing"),
        ("prompt\nx\n", ("--ids", "i", "--threshold", 0.75), "--threshold beside --ids"),
        ("prompt\nx\n", ("--ids", "i", "--seed", 0), "--seed beside --ids"),
        ("prompt\nx\n", ("--ids", "i", "--encoder", "minilm"), "--encoder beside --ids"),
        ("prompt\nx\n", ("--ids", "i", "--nsfw-ceiling", 0.5), "--nsfw-ceiling beside --ids"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2_and_makes_nothing(typed, tmp_path, content, words, message):
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    given = [str(word).format(tmp=tmp_path) for word in words]
    outcome = typed("prompts", "diffusiondb", "--from", tmp_path / "a.csv", "--out", tmp_path / "out", *given)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert outcome.err.startswith("catbench: ")
    assert message in outcome.err
    assert sorted(path.name for path in tmp_path.iterdir()) in (["a.csv"], ["a.csv", "cache"])


def test_check_finds_writes_draws_and_drops_leaks_of_a_suite_with_scores(typed, tmp_path):
    save(simulate(Simulation(prompts=300, candidates=2, samples=1))[0], tmp_path / "scored")
    files = ("--json", tmp_path / "c.json", "--plot", tmp_path / "c.png", "--drop", tmp_path / "clean")
    outcome = typed("prompts", "check", tmp_path / "scored", *files)
    assert outcome.code == 1, outcome.err
    record = json.loads((tmp_path / "c.json").read_text())
    leaks = len(record["near_across_splits"])
    assert f"0.75 or nearer across splits: {leaks} pairs" in outcome.out
    assert leaks > 0
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    before, after = load(tmp_path / "scored"), load(tmp_path / "clean")
    assert f"{len(before.prompts) - len(after.prompts)} prompts dropped" in outcome.out
    tests = [
        matrix.prompts["prompt_id"].to_numpy()[matrix.rows("test")].tolist() for matrix in (before, after)
    ]
    assert tests[0] == tests[1]
    kept = before.prompts["prompt_id"].isin(after.prompts["prompt_id"]).to_numpy()
    for name, scores in after.scores.items():
        assert (scores == before.scores[name][kept]).all()
    assert typed("prompts", "check", tmp_path / "clean").code == 0


def test_what_is_left_after_dropping_says_how_much_it_is_and_its_ids_make_it_again(typed, captions, tmp_path):
    assert typed("prompts", "coco", "--from", captions, "--out", tmp_path / "a").code == 0
    words = ("prompts", "check", tmp_path / "a", "--near")
    assert typed(*words, 0.7, "--drop", tmp_path / "b").code == 1
    before, after = (load_suite(tmp_path / name) for name in "ab")
    old, new = before.suite.provenance.counts, after.suite.provenance.counts
    dropped = len(before.prompts) - len(after.prompts)
    assert dropped > 0
    assert after.suite.title == before.suite.title.replace(
        f"{len(before.prompts)} prompts", f"{len(after.prompts)} prompts"
    )
    assert new == old | {"kept": len(after.prompts), "near_across_splits": dropped}
    ids = ("--ids", tmp_path / "b", "--out", tmp_path / "c")
    assert typed("prompts", "coco", "--from", captions, *ids).code == 0
    assert (tmp_path / "c" / "prompts.parquet").read_bytes() == (
        tmp_path / "b" / "prompts.parquet"
    ).read_bytes()
    refused = typed(*words, 0.01, "--drop", tmp_path / "d")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--drop would leave no train and no validation prompt: at 0.01 all of them leak" in refused.err
    assert not (tmp_path / "d").exists()


def test_check_against_a_file_tells_what_is_in_both(typed, captions, tmp_path):
    assert typed("prompts", "coco", "--from", captions).code == 0
    outcome = typed("prompts", "check", "coco", "--against", captions, "--json", tmp_path / "c.json")
    assert outcome.code == 1, outcome.err
    record = json.loads((tmp_path / "c.json").read_text())
    prompts = load_suite("coco").prompts
    tests = prompts["text"][prompts["split"] == "test"].tolist()
    assert len(record["against"]["exact"]) == len(prompts)
    assert record["against"]["test_prompts"] == len(tests)
    assert f"LEAK  {len(tests)} test prompts in captions.csv: a router" in outcome.out
    assert record["exact_across_splits"] == record["near_across_splits"] == []
    (tmp_path / "other.csv").write_text("id,words\n1,nothing of the kind\n")
    words = ("prompts", "check", "coco", "--against", tmp_path / "other.csv")
    refused = typed(*words)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "name one with --column" in refused.err
    found = typed(*words, "--column", "words")
    assert (found.code, "equal to other.csv: 0 pairs" in found.out) == (0, True)
    training = prompts["text"][prompts["split"] == "train"].tolist()
    for added, code in (([], 0), ([f"  {tests[0].upper()}"], 1)):
        (tmp_path / "mine.txt").write_text("\n".join([*training, *added]) + "\n")
        assert typed("prompts", "check", "coco", "--against", tmp_path / "mine.txt").code == code


def test_with_against_the_suites_own_near_pairs_are_told_and_do_not_decide(typed, simulated, tmp_path):
    alone = typed("prompts", "check", simulated)
    assert alone.code == 1
    own = re.search(r"LEAK  (.* pairs?) of equal or near prompts across splits", alone.out)[1]
    prompts = load_suite(simulated).prompts
    first, *_ = prompts["text"][prompts["split"] == "test"]
    near = f"{first} {first}"
    for lines, code in ((["nothing of the kind"], 0), ([near], 0), ([near, f" {first.upper()}"], 1)):
        (tmp_path / "mine.txt").write_text("\n".join(lines), encoding="utf-8")
        found = typed("prompts", "check", simulated, "--against", tmp_path / "mine.txt")
        assert found.code == code, found.out
        assert ("LEAK  1 test prompt in mine.txt" in found.out) == bool(code)
        assert f"not of the suite's own {own} across splits" in found.out
    assert "0.75 or nearer to mine.txt: 0 pairs" not in found.out


@pytest.mark.parametrize("error", [UsageError("no connection"), MissingExtraError("this", "x", "minilm")])
def test_equal_test_prompts_are_found_where_no_encoder_can_be_had(
    command, simulated, tmp_path, monkeypatch, error
):
    def fail(name, device="cpu"):
        raise error

    monkeypatch.setattr("catbench_make.encoders.load_encoder", fail)
    prompts = load_suite(simulated).prompts
    tests = prompts["text"][prompts["split"] == "test"].tolist()[:10]
    (tmp_path / "mine.txt").write_text("\n".join(tests), encoding="utf-8")
    words = ("prompts", "check", simulated, "--against", tmp_path / "mine.txt")
    files = ("--json", tmp_path / "c.json", "--plot", tmp_path / "c.png", "--drop", tmp_path / "clean")
    found = command(*words, *files)
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "LEAK  10 test prompts in mine.txt" in found.out
    assert f"c.png is not written, {tmp_path / 'clean'} is not written: {error}" in found.err
    assert json.loads((tmp_path / "c.json").read_text())["against"]["test_prompts"] == 10
    assert not any((tmp_path / name).exists() for name in ("c.png", "clean"))
    (tmp_path / "mine.txt").write_text("nothing of the kind", encoding="utf-8")
    refused = command(*words)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert str(error) in refused.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing",), "unknown suite 'nothing'"),
        (("coco",), "make it with `catbench prompts coco`"),
        (("{suite}", "--near", 0), "--near 0"),
        (("{suite}", "--plot", "a.html"), "a plot of prompts ends in"),
        (("{suite}", "--against", "nothing"), "unknown suite 'nothing'"),
        (("{suite}", "--against", "{suite}", "--column", "x"), "a suite needs no column"),
        (("{suite}", "--column", "x"), "--column x is of the file of --against"),
        (("{suite}", "--drop", "{suite}"), "is there already"),
    ],
)
def test_a_check_that_cannot_be_is_one_line_and_exit_code_2(typed, simulated, words, message):
    outcome = typed("prompts", "check", *(str(word).format(suite=simulated) for word in words))
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert message in outcome.err
