"""What stands on each page, as tables and figures, without Streamlit."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from catbench import compare as paired
from catbench import load
from catbench.errors import SuiteError, UsageError
from catbench.store import read_manifest
from catbench_leaderboard import cache, compare, curves, live, prompts, standing, submit, suite, views
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.suites import matrix_of

THEME = THEMES["light"]


@pytest.fixture
def served(reports, monkeypatch):
    """The board as a running app has it."""
    monkeypatch.setenv(live.FOLDERS, f'["{reports}"]')
    return live.board()


@pytest.mark.parametrize("given", ['["{0}", "{1}"]', "{0}:{1}", "{0}:{1}:"])
def test_folders_are_named_as_a_list_or_as_paths(monkeypatch, tmp_path, given):
    monkeypatch.setattr(live.os, "pathsep", ":")
    monkeypatch.setenv(live.FOLDERS, given.format(tmp_path, "submissions"))
    assert live.folders() == (tmp_path, Path("submissions"))


@pytest.mark.parametrize("given", ["submissions", "2026"])
def test_one_folder_is_named_by_its_path(monkeypatch, given):
    monkeypatch.setenv(live.FOLDERS, given)
    assert live.folders() == (Path(given),)


@pytest.mark.parametrize("cost", ["tflops", "seconds"])
@pytest.mark.parametrize("pool", ["sim", "sim+"])
@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_standing_is_the_reports(board, view, report, cost, pool, metric):
    table = standing.standing(board, view(cost=cost, pool=pool, metric=metric)).set_index("router")
    for router in ("ridge", "mixture", "fixed:sim-2"):
        result = report(router.replace(":", "-"), pool=pool, cost=cost).result(metric)
        row = table.loc[router]
        for name in ("audc", "headroom", "peak"):
            assert row[name] == pytest.approx(result.estimate(name).value, abs=1e-12)
            assert row[f"{name}_low"] == pytest.approx(result.estimate(name).low, abs=1e-12)
        best = (min if result.direction == "lower" else max)(
            result.fixed, key=lambda name: result.fixed[name].quality.value
        )
        matched = result.estimate("cost_to_match", best).value
        assert row["cost_to_match"] == pytest.approx(np.nan if matched is None else matched, nan_ok=True)
        assert row["overhead_ms"] == pytest.approx(result.seconds_per_prompt * 1e3)


def test_ranking_by_one_metric_orders_by_it(board, view):
    table = standing.standing(board, view(by="simulated_error", metric="simulated_error"))
    assert table["headroom"].is_monotonic_decreasing
    assert table["rank"].tolist() == [1, 2, 3]


def test_those_whose_intervals_overlap_with_the_leader_s_are_marked(board, view):
    table = standing.standing(board, view())
    leader = table.iloc[0]
    overlapping = table[(table["headline_high"] >= leader["headline_low"]) & (table["rank"] > 1)]
    assert standing.overlapping(table) == overlapping["router"].tolist()
    assert str(leader["router"]) in standing.verdict(table)


def test_a_search_keeps_rows_that_hold_every_word(board, view):
    table = standing.standing(board, view())
    assert standing.matching(table, "RID one")["router"].tolist() == ["ridge"]
    assert standing.matching(table, "(nothing[").empty
    assert standing.matching(table, "") is table


def test_references_are_not_ranked_and_stand_in_order(board, view, report):
    table = standing.references(board, view()).set_index("reference")
    reported = report().result("simulated_score").references
    assert table.loc["oracle (knows the test scores)", "audc"] == reported["oracle"]["audc"].value
    assert table.loc["oracle (knows the test scores)", "headroom"] == pytest.approx(1)
    assert table.loc["mixture (does not read the prompt)", "headroom"] == pytest.approx(0)
    assert table.index[-1].startswith("best single candidate: sim-")
    assert table["peak"].iloc[-1] == reported["best_single"]["quality"].value
    assert "oracle" not in " ".join(standing.standing(board, view())["router"])


def test_a_router_that_reads_more_than_the_prompt_is_shown_and_not_ranked(pair, tmp_path, submit, view):
    shutil.copytree(pair, tmp_path / "reports")
    for name, prompt_only in (("ridge", False), ("mixture", True)):
        submit(tmp_path / "reports" / name / "report.json", prompt_only=prompt_only)
    board = cache.build_board(cache.find_reports([tmp_path / "reports"]), cache.Draws(None))
    table = standing.standing(board, view()).set_index("router")
    assert table.loc["mixture", "rank"] == 1
    assert np.isnan(table.loc["ridge", "rank"])
    assert table.loc["ridge", "unranked"] == "reads more than the prompt"
    assert table.loc["ridge", "audc"] > table.loc["mixture", "audc"]
    assert table["prompt_only"].to_dict() == {"ridge": "no", "mixture": "yes"}
    assert board.troubles["where"].tolist() == ["ridge"]


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_a_budget_reads_the_report_s_curve(board, view, report, metric):
    where = view(metric=metric, pool="sim+")
    result = report(pool="sim+").result(metric)
    for budget in curves.budgets(board, where):
        row = curves.at_budget(board, where, ["ridge"], budget).iloc[0]
        at = int(np.argmin(np.abs(np.array(result.curve.cost) - budget)))
        assert row["quality"] == pytest.approx(result.curve.quality[at], rel=1e-9)
        assert row["low"] == pytest.approx(result.curve.low[at], rel=1e-9)
        rates = row[list(result.fixed)].astype(float)
        assert rates.sum() == pytest.approx(1)
        spent = sum(rates[name] * fixed.cost for name, fixed in result.fixed.items())
        assert spent <= budget * (1 + 1e-9)


def test_a_budget_of_a_candidate_s_cost_saves_nothing_against_it(board, view, report):
    result = report().result("simulated_error")
    name, fixed = list(result.fixed.items())[1]
    table = curves.savings(board, view(metric="simulated_error"), "ridge", fixed.cost).set_index("candidate")
    assert table.loc[name, "saving"] == pytest.approx(0)
    assert table.loc[name, "gain"] == pytest.approx(result.estimate("gain_at", name).value, rel=1e-9)


def test_the_figure_holds_bands_points_and_references(board, view):
    drawn = curves.figure(board, view(), ["ridge", "mixture"], THEME, budget=2.0)
    names = [trace.name for trace in drawn.data if trace.name]
    for name in ("ridge", "mixture", "mixture (reference)", "oracle (reference)"):
        assert f"\u2068{name}\u2069" in names
    assert drawn.data[-1].text[0] == "\u2068sim-1\u2069"
    assert sum(trace.fill == "toself" for trace in drawn.data) == 2
    assert drawn.layout.xaxis.type == "log"
    assert curves.figure(board, view(), ["ridge"], THEME, log=False).layout.xaxis.type == "linear"


def test_a_candidate_that_draws_noise_does_not_press_the_curves_into_a_line(board, view):
    from dataclasses import replace

    fixed = board.fixed.copy()
    fixed.loc[fixed["candidate"] == "sim-1", "quality"] = -50.0
    drawn = curves.figure(replace(board, fixed=fixed), view(), ["ridge", "mixture"], THEME)
    lines = np.concatenate([trace.y for trace in drawn.data if trace.mode == "lines"])
    low, high = drawn.layout.yaxis.range
    assert low < lines.min() < lines.max() < high
    assert high - low < 2.4 * np.ptp(lines)
    assert "1 candidate outside" in drawn.layout.annotations[0].text


def test_a_router_has_the_same_colour_on_every_figure(board, view):
    def colour(where):
        drawn = curves.figure(board, where, ["mixture"], THEME)
        return next(t.line.color for t in drawn.data if t.name == "\u2068mixture\u2069")

    assert colour(view()) == colour(view("sim-two", "sim+", "seconds", "simulated_error"))


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_differences_are_those_of_the_library(served, home, view, report, metric):
    difference = {
        found.metric: found
        for found in paired(report(), report("mixture"), load(home / "suites" / "sim-one"))
    }[metric]
    along = live.along_budget(served, view(metric=metric), "ridge", "mixture")
    np.testing.assert_allclose(along["difference"], difference.curve.quality, atol=1e-12)
    np.testing.assert_allclose(along["low"], difference.curve.low, atol=1e-12)
    np.testing.assert_allclose(along["high"], difference.curve.high, atol=1e-12)
    table = compare.table(served, view(), "ridge", "mixture", live.headrooms).set_index("metric")
    headroom = difference.measures["headroom"]
    assert table.loc[metric, "difference"] == pytest.approx(headroom.value)
    assert table.loc[metric, "low"] == pytest.approx(headroom.low, rel=1e-4)
    assert table.loc[metric, "high"] == pytest.approx(headroom.high, rel=1e-4)


def test_differences_are_given_by_slice_and_over_all_metrics(served, view):
    table = compare.table(served, view("sim-two", "sim+"), "ridge", "mixture", live.headrooms)
    assert table["metric"].head(3).tolist() == ["mean", "simulated_score", "simulated_error"]
    assert set(table["slice"]) == set(views.slices(served, view("sim-two", "sim+")))
    one = table[table["slice"] == "all"].set_index("metric")["difference"]
    assert one["mean"] == pytest.approx((one["simulated_score"] + one["simulated_error"]) / 2)


def test_a_router_does_not_differ_from_itself(served, view):
    along = live.along_budget(served, view(), "ridge", "ridge")
    assert (along[["difference", "low", "high"]] == 0).all(axis=None)
    table = compare.table(served, view(), "ridge", "ridge", live.headrooms)
    assert (table["verdict"] == "").all()
    answer, ground = live.answer_of(served, view(), "ridge"), live.ground(served, view())
    matrix = matrix_of(views.problem(served, view())["digest"])
    assert compare.prompts(answer, answer, ground, matrix, 2.0, 1).empty


def test_prompts_that_differ_come_widest_first_with_their_true_qualities(served, home, view):
    where = view(metric="simulated_error")
    answers = [live.answer_of(served, where, name) for name in ("ridge", "mixture")]
    matrix = load(home / "suites" / "sim-one")
    table = compare.prompts(*answers, live.ground(served, where), matrix, 4.0, -1)
    assert table["gain"].abs().is_monotonic_decreasing
    np.testing.assert_allclose(table["gain"], table["second_quality"] - table["first_quality"])
    top = table.iloc[0]
    row = list(matrix.prompts["prompt_id"]).index(top["prompt_id"])
    column = matrix.candidate_ids.index(top["first"])
    assert top["first_quality"] == pytest.approx(matrix.scores["simulated_error"][row, column].mean())


def test_prompts_that_differ_are_those_of_the_slice(served, home, view):
    where = view("sim-two", "sim+")
    matrix = load(home / "suites" / "sim-two")
    answers = [live.answer_of(served, where, name) for name in ("ridge", "mixture")]
    of = {
        name: set(
            compare.prompts(*answers, live.ground(served, where), matrix, 2.0, 1, name, 10**6)["prompt_id"]
        )
        for name in views.slices(served, where)
    }
    parts = [ids for name, ids in of.items() if name != "all"]
    assert set().union(*parts) == of["all"]
    assert sum(map(len, parts)) == len(of["all"]) > 0


def test_every_choice_stays_within_the_budget_on_average(served, view):
    labels, chosen = live.choices(served, view())
    ground = live.ground(served, view())
    assert labels == ["ridge", "mixture", "fixed:sim-2"]
    for number, budget in enumerate(curves.budgets(served, view())):
        spent = ground.pool.cost[chosen[:, number]].mean(axis=1)
        assert (spent <= budget * (1 + 1e-6)).all()
    assert (ground.pool.cost[chosen[2, -1]] == ground.pool.cost[1]).all()  # fixed:sim-2 at any larger budget


def test_prompts_are_found_by_their_words(home):
    matrix = load(home / "suites" / "sim-one")
    text = str(matrix.prompts["text"].iloc[matrix.rows("test")[0]])
    found = prompts.matching(matrix, text.upper())
    assert text in set(found["text"])
    assert len(prompts.matching(matrix, "")) == len(matrix.rows("test"))
    assert prompts.matching(matrix, "zebra(").empty


def test_each_candidate_s_quality_is_the_matrix_s(home):
    matrix = load(home / "suites" / "sim-one")
    row = int(matrix.rows("test")[3])
    table = prompts.qualities(matrix, ["sim-2", "sim-1"], "seconds", matrix.prompts["prompt_id"].iloc[row])
    assert table["candidate"].tolist() == ["sim-2", "sim-1"]
    assert table["simulated_error"][1] == pytest.approx(matrix.scores["simulated_error"][row, 0].mean())


def test_a_sheet_is_cut_into_the_candidates_images(home):
    from PIL import Image

    folder = home / "suites" / "sim-one"
    matrix = load(folder)
    prompt = matrix.prompts["prompt_id"].iloc[matrix.rows("test")[0]]
    found = prompts.images(folder, read_manifest(folder), prompt)
    assert [candidate for candidate, _ in found] == list(matrix.candidate_ids)
    reds = [Image.open(io.BytesIO(png)).getpixel((64, 64))[0] for _, png in found]
    assert reds == [0, 60, 120, 180, 240]
    assert (
        prompts.images(home / "suites" / "sim-two", read_manifest(home / "suites" / "sim-two"), prompt) == []
    )


def test_an_altered_sheet_is_refused(home, tmp_path):
    folder = tmp_path / "suite"
    shutil.copytree(home / "suites" / "sim-one", folder)
    sheet = next((folder / "images").glob("*.webp"))
    sheet.write_bytes(b"no image")
    with pytest.raises(SuiteError, match="differs from its digest"):
        prompts.images(folder, read_manifest(folder), sheet.stem)


def test_a_suite_tells_what_it_is(home):
    matrix = load(home / "suites" / "sim-one")
    assert suite.facts(matrix)["digest"] == matrix.digest
    assert suite.facts(matrix)["licence"] == "CC0-1.0"
    assert suite.candidates(matrix)["steps"].tolist() == ["1", "2", "4", "8", "16"]
    assert suite.costs(matrix)["tflops"].tolist() == matrix.pool("all", cost="tflops").cost.tolist()
    assert suite.metrics(matrix)["direction"].tolist() == ["higher", "lower"]
    assert "catbench verify sim-one" in suite.recipe(matrix)


def test_a_price_that_is_not_known_stays_empty(home):
    from dataclasses import replace

    matrix = load(home / "suites" / "sim-one")
    first = matrix.costs[0]
    partial = replace(matrix, costs=(*matrix.costs, first.model_copy(update={"unit": "usd"})))
    shown = suite.costs(partial).set_index("candidate")["usd"]
    assert shown.dropna().to_dict() == {first.candidate: first.value}
    assert len(shown) == len(matrix.candidates)


def test_an_imported_suite_is_imported_again_and_not_drawn(home):
    from dataclasses import replace

    matrix = load(home / "suites" / "sim-one")
    about = matrix.suite.model_copy(update={"id": "cems", "simulated": False, "source": "its authors"})
    drawn = replace(matrix, suite=about)
    bare = tuple(candidate.model_copy(update={"settings": {}}) for candidate in matrix.candidates)
    assert "catbench generate cems" in suite.recipe(drawn)
    imported = suite.recipe(replace(drawn, candidates=bare))
    assert "generate" not in imported
    assert "catbench import --help   # scores from its authors" in imported


def test_quality_by_steps_is_worse_for_complex_prompts_and_rises(home):
    matrix = load(home / "suites" / "sim-one")
    table = suite.by_steps(matrix, "simulated_score", ["sim-1", "sim-2"])
    by = table.set_index(["prompts", "steps"])["score"]
    assert by["simple", 1] > by["complex", 1]
    assert by["complex", 2] > by["complex", 1]
    assert len(suite.steps_figure(table, "score", THEME).data) == 2
    assert suite.by_steps(matrix, "simulated_score", ["sim-1"]).empty


def test_the_template_on_the_page_is_the_command_s(tmp_path):
    from catbench.submission.template import write_template

    written = write_template(submit.SLUG, tmp_path)
    for name, text in submit.template().items():
        if name.endswith(".py"):
            assert (written / name).read_text() == text
    assert len(submit.STEPS) == 10


def test_a_view_that_no_report_has_is_refused(board, view):
    with pytest.raises(UsageError, match="no report on suite 'nowhere'"):
        views.problem(board, view("nowhere"))
    with pytest.raises(UsageError, match="has no result here"):
        views.one(board, view(), "nobody")
