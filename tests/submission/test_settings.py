"""`submission.toml`: everything wrong with it at once, in TOML's words, each with a line as it should be."""

from __future__ import annotations

import tomllib

import pytest

from catbench.submit.faults import EXAMPLES
from catbench.submit.folder import Settings, folder_faults

WRONG = [
    ("authors", '"Ada"', "it must be a list, in brackets"),
    ("suites", '"nano"', "it must be a list, in brackets"),
    ("suites", "[]", "its list is empty"),
    ("suites", '["../nano"]', "a suite is named by small letters"),
    ("authors", '["Ada", 1]', "it must be text, in quotes"),
    ("name", "1", "it must be text, in quotes"),
    ("name", '""', "it is empty"),
    ("name", f'"{"x" * 81}"', "it has more than 80 characters"),
    ("paper", '"arxiv.org"', "it must be an address that begins with https://"),
    ("needs-gpu", '"maybe"', "it must be true or false, without quotes"),
    ("requirements", '"numpy"', "it must be a list, in brackets"),
]


def settings(**changed):
    """Return settings in which nothing is wrong but what is changed; None takes a line out."""
    lines = EXAMPLES | {key.replace("_", "-"): value for key, value in changed.items()}
    return "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)


def problems(folder, text):
    (folder / "submission.toml").write_text(text)
    return folder_faults(folder)


def test_the_examples_are_right(folder):
    assert set(EXAMPLES) == {part.alias or name for name, part in Settings.model_fields.items()}
    assert Settings.model_validate(tomllib.loads(settings()))
    assert problems(folder, settings()) == []


@pytest.mark.parametrize(("key", "value", "says"), WRONG)
def test_a_wrong_value_is_told_in_toml_s_words(folder, key, value, says):
    (told,) = problems(folder, settings(**{key: value}))
    assert told.what.startswith(f"submission.toml, {key}")
    assert told.fix.startswith(says)
    assert told.fix.endswith(f"write {key} = {EXAMPLES[key]}")
    for word in ("tuple", "Input", "String", "validation", "match pattern"):
        assert word not in str(told)


def test_a_part_of_a_list_is_named_by_its_number(folder):
    (told,) = problems(folder, settings(authors='["Ada", 1]'))
    assert told.what == "submission.toml, authors, number 2"


def test_what_is_missing_or_unknown_is_told(folder):
    missing, unknown = problems(folder, settings(licence=None) + 'license = "MIT"\n')
    assert str(missing) == 'submission.toml, licence: it is missing: write licence = "Apache-2.0"'
    assert "did you mean 'licence'?" in unknown.fix


def test_unknown_suites_are_told_beside_everything_else(command, folder):
    (folder / "submission.toml").write_text(settings(suites='["nanno", "../x", 1]', name="1"))
    done = command("submit", "check", folder)
    assert done.code == 2
    for says in ("unknown suite 'nanno'", "submission.toml, name", "suites, number 2", "suites, number 3"):
        assert done.out.count(says) == 1
    assert "4 to fix" in done.err


def test_an_unknown_suite_that_is_asked_for_is_told_beside_everything_else(command, folder):
    (folder / "submission.toml").write_text(settings(name="1"))
    done = command("submit", "check", folder, "--suite", "nanno")
    assert "unknown suite 'nanno'" in done.out
    assert "submission.toml, name" in done.out
    (folder / "submission.toml").write_text(settings())
    done = command("submit", "check", folder, "--suite", "nanno")
    assert done.code == 2
    assert "unknown suite 'nanno'" in done.out


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("from mine import make_router", True),
        ("from mine import other as make_router", True),
        ("make_router = object", True),
        ("print(make_router)", False),
        ("import make", False),
    ],
)
def test_the_factory_may_be_defined_or_imported(folder, code, right):
    (folder / "mine.py").write_text("def make_router(pool): ...\nother = make_router\n")
    (folder / "router.py").write_text(f"{code}\n")
    assert (problems(folder, settings()) == []) == right
