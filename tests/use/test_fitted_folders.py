"""A folder that was altered, is of another kind or from a stranger: one clear line, and nothing is run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import catbench
from catbench.errors import RouterError
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save
from catbench.use.fitted_folder import RECORD, VALIDATION, FittedRecord
from catbench.use.router_state import ARRAYS, SKOPS, TREE

OWN = """
import numpy as np

class Means:
    def fit(self, prompts, quality):
        self.means = quality.mean(axis=0)

    def predict(self, prompts):
        return np.tile(self.means, (len(prompts), 1)) + [[len(text) / 1000, 0, 0] for text in prompts]

def make_router(pool):
    return Means()
"""


def texts(suite):
    return list(suite.texts(suite.rows("test")))


def said(router, prompts):
    """Return what a router answers about prompts at a budget, as JSON holds it."""
    found = router.choose(prompts, budget=8.0)
    predicted = None if found.predicted is None else found.predicted.tolist()
    return {"candidates": list(found.candidates), "predicted": predicted}


@pytest.fixture
def copied(folders, tmp_path):
    """A copy of a folder that a test may break."""
    return shutil.copytree(folders / "ridge", tmp_path / "ridge")


def rewritten(folder, **changes):
    """Write fitted.json anew with changes, and a digest that is right."""
    record = FittedRecord.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
    record = record.model_copy(update=changes)
    whole = record.model_copy(update={"digest": record.content()})
    (folder / RECORD).write_text(whole.model_dump_json(by_alias=True), encoding="utf-8")


def refused(folder, says, **given):
    with pytest.raises(RouterError, match=says) as error:
        catbench.FittedRouter.load(folder, **given)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_none(tmp_path):
    refused(tmp_path, r"is no fitted router: it has no fitted.json")


@pytest.mark.parametrize("name", [TREE, ARRAYS, VALIDATION, "words.txt"])
def test_an_altered_or_a_missing_file(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b"x")
    refused(copied, f"{name}: SHA-256 .* is altered or cut short|{name}: SHA-256 .*the file is altered")
    (copied / name).unlink()
    refused(copied, f"{name} is missing")


def test_an_altered_record(copied):
    text = (copied / RECORD).read_text(encoding="utf-8")
    (copied / RECORD).write_text(re.sub(r'"unit": "\w+"', '"unit": "usd"', text), encoding="utf-8")
    refused(copied, "fitted.json is altered")
    (copied / RECORD).write_text(text[:-40], encoding="utf-8")
    refused(copied, "not readable as a fitted router")


def test_another_schema(copied):
    text = (copied / RECORD).read_text(encoding="utf-8")
    (copied / RECORD).write_text(text.replace('"schema": 2', '"schema": 3'), encoding="utf-8")
    refused(copied, "is of schema 3, and this catbench reads schema 2: fit it again")


def test_a_missing_candidate(copied, fitted):
    more = catbench.Candidate(id="sim-9")
    record = json.loads((copied / RECORD).read_text(encoding="utf-8"))
    candidates = (*fitted["ridge"].pool.candidates, more)
    rewritten(copied, candidates=candidates, costs=(*record["costs"], 100.0))
    refused(copied, "validation.parquet: no column 'quality:sim-9'")


def test_an_unknown_router(copied):
    rewritten(copied, router="ridgy")
    refused(copied, "unknown router 'ridgy': did you mean 'ridge'")


def test_another_router_than_that_of_the_folder(copied):
    refused(copied, "is of router 'ridge', and 'knn' was given", router="knn")


def test_a_library_that_answers_otherwise(copied):
    answers = json.loads((copied / RECORD).read_text(encoding="utf-8"))["answers"]
    rewritten(copied, answers=tuple(tuple(value + 1e-3 for value in row) for row in answers))
    refused(copied, "answers otherwise than when it was saved")


def test_no_type_that_is_not_listed_is_loaded(copied):
    import skops.io

    from catbench.files import sha256_of

    skops.io.dump({"router": subprocess.Popen}, copied / SKOPS)
    files = json.loads((copied / RECORD).read_text(encoding="utf-8"))["files"]
    rewritten(copied, files=files | {SKOPS: sha256_of(copied / SKOPS)})
    refused(copied, "holds types that are not loaded unless .* --trust subprocess.Popen")


EVIL = """
from pathlib import Path

Path("ran").touch()


def make_router(pool):
    raise SystemExit
"""


@pytest.mark.parametrize(
    "name",
    ["evil.py", "evil", "./evil.py:make_router", "guarded:evil.py", "guarded:evil.py:make_router",
     "guarded:evil", "guarded:guarded:./evil", "ridge:./evil"],
)  # fmt: skip
def test_a_folder_that_names_a_file_runs_none(copied, tmp_path, monkeypatch, name):
    """Whoever wrote the folder also wrote its digests, and says that the router is an installed one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil").mkdir()
    for place in ("evil.py", "evil/router.py"):
        (tmp_path / place).write_text(EVIL, encoding="utf-8")
    rewritten(copied, router=name)
    refused(copied, "is of a file or a folder of yours, and what a fitted router names is not run")
    assert not (tmp_path / "ran").exists()


def test_an_installed_name_is_not_a_folder_of_that_name(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "router.py").write_text(EVIL, encoding="utf-8")
    assert (tmp_path / "ridge").is_dir()  # as after `catbench fit ridge --out ridge`
    assert catbench.FittedRouter.load("ridge").name == "ridge"


@pytest.mark.parametrize(
    "changes",
    [{"best_single": 3}, {"best_single": -1}, {"costs": (1.0,)}, {"probes": ()}, {"trade_offs": ()}],
)
def test_a_record_that_contradicts_itself(copied, changes):
    rewritten(copied, **changes)
    refused(copied, r"fitted.json: .*\(is it altered or cut short\?\)")


def test_a_table_with_numbers_that_cannot_be(copied):
    from catbench.files import sha256_of

    path = copied / VALIDATION
    table = pd.read_parquet(path)
    table.assign(**{table.columns[1]: np.nan}).to_parquet(path)
    files = json.loads((copied / RECORD).read_text(encoding="utf-8"))["files"]
    rewritten(copied, files=files | {VALIDATION: sha256_of(path)})
    refused(copied, "holds numbers that cannot be")


def test_a_minor_version_later_it_is_read_all_the_same(copied, suite):
    rewritten(copied, catbench="0.9.9")
    catbench.FittedRouter.load(copied).choose(texts(suite), budget=8.0)


def test_a_router_of_ones_own_is_named_again_and_fitted_again(suite, tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")
    mine = str(tmp_path / "mine.py")
    router = catbench.fit(mine, suite, metric="simulated_score")
    router.save(tmp_path / "kept")
    assert not (tmp_path / "kept" / TREE).exists()
    refused(tmp_path / "kept", "router 'mine' is of a file or a folder of yours.*--router FILE.py")
    told = []
    refused(tmp_path / "kept", "suite 'simulated' is needed: unknown suite", router=mine, tell=told.append)
    save(suite, tmp_path / "home" / "suites" / "simulated")
    with pytest.warns(UserWarning, match="'mine' is not saved: it is fitted again from suite 'simulated'"):
        again = catbench.FittedRouter.load(tmp_path / "kept", router=mine)
    assert said(again, texts(suite)) == said(router, texts(suite))
    other, _ = simulate(Simulation(prompts=300, candidates=3, samples=2, seed=1))
    save(other, tmp_path / "home" / "suites" / "simulated", force=True)
    refused(
        tmp_path / "kept",
        "has the digest .*install that version",
        router=mine,
        tell=told.append,
    )
