"""One report beside several: a row a router, sorted, each paired with the first."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import Report, compare, load
from catbench.cli.table_layout import say_table
from catbench.report.side_by_side import side_by_side
from catbench.score.bootstrap import Bootstrap

NAMES = ("ridge", "knn", "mixture")


@pytest.fixture(scope="module")
def reports(simulated, tmp_path_factory):
    """A folder of reports of three routers."""
    from catbench import evaluate

    folder, matrix = tmp_path_factory.mktemp("reports"), load(simulated)
    for name in NAMES:
        evaluate(name, matrix, metric=["simulated_score", "simulated_error"]).save(folder / f"{name}.json")
    evaluate("ridge", matrix, metric="simulated_score", bootstrap=Bootstrap(seed=1)).save(
        folder / "seed.json"
    )
    evaluate("ridge", matrix, metric="simulated_score", folds=5).save(folder / "folds.json")
    return folder


@pytest.mark.parametrize("metric", ["simulated_score", "simulated_error"])
def test_the_paired_interval_is_that_of_a_comparison_of_two(reports, simulated, metric):
    mine, other = (Report.read(reports / f"{name}.json") for name in ("ridge", "knn"))
    rows = side_by_side(mine, [(reports / "knn.json", other)], file=reports / "ridge.json", strict=True)[
        metric
    ]
    found = next(row.against for row in rows if row.name == "knn")
    wanted = {one.metric: one for one in compare(other, mine, load(simulated))}[metric].estimate("gain")
    np.testing.assert_allclose(
        [found.value, found.low, found.high], [wanted.value, wanted.low, wanted.high], atol=3e-6
    )


def test_more_than_two_reports_are_one_sorted_table(command, reports):
    said = command("compare", *(reports / f"{name}.json" for name in NAMES))
    assert said.code == 0, said.err
    first, _, _ = said.out.partition("\n\nsimulated:")
    rows = [line.split()[0] for line in said.out.splitlines() if line.split()[:1] in [[n] for n in NAMES]]
    order = sorted(
        NAMES, key=lambda name: -Report.read(reports / f"{name}.json").result().estimate("gain").value
    )
    assert rows[: len(NAMES)] == order
    assert "ridge beside 2 others" in first
    assert "always drawing with" in first
    assert said.out.count("worse") >= 1
    assert all(len(line) <= 80 for line in said.out.splitlines())


def test_the_shipped_routers_are_those_on_the_same_problem(command, reports, tmp_path, monkeypatch):
    from catbench.report import places

    shipped = tmp_path / "baselines" / "reports"
    shipped.parent.mkdir()
    shipped.symlink_to(reports)
    monkeypatch.setattr(places, "shipped_folders", lambda: [tmp_path / "submissions", shipped])
    said = command("compare", reports / "ridge.json", "--all")
    assert said.code == 0, said.err
    assert "ridge beside 2 others" in said.out  # not itself, nor another seed's draws, nor folds
    assert said.out.count("ridge beside 2 others") == 2
    alone = command("compare", reports / "folds.json", "--all")
    assert (alone.code, alone.err.count("\n")) == (2, 1)
    assert "no shipped report is of suite 'simulated'" in alone.err


def test_two_routers_of_one_name_are_told_apart_by_their_files(
    command, reports, simulated, tmp_path, monkeypatch
):
    from catbench import evaluate
    from catbench.report import places

    monkeypatch.setenv("COLUMNS", "80")
    shipped = tmp_path / "baselines" / "reports"
    shipped.parent.mkdir()
    shipped.symlink_to(reports)
    monkeypatch.setattr(places, "shipped_folders", lambda: [shipped])
    mine = evaluate("ridge", load(simulated), metric="simulated_score")
    renamed = mine.model_copy(update={"router": mine.router.model_copy(update={"seed": 7})})
    renamed.save(tmp_path / "ridge.json")
    monkeypatch.chdir(tmp_path)
    said = command("compare", "ridge.json", "--all")
    assert said.code == 0, said.err
    assert "ridge (ridge.json) beside 3 others" in " ".join(said.out.split())
    lines = said.out.splitlines()
    head = next(number for number, line in enumerate(lines) if set(line) == {"-", " "})
    assert "(ridge.json)" in lines[head - 1]
    for end in ("(ridge.json)", "(reports/ridge.json)"):
        assert any(end in line for line in lines[head + 1 :])
    assert all(len(line) <= 80 for line in lines)
    few = command("compare", "ridge.json", shipped / "ridge.json", shipped / "knn.json")
    assert "(reports/ridge.json)" in few.out
    assert "knn (" not in few.out


def test_a_name_above_its_row_stands_below_the_head_of_names(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    say_table(("router", "gain"), [("a-long-name" * 8, "1"), ("b", "2")])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["router", "  gain", "  ----", "a-long-name" * 8, "     1", "b", "     2"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("ridge",), "give another report, or --all"),
        (("ridge", "knn", "seed"), "seed.json cannot be set beside the first report: draws is"),
        (("ridge", "knn", "folds"), "folds.json cannot be set beside the first report: split is folds, not"),
        (("ridge", "knn", "mixture", "--json", "x"), "go with two reports"),
    ],
)
def test_what_cannot_be_set_beside_is_one_line(command, reports, given, says):
    words = [word if word in ("--json", "x") else reports / f"{word}.json" for word in given]
    said = command("compare", *words)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert says in said.err


def test_lost_replicates_are_said(command, reports, tmp_path):
    for name in ("ridge", "knn", "mixture"):
        (tmp_path / f"{name}.json").write_text((reports / f"{name}.json").read_text(encoding="utf-8"))
    said = command("compare", *(tmp_path / f"{name}.json" for name in NAMES))
    assert said.code == 2
    assert "has no replicates beside it" in said.err
