"""The reports that are looked through by default, wherever a command is run, and those below a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import catbench
from catbench.report.places import report_files, shipped_folders
from catbench.submit.entries import find_reports, fingerprint
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save
from catbench_leaderboard import running_board

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that catbench runs from, with one shipped report of each kind."""
    root = tmp_path / "checkout"
    for name in ("submissions/mine/report.json", "baselines/reports/knn.json"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("{}")
    monkeypatch.setattr(catbench, "__file__", str(root / "benchmark" / "catbench" / "__init__.py"))
    monkeypatch.delenv(running_board.FOLDERS, raising=False)
    return root


def test_the_checkout_s_reports_are_found_from_anywhere(checkout, tmp_path, monkeypatch):
    wanted = [checkout / "submissions", checkout / "baselines" / "reports"]
    (tmp_path / "elsewhere").mkdir()
    for place in (tmp_path / "elsewhere", checkout / "submissions", checkout):
        monkeypatch.chdir(place)
        assert [path.resolve() for path in shipped_folders()] == wanted
        assert [path.resolve() for path in running_board.folders()] == wanted
    assert shipped_folders() == [Path("submissions"), Path("baselines/reports")]  # short where that will do


def test_an_installed_catbench_looks_in_the_current_folder(tmp_path, monkeypatch):
    place = tmp_path / "lib" / "python3.13" / "site-packages" / "catbench"
    monkeypatch.setattr(catbench, "__file__", str(place / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    assert shipped_folders() == [Path("submissions")]


def test_the_checkout_of_these_tests_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ROOT / "submissions" in shipped_folders()


def test_verify_all_verifies_the_shipped_reports_from_anywhere(command, checkout, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = command("verify", "--all")
    assert done.code == 2
    assert "2 of 2 reports do not hold" in done.err
    for name in ("submissions/mine/report.json", "baselines/reports/knn.json"):
        assert str(checkout / name) in done.err


def test_reports_are_found_at_any_depth(tmp_path):
    wanted = ["a/b/c/report-2.json", "a/report.json", "any.json", "mine/deep/report.json", "x/y/z/other.json"]
    others = ["mine/network.json", "mine/deep/other.json", "mine/submission.toml"]
    others += [".git/report.json", "a/report.verification.json", "a/report.txt"]
    for name in (*wanted, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in report_files(tmp_path)] == sorted(wanted)
    assert set(find_reports([tmp_path]).values()) == {
        "a/b/c/report-2",
        "a",
        "any",
        "mine/deep",
        "x/y/z/other",
    }


@pytest.mark.parametrize("depth", ["", "a", "a/b/c"])
def test_a_board_notices_a_change_at_any_depth(tmp_path, depth):
    place = tmp_path / depth
    place.mkdir(parents=True, exist_ok=True)
    before = fingerprint([tmp_path])
    (place / "report.json").write_text("{}")
    there = fingerprint([tmp_path])
    (place / "report.json").write_text("{ }")
    changed = fingerprint([tmp_path])
    shutil.move(place / "report.json", tmp_path / "gone")
    assert len({before, there, changed}) == 3
    assert fingerprint([tmp_path]) == before


def test_a_suite_beside_reports_is_no_report(tmp_path):
    save(simulate(Simulation(prompts=50, candidates=2))[0], tmp_path / "suite")
    (tmp_path / "report.json").write_text("{}")
    assert report_files(tmp_path) == [tmp_path / "report.json"]
    assert report_files(tmp_path / "suite") == []


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_the_submission_s_own_checks_passed(command, tmp_path, passed, code):
    place = shutil.copytree(ROOT / "submissions" / "word-policy", tmp_path / "word-policy")
    report = json.loads((place / "report.json").read_text())
    report["submission"]["checks"][0]["passed"] = passed
    (place / "report.json").write_text(json.dumps(report))
    done = command("verify", place / "report.json")
    assert done.code == code
    assert ("FAILED" in done.out) == (not passed)
