"""Errors that tell which command or router needs which extra, and how to get it."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from catbench.errors import EXTRAS, install_line, missing_extra, unknown_name
from catbench_make import packages

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
DISTRIBUTIONS = {"PIL": "pillow", "open_clip": "open_clip_torch"}


@pytest.mark.parametrize(("module", "extra"), EXTRAS.items())
def test_the_extra_of_a_module_brings_it_and_the_base_does_not(module, extra):
    wanted = re.sub(r"[-_.]+", "-", DISTRIBUTIONS.get(module, module)).lower()

    def names(requirements):
        return {re.sub(r"[-_.]+", "-", re.split(r"[<>=\[~!; ]", text)[0]).lower() for text in requirements}

    assert wanted in names(PROJECT["project"]["optional-dependencies"][extra])
    assert wanted not in names(PROJECT["project"]["dependencies"])


@pytest.mark.parametrize(
    ("noted", "line"),
    [
        ('{"url": "file:///clone", "dir_info": {"editable": true}}', "pip install -e '.[ray]'"),
        ('{"url": "file:///clone", "dir_info": {}}', "pip install '.[ray]'"),
        (None, "pip install '.[ray]'"),
        ("no json", "pip install '.[ray]'"),
    ],
)
def test_the_line_that_installs_an_extra_keeps_an_editable_install_so(monkeypatch, noted, line):
    """Without -e pip would replace the clone by a copy of it, and later edits would change nothing."""
    found = SimpleNamespace(read_text={"direct_url.json": noted}.get)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: found)
    assert install_line("ray") == f"in your clone of catbench, {line}"


def test_only_a_package_of_an_extra_is_taken_for_one():
    for error in (ValueError("torch"), ModuleNotFoundError("x", name="numpy"), ModuleNotFoundError("x")):
        assert missing_extra(error) is None
    inner = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert "a router needs torch, which is not installed" in str(missing_extra(inner, "a router"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("measure nano --out c.parquet", r"measure: generating images needs torch, .*\[generate\]'"),
        ("generate nano --out run", r"generate: generating images needs torch, .*\[generate\]'"),
        ("evaluate transformer", r"evaluate: router 'transformer' needs torch, .*\[minilm\]'"),
    ],
)
def test_the_command_that_needs_an_extra_is_named(command, no_torch, monkeypatch, tmp_path, words, says):
    monkeypatch.chdir(tmp_path)
    packages.prepare.cache_clear()
    outcome = command(*words.split())
    assert outcome.code == 2
    assert re.fullmatch(f"catbench {says}\n", outcome.err)
    assert not list(tmp_path.iterdir())


def test_a_command_whose_import_fails_names_the_extra_that_brings_all_it_needs(command, monkeypatch):
    def fails(*given, **named):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("catbench_make.costs.measure.measure", fails)
    monkeypatch.setattr("catbench.submit.trial.check_submission", fails)
    measured, checked = command("measure", "nano", "--out", "c"), command("submit", "check", "x")
    assert re.fullmatch(r"catbench measure: this needs torch, .*\[generate\]'\n", measured.err)
    assert re.fullmatch(r"catbench submit check: this needs torch, .*\[minilm\]'\n", checked.err)


def test_the_page_of_the_leaderboard_names_its_extra(command, monkeypatch):
    monkeypatch.setattr("catbench.cli.leaderboard_command.find_spec", lambda name: None)
    says = r"catbench leaderboard: the leaderboard's page needs streamlit, .*\[leaderboard\]'\n"
    assert re.fullmatch(says, command("leaderboard").err)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("clip_scor", "did you mean 'clip_score'? "),
        ("clip", "did you mean 'clip_score'? "),  # too short to be near, but how it begins
        ("zebra", "'zebra': known: "),
        ("", "'': known: "),
    ],
)
def test_a_name_that_is_not_there_suggests_what_was_meant(name, says):
    assert says in str(unknown_name("metric", name, ["sharpness", "clip_score"]))
