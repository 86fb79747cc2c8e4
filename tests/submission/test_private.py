"""A private test split: what is withheld is nowhere in the public suite, and a score tells little of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from catbench import Report, load
from catbench.errors import SuiteError, UsageError
from catbench.report.numbers import Estimate, Estimates
from catbench.score.measures import MEASURES
from catbench.submit.coarse import step_of
from catbench.submit.private import read_record, run_private, split_private
from catbench.submit.run import How
from catbench.suite.store import read_manifest, save


def prompts_of(matrix):
    return set(matrix.prompts["prompt_id"].iloc[matrix.rows("test")])


def test_the_parts_make_the_whole_and_the_public_one_holds_no_withheld_score(parts, whole):
    public, host = load(parts / "public"), load(parts / "host")
    manifest = read_manifest(parts / "public")
    withheld = set(manifest.withheld)
    assert prompts_of(public) | withheld == prompts_of(whole)
    assert prompts_of(public).isdisjoint(withheld)
    assert prompts_of(host) == withheld
    assert 0.35 < len(withheld) / len(prompts_of(whole)) < 0.65
    stored = pd.read_parquet(parts / "public" / "scores.parquet")
    assert withheld.isdisjoint(stored["prompt_id"])
    texts = pd.read_parquet(parts / "public" / "prompts.parquet")
    assert withheld <= set(texts["prompt_id"])
    assert sum(manifest.splits.values()) == len(texts) == len(whole.prompts)
    assert set(host.prompts["group"][host.prompts["split"] == "test"]).isdisjoint(public.prompts["group"])
    for part in (public, host):
        rows = whole.prompts.set_index("prompt_id").index.get_indexer(part.prompts["prompt_id"])
        for metric, scores in part.scores.items():
            np.testing.assert_array_equal(scores, whole.scores[metric][rows])
        np.testing.assert_array_equal(part.features["words"], whole.features["words"][rows])


def test_the_secret_is_another_each_time(parts, whole, tmp_path):
    split_private(whole, 0.5, 3, tmp_path / "public", tmp_path / "host", 2)
    assert read_manifest(tmp_path / "public").withheld == read_manifest(parts / "public").withheld
    assert read_record(tmp_path / "host").seed != read_record(parts / "host").seed
    assert str(read_record(parts / "host").seed) not in (parts / "public" / "manifest.json").read_text()


def test_a_missing_cell_stays_an_error_and_only_test_prompts_are_withheld(parts, tmp_path):
    for name, change in (("cell", ()), ("train", ("sim-000000",))):
        folder = shutil.copytree(parts / "public", tmp_path / name)
        record = json.loads((folder / "manifest.json").read_text())
        record["withheld"] = [*record["withheld"][len(change) == 0 :], *change]
        (folder / "manifest.json").write_text(json.dumps(record))
        with pytest.raises(SuiteError, match=r"missing|no test prompt"):
            load(folder)


@pytest.mark.parametrize(
    ("share", "says"), [(0, "above 0 and below 1"), (1, "above 0 and below 1"), (0.1, "at least 100")]
)
def test_what_cannot_be_split_is_refused_and_nothing_written(whole, tmp_path, share, says):
    with pytest.raises(UsageError, match=says):
        split_private(whole, share, 0, tmp_path / "public", tmp_path / "host", 3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("option", "value", "least"), [("--most", 0, 1), ("--seed", -1, 0)])
def test_a_number_out_of_bounds_is_refused_and_nothing_written(
    command, tmp_path, monkeypatch, option, value, least
):
    monkeypatch.chdir(tmp_path)
    refused = command("split-private", "nano", option, value)
    assert refused.code == 2
    assert f"{option} {value}: give a number of at least {least}" in refused.err
    assert not list(tmp_path.iterdir())


def test_the_command_says_where_it_protects_nothing(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("split-private", "nano")
    assert done.code == 0, done.err
    assert "are public, so withholding them protects nothing" in done.err
    assert load(tmp_path / "nano-public").suite.id == "nano-public"
    assert read_record(tmp_path / "nano-host").most == 3
    copy = replace(load("nano"), suite=load("nano").suite.model_copy(update={"id": "mine"}))
    save(copy, tmp_path / "mine")
    assert "protects nothing" in command("split-private", tmp_path / "mine").err


@pytest.fixture(scope="module")
def scored(tmp_path_factory, parts, evaluated):
    """A host's folder with one scoring, and the coarse report of it. Not to be changed."""
    place = tmp_path_factory.mktemp("scored")
    host = shutil.copytree(parts / "host", place / "host")
    folder = shutil.copytree(evaluated, place / "length", ignore=shutil.ignore_patterns("report*"))
    report = run_private(
        folder, host, How("none"), replicates=100, seed=0, progress=lambda what, done, total: None
    )
    report.save(place / "report-private.json")
    return place


def test_a_private_report_is_rounded_and_holds_nothing_that_is_drawn(scored):
    report, whole = (
        Report.read(scored / name) for name in ("report-private.json", "host/reports/length-1.json")
    )
    assert report.private
    assert not whole.private
    assert report.predictions.empty
    assert report.replicates.empty
    assert sorted(path.name for path in scored.iterdir()) == ["host", "length", "report-private.json"]
    secret = str(read_record(scored / "host").seed)
    text = (scored / "report-private.json").read_text()
    assert secret not in text
    assert "seed=secret" in report.signature
    seen = 0
    for rough, exact in zip(report.results, whole.results, strict=True):
        for name, one in rough.measures.items():
            if isinstance(one, Estimates):  # each could be a question of the router's own
                assert {*one.value, *one.low, *one.high, *one.standard_error} == {None}
            else:
                check_rounded(one, exact.measures[name], MEASURES[name].kind in ("quality", "gain", "share"))
                seen += one.value is not None
        for name, measures in rough.references.items():
            for measure, found in measures.items():
                check_rounded(found, exact.references[name][measure])
        for position in range(len(rough.candidates)):
            check_rounded(rough.fixed_quality.at(position), exact.fixed_quality.at(position))
        assert exact.curve.quality
        assert not rough.curve.quality
        assert not rough.reference_curves
    assert seen > 12
    assert {check.says for check in report.submission.checks} == {"kept by the host"}
    for metric, stands in report.submission.standing.items():
        step = step_of(whole.result(metric).best_single.quality.standard_error)
        assert stands.audc / step == pytest.approx(round(stands.audc / step), abs=1e-6)


def check_rounded(found: Estimate, true: Estimate, may_be_coarser=False):
    """A number is a multiple of a step no smaller than its standard error, and the nearest one."""
    if true.standard_error:
        step = found.standard_error
        assert true.standard_error <= step * (1 + 1e-9)
        assert may_be_coarser or step * (1 + 1e-9) <= 2.6 * true.standard_error
        for one, other in ((found.value, true.value), (found.low, true.low), (found.high, true.high)):
            if one is not None:
                assert one / step == pytest.approx(round(one / step), abs=1e-6)
                assert abs(one - other) <= step / 2 * (1 + 1e-9)


def test_a_submission_is_scored_so_many_times_under_its_name_or_with_its_files(
    command, folder, parts, tmp_path, simulated
):
    host = shutil.copytree(parts / "host", tmp_path / "host")
    words = ["--private", host, "--sandbox", "none", "--replicates", 30]
    for number in (1, 2):
        assert command("submit", "run", folder, *words).code == 0
        assert (host / "reports" / f"length-{number}.json").is_file()
    code = (folder / "router.py").read_text()
    (folder / "router.py").write_text(f"{code}\n# another\n")
    refused = command("submit", "run", folder, *words)
    assert (refused.code, "the host allows 2" in refused.err) == (2, True)
    (folder / "router.py").write_text(code)
    renamed = folder.rename(tmp_path / "another-name")
    for path in renamed.glob("report*"):
        path.unlink()
    refused = command("submit", "run", renamed, *words)
    assert (refused.code, "scored 2 times" in refused.err) == (2, True)
    assert len(read_record(host).scored) == 2


def test_the_host_verifies_and_nobody_else(command, scored):
    host = scored / "host"
    assert command("verify", host / "reports" / "length-1.json", "--suite", host).code == 0
    refused = command("verify", scored / "report-private.json", "--suite", host)
    assert (refused.code, "only the host can verify it" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--private", "{public}"], "no host's folder"),
        (["--private", "{host}", "--suite", "simulated"], "leave out --suite"),
        (["--private", "{host}", "--replicates", "0"], "rounded to their standard errors"),
    ],
)
def test_bad_usage_is_one_line(command, folder, parts, words, says):
    given = [word.format(public=parts / "public", host=parts / "host") for word in words]
    done = command("submit", "run", folder, "--sandbox", "none", *given)
    assert (done.code, says in done.err.splitlines()[-1]) == (2, True)
    assert not list(folder.glob("report*"))
