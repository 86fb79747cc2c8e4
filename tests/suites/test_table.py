"""Tidy tables become suites: the same one whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catbench import CatbenchError, load
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.pool import Cost
from catbench.suite.prompts import split_of
from catbench.suite.store import save
from catbench.suite.tables.columns import choose_metrics
from catbench.suite.tables.from_table import matrix_from_table
from catbench.suite.tables.prices import read_costs
from catbench.suite.tables.table_reading import read_table

INFO = SuiteInfo(id="mine")
COSTS = (Cost(candidate="dear", unit="usd", value=2), Cost(candidate="cheap", unit="usd", value=1))
METRICS = (Metric(name="clip"),)


def table(prompts=40):
    return pd.DataFrame(
        [
            {
                "prompt": f"thing {i}",
                "candidate": candidate,
                "sample": 10 + sample,
                "clip": i + sample / 4 + bonus,
            }
            for i in range(prompts)
            for candidate, bonus in (("dear", 0.5), ("cheap", 0.0))
            for sample in range(2)
        ]
    )


def test_the_order_of_the_rows_changes_no_byte(tmp_path):
    for name, rows in (("one", table()), ("other", table().sample(frac=1, random_state=1))):
        save(matrix_from_table(rows, COSTS, METRICS, INFO), tmp_path / name)
    assert load(tmp_path / "one").digest == load(tmp_path / "other").digest


def test_prompts_have_their_complexity_and_keep_it(tmp_path):
    rows = table().replace({"thing 1": "two red things on a sketch"})
    save(matrix_from_table(rows, COSTS, METRICS, INFO), tmp_path / "one")
    prompts = load(tmp_path / "one").prompts.set_index("text")
    names = ["tokens", "numbers", "attributes", "relations", "styles", "complexity"]
    assert prompts.loc["thing 0", names].tolist() == [2, 1, 0, 0, 0, "0 to 1"]
    assert prompts.loc["two red things on a sketch", names].tolist() == [6, 1, 1, 1, 1, "4 to 6"]


def test_the_order_of_the_costs_changes_no_byte(tmp_path):
    for name, costs in (("one", COSTS), ("other", COSTS[::-1])):
        save(matrix_from_table(table(), costs, METRICS, INFO), tmp_path / name)
    assert load(tmp_path / "one").digest == load(tmp_path / "other").digest


def test_the_first_unit_named_is_the_default_and_orders_the_candidates():
    seconds = [Cost(candidate=n, unit="seconds", value=v) for n, v in (("cheap", 9), ("dear", 3))]
    matrix = matrix_from_table(table(), [*seconds, *COSTS], METRICS, INFO)
    assert matrix.cost_keys == ("seconds", "usd")
    assert matrix.pool().ids == ("dear", "cheap")
    assert matrix.pool().cost.tolist() == [3, 9]
    assert matrix.pool(cost="usd").cost.tolist() == [2, 1]


@given(
    st.randoms(use_true_random=False), st.lists(st.integers(0, 2**62), min_size=2, max_size=2, unique=True)
)
@settings(max_examples=25)
def test_samples_are_ordered_by_their_number_whatever_it_is(random, seeds):
    rows = table(20)
    rows["sample"] = rows["sample"].map({10: min(seeds), 11: max(seeds)})
    order = list(rows.index)
    random.shuffle(order)
    scores = matrix_from_table(rows.loc[order], COSTS, METRICS, INFO).scores["clip"]
    np.testing.assert_array_equal(scores[:, :, 1] - scores[:, :, 0], np.full(scores.shape[:2], 0.25))


def test_a_split_in_the_table_is_kept():
    splits = {f"thing {i}": ("train", "validation", "test")[i % 3] for i in range(40)}
    matrix = matrix_from_table(table().assign(split=lambda t: t["prompt"].map(splits)), COSTS, METRICS, INFO)
    assert dict(zip(matrix.prompts["text"], matrix.prompts["split"], strict=True)) == splits


def test_a_group_in_the_table_decides_the_split():
    scene = {f"thing {i}": f"scene {i // 2}" for i in range(40)}
    rows = table().assign(group=lambda t: t["prompt"].map(scene))
    prompts = matrix_from_table(rows, COSTS, METRICS, INFO).prompts
    assert prompts["group"].nunique() == 20
    assert prompts["split"].tolist() == [split_of(group) for group in prompts["group"]]


def test_equal_texts_given_two_splits_are_refused():
    rows = pd.concat([table().assign(prompt_id=lambda t: "a" + t["prompt"]), table(1).assign(prompt_id="z")])
    rows["split"] = rows["prompt_id"].map(
        lambda name: "test" if name == "z" else ("train", "validation")[name.endswith("7")]
    )
    with pytest.raises(CatbenchError, match="'thing 0' are in two splits"):
        matrix_from_table(rows, COSTS, METRICS, INFO)


def test_scores_land_in_their_cells():
    matrix = matrix_from_table(table(), COSTS, METRICS, INFO)
    assert matrix.candidate_ids == ("cheap", "dear")
    row = matrix.prompts.index[matrix.prompts["text"] == "thing 7"][0]
    np.testing.assert_array_equal(matrix.scores["clip"][row], [[7, 7.25], [7.5, 7.75]])


def test_splits_come_from_the_text():
    matrix = matrix_from_table(table(), COSTS, METRICS, INFO)
    assert matrix.prompts["split"].tolist() == [split_of(text) for text in matrix.prompts["text"]]


def test_equal_texts_under_two_ids_stay_two_prompts_of_one_group():
    rows = pd.concat(
        [
            table().assign(prompt_id=lambda t: "a" + t["prompt"]),
            table(1).assign(prompt="THING  0", prompt_id="z"),
        ]
    )
    matrix = matrix_from_table(rows, COSTS, METRICS, INFO)
    assert len(matrix.prompts) == 41
    twins = matrix.prompts[matrix.prompts["prompt_id"].isin(["z", "athing 0"])]
    assert twins["group"].nunique() == twins["split"].nunique() == 1
    assert matrix.prompts["group"].nunique() == 40


def test_samples_may_be_any_labels_and_fewer_in_training():
    rows = table()
    train = rows["prompt"].map(split_of) == "train"
    matrix = matrix_from_table(rows[~train | (rows["sample"] == 11)], COSTS, METRICS, INFO)
    assert dict(matrix.samples) == {"train": 1, "validation": 2, "test": 2}


def test_metrics_are_the_numeric_columns_or_those_named():
    rows = table().assign(hps=lambda t: -t["clip"], fid=lambda t: t["clip"] ** 2, note="x", source="web")
    assert [m.name for m in choose_metrics(rows.drop(columns="fid"), [], "t")] == ["clip", "hps"]
    chosen = choose_metrics(rows, ["fid:lower"], "t")
    assert [(m.name, m.direction) for m in chosen] == [("fid", "lower")]


def test_an_index_written_by_mistake_is_no_metric(tmp_path):
    table().to_csv(tmp_path / "scores.csv")
    rows = read_table(tmp_path / "scores.csv")
    assert [m.name for m in choose_metrics(rows, [], "t")] == ["clip"]


def test_the_table_that_is_given_is_not_changed():
    rows = table()
    matrix_from_table(rows, COSTS, METRICS, INFO)
    pd.testing.assert_frame_equal(rows, table())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_are_read_from_csv_and_parquet(tmp_path, suffix):
    for name, frame in (("scores", table()), ("costs", pd.DataFrame([c.model_dump() for c in COSTS]))):
        path = tmp_path / f"{name}{suffix}"
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
    assert read_costs(tmp_path / f"costs{suffix}") == COSTS
    pd.testing.assert_frame_equal(read_table(tmp_path / f"scores{suffix}"), table(), check_dtype=False)


def test_prompt_ids_that_look_like_numbers_keep_their_zeros(tmp_path):
    (tmp_path / "scores.csv").write_text("prompt_id,prompt,candidate,clip\n007,None,cheap,1\n")
    rows = read_table(tmp_path / "scores.csv")
    assert rows["prompt_id"].tolist() == ["007"]
    assert rows["prompt"].tolist() == ["None"]
