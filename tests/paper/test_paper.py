"""`catbench paper`: every table and figure in every form, and numbers that agree with the reports."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from catbench import evaluate
from catbench.cli.paper_command import makers
from catbench.errors import UsageError
from catbench.paper.all_exhibits import write_paper
from catbench.paper.exhibit import (
    Bold,
    Exhibit,
    comma_separated,
    drawing,
    latex,
    markdown,
    number,
)
from catbench.paper.figure1c import prompt_kinds
from catbench.paper.published import TABLE1, TABLE1_CANDIDATES, TABLE2, TABLE2_CANDIDATES, TABLE3, TFLOPS
from catbench.paper.runs import Runs
from catbench.paper.selection import rates_within
from catbench.paper.tables import table1, table2, table3
from catbench.report.trials import Trials, run_trials
from catbench.route.router_loader import find_router
from catbench.score.bootstrap import Bootstrap
from catbench.score.measures import sign_test
from catbench.score.rounds import rounds_of
from catbench.score.sweep import deferral_curve
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.info import SuiteInfo
from catbench.suite.pool import Candidate
from catbench.suite.simulate import Simulation, simulate

NAMES = ("table1", "table2", "table3", "figure1c", "figure3", "figure4", "selection")
DRAWN = {"figure1c", "figure3", "selection"}
FILES = {"paper.json"} | {
    f"{name}.{form}"
    for name in NAMES
    for form in ("md", "tex", "csv", *(("png", "svg") if name in DRAWN else ()))
}
DRAWS = Bootstrap(20)


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=400, candidates=4, samples=4))[0]


@pytest.fixture(scope="module")
def runs(matrix):
    return Runs(matrix, transformer="ridge", bootstrap=DRAWS)


@pytest.fixture(scope="module")
def made(runs):
    return {name: make() for name, make in makers(runs, 5).items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, matrix):
    out = tmp_path_factory.mktemp("paper") / "out"
    runs = Runs(matrix, transformer="ridge", bootstrap=DRAWS)
    write_paper(makers(runs, 2), out, runs.asked)
    return out


def test_every_table_and_figure_comes_in_every_form(folder):
    assert {path.name for path in folder.iterdir()} == FILES
    for path in folder.iterdir():
        assert path.stat().st_size > 100, path
    for name in NAMES:
        if name in DRAWN:
            assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "SIMULATED|suite:simulated@" in (folder / f"{name}.md").read_text()
        assert pd.read_csv(folder / f"{name}.csv")["signature"].str.startswith("SIMULATED|suite:").all()


def test_table1_is_the_mean_over_trials_with_win_rates(matrix, made):
    table = {(row[0], row[1]): list(row[2:]) for row in made["table1"].rows}
    report = evaluate("knn", matrix, bootstrap=Bootstrap(2), trials=5)
    for metric in matrix.metrics:
        arrow = "↑" if metric.direction == "higher" else "↓"
        pool = matrix.pool(metric=metric.name)
        rounds = rounds_of(matrix)
        truth = truth_of(rounds, pool)
        drawn = run_trials(find_router("knn"), rounds, pool, truth, Trials(5, 1)).mean(axis=1)
        ours = table[f"{metric.title} {arrow}", "Ours (S=1)"]
        assert list(map(float, ours)) == pytest.approx(drawn.mean(axis=0) * metric.sign, rel=1e-4)
        spread = table[f"{metric.title} {arrow}", "Deviation (S=1)"]
        assert list(map(float, spread[1:])) == pytest.approx(drawn.std(axis=0, ddof=1)[1:], rel=0.06)
        rates = report.result(metric.name).measures["win_rate"]
        chance = table[f"{metric.title} {arrow}", "Sign test p (S=1)"]
        fixed = truth.quality.mean(axis=0)
        wanted = [sign_test(drawn[:, m], float(fixed[m]))[1] for m in range(1, len(pool))]
        assert list(map(float, chance[1:])) == pytest.approx(wanted, rel=0.06)
        shown = table[f"{metric.title} {arrow}", "Win rate (S=1)"]
        assert shown[0] == "-"
        assert list(map(float, shown[1:])) == pytest.approx(rates.value[1:], rel=1e-5)
        fixed = [found.quality.value for found in report.result(metric.name).fixed.values()]
        assert list(map(float, table[f"{metric.title} {arrow}", "Fixed"])) == pytest.approx(fixed, rel=1e-4)
    assert ("SIMULATED score ↑", "Ours (S=3)") in table


def test_table1_of_a_suite_with_few_samples_says_what_it_does():
    for stored, told in ((1, "resamples the training prompts"), (3, "S = 3 needs more than that")):
        few = simulate(Simulation(prompts=200, candidates=2, samples=stored))[0]
        exhibit = table1(Runs(few, bootstrap=DRAWS), 2)
        assert any(told in note for note in exhibit.notes)
        assert not any("S=3" in row[1] for row in exhibit.rows)


def test_table2_has_the_best_of_each_metric_in_bold(runs, made):
    for metric in runs.metrics:
        result = runs.result("knn", metric.name)
        rows = [row for row in made["table2"].rows if row[0].startswith(metric.title)]
        values = [result.estimate("quality_at", c).value for c in result.fixed]
        values += [found.quality.value for found in result.fixed.values()]
        best = (max if metric.sign > 0 else min)(values)
        bold = [isinstance(cell, Bold) for row in rows for cell in row[2:]]
        assert bold == [value == best for value in values]
        assert "±" in rows[0][2]


def test_table3_says_never_where_a_candidate_is_not_reached(runs, made):
    for row in made["table3"].rows:
        for cell, metric in zip(row[1:], runs.metrics, strict=True):
            found = runs.result("knn", metric.name).estimate("cost_to_match", row[0]).value
            assert cell.startswith("never" if found is None else f"{found:.2%}")


def test_figure3_holds_both_estimators_in_both_pools(runs, made):
    data = made["figure3"].data
    assert set(data["curve"]) == {
        "ridge (all)", "ridge (homogeneous)", "knn (all)", "knn (homogeneous)", "mixture",
        "cascade (sees an image)",
    }  # fmt: skip
    curve = data[(data["curve"] == "knn (all)") & (data["metric"] == "simulated_score")]
    result = runs.result("knn", "simulated_score")
    np.testing.assert_array_equal(curve["quality"], result.curve.quality)
    same = data[data["curve"] == "knn (homogeneous)"]["tflops"]
    assert same.max() < result.curve.cost[-1]


def test_selection_rates_are_those_of_the_curve_s_last_vertex_within_a_budget(runs, made):
    pool, answer = runs.pool("simulated_score"), runs.answer("ridge", "simulated_score")
    budgets = np.append(pool.cost, np.linspace(pool.cost.min(), pool.cost.max(), 9))
    rates, curve = (
        rates_within(answer, pool.cost, budgets),
        deferral_curve(answer.predicted, answer.predicted, pool.cost),
    )
    np.testing.assert_allclose(rates.sum(axis=1), 1)
    for budget, spent in zip(budgets, rates @ pool.cost, strict=True):
        assert spent == pytest.approx(curve.cost[curve.cost <= budget * (1 + 1e-9)][-1])
    first = list(made["selection"].rows[0][3:])
    assert first == ["100.0%", "0.0%", "0.0%", "0.0%"]  # at the cheapest candidate's cost


def test_figure4_lists_the_extremes_at_the_baseline_s_cost(runs, made):
    exhibit, pool = made["figure4"], runs.pool("simulated_score")
    data, name = exhibit.data, exhibit.header[-1]
    gains = (data["routed"] - data["fixed"]).to_numpy()
    won = (data["routing"] == "won").to_numpy()
    assert won.any()
    assert not won.all()
    assert (gains[won] > 0).all()
    assert (gains[~won] < 0).all()
    assert (np.diff(gains[won]) <= 0).all()
    assert (np.diff(gains[~won]) >= 0).all()
    assert name == pool.ids[np.argsort(pool.cost)[len(pool) // 2]]  # the middle one by cost
    quality = pd.DataFrame(runs.samples("simulated_score").mean(axis=2), columns=pool.ids)
    quality["text"] = runs.matrix.prompts["text"].to_numpy()[runs.matrix.rows("test")]
    for row in data.itertuples():
        same = quality[quality["text"] == row.prompt]
        assert (np.isclose(same[name], row.fixed) & np.isclose(same[row.routed_to], row.routed)).any()
    answer = runs.answer(runs.estimators[0], "simulated_score")
    baseline = pool.ids.index(name)
    there = rates_within(answer, pool.cost, pool.cost[[baseline]])[0, baseline]
    elsewhere = round((1 - there) * len(quality))
    assert f"{elsewhere:,} of {len(quality):,} test prompts go elsewhere" in exhibit.notes[0]


def test_simple_and_complex_prompts_are_thirds(matrix):
    by, kinds = prompt_kinds(matrix)
    assert by == "thirds by words"
    words = matrix.prompts["text"].iloc[matrix.rows("test")].str.split().str.len().to_numpy()
    assert words[kinds["simple"]].max() < words[kinds["complex"]].min()
    told = replace(matrix, prompts=matrix.prompts.assign(complexity=np.arange(len(matrix.prompts))))
    by, kinds = prompt_kinds(told)
    assert by == "thirds by complexity"
    count = len(matrix.rows("test"))
    assert [inside.sum() for inside in kinds.values()] == pytest.approx([count / 3] * 2, abs=2)


def with_steps(matrix):
    candidates = tuple(
        Candidate(id=c.id, model=c.model, settings={"steps": 4**number})
        for number, c in enumerate(matrix.candidates)
    )
    return replace(matrix, candidates=candidates)


def test_figure1c_goes_by_steps_where_one_model_has_several(matrix, made):
    assert "candidates lie by cost" in made["figure1c"].notes[1]
    made = makers(Runs(with_steps(matrix), transformer="ridge", bootstrap=DRAWS), 2)
    stepped = {name: make() for name, make in made.items()}
    figure = stepped["figure1c"]
    assert figure.header[2:] == ("1", "4")
    test = matrix.rows("test")
    _, kinds = prompt_kinds(matrix)
    wanted = matrix.scores["simulated_error"][test][kinds["simple"], 0].mean()
    data = figure.data.set_index(["metric", "prompts", "steps"])
    assert data.loc[("simulated_error", "simple", 1), "quality"] == pytest.approx(wanted)


def renamed(matrix, suite, ids, metric):
    """Return the matrix as if it were the paper's: its suite, four of its candidates, its metric."""
    names = dict(zip(matrix.candidate_ids, ids, strict=True))
    return replace(
        matrix,
        suite=SuiteInfo(id=suite),
        candidates=tuple(Candidate(id=names[c.id], model=c.model) for c in matrix.candidates),
        costs=tuple(c.model_copy(update={"candidate": names[c.candidate]}) for c in matrix.costs),
        metrics=(matrix.metrics[0].model_copy(update={"name": metric}),),
        scores={metric: matrix.scores["simulated_score"]},
        pools={},
    )


def test_published_values_stand_beside_ours(matrix):
    ids = ("infinity-2b", "sdxl-turbo-1", "sdxl-deepcache-3", "sdxl-dream")
    coco = table1(Runs(renamed(matrix, "coco", ids, "clip_score"), bootstrap=DRAWS), 2)
    rows = {row[1]: list(row[2:]) for row in coco.rows if "published" in row[0]}
    assert rows["Ours (S=1)"] == ["0.2816", "0.2814", "0.2828", "-"]
    assert any("λ < 0" in note for note in coco.notes)
    assert any("UNet alone" in note for note in coco.notes)
    diffusion = Runs(renamed(matrix, "diffusiondb", ids, "sharpness"), bootstrap=DRAWS)
    published = list(table2(diffusion).rows[2][2:])
    assert published == ["0.131 ± 0.0004", "0.135 ± 0.0003", "0.137 ± 0.0003", "-"]
    assert [row[-1] for row in table3(diffusion).rows] == ["100.00%", "97.40%", "0.71%", "-"]


def test_published_values_are_those_of_the_paper(shared):
    paper = (shared / "paper" / "catimage.md").read_text(encoding="utf-8")
    plain = re.sub(r"\\[a-z]+", "", paper)  # without LaTeX's commands
    tables = {number: plain[plain.index(f"Table {number}:") :].splitlines() for number in (1, 2, 3)}

    def row_of(number, label, nth=0):
        return [line for line in tables[number] if line.replace("$", "").startswith(label)][nth]

    for label, values in TABLE1.items():
        found = row_of(1, label.replace("Win rate", "Win Rate")).split("\t")[1:]
        assert [None if text == "-" else float(text) for text in found] == list(values), label
    for position, rows in enumerate(TABLE2.values()):
        for label, values, errors in (("Ours", *rows[:2]), ("Fixed", *rows[2:])):
            printed = re.sub(
                r"[^0-9.e]", "", row_of(2, f"{label}\t", position)
            )  # a minus is missing at times
            found = re.findall(r"(\d\.\d{3})(\d(?:\.\d)?)e(\d)", printed)
            assert [float(value) for value, *_ in found] == list(values)
            assert [float(f"{digits}e-{power}") for _, digits, power in found] == list(errors)
    for table, candidates in ((1, TABLE1_CANDIDATES), (2, TABLE2_CANDIDATES)):
        costs = [float(text) for text in row_of(table, "TFLOPs").split("\t")[1:]]
        assert costs == [TFLOPS[candidate] for candidate in candidates]
    names = ("Infinity", "Turbo", "Lighting", "DeepCache", "DDIM", "SDXL100")
    shares = [float(row_of(3, f"{name}\t").split("\t")[1].rstrip("%")) / 100 for name in names]
    assert shares == pytest.approx(list(TABLE3.values()))


def test_an_estimator_whose_packages_are_missing_is_left_out_and_told(matrix, no_torch):
    runs = Runs(matrix, bootstrap=DRAWS)
    assert runs.estimators == ("knn",)
    says = "transformer is left out: router 'transformer' needs torch, which is not installed: in your clone"
    assert runs.left_out[0].startswith(says)
    assert runs.left_out[0].endswith("[minilm]'.")


def test_an_estimator_that_cannot_be_had_is_left_out_and_told(matrix, monkeypatch):
    from catbench import CatbenchError

    class Lacking:
        def fit(self, prompts, quality):
            raise CatbenchError("no text encoder here")

        def predict(self, prompts):
            return None

    known = evaluate
    monkeypatch.setattr(
        "catbench.paper.runs.evaluate",
        lambda router, *given, **named: known(
            Lacking() if router == "transformer" else router, *given, **named
        ),
    )
    runs = Runs(matrix, bootstrap=DRAWS)
    assert runs.estimators == ("knn",)
    assert "transformer is left out: no text encoder here." in runs.left_out[0]
    with pytest.raises(CatbenchError, match="no text encoder here"):  # this one somebody asked for
        _ = Runs(matrix, transformer=Lacking(), bootstrap=DRAWS).estimators


def test_an_estimator_named_twice_is_drawn_once(matrix):
    runs = Runs(matrix, transformer="knn", bootstrap=DRAWS, metrics=["simulated_score", "simulated_score"])
    assert runs.estimators == ("knn",)
    assert len(runs.metrics) == 1


def test_a_policy_is_refused_before_any_trial(matrix, monkeypatch):
    monkeypatch.setattr("catbench.paper.tables.table1", None)
    with pytest.raises(UsageError, match="fixed:sim-1 routes and estimates no quality"):
        makers(Runs(matrix, transformer="fixed:sim-1", bootstrap=DRAWS), 2)


def test_a_failing_estimator_is_no_missing_one(matrix):
    from catbench.errors import RouterError

    class Broken:
        def fit(self, prompts, quality):
            raise ZeroDivisionError

        def predict(self, prompts):
            return None

    with pytest.raises(RouterError, match="ZeroDivisionError"):
        _ = Runs(matrix, transformer=Broken(), bootstrap=DRAWS).estimators


ODD = Exhibit(
    name="odd",
    title="100% of a_b & $5 {x}",
    header=("prompt", "q"),
    rows=(("a | b_c ~ ^ \\ # λ ↑", Bold("1 ± 2")), ("x\ny 猫", "-")),
    notes=("Note: 50% & more.",),
    signature="suite:x|pool:y",
)


def test_odd_letters_are_escaped_in_every_form():
    assert "a \\| b_c" in markdown(ODD)
    assert "| x y 猫 | - |" in markdown(ODD)
    assert "**1 ± 2**" in markdown(ODD)
    text = latex(ODD)
    assert r"100\% of a\_b \& \$5 \{x\}" in text
    assert (
        r"a \textbar{} b\_c \textasciitilde{} \textasciicircum{} \textbackslash{} \# $\lambda$ $\uparrow$"
        in text
    )
    assert r"\textbf{1 $\pm$ 2} \\" in text
    table = pd.read_csv(io.StringIO(comma_separated(ODD)))
    assert table["prompt"].tolist() == ["a | b_c ~ ^ \\ # λ ↑", "x\ny 猫"]
    drawing(replace(ODD, draw=lambda figure: None)).savefig(io.BytesIO())


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (None, None, "-"),
        (0.28164, None, "0.28164"),
        (0.28164, 4e-4, "0.28164 ± 0.0004"),
        (6.8244, 8.3e-3, "6.8244 ± 0.008"),
        (34.5, 12.0, "34 ± 1e+01"),
    ],
)
def test_numbers_have_the_decimals_that_their_error_warrants(value, error, text):
    assert number(value, error) == text


def test_the_command_writes_a_folder_and_replaces_only_its_own(command, simulated, tmp_path):
    out = tmp_path / "out"
    plain = ("paper", "--suite", simulated, "--out", out, "--transformer", "mixture", "--trials", 2)
    plain += ("--replicates", 5, "--metric", "simulated_score")
    assert command(*plain).code == 0
    assert len(list(out.iterdir())) == len(FILES)
    outcome = command(*plain, "--seed", 1)
    assert outcome.code == 2
    assert "asked for otherwise (seed 0, now 1)" in outcome.err
    assert command(*plain, "--force").code == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    outcome = command(*plain, "--out", tmp_path / "mine", "--force")
    assert outcome.code == 2
    assert "mine holds thesis.txt, which is none of the tables" in outcome.err
    (out / "main.tex").write_text("years of work")
    assert "out holds main.tex" in command(*plain, "--force").err
    assert (out / "main.tex").is_file()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    outcome = command("paper", "--suite", simulated, "--out", tmp_path / "x", "--trials", 0)
    assert outcome.code == 2
    assert not (tmp_path / "x").exists()


def test_a_stopped_run_leaves_what_is_done_and_is_taken_up_by_the_same_call(matrix, tmp_path):
    out, said = tmp_path / "out", []

    def stopped():
        raise KeyboardInterrupt

    def run(**others):
        runs = Runs(matrix, transformer="ridge", bootstrap=DRAWS, metrics=["simulated_score"])
        made = {**makers(runs, 2), **others}
        write_paper(made, out, runs.asked, said=lambda name, title: said.append((name, bool(title))))

    with pytest.raises(KeyboardInterrupt):
        run(table1=stopped)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    done = {path: path.stat().st_mtime_ns for path in out.iterdir() if path.suffix != ".json"}
    assert {path.stem for path in done} == set(NAMES) - {"table1"}
    (out / ".table1-killed.md").write_text("half a")
    (out / "figure3.svg").unlink()
    said.clear()
    run()
    assert {name for name, new in said if new} == {"table1", "figure3"}
    assert len(list(out.iterdir())) == len(FILES)
    assert all(path.stat().st_mtime_ns == time for path, time in done.items() if path.stem != "figure3")


def test_each_step_is_a_line_where_there_is_no_terminal(command, simulated, tmp_path):
    plain = ("paper", "--suite", simulated, "--transformer", "mixture", "--trials", 2, "--replicates", 5)
    outcome = command(*plain, "--out", tmp_path / "out", "--metric", "simulated_score")
    steps = outcome.err.splitlines()
    assert "knn: fitting to simulated_score" in steps
    assert "table 1: simulated_score, S=1" in steps
    assert len(steps) == len(set(steps))
    assert [line.split(".{")[0].rpartition("/")[2] for line in outcome.out.splitlines()] == [
        *NAMES[1:],
        "table1",
    ]


def test_an_unknown_metric_is_told_before_anything_is_run(matrix):
    with pytest.raises(UsageError, match="unknown metric 'clip'"):
        Runs(matrix, metrics=["clip"])
