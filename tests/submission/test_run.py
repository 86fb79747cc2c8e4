"""Submissions from the template to a report, by the command line."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catbench import Report, evaluate, load
from catbench.report.stored import stored_answers
from catbench.report.submission_record import CHECKS, proofs
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.submit.checks import digest_of
from catbench.submit.template import ROUTER
from catbench.suite.store import save


def test_the_template_passes_its_check_and_runs_in_the_strongest_sandbox_here(
    command, tmp_path, simulated, strongest
):
    assert command("submit", "new", "my-router", "--out", tmp_path).code == 0
    folder = tmp_path / "my-router"
    checked = command("submit", "check", folder, "--suite", simulated, "--sandbox", strongest)
    assert (checked.code, "nothing to fix" in checked.out) == (0, True)
    assert "authors: 'Your Name' is still the template's" in checked.out
    ran = command(
        *("submit", "run", folder, "--suite", simulated, "--sandbox", strongest),
        *("--replicates", 20, "--out", tmp_path),
    )
    assert ran.code == 0, ran.err
    report = Report.read(tmp_path / "report.json")
    assert report.submission.passed
    assert report.submission.sandbox.kind == strongest
    assert report.submission.sandbox.peak_memory_bytes > 0
    assert not list(folder.glob("report*"))


def in_the_readme():
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    return next(
        block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "make_router(" in block
    )


@pytest.mark.parametrize("code", [in_the_readme(), ROUTER], ids=["README", "template"])
def test_a_first_router_surely_beats_the_mixture_on_nano(code, tmp_path):
    (tmp_path / "first.py").write_text(code)
    report = evaluate(str(tmp_path / "first.py"), load("nano"), bootstrap=Bootstrap(100))
    for result in report.results:
        assert result.estimate("headroom").low > 0, result.metric


def test_a_suite_that_nobody_knows_is_named_with_those_near_it(command, folder):
    settings = folder / "submission.toml"
    settings.write_text(settings.read_text().replace('["simulated"]', '["nanno"]'))
    checked = command("submit", "check", folder, "--sandbox", "none")
    assert checked.code == 2
    assert "unknown suite 'nanno'" in checked.out
    assert "did you mean 'nano'?" in checked.out
    assert checked.err.strip().endswith("1 to fix, listed above")


def test_what_was_not_run_yet_is_said(command, folder):
    (folder / "weights.pkl").touch()
    checked = command("submit", "check", folder, "--sandbox", "none")
    assert checked.code == 2
    assert "its code is not run until these are fixed" in checked.err


def test_a_report_says_who_how_and_what_was_checked(evaluated, matrix):
    report = Report.read(evaluated / "report.json")
    submission, rounds = report.submission, rounds_of(matrix)
    assert (submission.slug, submission.name, submission.authors) == ("length", "Length", ("Ada", "Grace"))
    assert submission.unseen_candidates
    assert submission.prompt_only
    assert {check.name for check in submission.checks} == CHECKS
    assert submission.files["router.py"] == hashlib.sha256((evaluated / "router.py").read_bytes()).hexdigest()
    assert submission.predictions_sha256 == digest_of(stored_answers(report, rounds), rounds)
    assert submission.sandbox.limits.wall_seconds > 60
    assert set(submission.standing) == {metric.name for metric in matrix.metrics}
    for metric, stands in submission.standing.items():
        result = report.result(metric)
        assert stands.audc == pytest.approx(result.estimate("audc").value)
        assert stands.mixture == pytest.approx(result.references["mixture"]["audc"].value)
        assert ("mixture" in stands.below) == (result.estimate("gain").value < 0)
    assert proofs(evaluated / "report.json", submission).model_dump() == {
        **{"checked": True, "arithmetic": False, "rerun": None, "fresh": None, "by": "", "stale": ""},
    }


def test_a_failed_check_stands_in_the_report_and_exits_2(command, folder, simulated):
    code = (folder / "router.py").read_text()
    (folder / "router.py").write_text(
        code + "\nimport os\nPart = Router\nclass Router(Part):\n"
        "    def predict(self, p): return Part.predict(self, p) * (1 + os.urandom(1)[0])\n"
    )
    ran = command("submit", "run", folder, "--suite", simulated, "--sandbox", "none", "--replicates", 5)
    assert ran.code == 2
    assert "checks failed" in ran.err
    assert "FAILED  repeats" in ran.out
    failed = {
        check.name for check in Report.read(folder / "report.json").submission.checks if not check.passed
    }
    assert "repeats" in failed


@pytest.fixture
def folded(matrix, tmp_path):
    """The simulated suite, scored by three folds."""
    target = tmp_path / "folded"
    samples = {split: min(matrix.samples.values()) for split in matrix.samples}
    scores = {name: values[:, :, : samples["train"]] for name, values in matrix.scores.items()}
    asked = matrix.suite.model_copy(update={"folds": 3})
    save(replace(matrix, suite=asked, samples=samples, scores=scores), target)
    return target


def test_by_folds_a_fresh_session_a_fold_keeps_nothing(command, folder, folded):
    code = (folder / "router.py").read_text()
    (folder / "router.py").write_text(
        code + "\nimport sys\nPart = Router\nclass Router(Part):\n"
        "    def fit(self, p, q):\n"
        "        assert getattr(sys, 'fitted', list(p)) == list(p), 'the prompts of another fold'\n"
        "        sys.fitted = list(p)\n        Part.fit(self, p, q)\n"
    )
    ran = command("submit", "run", folder, "--suite", folded, "--replicates", 5)
    assert (ran.code, ran.err.strip()) == (0, "")
    report = Report.read(folder / "report.json")
    assert (report.folds, report.result().prompts) == (3, len(load(folded).prompts))
    assert command("verify", folder / "report.json", "--suite", folded).code == 0


@pytest.mark.parametrize("name", ["weights.npz", "fitted.json", "fitted.parquet", "fitted.txt"])
def test_by_folds_a_file_of_data_is_refused(command, folder, folded, name):
    if name.endswith(".npz"):
        np.savez(folder / name, weights=np.ones(3))
    else:
        (folder / name).write_text("{}")
    ran = command("submit", "run", folder, "--suite", folded, "--sandbox", "none", "--replicates", 5)
    assert ran.code == 2
    assert f"brings {name}, and 'simulated' is scored by folds" in ran.err
    assert not (folder / "report.json").exists()


def test_a_verification_of_another_schema_is_named(command, copied, simulated):
    (copied / "report.verification.json").write_text('{"schema": 1}')
    ran = command("verify", copied / "report.json", "--suite", simulated)
    assert ran.code == 0
    assert "report.verification.json is another schema, or no verification: it proves nothing" in ran.out


def test_a_submission_below_what_needs_no_router_is_marked(command, folder, simulated):
    code = (folder / "router.py").read_text()
    (folder / "router.py").write_text(
        code + "\nPart = Router\nclass Router(Part):\n"
        "    def predict(self, p): return -Part.predict(self, p)\n"
    )
    ran = command("submit", "run", folder, "--suite", simulated, "--sandbox", "none", "--replicates", 5)
    assert ran.code == 0
    assert "MARKED  simulated_score: below the mixture and the best constant candidate" in ran.out


def test_test_prompts_in_the_files_are_reported(command, folder, simulated, matrix):
    texts = [text for text in matrix.texts(matrix.rows("test")) if len(text.split()) >= 6]
    changed = texts[1].split()
    (folder / "notes.txt").write_text(f"{texts[0].upper()},\n{' '.join([*changed[:-1], 'unicorn'])}\n")
    ran = command("submit", "run", folder, "--suite", simulated, "--sandbox", "none", "--replicates", 5)
    found = Report.read(folder / "report.json").submission.duplicates
    assert (found.exact, found.near) >= (1, 0)
    assert any("notes.txt" in example for example in found.examples)
    assert "test prompts stand in its files" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["submit", "new", "My Router"], "small letters"),
        (["submit", "run", "nowhere", "--sandbox", "none"], "no submission.toml"),
        (["submit", "check", "nowhere", "--sandbox", "none"], "1 to fix"),
        (["submit", "run", "nowhere", "--sandbox", "docker"], "docker"),
        (["submit", "run", "nowhere", "--wall", "0"], "positive"),
    ],
)
def test_bad_usage_is_one_line_and_leaves_nothing(command, arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = command(*arguments)
    assert ended.code == 2
    assert says in ended.err
    assert not list(tmp_path.iterdir())


def test_a_router_that_fails_names_its_line_and_writes_no_report(command, folder, simulated):
    (folder / "router.py").write_text("def make_router(pool):\n    return 1 / 0\n")
    ran = command("submit", "run", folder, "--suite", simulated, "--sandbox", "process")
    assert ran.code == 2
    assert "ZeroDivisionError" in ran.err
    assert "router.py, line 2" in ran.err
    assert not list(folder.glob("report*"))


def test_a_weaker_sandbox_says_what_it_does_not_protect(command, folder, simulated):
    ran = command("submit", "check", folder, "--suite", simulated, "--sandbox", "process")
    assert "can read and write all your files" in ran.err


def test_reports_of_plain_evaluations_say_nothing_of_a_submission(command, tmp_path, simulated):
    done = command(
        "evaluate", "mixture", "--suite", simulated, "--json", tmp_path / "r.json", "--replicates", 0
    )
    assert done.code == 0
    record = json.loads((tmp_path / "r.json").read_text())
    del record["submission"]
    (tmp_path / "r.json").write_text(json.dumps(record))
    assert Report.read(tmp_path / "r.json").submission is None
