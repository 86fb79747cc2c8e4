"""Two simulated suites, reports of routers on them, and reports that are broken, foreign or hostile."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catbench import Report, evaluate
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

SUITES = {
    "sim-one": Simulation(prompts=400, candidates=5, samples=2, seed=1),
    "sim-two": Simulation(prompts=300, candidates=3, samples=2, seed=2),
}
HOSTILE = {
    "markup": "<script>alert(1)</script><b>bold</b> **stars** $x$ :red[no] [a](http://b)",
    "emoji": "\N{CAT} \N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER} router",
    "long": "r" * 200,
    "rtl": "\u05e0\u05ea\u05d1 \u202eevil\u202c \u0645\u0648\u062c\u0651\u0647",
}


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A home with the suites, which every test of this folder uses. Not to be changed."""
    home = tmp_path_factory.mktemp("board-home")
    for name, simulation in SUITES.items():
        matrix, _ = simulate(simulation)
        save(
            _with_steps(matrix, name),
            home / "suites" / name,
            images=_sheets(matrix) if name == "sim-one" else (),
        )
    return home


@pytest.fixture(scope="session", autouse=True)
def _at_home(home):
    from catbench.suite.here import matrix_of, suite_folders

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATBENCH_HOME", str(home))
        suite_folders.cache_clear()
        matrix_of.cache_clear()
        yield
    suite_folders.cache_clear()
    matrix_of.cache_clear()


@pytest.fixture(scope="session")
def reports(home, tmp_path_factory):
    """A folder of reports that hold, `<router>-<suite>-<pool>-<cost>/report.json`. Not to be changed."""
    from catbench import load

    folder = tmp_path_factory.mktemp("reports")
    for suite, pools in {"sim-one": ("sim", "sim+"), "sim-two": ("sim+",)}.items():
        matrix = load(home / "suites" / suite)
        for pool in pools:
            for cost in ("tflops", "seconds"):
                for router in ("ridge", "mixture", "fixed:sim-2"):
                    by = "words" if (suite, pool, cost) == ("sim-two", "sim+", "tflops") else None
                    place = folder / f"{router.replace(':', '-')}-{suite}-{pool}-{cost}"
                    place.mkdir()
                    evaluate(router, matrix, pool=pool, cost=cost, by=by).save(place / "report.json")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _reran():
    """Every report of these tests counts as reran, but where a test is `strict`; yields how it is else."""
    from catbench.submit.entries import Entry

    known = Entry.reran
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Entry, "reran", True)
        yield known


@pytest.fixture
def strict(_reran, monkeypatch):
    """Reports count as reran only where that is shown."""
    monkeypatch.setattr("catbench.submit.entries.Entry.reran", _reran)


@pytest.fixture(scope="session")
def pair(reports, tmp_path_factory):
    """A folder with two of these reports, for tests that make a board anew. Not to be changed."""
    folder = tmp_path_factory.mktemp("pair")
    for router in ("ridge", "mixture"):
        shutil.copytree(reports / f"{router}-sim-one-sim-tflops", folder / router)
    return folder


@pytest.fixture
def strict_pair(strict, pair, tmp_path_factory):
    """Return a function that makes a folder of some reports, of which `verified` are in this user's index."""
    from catbench.report.index import own_index, write_index

    def make(*names, verified=()):
        folder = tmp_path_factory.mktemp("strict")
        for name in names:
            shutil.copytree(pair / name, folder / name)
        write_index(own_index(), [folder / name / "report.json" for name in verified], folder)
        return folder

    yield make
    own_index().unlink(missing_ok=True)


@pytest.fixture(scope="session")
def board(reports):
    """The board of the reports that hold."""
    from catbench_leaderboard.board import open_board

    return open_board([reports])


@pytest.fixture(scope="session")
def troubled(reports, tmp_path_factory):
    """A folder with two reports that hold, four of hostile names, and nine that are broken or foreign."""
    folder = tmp_path_factory.mktemp("troubled")
    whole = reports / "ridge-sim-one-sim-tflops"
    shutil.copytree(whole, folder / "whole")
    shutil.copytree(reports / "mixture-sim-one-sim-tflops", folder / "also-whole")
    for slug, name in HOSTILE.items():
        shutil.copytree(whole, folder / f"hostile-{slug}")
        rename(folder / f"hostile-{slug}" / "report.json", name)
    for slug, change in BROKEN.items():
        shutil.copytree(whole, folder / slug)
        rename(folder / slug / "report.json", f"{slug} {HOSTILE['markup']}")
        change(folder / slug)
    return folder


def cut_short(place: Path) -> None:
    """Leave half of a report."""
    text = (place / "report.json").read_text()
    (place / "report.json").write_text(text[: len(text) // 2])


def forge_replicates(place: Path) -> None:
    """Raise a router's areas in all draws."""
    path = place / "report.replicates.parquet"
    table = pd.read_parquet(path)
    table.assign(audc=table["audc"] + np.float32(0.01)).to_parquet(path, index=False)


BROKEN = {
    "cut-short": cut_short,
    "foreign": lambda place: (place / "report.json").write_text('{"model": "<b>other</b>", "score": 1}'),
    "schema-1": lambda place: _edit(place / "report.json", lambda record: record.update(schema=1)),
    "tampered": lambda place: _edit(
        place / "report.json", lambda record: record["results"][0]["measures"]["audc"].update(value=0.99)
    ),
    "forged-replicates": forge_replicates,
    "no-predictions": lambda place: (place / "report.predictions.parquet").unlink(),
    "no-replicates": lambda place: (place / "report.replicates.parquet").unlink(),
    "broken-predictions": lambda place: (place / "report.predictions.parquet").write_bytes(b"PAR1 no"),
    "other-draws": lambda place: _edit(
        place / "report.json", lambda record: record["bootstrap"].update(seed=7)
    ),
}
"""What a report is called -> what is wrong with it."""


def rename(path: Path, name: str) -> None:
    """Give a report's router another name."""
    record = json.loads(path.read_text())
    record["router"]["name"] = name
    path.write_text(json.dumps(record))


def _edit(path: Path, change) -> None:
    """Change a report's JSON."""
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


@pytest.fixture
def edit():
    """Return a function that changes a report's JSON."""
    return _edit


@pytest.fixture
def forged(pair, tmp_path):
    """Return a function that changes the report of `ridge` beside that of `mixture`, and makes the board."""
    from catbench_leaderboard.board import open_board

    def make(change):
        shutil.copytree(pair, tmp_path / "reports")
        _edit(tmp_path / "reports" / "ridge" / "report.json", change)
        return open_board([tmp_path / "reports"], cache=tmp_path / "cache")

    return make


@pytest.fixture(scope="session")
def as_submission(home):
    """Return a function that makes a report one of a submission that passed every check."""
    from catbench import load
    from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
    from catbench.submit.checks import beside_baselines, digest_of

    shipped = Path(__file__).parents[2] / "submissions" / "word-policy" / "report.json"
    template = json.loads(shipped.read_text())["submission"]

    def make(path, **said):
        report = Report.read(path)
        matrix = load(home / "suites" / report.results[0].suite)
        rounds = rounds_of_report(report, matrix)
        answers = stored_answers(report, rounds)
        pools = {metric: pool_of_report(report, rounds, metric) for metric in answers}
        stands = {m: beside_baselines(answers[m], rounds, pools[m]).model_dump(mode="json") for m in answers}
        derived = {"standing": stands, "predictions_sha256": digest_of(answers, rounds)}
        _edit(path, lambda record: record.update(submission=template | derived | said))

    return make


@pytest.fixture
def view():
    """Return a function that makes a view of short words."""
    from catbench_leaderboard.board import View

    def make(suite="sim-one", pool="sim", cost="tflops", metric="simulated_score", **more):
        return View(suite, pool, cost, metric, **more)

    return make


@pytest.fixture
def report(reports):
    """Return a function that reads one of the reports that hold, with its tables."""

    def read(router="ridge", suite="sim-one", pool="sim", cost="tflops"):
        return Report.read(reports / f"{router}-{suite}-{pool}-{cost}" / "report.json")

    return read


@pytest.fixture
def hostile():
    """Names of routers that are no plain words."""
    return HOSTILE


@pytest.fixture(scope="session")
def broken():
    """What the reports of `troubled` are called that are broken or foreign."""
    return set(BROKEN)


def _with_steps(matrix, name):
    suite = matrix.suite.model_copy(update={"id": name})
    steps = [2**number for number in range(len(matrix.candidates))]
    candidates = tuple(
        c.model_copy(update={"settings": {"steps": s}}) for c, s in zip(matrix.candidates, steps, strict=True)
    )
    return replace(matrix, suite=suite, candidates=candidates)


def _sheets(matrix):
    """Yield a sheet a test prompt: tile k is of one colour, 10 k in red."""
    from PIL import Image

    for prompt in matrix.prompts["prompt_id"].iloc[matrix.rows("test")]:
        pixels = np.zeros((32, 32 * len(matrix.candidates), 3), np.uint8)
        for k in range(len(matrix.candidates)):
            pixels[:, 32 * k : 32 * (k + 1), 0] = 60 * k
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", lossless=True)
        yield prompt, buffer.getvalue()
