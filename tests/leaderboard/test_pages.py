"""What stands on each page, as tables and figures, without Streamlit."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catbench import compare as paired
from catbench import load
from catbench.errors import SuiteError
from catbench.score.rounds import rounds_of
from catbench.suite.store import read_manifest
from catbench_leaderboard import compare, curves, leaderboard, live, submit, suite
from catbench_leaderboard import prompt_lists as prompts
from catbench_leaderboard.board_answers import chosen
from catbench_leaderboard.problems import AXES, on_axis
from catbench_leaderboard.style import THEMES

THEME = THEMES["light"]


@pytest.mark.parametrize("given", ['["{0}", "{1}"]', "{0}:{1}", "{0}:{1}:"])
def test_folders_are_named_as_a_list_or_as_paths(monkeypatch, tmp_path, given):
    monkeypatch.setattr(live.os, "pathsep", ":")
    monkeypatch.setenv(live.FOLDERS, given.format(tmp_path, "submissions"))
    assert live.folders() == (tmp_path, Path("submissions"))


@pytest.mark.parametrize("given", ["submissions", "2026"])
def test_one_folder_is_named_by_its_path(monkeypatch, given):
    monkeypatch.setenv(live.FOLDERS, given)
    assert live.folders() == (Path(given),)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("cost", ["tflops", "seconds"])
@pytest.mark.parametrize("pool", ["sim", "sim+"])
@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_the_leaderboard_is_the_reports(board, view, report, cost, pool, metric, axis):
    where = view(cost=cost, pool=pool, metric=metric, axis=axis)
    table = leaderboard.leaderboard(board, where).set_index("router")
    assert len(table) == 3
    for router in ("ridge", "mixture", "fixed:sim-2"):
        result = report(router.replace(":", "-"), pool=pool, cost=cost).result(metric)
        row = table.loc[router]
        for name in ("audc", "gain", "headroom", "match_best"):
            estimate = result.estimate(name if name == "match_best" else on_axis(name, axis))
            expected = [np.nan if x is None else x for x in (estimate.value, estimate.low, estimate.high)]
            assert [row[name + end] for end in ("", "_low", "_high")] == pytest.approx(expected, nan_ok=True)
        assert row["verdict"] == result.verdict
        assert row["overhead_ms"] == pytest.approx(result.seconds_per_prompt * 1e3)


def test_ranking_by_one_metric_orders_by_it(board, view):
    table = leaderboard.leaderboard(board, view(by="simulated_error", metric="simulated_error"))
    assert table["gain"].is_monotonic_decreasing
    assert table["rank"].tolist() == [1, 2, 3]


def test_the_lead_is_told_with_how_sure_it_is(board, view):
    table = leaderboard.leaderboard(board, view())
    said = leaderboard.lead(table)
    assert said.startswith(f"{table['router'].iloc[0]} is ahead, first in ")
    alone = table.assign(surely_behind=[False, True, True])
    assert leaderboard.lead(alone).endswith("; every other router is surely behind.")
    close = table.assign(surely_behind=[False, False, False])
    assert "2 others are not surely behind: " in leaderboard.lead(close)
    tied = table.assign(rank=[1.0, 1.0, 3.0])
    assert leaderboard.lead(tied).startswith("2 routers share the lead: ")
    assert leaderboard.lead(table.assign(rank=np.nan)) == "Nobody is ranked here."


def test_the_router_that_is_named_is_the_best_on_validation_prompts(board, view, report):
    gains = {
        name: report(name).result("simulated_score").validation_gain
        for name in ("ridge", "mixture", "fixed-sim-2")
    }
    best = max(gains, key=lambda name: gains[name])
    said = leaderboard.advice(board, view())
    verdict = report(best).result("simulated_score").verdict
    assert said == f"Best on validation prompts is {best.replace('fixed-', 'fixed:')}: {verdict}."


def test_a_time_without_end_is_no_number_on_the_board(forged, view):
    board = forged(lambda record: [r.update(seconds_per_prompt=1e308) for r in record["results"]])
    table = leaderboard.leaderboard(board, view())
    assert not np.isinf(table.select_dtypes("number")).any(axis=None)


def test_a_search_keeps_rows_that_hold_every_word(board, view):
    table = leaderboard.leaderboard(board, view())
    assert leaderboard.matching(table, "RID one")["router"].tolist() == ["ridge"]
    assert leaderboard.matching(table, "(nothing[").empty
    assert leaderboard.matching(table, "") is table


@pytest.mark.parametrize("axis", AXES)
def test_references_are_not_ranked_and_stand_in_order(board, view, report, axis):
    table = leaderboard.references(board, view(axis=axis)).set_index("reference")
    reported = report().result("simulated_score").references
    assert reported["best_per_kind"]["audc"].value is None  # the suite tells no kinds apart
    assert not table.index.str.startswith("best candidate of each").any()
    area = on_axis("audc", axis)
    assert table.loc["oracle (knows the test scores)", "audc"] == reported["oracle"][area].value
    assert table.loc["oracle (knows the test scores)", "headroom"] == pytest.approx(1)
    assert table.loc["mixture (does not read the prompt)", "headroom"] == pytest.approx(0)
    if axis == "log":
        within = reported["oracle_leave_one_out"]["headroom"].value
        assert table.loc["oracle on unseen samples", "headroom"] == pytest.approx(within, abs=1e-3)
    assert table.index[-1].startswith("best single candidate: sim-")
    assert table["peak"].iloc[-1] == reported["best_single"]["quality"].value
    where = view("sim-two", "sim+")
    for slice in board.problem(where).slices[1:]:  # holds less
        part = leaderboard.references(board, replace(where, slice=slice, axis=axis))
        assert part["audc"].notna().any() == (axis == "log")
    assert "oracle" not in " ".join(leaderboard.leaderboard(board, view())["router"])


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_a_budget_reads_the_report_s_curve(board, view, report, metric):
    where = view(metric=metric, pool="sim+")
    result = report(pool="sim+").result(metric)
    row = board.row(where, "ridge")
    assert curves.budgets(board, where) == pytest.approx(result.curve.cost, rel=1e-5)
    for place, budget in enumerate(result.curve.cost):
        found = curves.at_budget([row], place, [chosen(row).choices[place]]).iloc[0]
        assert found["quality"] == result.curve.quality[place]
        assert (found["low"], found["high"]) == (result.curve.low[place], result.curve.high[place])
        rates = found[result.candidates].astype(float)
        assert rates.sum() == pytest.approx(1)
        assert (rates * result.costs).sum() <= budget * (1 + 1e-5)
    unknown = curves.at_budget([row], 3, [None]).iloc[0]
    assert unknown[result.candidates].isna().all()


def test_at_the_dearest_candidate_s_cost_nothing_is_saved_against_it(board, view, report):
    result = report().result("simulated_error")
    dearest = int(np.argmax(result.costs))
    place = len(result.curve.cost) - 1
    table = curves.savings(board.row(view(metric="simulated_error"), "ridge"), place)
    assert table["saving"].iloc[dearest] == pytest.approx(0, abs=1e-5)
    gains = [result.estimate("gain_at", name).value for name in result.candidates]
    assert table["gain"].iloc[dearest] == pytest.approx(gains[dearest], rel=1e-4)


@pytest.mark.parametrize("axis", AXES)
def test_the_figure_holds_bands_points_and_references(board, view, axis):
    drawn = curves.figure(board, view(axis=axis), ["ridge", "mixture"], THEME, budget=2.0)
    names = [trace.name for trace in drawn.data if trace.name]
    for name in ("ridge", "mixture", "mixture (reference)", "oracle (reference)"):
        assert f"\u2068{name}\u2069" in names
    assert drawn.data[-1].text[0] == "\u2068sim-1\u2069"
    assert sum(trace.fill == "toself" for trace in drawn.data) == 2
    assert drawn.layout.xaxis.type == axis


def test_a_candidate_that_draws_noise_does_not_press_the_curves_into_a_line(board, view):
    place = view().metric, "all"
    problem = board.problem(view())
    rows = []
    for row in problem.rows[place]:
        result = row.result
        quality = [-50.0, *result.fixed_quality.value[1:]]
        fixed = result.fixed_quality.model_copy(update={"value": quality})
        results = list(row.entry.report.results)
        results[row.number] = result.model_copy(update={"fixed_quality": fixed})
        report = row.entry.report.model_copy(update={"results": tuple(results)})
        rows.append(replace(row, entry=replace(row.entry, report=report)))
    noisy = replace(problem, rows={**problem.rows, place: tuple(rows)})
    drawn = curves.figure(replace(board, problems=(noisy,)), view(), ["ridge", "mixture"], THEME)
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
def test_differences_are_those_of_the_library(board, home, view, report, metric):
    difference = {
        found.metric: found
        for found in paired(report(), report("mixture"), load(home / "suites" / "sim-one"))
    }[metric]
    where = view(metric=metric)
    along = compare.along_budget(board.row(where, "ridge"), board.row(where, "mixture"))
    sign = 1 if difference.direction == "higher" else -1
    for name, column in {"quality": "difference", "low": "low", "high": "high"}.items():
        if sign < 0:
            name = {"low": "high", "high": "low"}.get(name, name)
        expected = sign * np.array(getattr(difference.curve, name))[::2]
        np.testing.assert_allclose(along[column], expected, atol=2e-6)
    assert along["cost"].tolist() == difference.curve.cost[::2]
    for axis in AXES:
        table = compare.table(board, view(axis=axis), "ridge", "mixture").set_index("metric")
        gain = difference.measures[on_axis("gain", axis)]
        for name, column in {"value": "difference", "low": "low", "high": "high"}.items():
            assert table.loc[metric, column] == pytest.approx(getattr(gain, name), abs=2e-6)


def test_differences_are_given_by_slice_and_are_averaged_over_nothing(board, view):
    where = view("sim-two", "sim+")
    table = compare.table(board, where, "ridge", "mixture")
    assert set(table["metric"]) == {"simulated_score", "simulated_error"}
    assert tuple(dict.fromkeys(table["slice"])) == board.problem(where).slices
    assert len(table) == 2 * len(board.problem(where).slices)
    assert set(table["verdict"]) <= {"better", "worse", ""}
    turned = compare.table(board, where, "mixture", "ridge")
    np.testing.assert_allclose(turned["difference"], -table["difference"])


def test_a_router_does_not_differ_from_itself(board, view):
    row = board.row(view(), "ridge")
    along = compare.along_budget(row, row)
    assert (along[["difference", "low", "high"]] == 0).all(axis=None)
    assert (compare.table(board, view(), "ridge", "ridge")["verdict"] == "").all()
    assert compare.prompts(row, row, 7).empty


def test_prompts_that_differ_come_widest_first_with_their_true_qualities(board, home, view):
    rows = [board.row(view(metric="simulated_error"), name) for name in ("ridge", "mixture")]
    matrix = load(home / "suites" / "sim-one")
    table = compare.prompts(*rows, 16)
    assert len(table) > 0
    assert table["gain"].abs().is_monotonic_decreasing
    np.testing.assert_allclose(table["gain"], table["second_quality"] - table["first_quality"])
    top = table.iloc[0]
    row = list(matrix.prompts["prompt_id"]).index(top["prompt_id"])
    column = matrix.candidate_ids.index(top["first"])
    assert top["first_quality"] == pytest.approx(matrix.scores["simulated_error"][row, column].mean())


def test_prompts_that_differ_are_those_of_the_slice(board, home, view):
    where = view("sim-two", "sim+")
    matrix = load(home / "suites" / "sim-two")
    words = matrix.prompts.set_index("prompt_id")["text"].str.split().str.len()
    for slice in board.problem(where).slices[1:]:
        rows = [board.row(replace(where, slice=slice), name) for name in ("ridge", "mixture")]
        found = [compare.prompts(*rows, place, 10**6)["prompt_id"] for place in range(33)]
        inside = set(rows[0].entry and chosen(rows[0]).part.ids)
        assert len(inside) == rows[0].result.prompts
        assert set().union(*found) <= inside
        assert len(words[list(inside)]) < len(matrix.rows("test"))


def test_every_choice_stays_within_the_budget_on_average(board, view):
    for row in board.rows(view()):
        cost = np.array(row.result.costs)
        for place, budget in enumerate(row.result.curve.cost):
            assert cost[chosen(row).choices[place]].mean() <= budget * (1 + 1e-5)
    fixed = chosen(board.row(view(), "fixed:sim-2")).choices
    assert (fixed[-1] == 1).all()  # at any larger budget, its own candidate


def test_choices_reach_the_height_of_the_curve_where_they_spend_the_budget(board, view):
    row = board.row(view(), "ridge")
    found = chosen(row)
    reached = found.quality[np.arange(len(found.quality)), found.choices[-1]].mean()
    assert reached == pytest.approx(row.result.curve.quality[-1], rel=1e-5)


def test_each_fold_spends_the_budget_on_its_own_prompts(home, tmp_path, view):
    from catbench import evaluate
    from catbench_leaderboard.board import open_board

    matrix = load(home / "suites" / "sim-one")
    evaluate("ridge", matrix, pool="sim", cost="tflops", folds=3).save(tmp_path / "folded.json")
    board = open_board([tmp_path])
    row = board.row(view(pool="sim (folds:3)"), "ridge")
    found, of_prompt = chosen(row), rounds_of(matrix, 3).of_prompt
    assert len(found.part) == len(matrix.prompts) == 400
    cost = np.array(row.result.costs)
    for place, budget in enumerate(row.result.curve.cost):
        for fold in range(3):
            assert cost[found.choices[place, of_prompt == fold]].mean() <= budget * (1 + 1e-5)
    reached = found.quality[np.arange(400), found.choices[-1]].mean()
    assert reached == pytest.approx(row.result.curve.quality[-1], rel=1e-5)


def test_predictions_that_changed_since_are_not_used(pair, tmp_path, view):
    from catbench.errors import CatbenchError
    from catbench_leaderboard.board import open_board

    shutil.copytree(pair, tmp_path / "reports")
    board = open_board([tmp_path / "reports"])
    for name in ("predictions", "replicates"):
        (tmp_path / "reports" / "ridge" / f"report.{name}.parquet").write_bytes(b"other")
    row = board.row(view(), "ridge")
    with pytest.raises(CatbenchError, match="predictions of ridge have changed"):
        chosen(row)
    with pytest.raises(CatbenchError, match="replicates of ridge have changed"):
        compare.along_budget(row, row)


def test_what_routers_choose_is_told_with_its_quality(board, home, view):
    where = view(metric="simulated_error")
    matrix = load(home / "suites" / "sim-one")
    prompt = matrix.prompts["prompt_id"].iloc[matrix.rows("test")[3]]
    table = prompts.qualities(matrix, board.problem(where).key.candidates, "tflops", prompt)
    found = prompts.choices(list(board.rows(where)), 16, prompt, table).set_index("router")
    for row in board.rows(where):
        picked = row.result.candidates[chosen(row).choices[16, 3]]
        assert found.loc[row.label, "chose"] == picked
        assert (
            found.loc[row.label, "simulated_error"]
            == table.set_index("candidate").loc[picked, "simulated_error"]
        )


def test_prompts_are_found_by_their_words(home):
    matrix = load(home / "suites" / "sim-one")
    text = str(matrix.prompts["text"].iloc[matrix.rows("test")[0]])
    tested = rounds_of(matrix).test
    found = prompts.matching(tested, text.upper())
    assert text in set(found["text"])
    assert len(prompts.matching(tested, "")) == len(matrix.rows("test"))
    assert prompts.matching(tested, "zebra(").empty


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
    from catbench.submit.template import write_template

    written = write_template(submit.SLUG, tmp_path)
    for name, text in submit.template().items():
        if name.endswith(".py"):
            assert (written / name).read_text() == text
    assert len(submit.STEPS) == 10


def test_a_suite_s_signature_is_what_all_its_results_share(board, view, report):
    said = suite.signature(board.problem(view()))
    for router in ("ridge", "mixture", "fixed-sim-2"):
        for result in report(router).results:
            assert set(said.split("|")) < set(result.signature.split("|"))
    assert "axis:log(" in said
