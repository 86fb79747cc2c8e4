"""Recipes on small files of the published ones' form, written here: every path from a file to a suite."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import openpyxl
import pandas as pd
import pytest

from catbench import CatbenchError
from catbench.suite.recipes import RECIPES
from catbench.suite.recipes import cems_recipe as cems
from catbench.suite.recipes import evalmi_recipe as evalmi
from catbench.suite.recipes import flasheval_recipe as flasheval
from catbench.suite.recipes import pqpp_recipe as pqpp
from catbench.suite.recipes.making import find_recipe, make
from catbench.suite.recipes.recipe import Pinned, pinned
from catbench.suite.simulate import WORDS
from catbench.suite.store import WAYS, load

TEXTS = [f"{WORDS[i]} and {WORDS[i + 1]} by {WORDS[(7 * i) % 60]}" for i in range(57)]
TEXTS += [TEXTS[0].upper(), "a box on a red table", "a shelf"]
RUNS = ("DDIM10", "DDIM20", "PNDM20")
MODELS = ("stablediffusion2.1", "small-stablediffusion", "dreamlike-photoreal")


def write(folder, path, content):
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content, encoding="utf-8")


def with_files_of(recipe, folder):
    """Return the recipe with the files of a folder in place of the published ones."""
    files = {}
    for place in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = place.read_bytes()
        pin = Pinned(hashlib.sha256(content).hexdigest(), len(content))
        files[place.relative_to(folder).as_posix()] = pin
    return replace(recipe, files=files)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder of FlashEval's form: 60 prompts, of which one is blank and three have a black image."""
    folder = tmp_path_factory.mktemp("FlashEval")
    texts = [*TEXTS[:40], " ", *TEXTS[40:]]
    rows = [json.dumps({"image_id": n, "id": 100 + n, "caption": text}) for n, text in enumerate(texts)]
    write(folder, "data/COCO_40504.json", "\n".join(rows) + "\n")
    random = np.random.default_rng(0)
    for model in MODELS:
        for run in RUNS:
            for metric in flasheval.METRICS:
                scores = random.normal(5.5, 0.2, len(texts))
                if metric == "Aesthetic" and model == "small-stablediffusion":
                    scores[{"DDIM10": [3, 4], "DDIM20": [4, 9], "PNDM20": []}[run]] = 4.6043
                values = dict(zip(range(100, 100 + len(texts)), scores.tolist(), strict=True))
                write(
                    folder,
                    f"Image_score/COCO/{metric}/{model}/{metric}-{run}step-fp-score.json",
                    json.dumps(values),
                )
    return folder


@pytest.fixture(scope="module")
def recipe(drawn):
    return with_files_of(flasheval.RECIPES[0], drawn)


def test_what_is_black_or_blank_is_left_out_and_counted(recipe, drawn):
    told = []
    matrix = make(recipe, drawn, tell=told.append)
    assert told == [
        "1 of 61 prompts left out: blank",
        "3 of 61 prompts left out: an image of theirs is black (0.7% of all images)",
    ]
    ids = set(matrix.prompts["prompt_id"])
    assert len(ids) == 57
    assert not ids & {"103", "104", "109", "140"}
    told.clear()
    kept = make(recipe, drawn, variant="keep", tell=told.append)
    assert len(kept.prompts) == 60
    assert kept.suite.id == "flasheval-coco-black"
    assert "are kept" in told[1]


def test_scores_stand_with_their_prompt_and_candidate(recipe, drawn):
    matrix = make(recipe, drawn)
    given = json.loads(
        (drawn / "Image_score/COCO/HPS/dreamlike-photoreal/HPS-DDIM20step-fp-score.json").read_text()
    )
    column = matrix.candidate_ids.index("dreamlike-ddim-20")
    for row, name in enumerate(matrix.prompts["prompt_id"]):
        assert matrix.scores["hps"][row, column, 0] == np.float32(given[name])
    twins = matrix.prompts[matrix.prompts["text"].str.casefold() == TEXTS[0].casefold()]
    assert len(twins) == 2
    assert twins["group"].nunique() == 1


def test_candidates_are_priced_in_pools_and_told_in_full(recipe, drawn):
    matrix = make(recipe, drawn)
    assert matrix.pools["sd-2.1"] == ("sd-2.1-ddim-10", "sd-2.1-ddim-20", "sd-2.1-pndm-20")
    assert set(matrix.pools["sd"]) == {*matrix.pools["sd-2.1"], *matrix.pools["small-sd"]}
    pool = matrix.pool("all")
    assert pool.unit == "tflops"
    assert (np.diff(pool.cost) >= 0).all()
    by_id = {candidate.id: candidate.settings for candidate in matrix.candidates}
    assert by_id["dreamlike-pndm-20"] == {
        "pipeline": "dreamlike-art/dreamlike-photoreal-2.0",
        "scheduler": {"name": "PNDMScheduler"},
        "steps": 20,
        "guidance": 7.5,
        "width": 768,
        "height": 768,
        "precision": "float16",
    }


def packed(folder, target, top):
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w") as archive:
            for path in folder.rglob("*.json"):
                archive.write(path, f"{top}{path.relative_to(folder)}")
    else:
        with tarfile.open(target, "w:xz") as archive:
            archive.add(folder, top or ".")
    return target


@pytest.mark.parametrize("name", ["files.tar.xz", "files.zip"])
@pytest.mark.parametrize("top", ["", "FlashEval-a790c99/"])
def test_an_archive_gives_what_its_folder_gives(recipe, drawn, tmp_path, name, top):
    archive = packed(drawn, tmp_path / name, top)
    assert make(recipe, archive).digest == make(recipe, drawn).digest


@pytest.mark.parametrize("packs", [False, True])
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (
            lambda path: path.write_bytes(path.read_bytes().replace(b"5", b"6", 1)),
            r"json: SHA-256 [0-9a-f]{12}…, not the file of commit",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), r"altered or cut short\?\); it must be "),
        (lambda path: path.unlink(), "no Image_score/COCO/CLIP/.*Without --from the files are fetched"),
    ],
)
def test_a_file_that_is_not_what_it_must_be_is_named(recipe, drawn, tmp_path, harm, says, packs):
    folder = tmp_path / "copy"
    shutil.copytree(drawn, folder)
    path = "Image_score/COCO/CLIP/stablediffusion2.1/CLIP-DDIM20step-fp-score.json"
    harm(folder / path)
    place = packed(folder, tmp_path / "files.tar.xz", "") if packs else folder
    with pytest.raises(CatbenchError, match=says) as refusal:
        make(recipe, place)
    due = recipe.files[path]
    assert f"{due.bytes:,} bytes, SHA-256 {due.sha256[:12]}…, {path} of thu-nics/FlashEval" in str(
        refusal.value
    )


@pytest.mark.parametrize("content", [b"neither", None])
def test_what_is_no_archive_is_told(recipe, drawn, tmp_path, content):
    place = tmp_path / "files.tar.xz"
    place.write_bytes(content or packed(drawn, tmp_path / "whole.tar.xz", "").read_bytes()[:3000])
    with pytest.raises(CatbenchError, match=r"files\.tar\.xz: not readable as an archive .* cut short"):
        make(recipe, place)
    with pytest.raises(CatbenchError, match="there is no such folder or archive"):
        make(recipe, tmp_path / "nowhere")


def test_an_altered_file_of_the_same_length_is_told_by_both_digests(recipe, drawn, tmp_path):
    shutil.copytree(drawn, tmp_path / "copy")
    path = next(iter(recipe.files))
    altered = (tmp_path / "copy" / path).read_bytes()[::-1]
    (tmp_path / "copy" / path).write_bytes(altered)
    with pytest.raises(CatbenchError) as refusal:
        make(recipe, tmp_path / "copy")
    assert f"{path}: SHA-256 {hashlib.sha256(altered).hexdigest()[:12]}…, not the file" in str(refusal.value)
    assert str(refusal.value).count(" bytes") == 1


@pytest.mark.parametrize("name", ["scores.csv", "COCO_40504.json", "COCO_40504"])
def test_a_plain_file_is_told_the_folder_or_archive_that_is_due(recipe, tmp_path, name):
    (tmp_path / name).write_text("image_id,score\n1,2\n", encoding="utf-8")
    with pytest.raises(CatbenchError, match=r"not readable as an archive .* A folder or archive") as refusal:
        make(recipe, tmp_path / name)
    first, *more = recipe.files
    assert f"{first} and {len(more)} other files is due" in str(refusal.value)


def test_the_only_file_of_a_recipe_may_be_given_itself(tmp_path):
    path = tmp_path / "dataset.csv"
    path.write_text(pqpp_table().to_csv(index=False), encoding="utf-8")
    found = with_files_of(pqpp.RECIPES[0], tmp_path)
    recipe = replace(found, files={pqpp.TABLE: found.files["dataset.csv"]})
    assert make(recipe, path).digest == make(recipe, tmp_path).digest
    other = path.rename(tmp_path / "other.csv")
    with pytest.raises(CatbenchError, match=r"older or archive with dataset/dataset\.csv is due"):
        make(recipe, other)
    path.write_text(pqpp_table().to_csv(index=False)[::-1], encoding="utf-8")
    with pytest.raises(CatbenchError, match=r"dataset\.csv: SHA-256 [0-9a-f]{12}…, not the file"):
        make(recipe, path)


class _Quiet(SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()


@pytest.fixture
def server(drawn, recipe, monkeypatch, tmp_path):
    """Serve the files as their source does, with an empty cache; yields recipe and server."""
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "cache"))
    root = tmp_path / "served" / recipe.repository
    root.mkdir(parents=True)
    shutil.copytree(drawn, root / recipe.commit)
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "served")))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    _Quiet.asked.clear()
    yield replace(recipe, host=f"http://127.0.0.1:{http.server_port}"), root / recipe.commit
    http.shutdown()
    http.server_close()
    thread.join()


def test_files_are_fetched_once_checked_and_kept(server, recipe, drawn):
    fetching, served = server
    steps = []
    matrix = make(fetching, progress=lambda *step: steps.append(step))
    assert matrix.digest == make(recipe, drawn).digest
    assert steps[-1] == ("fetching flasheval-coco", 37, 37)
    assert len(_Quiet.asked) == 37
    shutil.rmtree(served)
    assert make(fetching).digest == matrix.digest
    assert len(_Quiet.asked) == 37


def test_what_came_stays_where_one_file_fails_and_the_way_by_hand_is_told(server):
    fetching, served = server
    path = "Image_score/COCO/CLIP/stablediffusion2.1/CLIP-DDIM20step-fp-score.json"
    (served / path).rename(served / "hidden")
    with pytest.raises(
        CatbenchError, match=r"cannot fetch .*CLIP-DDIM20step.* by hand: `git clone "
    ) as refusal:
        make(fetching)
    assert "catbench import flasheval-coco --from FlashEval" in str(refusal.value)
    (served / "hidden").rename(served / path)
    make(fetching)
    asked = [name for name in _Quiet.asked if path in name]
    assert len(asked) == 2
    assert len(_Quiet.asked) == 38


def test_an_altered_file_is_not_taken_from_the_source(server):
    fetching, served = server
    (served / "data/COCO_40504.json").write_text("{}")
    with pytest.raises(CatbenchError, match=r"COCO_40504\.json is not the file that was expected"):
        make(fetching)


@pytest.fixture
def offered(recipe, monkeypatch):
    """`catbench import flasheval-coco` takes the small recipe."""
    monkeypatch.setattr("catbench.suite.recipes.making.find_recipe", lambda name: recipe)


def test_the_command_makes_a_suite_like_any_other(offered, drawn, command):
    done = command("import", "flasheval-coco", "--from", drawn)
    assert done.code == 0, done.err
    assert "3 of 61 prompts left out" in done.out
    assert "57 prompts x 9 candidates, image_reward, clip_score, aesthetic, hps" in done.out
    first = load("flasheval-coco").digest
    again = command("import", "flasheval-coco", "--from", drawn)
    assert again.code == 2
    assert "is there already: give another folder, or --force" in again.err
    assert command("import", "flasheval-coco", "--from", drawn, "--force").code == 0
    assert load("flasheval-coco").digest == first
    assert command("import", "flasheval-coco", "--from", drawn, "--black", "keep").code == 0
    assert len(load("flasheval-coco-black").prompts) == 60


@pytest.mark.parametrize("where", ["shutil.copyfileobj", "pandas.DataFrame.to_parquet"])
def test_a_disk_that_fills_loses_nothing(offered, drawn, command, monkeypatch, tmp_path, where):
    archive = packed(drawn, tmp_path / "files.tar.xz", "")
    assert command("import", "flasheval-coco", "--from", archive).code == 0
    before = load("flasheval-coco").digest

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(where, fail)
    done = command("import", "flasheval-coco", "--from", archive, "--force")
    assert done.code == 2
    assert "No space left" in done.err
    assert load("flasheval-coco").digest == before


def test_suites_lists_recipes_with_what_they_take(command):
    out = command("suites").out
    for suite in RECIPES:
        recipe = find_recipe(suite)
        assert f"{suite:22} not installed  {recipe.suite.title}" in out
        assert f"{WAYS[suite]}  ({len(recipe.files)} file" in out
        assert recipe.suite.licence in out
    assert (
        command("evaluate", "mixture", "--suite", "pqpp").err.count("make it with `catbench import pqpp`")
        == 1
    )


@pytest.mark.parametrize("suite", RECIPES)
def test_every_recipe_is_pinned(suite):
    recipe = find_recipe(suite)
    assert recipe.suite.id == suite
    assert recipe.files == pinned(suite)
    assert all(len(int(file.sha256, 16).to_bytes(32)) == 32 and file.bytes for file in recipe.files.values())
    assert len(recipe.commit) == 40
    assert recipe.commit in recipe.suite.source


def test_no_other_name_has_a_recipe():
    with pytest.raises(CatbenchError, match=r"unknown recipe 'evalmy'.*evalmi"):
        find_recipe("evalmy")


def test_evalmi(tmp_path):
    names, tasks = list(evalmi.MODELS), ["counting", "style + OCR + color", "scene + detail", "HOI"]
    write(tmp_path, evalmi.TEXTS, "\r\n".join(TEXTS))
    lines = [json.dumps({"tag": tasks[n % 4], "prompt": text}) for n, text in enumerate(TEXTS)]
    write(tmp_path, evalmi.TASKS, "\n".join(lines) + "\n")
    book = openpyxl.Workbook()
    book.active.append(["ImageName", "MOS1", "MOS2", "Y/N", "YN_1"])
    for n in reversed(range(len(TEXTS))):
        for m, name in enumerate(names):
            book.active.append([f"{name}/{n + 1:03}.png", 50 + m, n + m / 100, (n + m) % 2, None])
    (tmp_path / evalmi.SCORES).parent.mkdir()
    book.save(tmp_path / evalmi.SCORES)
    matrix = make(with_files_of(evalmi.RECIPES[0], tmp_path), tmp_path)
    assert [metric.name for metric in matrix.metrics] == ["perception", "correspondence", "answered"]
    column = matrix.candidate_ids.index("kolors")
    expected = np.arange(len(TEXTS)) + names.index("Kolors") / 100
    np.testing.assert_allclose(matrix.scores["correspondence"][:, column, 0], expected, rtol=1e-6)
    assert matrix.prompts["text"].tolist() == TEXTS
    assert matrix.prompts["family"].tolist()[:4] == ["counting", "several", "scene", "relations"]
    assert {"task", "family"} <= set(matrix.slice_columns)
    assert matrix.suite.folds == 5
    assert len(matrix.pool("priced:tflops")) == 10
    with pytest.raises(CatbenchError, match="no family has 'dancing'"):
        evalmi.family_of("counting + dancing")


def pqpp_table():
    return pd.DataFrame(
        {
            "id": range(500, 500 + len(TEXTS)),
            "best_caption": TEXTS,
            "glide_score": 0.5,
            "sdxl_score": np.linspace(1, 2, len(TEXTS)),
        }
    )


def test_pqpp(tmp_path):
    table = pqpp_table()
    write(tmp_path, "dataset.csv", table.to_csv(index=False))
    found = with_files_of(pqpp.RECIPES[0], tmp_path)
    recipe = replace(found, files={pqpp.TABLE: found.files["dataset.csv"]})
    matrix = make(recipe, tmp_path)  # the file alone will do
    assert matrix.candidate_ids == ("glide", "sdxl-50")
    np.testing.assert_array_equal(matrix.scores["relevance"][:, 1, 0], np.float32(table["sdxl_score"]))
    assert matrix.pool().unit == "tflops"


def test_cems(tmp_path):
    for metric, name in (("clip", "clip_score"), ("nima", "nima_score")):
        for m, model in enumerate(cems.MODELS):
            table = pd.DataFrame(
                {
                    "dataset_id": "DRAW",
                    "prompt_id": [f"p{n:02}" for n in range(len(TEXTS))],
                    "prompt": TEXTS,
                    name: np.arange(len(TEXTS)) + 10.0 * m,
                    "mean_time": 4.0 - m,
                }
            ).sample(frac=1, random_state=m)
            write(tmp_path, f"{cems.FOLDER}/{metric}_score_with_time_{model}.csv", table.to_csv(index=False))
    recipe = with_files_of(cems.RECIPES[0], tmp_path)
    matrix = make(recipe, tmp_path)
    assert matrix.candidate_ids == ("taesd", "amused", "sdxl-turbo", "sd-turbo")
    for m, name in enumerate(cems.MODELS.values()):
        column = matrix.scores["nima_score"][:, matrix.candidate_ids.index(name), 0]
        np.testing.assert_array_equal(column, np.arange(len(TEXTS)) + 10.0 * m)
    assert set(matrix.prompts["source"]) == {"DrawBench"}
    path = tmp_path / cems.FOLDER / "nima_score_with_time_TAESD.csv"
    path.write_text(path.read_text().replace(TEXTS[5], "another text"))
    with pytest.raises(CatbenchError, match=r"TAESD\.csv: other prompts than in the first file"):
        make(with_files_of(cems.RECIPES[0], tmp_path), tmp_path)
