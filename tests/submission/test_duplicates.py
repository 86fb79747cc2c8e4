"""Test prompts in a submission's files are found, by their definition and wherever they stand."""

from __future__ import annotations

import random

import pytest

from catbench.submit import duplicates
from catbench.submit.duplicates import find_duplicates
from catbench.suite.prompts import Prompts

TEXTS = ["a red cube on a green table in the fog", "a dog", "two owls upon a snowy roof", "Two owls, asleep"]


def found(tmp_path, text, prompts=TEXTS):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    said = find_duplicates([path], Prompts(prompts))
    return said.exact, said.near


@pytest.mark.parametrize(
    ("text", "exact", "near"),
    [
        ("nothing of the kind", 0, 0),
        ("... A RED cube, on a green table in the fog!", 1, 0),
        ("a red cube on a green table in the snow", 0, 1),
        ("a red cube\non a green table in the fog", 0, 0),
        ("a dog", 0, 0),  # too short to be looked for
        ("two owls upon a snowy roof; two owls asleep", 1, 0),  # the last has three words
        ("owls upon a snowy roof. two owls upon a", 0, 1),  # all its runs, and not in one row
    ],
)
def test_examples(tmp_path, text, exact, near):
    assert found(tmp_path, text) == (exact, near)


def test_they_are_what_comparing_each_with_each_finds(tmp_path):
    draw = random.Random(0)
    prompts = list(dict.fromkeys(" ".join(draw.choices("abcd", k=draw.randint(4, 12))) for _ in range(60)))
    lines = [" ".join(draw.choices("abcd", k=draw.randint(3, 25))) for _ in range(200)]

    def runs(text):
        words = text.split()
        return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}

    exact = {text for text in prompts for line in lines if f" {text} " in f" {line} "}
    near = {
        text for text in prompts for line in lines if len(runs(text) & runs(line)) >= 0.8 * len(runs(text))
    }
    assert 0 < len(exact) < len(near) < len(prompts)
    assert found(tmp_path, "\n".join(lines), prompts) == (len(exact), len(near - exact))


@pytest.mark.parametrize("before", range(0, 240, 7))
def test_a_long_line_hides_none(tmp_path, monkeypatch, before):
    monkeypatch.setattr(duplicates, "PIECE", 50)
    assert found(tmp_path, f"{'x ' * before}{TEXTS[0]} {'y ' * 300}") == (1, 0)
