"""Reports that an index has are verified, by all of their files together, and nothing else is."""

from __future__ import annotations

import json
import shutil

import pytest

from catbench import Report
from catbench.errors import UsageError
from catbench.report.index import SHIPPED, digests_of, own_index, read_index, verified_as
from catbench.report.places import report_files, shipped_folders

TABLES = ("report.predictions.parquet", "report.replicates.parquet")


def found(path):
    return verified_as(digests_of(path, Report.read(path)))


@pytest.fixture
def indexed(copied, command, simulated):
    """A submission that was verified, rerun and written into this user's own index."""
    given = ["--suite", simulated, "--sandbox", "none"]
    assert command("verify", copied / "report.json", *given, "--rerun", "--record").code == 0
    own_index().parent.mkdir(parents=True, exist_ok=True)
    done = command("verify", copied, "--all", *given, "--index", own_index())
    assert (done.code, "1 reports" in done.out) == (0, True), done.err
    return copied / "report.json"


def test_the_shipped_index_is_of_the_shipped_reports():
    """Where this fails, make it anew: catbench verify --all --index benchmark/catbench/data/verified.json."""
    index = read_index(SHIPPED).reports
    folders = shipped_folders()
    root = folders[0].resolve().parent
    here = {
        path.resolve().relative_to(root).as_posix(): path
        for folder in folders
        for path in report_files(folder)
    }
    assert set(index) == set(here)
    for name, files in index.items():
        assert files.model_dump() == digests_of(here[name], Report.read(here[name])), name


def test_a_report_of_the_index_needs_no_suite(command, indexed):
    done = command("verify", indexed)
    assert done.code == 0, done.err
    assert "verified and rerun before a release, as length/report.json" in done.out
    own_index().unlink()
    assert command("verify", indexed).code == 2


@pytest.mark.parametrize("file", ["report.json", *TABLES])
def test_no_file_of_an_indexed_report_can_be_exchanged(command, indexed, simulated, tmp_path, file):
    """Nor by one of another report of the same index."""
    assert found(indexed)
    other = shutil.copytree(indexed.parent, tmp_path / "other" / "length")
    words = ["--suite", simulated, "--sandbox", "none"]
    assert command("evaluate", "mixture", "--suite", simulated, "--json", other / "report.json").code == 0
    index = own_index()
    both = json.loads(index.read_text())["reports"]
    assert command("verify", other, "--all", *words, "--index", index).code == 0
    both["other"] = json.loads(index.read_text())["reports"]["length/report.json"]
    index.write_text(json.dumps({"schema": 1, "catbench": "0", "reports": both}))
    assert found(other / "report.json") == "other"
    shutil.copy(other / file, indexed.parent / file)
    assert not found(indexed)
    (indexed.parent / file).unlink()
    if file != "report.json":
        assert not found(indexed)


def test_a_submission_that_was_not_rerun_is_not_indexed(command, copied, simulated, tmp_path):
    words = ["--all", "--suite", simulated, "--index", tmp_path / "index.json"]
    done = command("verify", copied, *words)
    assert (done.code, "no rerun of it" in done.err) == (2, True)
    assert command("verify", copied / "report.json", *words[1:3], "--record").code == 0  # derived, not rerun
    assert command("verify", copied, *words).code == 2
    assert not (tmp_path / "index.json").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 1, "catbench": "0", "reports": {"a": {"report": "", "predictions": ""}}}']
)
def test_a_broken_index_is_told(command, copied, text):
    own_index().parent.mkdir(parents=True, exist_ok=True)
    own_index().write_text(text)
    with pytest.raises(UsageError, match="no index of verified reports"):
        found(copied / "report.json")


def test_the_index_that_counts_is_not_one_beside_the_report(command, indexed):
    shutil.move(own_index(), indexed.parent / own_index().name)
    assert not found(indexed)


def test_lost_replicates_are_a_failure_that_names_them(command, copied, simulated):
    (copied / TABLES[1]).unlink()
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    assert f"its replicates ({TABLES[1]}) do not lie beside it" in done.err
    assert "make the report again" in done.err
    record = json.loads((copied / "report.json").read_text())
    (copied / "report.json").write_text(json.dumps(record | {"replicates_file": None}))
    assert command("verify", copied / "report.json", "--suite", simulated).code == 2
