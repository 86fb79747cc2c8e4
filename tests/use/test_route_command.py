"""`catbench fit` and `catbench route`, and the files that prompts come from."""

from __future__ import annotations

import csv
import json
import tracemalloc
from itertools import islice

import pytest

from catbench.errors import SuiteError, UsageError
from catbench.use.prompt_files import BLOCK, blocks, check_prompt_file, prompts_in

PROMPTS = ["apple bridge castle", "a river, with a tree", 'a "tall" tower at night']


@pytest.fixture
def written(tmp_path):
    """The same prompts in a file of each kind."""
    (tmp_path / "p.txt").write_text("\n\n".join(PROMPTS) + "\n", encoding="utf-8")
    with (tmp_path / "p.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([("id", "prompt"), *enumerate(PROMPTS)])
    lines = [json.dumps({"prompt": PROMPTS[0]}), json.dumps({"text": PROMPTS[1]}), json.dumps(PROMPTS[2])]
    (tmp_path / "p.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", ["txt", "csv", "jsonl"])
def test_prompts_of_a_file(written, kind):
    assert list(prompts_in(written / f"p.{kind}")) == PROMPTS


@pytest.mark.parametrize("name", ["prompt", "Prompt", " text ", "CAPTION"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_as_people_have_them(tmp_path, name, mark):
    path = tmp_path / ("p.tsv" if mark == "\t" else "p.CSV")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows(
            [("id", name), *enumerate(PROMPTS), (4, f"two{mark} of it")]
        )
    assert list(prompts_in(path)) == [*PROMPTS, f"two{mark} of it"]


def test_cells_of_any_length_and_of_several_lines(tmp_path):
    long = 'a "dog"\n' * 50_000
    with (tmp_path / "p.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["prompt"], [long]])
    assert list(prompts_in(tmp_path / "p.csv")) == [long]


@pytest.mark.parametrize(
    ("name", "holds", "says"),
    [
        ("p.csv", "a,b\n1,2\n", r"no column 'prompt', 'text' or 'caption'; it has a, b: rename one"),
        ("p.csv", "a red bus\ntwo dogs\n", "no column 'prompt', .*; it has a red bus"),  # no line is lost
        ("p.csv", "", "it has none"),
        ("p.csv", "id,prompt\n1\n", "row 1: the prompt is missing"),
        ("p.csv", "prompt,b\nx,1\n,2\n", "row 2: the prompt is missing or empty"),
        (
            "p.jsonl",
            '{"prompt": "x"}\n{"title": "y", "id": 3}\n',
            "row 2: no key 'prompt'.*; it has title, id",
        ),
        ("p.jsonl", '{"prompt": "half \\ud800"}', "row 1: the prompt holds half of a character"),
        ("p.jsonl", "3", "row 1: the prompt is missing"),
        ("p.jsonl", "[" * 100_000, "row 1: no JSON"),
        ("p.jsonl", "{\n", "row 1: no JSON"),
        ("p.txt", b"\xff\xfe", "not readable as prompts in UTF-8"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path, name, holds, says):
    (tmp_path / name).write_bytes(holds if isinstance(holds, bytes) else holds.encode())
    with pytest.raises(SuiteError, match=says):
        list(prompts_in(tmp_path / name))


def test_a_file_that_is_missing_or_of_another_kind(tmp_path):
    with pytest.raises(UsageError, match=r"p\.txt"):
        check_prompt_file(tmp_path / "p.txt")
    with pytest.raises(UsageError, match=r"\.txt, \.csv, \.tsv, \.jsonl files"):
        check_prompt_file(tmp_path / "p.parquet")


def test_many_prompts_take_no_more_memory_than_few(tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("".join(f"a prompt of number {n}\n" for n in range(40 * BLOCK)), encoding="utf-8")

    def peak(most):
        tracemalloc.start()
        count = sum(len(block) for block in islice(blocks(prompts_in(path)), most))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return count, found

    (few, low), (many, high) = peak(4), peak(None)
    assert (few, many) == (4 * BLOCK, 40 * BLOCK)
    assert high < 1.5 * low


@pytest.fixture
def kept(command, simulated, tmp_path):
    """A router that the command line fitted, and what it said."""
    said = command(
        "fit", "ridge", "--suite", simulated, "--metric", "simulated_score", "--out", tmp_path / "kept"
    )
    assert said.code == 0, said.err
    return tmp_path / "kept", said.out


def test_fit_says_what_is_to_be_expected(kept):
    _, out = kept
    assert "ridge, fitted to SIMULATED score of simulated, 3 candidates from 1 to 64 TFLOPs" in out
    assert "against always other-3 (64 TFLOPs)" in out
    shown = [line.split()[0] for line in out.splitlines() if "%" in line]
    assert shown[:5] == ["0%", "20%", "40%", "60%", "80%"]


def test_route_prints_a_line_a_prompt_and_what_was_expected(command, kept):
    said = command("route", kept[0], *PROMPTS, "--budget", "12")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].split() == ["candidate", "TFLOPs", "SIMULATED", "score", "prompt"]
    assert [line.split()[0] for line in lines[1:4]] == [
        row["candidate"] for row in rows(command, kept, ".jsonl")
    ]
    assert "prompts                   3" in said.out
    assert "expected cost             12 [" in said.out


def rows(command, kept, kind):
    """Return what is written of the same prompts."""
    source, out = kept[0].parent / "in.txt", kept[0].parent / f"out{kind}"
    source.write_text("\n".join(PROMPTS), encoding="utf-8")
    said = command("route", kept[0], "--file", source, "--budget", "12", "--out", out)
    assert said.code == 0, said.err
    text = out.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in text] if kind == ".jsonl" else list(csv.DictReader(text))


def test_both_kinds_of_file_hold_the_same(command, kept):
    table, lines = rows(command, kept, ".csv"), rows(command, kept, ".jsonl")
    assert [row["prompt"] for row in table] == PROMPTS
    for row, line in zip(table, lines, strict=True):
        assert (row["candidate"], float(row["tflops"])) == (line["candidate"], line["cost"])
        assert {name: float(row[f"predicted:{name}"]) for name in line["predicted"]} == line["predicted"]


def test_match_save_and_trade_off(command, kept):
    for given in (("--match", "sim-2"), ("--save", "40%"), ("--save", "0.4"), ("--trade-off", "0")):
        said = command("route", kept[0], "apple", *given)
        assert said.code == 0, said.err
    percent, share = (command("route", kept[0], "apple", "--save", s).out for s in ("40%", "0.4"))
    assert percent == share


def test_one_candidate_for_all_is_no_unusual_cost(command, simulated, tmp_path):
    out = tmp_path / "mixture"
    command("fit", "mixture", "--suite", simulated, "--metric", "simulated_score", "--out", out)
    said = command("route", out, *PROMPTS, "--match", "other-3")
    assert said.code == 0, said.err
    assert "expected cost             64" in said.out
    assert "no better and no worse than always other-3" in " ".join(said.out.split())
    assert "more or less than is usual" not in said.out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("apple",), "give one of budget, match, save and trade-off, not none"),
        (("apple", "--budget", "9", "--match", "sim-2"), "not budget and match"),
        (("apple", "--budget", "900"), "an image costs from 1 (sim-1) to 64 (other-3)"),
        (("apple", "--save", "much"), "--save much: give a share, as 40% or 0.4"),
        (("--budget", "9"), "give prompts, or --file with prompts"),
        (("apple", " ", "--budget", "9"), "argument 2: the prompt is missing or empty"),
        (("apple", "half \udc80", "--budget", "9"), "argument 2: the prompt holds half of a character"),
        (("apple", "--budget", "9", "--out", "x.txt"), "choices are written as .csv or .jsonl"),
        (("apple", "--budget", "9", "--file", "x.txt"), "not both"),
    ],
)
def test_what_cannot_be_done_is_one_line(command, kept, given, says):
    said = command("route", kept[0], *given)
    assert said.code == 2
    assert says in said.err
    assert said.err.count("\n") == 1


def test_an_empty_file_and_many_unknown_words(command, kept):
    source = kept[0].parent / "in.txt"
    source.write_text("\n", encoding="utf-8")
    empty = command("route", kept[0], "--file", source, "--budget", "9")
    assert "holds no prompt" in empty.err
    assert empty.out == ""
    source.write_text("kubernetes ingress controller\n" * 3000, encoding="utf-8")
    said = command("route", kept[0], "--file", source, "--budget", "9", "--out", source.with_suffix(".csv"))
    assert said.err.count("warning: 3,000 of 3,000 prompts (100%) have more unknown words") == 1
    assert "more or less than is usual" in " ".join(said.out.split())


def test_fit_needs_a_metric_and_a_free_folder(command, simulated, tmp_path):
    said = command("fit", "ridge", "--suite", simulated, "--out", tmp_path / "kept")
    assert "give --metric simulated_score or simulated_error" in said.err
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    said = command("fit", "ridge", "--suite", simulated, "--metric", "simulated_score", "--out", tmp_path)
    assert "is there already" in said.err
    file = tmp_path / "thesis.tex"
    said = command("fit", "no-such", "--suite", simulated, "--metric", "simulated_score", "--out", file)
    assert "it is a file, a folder is needed" in said.err  # before minutes of work
