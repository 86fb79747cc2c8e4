"""Two simulated suites, reports of routers on them, and reports that are broken, foreign or hostile."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catbench import Report, evaluate
from catbench.bootstrap import Bootstrap
from catbench.store import save
from catbench.suites.simulate import Simulation, simulate

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
    from catbench_leaderboard.suites import matrix_of, suite_folders

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATBENCH_HOME", str(home))
        suite_folders.cache_clear()
        matrix_of.cache_clear()
        yield
    suite_folders.cache_clear()
    matrix_of.cache_clear()


@pytest.fixture(scope="session")
def reports(home, tmp_path_factory):
    """A folder of sound reports, `<router>-<suite>-<pool>-<cost>/report.json`. Not to be changed."""
    from catbench import load

    folder = tmp_path_factory.mktemp("reports")
    for suite, pools in {"sim-one": ("sim", "sim+"), "sim-two": ("sim+",)}.items():
        matrix = load(home / "suites" / suite)
        for pool in pools:
            for cost in ("tflops", "seconds"):
                for router in ("ridge", "mixture", "fixed:sim-2"):
                    by = "words" if (suite, pool, cost) == ("sim-two", "sim+", "tflops") else None
                    replicates = 1000 if (pool, cost) == ("sim", "tflops") and router != "fixed:sim-2" else 20
                    found = evaluate(
                        router, matrix, pool=pool, cost=cost, by=by, bootstrap=Bootstrap(replicates)
                    )
                    place = folder / f"{router.replace(':', '-')}-{suite}-{pool}-{cost}"
                    place.mkdir()
                    found.save(place / "report.json")
    return folder


@pytest.fixture(scope="session")
def pair(reports, tmp_path_factory):
    """A folder with two of the sound reports, for tests that make a board anew. Not to be changed."""
    folder = tmp_path_factory.mktemp("pair")
    for router in ("ridge", "mixture"):
        shutil.copytree(reports / f"{router}-sim-one-sim-tflops", folder / router)
    return folder


@pytest.fixture(scope="session")
def board(reports):
    """The board of the sound reports."""
    from catbench_leaderboard.cache import open_board

    return open_board([reports])


@pytest.fixture(scope="session")
def troubled(reports, tmp_path_factory):
    """A folder with two sound reports, four of hostile names, and five that are broken or foreign."""
    folder = tmp_path_factory.mktemp("troubled")
    sound = reports / "ridge-sim-one-sim-tflops"
    shutil.copytree(sound, folder / "sound")
    shutil.copytree(reports / "mixture-sim-one-sim-tflops", folder / "also-sound")
    for slug, name in HOSTILE.items():
        shutil.copytree(sound, folder / f"hostile-{slug}")
        rename(folder / f"hostile-{slug}" / "report.json", name)
    for slug in ("cut-short", "foreign", "tampered", "no-predictions", "broken-predictions"):
        shutil.copytree(sound, folder / slug)
        rename(folder / slug / "report.json", slug)
    text = (folder / "cut-short" / "report.json").read_text()
    (folder / "cut-short" / "report.json").write_text(text[: len(text) // 2])
    (folder / "foreign" / "report.json").write_text(json.dumps({"model": "<b>other</b>", "score": 1}))
    (folder / "no-predictions" / "report.predictions.parquet").unlink()
    (folder / "broken-predictions" / "report.predictions.parquet").write_bytes(b"PAR1 no")
    record = json.loads((folder / "tampered" / "report.json").read_text())
    record["results"][0]["measures"]["audc"]["value"] += 0.1
    (folder / "tampered" / "report.json").write_text(json.dumps(record))
    return folder


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
    from catbench_leaderboard.cache import open_board

    def make(change):
        shutil.copytree(pair, tmp_path / "reports")
        _edit(tmp_path / "reports" / "ridge" / "report.json", change)
        return open_board([tmp_path / "reports"], tmp_path / "kept")

    return make


@pytest.fixture
def submit():
    """Return a function that makes a report one of a submission, as shipped ones are but for what is said."""
    shipped = Path(__file__).parents[2] / "submissions" / "length-policy" / "report.json"
    template = json.loads(shipped.read_text())["submission"] | {"standing": {}}

    def make(path, **said):
        _edit(path, lambda record: record.update(submission=template | said))

    return make


@pytest.fixture
def view():
    """Return a function that makes a view of short words."""
    from catbench_leaderboard.views import View

    def make(suite="sim-one", pool="sim", cost="tflops", metric="simulated_score", **more):
        return View(suite, pool, cost, metric, **more)

    return make


@pytest.fixture
def report(reports):
    """Return a function that reads one of the sound reports, with predictions."""

    def read(router="ridge", suite="sim-one", pool="sim", cost="tflops"):
        return Report.read(reports / f"{router}-{suite}-{pool}-{cost}" / "report.json")

    return read


@pytest.fixture
def hostile():
    """Names of routers that are no plain words."""
    return HOSTILE


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
