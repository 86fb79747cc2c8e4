"""A report is JSON that comes back as it was, and a file that is none is told."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from catbench import CatbenchError, Report, evaluate, load
from catbench.score.bootstrap import Bootstrap

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def report(simulated):
    return evaluate("ridge", load(simulated), candidates=["sim-1"], bootstrap=Bootstrap(5))


def test_a_report_comes_back_as_it_was(report, tmp_path):
    report.save(tmp_path / "a.json")
    again = Report.read(tmp_path / "a.json")
    assert again.results == report.results
    assert again.signature == report.signature
    pd.testing.assert_frame_equal(again.predictions, report.predictions)


def test_what_does_not_exist_is_null_and_never_nan(report, tmp_path):
    report.save(tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    # One candidate leaves no headroom: 0 / 0.
    assert json.loads(text)["results"][0]["measures"]["headroom"]["value"] is None


def test_predictions_may_lie_elsewhere(report, tmp_path):
    (tmp_path / "deep").mkdir()
    report.save(tmp_path / "a.json", tmp_path / "deep" / "p.parquet")
    assert json.loads((tmp_path / "a.json").read_text())["predictions_file"] == "deep/p.parquet"
    moved = tmp_path.rename(tmp_path.with_name(tmp_path.name + "-moved"))
    assert not Report.read(moved / "a.json").predictions.empty


def test_a_report_without_its_predictions_is_still_read(report, tmp_path):
    report.save(tmp_path / "a.json")
    (tmp_path / "a.predictions.parquet").unlink()
    assert Report.read(tmp_path / "a.json").predictions.empty


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text[: len(text) // 2], "a.json is no report of this version: the file"),
        (lambda text: text.replace('"schema": 2', '"schema": 1'), "a report of schema 1, .* evaluate again"),
        (lambda text: text.replace('"direction": "higher"', '"direction": "up"'), "results.0.direction"),
        (lambda text: "[]", "a.json is no report"),
    ],
)
def test_an_altered_report_is_refused_with_the_field(report, tmp_path, spoil, says):
    report.save(tmp_path / "a.json")
    path = tmp_path / "a.json"
    path.write_text(spoil(path.read_text()))
    with pytest.raises(CatbenchError, match=says):
        Report.read(path)


def test_measures_and_results_are_found_by_name(report):
    assert report.result().metric == "simulated_score"
    assert report.result("simulated_error").direction == "lower"
    for ask, says in (
        (lambda: report.result("simulated_eror"), "did you mean 'simulated_error/all'"),
        (lambda: report.result().estimate("aucd"), "did you mean 'audc"),
        (lambda: report.result().estimate("quality_at", "sim1"), "did you mean 'sim-1'"),
        (lambda: report.result().estimate("quality_at"), "unknown candidate"),
    ):
        with pytest.raises(CatbenchError, match=says):
            ask()


def test_a_report_cannot_be_changed(report):
    with pytest.raises(ValueError, match="frozen"):
        report.signature = "better"


def test_a_report_prints_as_a_few_lines(simulated):
    whole = evaluate("ridge", load(simulated), by="words", bootstrap=Bootstrap(5))
    assert len(str(whole)) < 2000
    assert whole.result().verdict[:20] in str(whole)
    assert max(map(len, str(whole).splitlines())) <= 80
    assert "\n" not in repr(whole)
    assert len(repr(whole)) < 200
    for text in (repr(whole.result()), str(whole.result())):
        assert len(text) < 500


def test_a_notebook_shows_a_report_with_nothing_of_it_taken_for_markup(report):
    evil = report.result().model_copy(
        update={"metric_label": "<script>alert(1)</script>", "verdict": 'a & "b"'}
    )
    shown = report.model_copy(
        update={"results": (evil,), "router": report.router.model_copy(update={"name": "<b>"})}
    )
    html = shown._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&amp; &quot;b&quot;" in html
    assert "<b>" not in html
    assert html.count("<tr>") == html.count("</tr>") == 2


def test_a_strange_report_has_a_summary_too(report):
    bare = report.result().model_copy(update={"measures": {}})
    assert "-" in str(report.model_copy(update={"results": (bare,)}))


def test_the_page_about_reports_names_what_one_looks_for():
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    for name in ("schema", "results", "standard_error", "headroom", "gain_binding", "replicates_file"):
        assert f"`{name}`" in page
    assert len(page.splitlines()) < 100
