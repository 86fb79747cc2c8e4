"""The CEMS figures that anybody can take from its files by hand."""

from __future__ import annotations

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from catbench import CatbenchError, evaluate
from catbench.bootstrap import Bootstrap
from catbench.suites import cems

CLIP = {"sd-turbo": 34.005, "sdxl-turbo": 34.619, "amused": 32.593, "taesd": 34.049}
NIMA = {"sd-turbo": 5.426, "sdxl-turbo": 5.637, "amused": 5.256, "taesd": 5.494}
SECONDS = {"sd-turbo": 0.142, "sdxl-turbo": 0.474, "amused": 0.398, "taesd": 1.560}


@pytest.fixture(scope="module")
def matrix(shared):
    return cems.import_cems(shared / "data" / "cems")


def test_means_of_the_whole_matrix(matrix):
    for metric, wanted in (("clip_score", CLIP), ("nima_score", NIMA)):
        means = matrix.scores[metric].astype(float).mean(axis=(0, 2))
        found = dict(zip(matrix.candidate_ids, means, strict=True))
        assert found == pytest.approx(wanted, abs=5e-4)
    assert {cost.candidate: cost.value for cost in matrix.costs} == pytest.approx(SECONDS, abs=5e-4)
    assert matrix.scores["clip_score"].astype(float).max(axis=1).mean() == pytest.approx(36.55, abs=5e-3)


def test_prompts_groups_and_sources(matrix):
    prompts = matrix.prompts
    assert len(prompts) == prompts["prompt_id"].nunique() == 10_000
    assert prompts["text"].nunique() == 9_926
    assert prompts["text"].str.lower().str.strip().nunique() == 9_923
    assert prompts["group"].nunique() <= 9_923
    assert prompts["source"].value_counts().to_dict() == {
        "DiffusionDB": 8168,
        "PartiPrompts": 1632,
        "DrawBench": 200,
    }
    assert prompts.groupby("text")["split"].nunique().max() == 1
    assert prompts["text"].duplicated().sum() == 74
    assert prompts.groupby("text")["group"].nunique().max() == 1
    np.testing.assert_allclose([len(matrix.rows(s)) / 1e4 for s in ("train", "test")], [0.8, 0.1], atol=0.01)


def test_results_can_be_sliced_by_complexity(matrix):
    report = evaluate("mixture", matrix, metric="nima_score", by="complexity", bootstrap=Bootstrap(2))
    found = {result.slice.removeprefix("complexity="): result.prompts for result in report.results}
    assert list(found) == ["all", "0 to 1", "2 to 3", "4 to 6", "7 or more"]
    assert found["all"] == sum(found.values()) - found["all"]


def test_candidates_are_ordered_by_cost(matrix):
    assert matrix.candidate_ids == ("sd-turbo", "amused", "sdxl-turbo", "taesd")


def test_an_altered_file_is_refused(shared, tmp_path):
    folder = tmp_path / "cems"
    shutil.copytree(shared / "data" / "cems", folder)
    path = folder / "clip_score_with_time_TAESD.csv"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("38.50", "39.50", 1))
    with pytest.raises(CatbenchError, match=r"TAESD\.csv: not the file of commit"):
        cems.import_cems(folder)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Serve a folder in place of the source, with an empty cache."""
    (tmp_path / "served").mkdir()
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "served")))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(cems, "SOURCE", f"http://127.0.0.1:{http.server_port}")
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    yield tmp_path / "served"
    http.shutdown()
    http.server_close()
    thread.join()


def test_files_are_fetched_checked_and_cached(shared, server, matrix):
    for path in (shared / "data" / "cems").iterdir():
        shutil.copy(path, server)
    fetched = cems.import_cems()
    np.testing.assert_array_equal(fetched.scores["clip_score"], matrix.scores["clip_score"])
    for path in server.iterdir():
        path.unlink()
    assert len(cems.import_cems().prompts) == 10_000


def test_a_source_that_cannot_be_reached_is_told(server):
    with pytest.raises(CatbenchError, match=r"cannot fetch CEMS: .*--from"):
        cems.import_cems()
