"""Verification holds for an honest report, and names the first number that does not follow."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from catbench import Report, evaluate, load
from catbench.report.submission_record import proofs
from catbench.route.routing import NamedRouter, ask_at
from catbench.score.answer import Answer
from catbench.score.rounds import rounds_of
from catbench.submit.checks import beside_baselines, digest_of


def changed(path, place, value):
    """Change one value of a report, by its keys."""
    record = json.loads(path.read_text())
    inside = record
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    path.write_text(json.dumps(record))


def test_an_honest_report_holds_and_what_is_proven_is_recorded(command, copied, simulated):
    report = copied / "report.json"
    done = command("verify", report, "--suite", simulated, "--rerun", "--record", "--sandbox", "none")
    assert done.code == 0, done.err
    assert "identical" in done.out
    found = proofs(report, Report.read(report).submission)
    assert found.arithmetic
    assert found.rerun.passed
    assert found.rerun.identical
    report.write_text(report.read_text() + " ")
    assert not proofs(report, None).arithmetic  # it is a proof of exactly the report that was verified


NUMBERS = [
    ("results", 0, "measures", "audc", "value"),
    ("results", 0, "measures", "headroom", "low"),
    ("results", 1, "measures", "cost_to_match", "high", 0),
    ("results", 0, "references", "oracle", "audc", "value"),
    ("results", 1, "fixed_quality", "value", 1),
    ("results", 0, "curve", "quality", 3),
    ("results", 0, "reference_curves", "mixture", 2),
    ("results", 1, "budgets", "kept"),
    ("results", 0, "best_single", "cost"),
    ("results", 1, "validation_gain"),
    ("results", 0, "prompts"),
    ("submission", "standing", "simulated_score", "audc"),
    ("submission", "predictions_sha256"),
]


@pytest.mark.parametrize("place", NUMBERS, ids=lambda place: ".".join(map(str, place)))
def test_any_changed_number_is_named(command, copied, simulated, place):
    changed(copied / "report.json", place, "0" * 64 if place[-1] == "predictions_sha256" else 7)
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    named = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
    assert f"{named} is" in done.err, done.err


def test_changed_predictions_are_found(command, copied, simulated):
    path = copied / "report.predictions.parquet"
    table = pd.read_parquet(path)
    table.loc[0, "sim-1"] += 1e-3
    table.to_parquet(path, index=False)
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    assert "predictions_sha256" in done.err


def test_lost_predictions_are_told(command, copied, simulated):
    (copied / "report.predictions.parquet").unlink()
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    assert "do not lie beside it" in done.err


def test_another_version_of_the_suite_is_told(command, copied, simulated):
    for number in range(2):
        changed(copied / "report.json", ("results", number, "suite_digest"), "f" * 64)
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    assert "made on version ffffffffffff" in done.err


def test_a_changed_signature_is_told(command, copied, simulated):
    record = json.loads((copied / "report.json").read_text())
    changed(copied / "report.json", ("signature",), record["signature"].replace("curve:exact", "curve:grid"))
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    assert "signature" in done.err


def test_a_rerun_finds_predictions_that_are_not_the_submission_s(command, copied, simulated):
    """A report whose numbers hold, made by a router that is no longer there."""
    code = (copied / "router.py").read_text()
    (copied / "router.py").write_text(code + "\n# tidied\n")
    done = command("verify", copied / "report.json", "--suite", simulated, "--rerun", "--sandbox", "none")
    assert done.code == 2
    assert "router.py was changed since" in done.err


@pytest.mark.parametrize("flag", ["--rerun", "--fresh"])
def test_settings_that_the_folder_does_not_hold_are_found(command, copied, simulated, tmp_path, flag):
    changed(copied / "report.json", ("submission", "authors"), ["somebody else"])
    words = ["--suite", simulated, "--sandbox", "none", flag]
    if flag == "--fresh":
        made = tmp_path / "fresh"
        assert command("simulate", "--out", made, "--prompts", 300, "--candidates", 3, "--seed", 5).code == 0
        words.append(made)
    done = command("verify", copied / "report.json", *words)
    assert done.code == 2
    assert "submission.authors" in done.err


def test_a_report_without_its_checks_does_not_hold(command, copied, simulated):
    changed(copied / "report.json", ("submission", "checks"), [])
    assert not Report.read(copied / "report.json").submission.passed
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert done.code == 2
    assert "it lacks the check 'mixed labels'" in done.err


def test_predictions_of_another_router_do_not_come_out_of_a_rerun(command, copied, simulated):
    """Forged with the truth, and hidden behind a constant a million times as large."""
    report, matrix = Report.read(copied / "report.json"), load(simulated)
    rounds, answers = rounds_of(matrix), {}
    one = rounds.each[0]
    for metric in matrix.metrics:
        pool = matrix.pool(metric=metric.name)
        asked_at = ask_at(one.train.labelled(pool)[1], pool.cost)
        test, validation = (
            Answer(1e6 + part.labelled(pool)[1], None, asked_at) for part in (one.test, one.validation)
        )
        answers[metric.name] = replace(test, validation=(validation,))
    router = NamedRouter(report.router.name, lambda pool: None)
    forged = evaluate(router, matrix, answers=answers)
    pools = {metric: matrix.pool(metric=metric) for metric in answers}
    said = report.submission.model_copy(
        update={
            "predictions_sha256": digest_of(answers, rounds),
            "standing": {m: beside_baselines(answers[m], rounds, pools[m]) for m in answers},
        }
    )
    forged.model_copy(update={"submission": said}).save(copied / "report.json")
    done = command("verify", copied / "report.json", "--suite", simulated)
    assert "holds" in done.out
    words = ["--suite", simulated, "--rerun", "--record", "--sandbox", "none"]
    done = command("verify", copied / "report.json", *words)
    assert done.code == 2
    assert "predicts something else" in done.err
    assert not proofs(copied / "report.json", None).rerun.passed


def test_all_reports_of_a_folder_are_verified_and_the_bad_ones_named(command, copied, simulated, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("report.json", "report.predictions.parquet", "report.replicates.parquet"):
        (other / name).write_bytes((copied / name).read_bytes())
    assert command("verify", "--all", tmp_path, "--suite", simulated).code == 0
    changed(other / "report.json", ("results", 0, "measures", "audc", "value"), 1.0)
    done = command("verify", "--all", tmp_path, "--suite", simulated)
    assert done.code == 2
    assert "1 of 2 reports do not hold" in done.err
    assert "other" in done.err
    assert "holds" in done.out


def test_a_plain_evaluation_with_slices_and_trials_holds_too(command, simulated, tmp_path):
    path = tmp_path / "r.json"
    words = ["--suite", simulated, "--json", path, "--by", "words", "--trials", 2, "--replicates", 20]
    assert command("evaluate", "ridge", *words).code == 0
    done = command("verify", path, "--suite", simulated)
    assert done.code == 0, done.err
    assert "win rates need refits" in done.out


def test_a_policy_s_report_holds(command, simulated, tmp_path):
    path = tmp_path / "r.json"
    words = ["--suite", simulated, "--json", path, "--replicates", 20, "--metric", "simulated_error"]
    assert command("evaluate", "fixed:sim-2", *words).code == 0
    assert command("verify", path, "--suite", simulated).code == 0


def test_a_rerun_finds_a_check_that_a_report_only_claims_to_have_passed(command, folder, simulated):
    code = (folder / "router.py").read_text()
    peek = "lambda self, p: plain(self, p) - plain(self, p).mean(axis=0)"
    (folder / "router.py").write_text(f"{code}\nplain = Router.predict\nRouter.predict = {peek}\n")
    words = ["--suite", simulated, "--sandbox", "none", "--replicates", 5]
    assert command("submit", "run", folder, *words).code == 2
    report = folder / "report.json"
    record = json.loads(report.read_text())
    for check in record["submission"]["checks"]:
        check["passed"] = True
    report.write_text(json.dumps(record))
    assert command("verify", report, "--suite", simulated).code == 0
    done = command("verify", report, "--suite", simulated, "--rerun", "--sandbox", "none")
    assert done.code == 2
    assert "fails checks: one at a time" in done.err
