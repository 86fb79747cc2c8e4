"""What stands on each page, as numbers, figures and markup, without a browser."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import replace
from email.message import Message
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

from catbench import compare as paired
from catbench import load
from catbench.errors import CatbenchError, SuiteError
from catbench.report.figure import pareto_front
from catbench.report.numbers import Estimate
from catbench.report.stored import budgets, differing
from catbench.report.submission_record import CHECKS
from catbench.report.verdict import saves
from catbench.score.bootstrap import ends
from catbench.score.rounds import rounds_of
from catbench.suite.sheets import images
from catbench.suite.store import read_manifest

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")

from catbench.submit.paired_ranks import paired_bands, paired_gains
from catbench.submit.problems import AXES, on_axis
from catbench_leaderboard import figures, first_sentence, markup, page_layout, running_board
from catbench_leaderboard.board import chosen, open_board
from catbench_leaderboard.leaderboard_table import leaderboard_table, numbers, ordered
from catbench_leaderboard.screens import (
    enter_page,
    front_page,
    prompts_page,
    router_page,
    suite_page,
    two_routers_page,
)
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.text import milliseconds, share

THEME = THEMES["light"]


def words(made: Markup) -> str:
    """The text of markup, as it is read."""
    return " ".join(Markup(re.sub(r"<[^>]+>", " ", made)).unescape().split())


@pytest.mark.parametrize("given", ['["{0}", "{1}"]', "{0}:{1}", "{0}:{1}:"])
def test_folders_are_named_as_a_list_or_as_paths(monkeypatch, tmp_path, given):
    monkeypatch.setattr(running_board.os, "pathsep", ":")
    monkeypatch.setenv(running_board.FOLDERS, given.format(tmp_path, "submissions"))
    assert running_board.folders() == (tmp_path, Path("submissions"))


@pytest.mark.parametrize("given", ["submissions", "2026"])
def test_one_folder_is_named_by_its_path(monkeypatch, given):
    monkeypatch.setenv(running_board.FOLDERS, given)
    assert running_board.folders() == (Path(given),)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("cost", ["tflops", "seconds"])
@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_the_leaderboard_is_the_reports(board, view, report, cost, metric, axis):
    table = leaderboard_table(board, view(cost=cost, pool="sim+", metric=metric, axis=axis)).set_index(
        "router"
    )
    assert len(table) == 3
    for router in ("ridge", "mixture", "fixed:sim-2"):
        result = report(router.replace(":", "-"), pool="sim+", cost=cost).result(metric)
        row = table.loc[router]
        for name in ("audc", "gain", "headroom", "match_best"):
            estimate = result.estimate(name if name == "match_best" else on_axis(name, axis))
            expected = [np.nan if x is None else x for x in (estimate.value, estimate.low, estimate.high)]
            assert [row[name + end] for end in ("", "_low", "_high")] == pytest.approx(expected, nan_ok=True)
        assert row["verdict"] == result.verdict
        assert row["overhead_ms"] == pytest.approx(result.seconds_per_prompt * 1e3)


def test_surely_ahead_counts_the_metrics_whose_interval_lies_above_0(board, view, report):
    for name in ("ridge", "mixture"):
        sure = sum((result.estimate("gain").low or 0) > 0 for result in report(name, pool="sim+").results)
        row = leaderboard_table(board, view(pool="sim+")).set_index("router").loc[name]
        assert (row["ahead"], row["compared"]) == (sure, 2)


def test_the_router_that_is_named_is_the_best_on_validation_prompts(board, view, report):
    gains = {
        name: report(name).result("simulated_score").validation_gain
        for name in ("ridge", "mixture", "fixed-sim-2")
    }
    best = max(gains, key=lambda name: gains[name])
    assert first_sentence.best_validated(board, view()).label == best.replace("fixed-", "fixed:")
    said = words(first_sentence.sentence(board, view()))
    result = report(best).result("simulated_score")
    assert f"the router {best}" in said
    assert said.startswith(
        f"Is routing worth it? {'Yes' if first_sentence.surely(result) else 'Not shown'}: "
    )
    assert saves(result) in said


SURE = Estimate(value=0.2, low=0.1, high=0.3)
BESIDES = "; averaged over budgets it surely beats not reading the prompt"


@pytest.mark.parametrize(
    ("match", "gain", "said"),
    [
        (
            Estimate(value=0.086, low=0.0763, high=0.13),
            SURE,
            " draws images as good as {} for 8.6% [7.6, 13.0] of its cost.",
        ),
        (
            Estimate(value=None, low=0.5),
            Estimate(value=0.0, low=-0.1, high=0.1),
            " is never as good as {} (not certain: perhaps at 50% of its cost).",
        ),
        (
            Estimate(value=None),
            SURE,
            f" is never as good as {{}}{BESIDES}.",
        ),
        (
            Estimate(value=1.0, low=1.0, high=1.0),
            SURE,
            f" is as good as {{}}, at the same cost{BESIDES}.",
        ),
        (
            Estimate(value=0.9, low=0.5, high=None),
            Estimate(value=None),
            " is as good as {} for 90% [50, never] of its cost.",
        ),
    ],
)
def test_the_answer_is_a_sentence_whatever_it_is(board, view, monkeypatch, match, gain, said):
    row = first_sentence.best_validated(board, view())
    best = row.result.best_single.model_copy(update={"cost": max(row.result.costs)})
    measures = row.result.measures | {"match_best": match, "gain": gain, "gain_at_best": gain}
    changed = row.result.model_copy(update={"measures": measures, "best_single": best})
    monkeypatch.setattr(type(row), "result", changed)
    monkeypatch.setattr(first_sentence, "best_validated", lambda *_: row)
    made = words(first_sentence.sentence(board, view()))
    assert f"the router {row.label}{said.format(f'always drawing with {best.candidate}')} Judged by " in made


def test_a_kind_of_number_has_one_format():
    shares = [Estimate(value=0.086, low=0.0763, high=0.13), Estimate(value=1.0, low=0.9921, high=1.0)]
    assert [words(Markup(share(one))) for one in shares] == ["9% [8, 13]", "100% [99, 100]"]
    assert share(Estimate(value=1.0)) == "100%"
    assert share(Estimate(value=None), "never") == "never"
    assert [milliseconds(one) for one in (0.0016, 0.03, 0.81, 12.345)] == ["<.01", ".03", ".81", "12.35"]
    assert milliseconds(float("nan")) == milliseconds(-1.0) == "–"
    assert [words(one) for one in markup.drawn(shares, percent=True)] == ["9% [8, 13]", "100% [99, 100]"]


@pytest.mark.parametrize(
    ("match", "better", "sure"),
    [
        (Estimate(value=0.5, low=0.3, high=0.9), Estimate(value=0.1, low=0.01, high=0.2), True),
        (Estimate(value=0.5, low=0.3, high=1.2), Estimate(value=0.1, low=0.01, high=0.2), False),
        (Estimate(value=0.5, low=0.3, high=None), Estimate(value=0.1, low=0.01, high=0.2), False),
        (Estimate(value=0.5, low=0.3, high=0.9), Estimate(value=0.1, low=-0.01, high=0.2), False),
    ],
)
def test_yes_is_said_only_where_both_intervals_say_so(report, match, better, sure):
    result = report().result("simulated_score")
    changed = result.measures | {"match_best": match, "gain_at_best": better}
    assert first_sentence.surely(result.model_copy(update={"measures": changed})) == sure


def test_the_front_page_answers_with_seven_columns_and_marks_tiers(board, view):
    made = front_page.ranking_markup(board, view(pool="sim+"), page_layout.router_address(board))
    assert made.count('scope="col"') == 7
    table = leaderboard_table(board, view(pool="sim+"))
    rows = re.findall(r"<tr class=\"(.*?)\">(.*?)</tr>", made)
    assert len(rows) == len(table)
    assert ["tier" in marks for marks, _ in rows] == [False, *(np.diff(table["tier"]) > 0)]
    for (_, row), router in zip(rows, table["router"], strict=True):
        assert router in words(Markup(row))
        assert f"router={router.replace(':', '%3A')}" in row


def test_the_table_can_be_cut_to_the_best(board, view):
    whole = front_page.ranking_markup(board, view(), page_layout.router_address(board))
    short = front_page.ranking_markup(board, view(), page_layout.router_address(board), 2)
    first = ordered(board, view())
    assert whole.count("<tr") - short.count("<tr") == len(first) - 2
    assert [row.label in words(short) for row in first] == [True, True, False]


@pytest.mark.parametrize("address", ["", "https://example.org/catbench", "javascript:alert(1)"])
def test_the_code_is_a_link_where_its_address_is_known(monkeypatch, address):
    monkeypatch.setenv("CATBENCH_REPOSITORY", address)
    monkeypatch.setattr(front_page, "metadata", lambda _: Message())
    links = re.findall(r'<a href="(.*?)">Code</a>', front_page.brand())
    assert links == [address] * address.startswith("https")


def test_a_time_without_end_is_no_number_on_the_board(forged, view):
    board = forged(lambda record: [r.update(seconds_per_prompt=1e308) for r in record["results"]])
    assert not np.isinf(leaderboard_table(board, view()).select_dtypes("number")).any(axis=None)
    assert "ridge" in front_page.ranking_markup(board, view(), page_layout.router_address(board))


def test_intervals_are_drawn_on_one_axis_with_the_same_decimals():
    found = [Estimate(value=v, low=v - 0.1, high=v + 0.1) for v in (0.5, 0.2, -0.3)]
    made = markup.drawn([*found, Estimate(value=None)])
    dots = [float(re.search(r"--at:(.*?)%", one)[1]) for one in made[:3]]
    low, high = -0.4, 0.6
    assert dots == pytest.approx([100 * (v - low) / (high - low) for v in (0.5, 0.2, -0.3)], abs=0.06)
    assert ["sure" in one for one in made[:3]] == [True, True, False]
    assert [words(one) for one in made] == [".50 [.40, .60]", ".20 [.10, .30]", "-.30 [-.40, -.20]", "–"]
    near = [Estimate(value=v, low=v - 0.05, high=v + 0.05) for v in (0.5, 0.2, -0.01)]
    far = markup.drawn([*near, Estimate(value=-50.0, low=-51.0, high=-49.0)], near)
    assert far[:3] == markup.drawn(near)  # what is far below does not press the others together
    assert "out" in far[3]


def test_the_chart_of_gains_holds_lines_and_paired_bands_at_the_report_s_numbers(board, view, report):
    for metric, sign in (("simulated_score", 1), ("simulated_error", -1)):
        row = board.row(view(metric=metric), "ridge")
        result = report().result(metric)
        gain = sign * (np.array(result.curve.quality) - np.array(result.reference_curves["mixture"]))[::2]
        draws = report().replicates
        draws = draws[draws["result"] == row.number].filter(like="gain_").to_numpy()
        low, high, _ = ends(draws)
        drawn = figures.gain_figure([row], "log", THEME, numbers(board)).figure
        band, line = drawn.data
        np.testing.assert_allclose(line.y, gain, atol=1e-12)
        np.testing.assert_allclose(line.x, result.curve.cost[::2])
        np.testing.assert_allclose(band.y, [*high, *low[::-1]], atol=1e-7)
        assert drawn.layout.xaxis.type == "log"
        assert result.best_single.candidate in drawn.layout.annotations[0].text


def test_drawn_are_the_named_router_and_the_best_ranked_each_curve_once(board, view):
    rows = front_page.drawn_rows(board, view())
    assert rows[0] is first_sentence.best_validated(board, view())
    curves = [tuple(row.result.curve.quality) for row in rows]
    assert len(set(curves)) == len(curves)


@pytest.mark.parametrize("axis", AXES)
def test_the_figure_of_curves_holds_points_and_the_mixture(board, view, report, axis):
    rows = [board.row(view(), name) for name in ("ridge", "mixture")]
    drawn = figures.curve_figure(rows[0].result, rows, axis, THEME, numbers(board)).figure
    named = {trace.name: trace for trace in drawn.data if trace.name}
    result = report().result("simulated_score")
    assert list(named["\u2068ridge\u2069"].y) == result.curve.quality
    assert list(named["\u2068not reading the prompt\u2069"].y) == result.reference_curves["mixture"]
    assert sorted(drawn.data[-1].y) == sorted(result.fixed_quality.value)
    assert drawn.layout.xaxis.type == axis


def test_a_candidate_that_draws_noise_does_not_press_the_curves_into_a_line(board, view):
    result = board.row(view(), "ridge").result
    fixed = result.fixed_quality.model_copy(update={"value": [-50.0, *result.fixed_quality.value[1:]]})
    noisy = result.model_copy(update={"fixed_quality": fixed})
    drawn = figures.curve_figure(noisy, [], "log", THEME, {}).figure
    low, high = drawn.layout.yaxis.range
    assert high - low < 4 * np.ptp(drawn.data[0].y)
    assert "1 candidate outside" in drawn.layout.annotations[0].text


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_a_router_s_page_tells_every_suite_and_its_own_numbers(board, view, report, metric):
    where = view(pool="sim+", metric=metric)
    made = list(router_page.router_parts(board, [where], "ridge", THEME, page_layout.router_address(board)))
    text = " ".join(words(part) for part in made if isinstance(part, Markup))
    result = report(pool="sim+").result(metric)
    assert result.verdict[1:] in text
    assert result.signature in text
    for suite in ("sim-one", "sim-two"):
        assert suite in text
    assert "catbench evaluate ridge --suite sim-one" in text
    areas = [part for part in made if isinstance(part, figures.Picture)][1].figure
    heights = np.sum([trace.y for trace in areas.data], axis=0)
    np.testing.assert_allclose(heights, 100, atol=0.5)


def test_what_is_seldom_picked_is_an_area_too(board, view):
    result = board.row(view(), "ridge").result
    count = len(result.candidates)
    rates = np.full((9, count), 0.04)
    rates[:, 0] = 1 - 0.04 * (count - 1)
    drawn = figures.choices_figure(budgets(result)[:9], rates, result, "log", THEME).figure
    assert [trace.name for trace in drawn.data][1:] == [f"{count - 1} others"]
    np.testing.assert_allclose(np.sum([trace.y for trace in drawn.data], axis=0), 100, atol=0.11)
    alone = figures.choices_figure(budgets(result)[:9], np.eye(count)[[0] * 9], result, "log", THEME).figure
    assert len(alone.data) == 1


def test_a_router_keeps_its_colour_on_every_page_and_under_every_filter(board, view):
    seen: dict[str, set[tuple[str, str]]] = {}
    for where in (
        view(),
        view("sim-two", "sim+"),
        view(pool="sim+", metric="simulated_error", axis="linear"),
    ):
        rows = list(board.rows(where))
        for some in (rows, rows[::-1], rows[1:]):
            drawn = figures.curve_figure(some[0].result, some, "log", THEME, numbers(board)).figure
            gains = figures.gain_figure(some, where.axis, THEME, numbers(board)).figure
            for trace in (one for one in (*drawn.data, *gains.data) if one.name):
                seen.setdefault(trace.name, set()).add((trace.line.color, trace.line.dash))
    assert {len(seen[f"\u2068{name}\u2069"]) for name in ("ridge", "mixture", "fixed:sim-2")} == {1}


def test_the_pareto_front_is_drawn_where_no_router_is(report):
    result = report(pool="sim+").result("simulated_error")
    drawn = figures.curve_figure(result, [], "log", THEME, {}).figure
    line = next(trace for trace in drawn.data if (trace.name or "").startswith("Pareto front"))
    front = [result.candidates.index(name) for name in pareto_front(result)]
    assert list(line.x[::2]) == [result.costs[k] for k in front]
    assert list(line.y[::2]) == [result.fixed_quality.value[k] for k in front]
    points = drawn.data[-1]
    filled = [x for x, shape in zip(points.x, points.marker.symbol, strict=True) if shape == "circle"]
    assert sorted(filled) == [result.costs[k] for k in front]


def test_a_router_s_page_has_its_slices(board, view, report):
    where = view("sim-two", "sim+")
    made = words(router_page.by_slice(board, where, "ridge"))
    parts = [r for r in report(suite="sim-two", pool="sim+").results if r.metric == where.metric]
    for part in parts[1:]:
        assert f"{part.slice.replace('=', ': ')} {part.prompts}" in made
    assert router_page.by_slice(board, view(), "ridge") == ""


def test_a_router_without_the_view_s_metric_is_shown_where_it_has_a_result(board, view):
    assert router_page.view_of(board, view(), "ridge") == view()
    missing = replace(view(), metric="nothing")
    found = router_page.view_of(board, missing, "ridge")
    assert board.row(found, "ridge").label == "ridge"


def test_a_stranger_s_name_is_no_command(board, view, hostile, troubled):
    strange = open_board([troubled])
    rows = strange.rows(view())
    label = next(row.label for row in rows if row.label.startswith("<script>"))
    made = list(
        router_page.router_parts(strange, [view()], label, THEME, page_layout.router_address(strange))
    )
    text = "".join(part for part in made if isinstance(part, Markup))
    assert "<script>" not in text
    assert "evaluate" not in router_page.commands(strange.row(view(), label))


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_two_routers_differ_as_catbench_compare_says(board, home, view, report, metric):
    rows = [board.row(view(metric=metric), name) for name in ("ridge", "mixture")]
    both = paired(report("ridge"), report("mixture"), load(home / "suites" / "sim-one"))
    difference = next(found for found in both if found.metric == metric)
    low, high = paired_bands(*rows)
    sign = 1 if rows[0].result.direction == "higher" else -1
    both = (difference.curve.low, difference.curve.high)[::sign]
    np.testing.assert_allclose(low, sign * np.array(both[0])[::2], atol=2e-6)
    np.testing.assert_allclose(high, sign * np.array(both[1])[::2], atol=2e-6)
    for axis in AXES:
        table = paired_gains(board.problem(view()), view().metric, axis, "ridge", "mixture").set_index(
            "metric"
        )
        gain = difference.measures[on_axis("gain", axis)]
        for name, column in {"value": "difference", "low": "low", "high": "high"}.items():
            assert table.loc[metric, column] == pytest.approx(getattr(gain, name), abs=2e-6)


def test_differences_are_given_by_slice_and_are_averaged_over_nothing(board, view):
    where = view("sim-two", "sim+")
    table = paired_gains(board.problem(where), where.metric, where.axis, "ridge", "mixture")
    assert list(zip(table["metric"], table["slice"], strict=True)) == list(board.problem(where).rows)
    assert set(table["surely"]) <= {"better", "worse", ""}
    turned = paired_gains(board.problem(where), where.metric, where.axis, "mixture", "ridge")
    np.testing.assert_allclose(turned["difference"], -table["difference"])


def test_two_routers_open_on_the_best_ranked_that_differs(board, view):
    rows = [board.row(view(), name) for name in ("ridge", "ridge", "mixture")]
    assert two_routers_page.other_than(rows[0], rows) == 2
    assert two_routers_page.other_than(rows[2], rows) == 0
    assert two_routers_page.other_than(rows[0], rows[:1]) == 0


def test_a_router_does_not_differ_from_itself(board, view):
    row = board.row(view(), "ridge")
    assert (np.array(paired_bands(row, row)) == 0).all()
    assert (
        paired_gains(board.problem(view()), view().metric, view().axis, "ridge", "ridge")["surely"] == ""
    ).all()
    assert differing(chosen(row), chosen(row), row.result, 7).empty


def test_prompts_that_differ_come_widest_first_with_their_true_qualities(board, home, view):
    rows = [board.row(view(metric="simulated_error"), name) for name in ("ridge", "mixture")]
    matrix = load(home / "suites" / "sim-one")
    table = differing(*map(chosen, rows), rows[0].result, 16)
    assert len(table) > 0
    assert table["gain"].abs().is_monotonic_decreasing
    np.testing.assert_allclose(table["gain"], table["second_quality"] - table["first_quality"])
    top = table.iloc[0]
    row = list(matrix.prompts["prompt_id"]).index(top["prompt_id"])
    column = matrix.candidate_ids.index(top["first"])
    assert top["first_quality"] == pytest.approx(matrix.scores["simulated_error"][row, column].mean())


def test_prompts_that_differ_are_those_of_the_slice(board, home, view):
    where = view("sim-two", "sim+")
    for slice in board.problem(where).slices(where.metric)[1:]:
        rows = [board.row(replace(where, slice=slice), name) for name in ("ridge", "mixture")]
        found = [differing(*map(chosen, rows), rows[0].result, k, 10**6)["prompt_id"] for k in range(33)]
        inside = set(chosen(rows[0]).part.ids)
        assert len(inside) == rows[0].result.prompts
        assert set().union(*found) <= inside


def test_every_choice_stays_within_the_budget_on_average(board, view):
    for row in board.rows(view()):
        cost = np.array(row.result.costs)
        for place, budget in enumerate(budgets(row.result)):
            assert cost[chosen(row).choices[place]].mean() <= budget * (1 + 1e-5)
    fixed = chosen(board.row(view(), "fixed:sim-2")).choices
    assert (fixed[-1] == 1).all()  # at any larger budget, its own candidate


def test_each_fold_spends_the_budget_on_its_own_prompts(home, tmp_path, view):
    from catbench import evaluate

    matrix = load(home / "suites" / "sim-one")
    evaluate("ridge", matrix, pool="sim", cost="tflops", folds=3).save(tmp_path / "folded.json")
    row = open_board([tmp_path]).row(view(pool="sim (folds:3)"), "ridge")
    found, of_prompt = chosen(row), rounds_of(matrix, 3).of_prompt
    assert len(found.part) == len(matrix.prompts) == 400
    cost = np.array(row.result.costs)
    for place, budget in enumerate(row.result.curve.cost):
        for fold in range(3):
            assert cost[found.choices[place, of_prompt == fold]].mean() <= budget * (1 + 1e-5)
    reached = found.quality[np.arange(400), found.choices[-1]].mean()
    assert reached == pytest.approx(row.result.curve.quality[-1], rel=1e-5)


def test_predictions_that_changed_since_are_not_used(pair, tmp_path, view):
    shutil.copytree(pair, tmp_path / "reports")
    row = open_board([tmp_path / "reports"]).row(view(), "ridge")
    for name in ("predictions", "replicates"):
        (tmp_path / "reports" / "ridge" / f"report.{name}.parquet").write_bytes(b"other")
    with pytest.raises(CatbenchError, match="predictions of ridge have changed"):
        chosen(row)
    with pytest.raises(CatbenchError, match="replicates of ridge have changed"):
        paired_bands(row, row)


def test_what_routers_choose_is_what_they_chose(board, home, view):
    matrix = load(home / "suites" / "sim-one")
    prompt = matrix.prompts["prompt_id"].iloc[matrix.rows("test")[3]]
    found = prompts_page.choices(list(board.rows(view())), 16, prompt)
    for row in board.rows(view()):
        assert found[row.label] == row.result.candidates[chosen(row).choices[16, 3]]


def test_prompts_are_found_by_their_words(home):
    matrix = load(home / "suites" / "sim-one")
    text = str(matrix.prompts["text"].iloc[matrix.rows("test")[0]])
    tested = rounds_of(matrix).test
    assert text in set(prompts_page.matching(tested, text.upper())["text"])
    assert len(prompts_page.matching(tested, "")) == len(matrix.rows("test"))
    assert prompts_page.matching(tested, "zebra(").empty


def test_each_candidate_s_score_is_the_matrix_s_the_cheapest_first(home, view):
    matrix = load(home / "suites" / "sim-one")
    row = int(matrix.rows("test")[3])
    prompt = matrix.prompts["prompt_id"].iloc[row]
    table = prompts_page.scores(matrix, ["sim-2", "sim-1"], "seconds", "simulated_error", prompt)
    assert table["candidate"].tolist() == ["sim-1", "sim-2"]
    assert table["score"][0] == pytest.approx(matrix.scores["simulated_error"][row, 0].mean())
    without = prompts_page.candidates_markup(table, {}, {"ridge": "sim-2"}, view(), "score")
    assert "ridge" in words(without)
    assert without.count('class="bar"') == 2
    pictures = dict.fromkeys(("sim-1", "sim-2"), b"png")
    assert prompts_page.candidates_markup(table, pictures, {}, view(), "score").count("<img") == 2


def test_a_sheet_is_cut_into_the_candidates_images(home):
    from PIL import Image

    folder = home / "suites" / "sim-one"
    matrix = load(folder)
    prompt = matrix.prompts["prompt_id"].iloc[matrix.rows("test")[0]]
    found = images(folder, read_manifest(folder), prompt)
    assert list(found) == list(matrix.candidate_ids)
    assert [Image.open(io.BytesIO(png)).getpixel((16, 16))[0] for png in found.values()] == [
        0,
        60,
        120,
        180,
        240,
    ]
    other = home / "suites" / "sim-two"
    assert images(other, read_manifest(other), prompt) == {}


def test_an_altered_sheet_is_refused(home, tmp_path):
    folder = tmp_path / "suite"
    shutil.copytree(home / "suites" / "sim-one", folder)
    sheet = next((folder / "images").glob("*.webp"))
    sheet.write_bytes(b"no image")
    with pytest.raises(SuiteError, match="differs from its digest") as caught:
        images(folder, read_manifest(folder), sheet.stem)
    assert str(folder) not in str(caught.value)  # visitors of a leaderboard see it


def test_a_suite_tells_what_it_is_here_and_not_here(board, home, view, report):
    matrix = load(home / "suites" / "sim-one")
    result = report().result("simulated_score")
    here, away = (words(suite_page.facts(view(), result, given)) for given in (matrix, None))
    for said in (here, away):
        assert matrix.digest in said
    assert "CC0-1.0" in here
    assert f"{len(matrix.rows('test'))} test (2 images each)" in here
    assert f"{result.prompts} tested" in away
    real = replace(view(), suite="flasheval-coco")
    away = suite_page.facts(real, result, None)  # its recipe knows
    assert re.search(r'<a href="https://github.com/[^"<>, ]+">https://github.com/[^<, ]+</a>, ', away)
    assert "<a" not in suite_page.source("javascript:alert(1), b")
    assert suite_page.how_to_get("cems").startswith("catbench import cems")


def test_what_there_is_to_route_is_the_report_s(board, view, report):
    result = board.rows(view())[0].result
    said = words(suite_page.to_route(board, view(), result))
    share = report().result("simulated_score").estimate("headroom")
    assert "nobody passes it" in said
    best = first_sentence.best_validated(board, view())
    assert f"the router {best.label}" in said
    assert ("Yes, surely" in said) == ((best.result.estimate("gain").low or 0) > 0)
    assert share.value is not None


def test_the_pareto_front_is_what_no_cheaper_candidate_beats(report):
    result = report(pool="sim+").result("simulated_error")
    made = suite_page.candidates(result)
    rows = re.findall(r"<tr class=\"\">(.*?)</tr>", made)
    front = {words(Markup(row)).split()[0] for row in rows if words(Markup(row)).endswith("yes")}
    pairs = list(zip(result.candidates, result.costs, result.fixed_quality.value, strict=True))
    beaten = {a for a, cost, error in pairs if any(c < cost and e <= error for _, c, e in pairs)}
    assert front == set(result.candidates) - beaten


def test_the_template_on_the_page_is_the_command_s(tmp_path):
    from catbench.submit.template import write_template

    shown = Markup("").join(enter_page.enter_parts())
    for file in write_template(enter_page.SLUG, tmp_path).iterdir():
        assert markup.folded(file.name, markup.code(file.read_text())) in shown


def test_every_check_is_explained():
    said = words(Markup("").join(enter_page.enter_parts()))
    for check in CHECKS:
        assert check in said
