"""Tables as people have them become matrices: what is clear is taken and told, what is not is asked for."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catbench import CatbenchError
from catbench.suite.info import SuiteInfo
from catbench.suite.prompts import SPLITS
from catbench.suite.tables.complete import Drops
from catbench.suite.tables.from_files import TableOptions, matrix_from_files
from catbench.suite.tables.from_table import matrix_from_table

PRICES = "candidate,unit,value\na,usd,1\nb,usd,2\nc,usd,3\n"

DOUBTFUL = ("seed", "annotator", "cost_usd", "price", "id", "imageId", "costUSD", "steps")
DOUBTFUL += ("fid_like", "FID", "val_loss", "lpips", "niqe", "brisque", "error", "nsfw")


def rows(prompts=60, candidates=("a", "b", "c")):
    """Return a plain tidy table whose scores tell prompt and candidate: 7 + i / 100 and a place more."""
    return pd.DataFrame(
        [
            {"prompt": f"thing number {i}", "candidate": name, "clip": 7 + i / 100 + place}
            for i in range(prompts)
            for place, name in enumerate(candidates)
        ]
    )


@pytest.fixture
def imported(tmp_path):
    """Import a table, a text or a DataFrame, with prices; return the matrix and the lines that were told."""

    def run(table, prices=PRICES, suite=None, **options):
        scores, costs = tmp_path / "scores.csv", tmp_path / "costs.csv"
        scores.write_text(table if isinstance(table, str) else table.to_csv(index=False))
        costs.write_text(prices)
        told: list[str] = []
        return matrix_from_files(scores, costs, suite, TableOptions(**options), told.append), told

    return run


@pytest.fixture
def refused(imported):
    """Import what must be refused; return the message."""

    def run(table, prices=PRICES, **options):
        with pytest.raises(CatbenchError) as refusal:
            imported(table, prices, **options)
        return str(refusal.value)

    return run


def scores_of(matrix, metric):
    """Return the first sample of a metric by text and candidate."""
    index = pd.MultiIndex.from_product([matrix.prompts["text"], matrix.candidate_ids])
    return pd.Series(matrix.scores[metric][:, :, 0].ravel(), index=index)


def test_a_plain_table_needs_no_options(imported):
    matrix, told = imported(rows())
    found = scores_of(matrix, "clip")
    for row in rows().itertuples():
        assert found[row.prompt, row.candidate] == np.float32(row.clip)
    assert any("clip  metric, higher is better" in line for line in told)
    assert not any("left out" in line for line in told)
    assert matrix.suite.samples_are == "images"


@pytest.mark.parametrize("cell", ["0.512±0.01", "0.512 / 1", "good"])
def test_a_table_whose_scores_are_no_numbers_names_each_column_and_its_first_cell(refused, cell):
    said = refused(rows().assign(clip=cell, **{"Unnamed: 4": 1}))
    assert said.count("no column of numbers") == 1
    assert f"'clip' has '{cell}' in row 1; a score is one number" in said
    few = rows()
    few["clip"] = few["clip"].astype(str).where(few.index % 3 == 0, cell)
    assert f"'clip' has '{cell}' in row 2" in refused(few.assign(note=""))
    assert "'note' is empty" in refused(few.assign(note=""))


@pytest.mark.parametrize(
    "text", [" thing number 7", "thing number 7 ", "thing  number 7", "thing\u00a0number 7"]
)
def test_white_space_that_parts_a_prompt_in_two_is_shown(refused, text):
    table = rows()
    table.loc[21, "prompt"] = text
    said = refused(table)
    assert "3 of 183 scores missing" in said
    assert f"{text!r} by b" in said
    assert "texts that differ in white space alone are two prompts" in said
    assert "white space alone" not in refused(rows().drop(index=21))


def test_splits_of_other_names_are_told_with_those_to_write(refused):
    names = {0: "Training", 1: "dev", 2: "test"}
    said = refused(rows().assign(split=lambda t: [names[i // 3 % 3] for i in range(len(t))]))
    assert "unknown split 'Training', 'dev': write train for 'Training' and validation for 'dev': " in said
    assert (
        "the splits are train, validation, test, and all are needed; --ignore split draws them anew" in said
    )
    assert "unknown split 'x': the splits are" in refused(rows().assign(split="x"))
    assert "no prompt in the validation or test split: the splits are" in refused(
        rows().assign(split="train")
    )


def test_the_splits_are_drawn_anew_where_they_are_ignored(imported):
    assert imported(rows(200).assign(split="dev"), ignore=["split"])[0].samples.keys() == set(SPLITS)


def test_one_candidate_is_nothing_to_route(refused):
    assert "'a' is the only candidate, so there is nothing to route" in refused(rows(candidates=("a",)))


# --- what columns are taken for


def test_every_column_is_told_with_what_it_was_taken_for(imported):
    table = rows().assign(
        share=lambda t: (t["clip"] * 7).map("{:.1f}%".format),
        right=lambda t: np.where(t["clip"] * 100 % 2 < 1, "yes", "no"),
        note="x",
        pair="[1, 2]",
        lpips=lambda t: t["clip"] / 20,
    )
    matrix, told = imported(table, metrics=["clip", "share", "right", "lpips:lower"], ignore=["note"])
    says = {line.split()[0]: line for line in told[1:]}
    assert "metric, higher is better (% signs taken off)" in says["share"]
    assert "metric, higher is better (true as 1, false as 0)" in says["right"]
    assert "metric, lower is better" in says["lpips"]
    assert "left out: lists" in says["pair"]
    assert "  left out (--ignore): note" in told
    assert set(matrix.scores["right"].ravel()) == {0, 1}
    np.testing.assert_allclose(matrix.scores["share"], 7 * matrix.scores["clip"], atol=0.06)
    assert [metric.direction for metric in matrix.metrics] == ["higher", "higher", "higher", "lower"]


def test_a_name_that_only_looks_like_one_in_doubt_is_a_metric(imported):
    matrix, _ = imported(rows().assign(fidelity=lambda t: t["clip"] ** 2, glossy=lambda t: t["clip"] ** 3))
    assert {(metric.name, metric.direction) for metric in matrix.metrics} == {
        (name, "higher") for name in ("clip", "fidelity", "glossy")
    }


@pytest.mark.parametrize(
    "name",
    [
        "seed",
        "annotator",
        "cost_usd",
        "fid_like",
        "imageId",
        "FID",
        "val_loss",
        "lpips",
        "niqe",
        "brisque",
        "error",
        "price",
        "id",
        "costUSD",
        "USDCost",
        "FIDScore",
        "fidscore",
        "CLIPLoss",
        "valloss",
        "MSELoss",
        "LPIPSAlex",
        "NIQEScore",
        "mos_std",
        "num_tokens",
        "epoch",
    ],
)
def test_a_column_whose_name_puts_it_in_doubt_is_asked_about(refused, imported, name):
    table = rows().assign(**{name: lambda t: t["clip"] ** 2})
    said = refused(table)
    assert f"'{name}' (" in said
    assert "--metric clip" in said
    assert f"--ignore {name}" in said
    assert [m.name for m in imported(table, ignore=[name])[0].metrics] == ["clip"]
    assert [m.name for m in imported(table, metrics=["clip"])[0].metrics] == ["clip"]
    both = imported(table, metrics=["clip", f"{name}:lower"])[0]
    assert [m.direction for m in both.metrics] == ["higher", "lower"]
    assert f"say {name}:lower or {name}:higher" in refused(table, metrics=[name])


@pytest.mark.parametrize("name", ["lossless", "fidelity", "seedling_quality", "aesthetics", "timeless"])
def test_a_name_that_only_begins_like_one_is_a_metric(imported, name):
    matrix, _ = imported(rows().assign(**{name: lambda t: t["clip"] ** 2}))
    assert [metric.name for metric in matrix.metrics] == ["clip", name]


def test_the_options_that_a_refusal_names_are_the_ones_that_work(refused, imported):
    table = rows().assign(**{"my fid": lambda t: t["clip"] ** 2, "seed": lambda t: range(len(t))})
    said = refused(table)
    assert "as in --metric clip --metric 'my fid:lower', or" in said
    assert "--columns sample=seed" in said
    assert [m.name for m in imported(table, metrics=["clip", "my fid:lower"])[0].metrics] == [
        "clip",
        "my fid",
    ]


def test_numbers_that_do_not_differ_between_candidates_or_prompts_are_no_scores_of_images(refused):
    words = rows().assign(words=lambda t: t["prompt"].str.len() + t["prompt"].str[-1:].astype(int))
    assert "'words' (the same for all candidates of a prompt)" in refused(words)
    version = rows().assign(version=lambda t: t["candidate"].map({"a": 1, "b": 1.5, "c": 2}))
    assert "'version' (the same for all prompts of a candidate)" in refused(version)


def test_columns_under_other_names(imported):
    table = rows().rename(columns={"prompt": "best, caption", "candidate": "Algorithm"})
    matrix, told = imported(table, columns=["prompt=best, caption", "candidate=Algorithm"])
    assert matrix.candidate_ids == ("a", "b", "c")
    assert "  prompt: the column 'best, caption'" in told
    both = table.rename(columns={"best, caption": "caption"})
    assert imported(both, columns=["prompt=caption,candidate=Algorithm"])[0].candidate_ids == ("a", "b", "c")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {},
            "no column 'prompt' and no column 'candidate'; it has Caption, model_name, clip: say which",
        ),
        ({}, "--columns prompt=Caption,candidate=model_name, or --wide A,B --metric NAME where"),
        ({"columns": ["prompt=caption"]}, "unknown column in .*did you mean 'Caption'"),
        ({"columns": ["promt=Caption"]}, "unknown key for --columns 'promt': did you mean 'prompt'"),
        ({"columns": ["prompt"]}, "a key and its column are due, as prompt=best_caption"),
        ({"columns": ["prompt=Caption,candidate=Caption"]}, "'Caption' is named twice"),
        ({"ignore": ["clop"]}, "unknown column in .*did you mean 'clip'"),
        ({"columns": ["prompt=Caption,candidate=model_name"], "metrics": ["clop"]}, "did you mean 'clip'"),
    ],
)
def test_columns_that_are_not_there(refused, options, says):
    table = rows().rename(columns={"prompt": "Caption", "candidate": "model_name"})
    assert re.search(says, refused(table, **options))


# --- other shapes

WIDE = "id,best_caption,glide_score,sdxl_score,words\n7,two cats,0.5,2.0,2\n8,a bus,-0.3,1.75,2\n"
WIDE_PRICES = "candidate,unit,value\nglide,tflops,40\nsdxl,tflops,687\n"


def padded(table, cells):
    """Return a small table with further prompts, so that no split is empty."""
    return table + "".join(f"{i},prompt {i},{cells},3\n" for i in range(100, 160))


def test_a_table_with_a_column_a_candidate(imported):
    matrix, told = imported(
        padded(WIDE, "1,1.5"),
        WIDE_PRICES,
        columns=["prompt=best_caption", "prompt_id=id"],
        wide=["glide_score,sdxl_score"],
        metrics=["relevance"],
        candidates=["glide=glide_score", "sdxl=sdxl_score"],
    )
    found = scores_of(matrix, "relevance")
    assert found["two cats"].tolist() == pytest.approx([0.5, 2.0])
    assert found["a bus"].tolist() == pytest.approx([-0.3, 1.75])
    assert matrix.prompts.set_index("text")["prompt_id"]["two cats"] == "7"
    assert "  left out (no candidate of --wide): words" in told


def test_lists_in_cells_are_a_metric_each(imported):
    lists = "uid\tA\tB\ns0\t[1,1]\t[0.5,1]\ns1\t[0,1]\t[1,1]\n"
    table = lists + "".join(f"t{i}\t[0.25,true]\t[0,null]\n" for i in range(60))
    matrix, _ = imported(
        table.replace("null", "0"),
        "candidate,unit,value\nA,usd,1\nB,usd,2\n",
        columns=["prompt=uid"],
        wide=["A,B"],
        cell=["quality,fid:lower"],
    )
    assert scores_of(matrix, "quality")["s0"].tolist() == [1, 0.5]
    assert scores_of(matrix, "fid")["s1"].tolist() == [1, 1]
    assert [metric.direction for metric in matrix.metrics] == ["higher", "lower"]


def test_a_wide_table_without_prompts_is_told_of_its_own_columns(imported):
    with pytest.raises(CatbenchError, match=r"no column 'prompt'; it has uid, A, B: .*--columns prompt="):
        imported("uid\tA\tB\ns0\t[1,1]\t[0,1]\n", PRICES, wide=["A,B"], cell=["quality,fid:lower"])


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ("prompt,A,B\ns0,1,x\ns1,0,1\n", {"wide": ["A,B"], "metrics": ["q"]}),
        ('prompt,candidate,s\ns0,A,"[1, 2]"\ns1,A,"[""x"", 2]"\n', {"cell": ["q,r"]}),
    ],
)
def test_a_metric_that_is_no_column_of_the_file_is_not_to_be_ignored(refused, table, options):
    said = refused(table, **options)
    assert "q is 'x', not a number (leave empty what is missing)" in said


def test_lists_in_a_tidy_table(imported):
    table = rows().assign(scores=lambda t: [f"[{value}, {-value}]" for value in t["clip"]], note="x")
    matrix, _ = imported(table.drop(columns="clip"), cell=["clip,aesthetic"])
    np.testing.assert_array_equal(matrix.scores["clip"], -matrix.scores["aesthetic"])
    assert scores_of(matrix, "clip")["thing number 5", "b"] == np.float32(8.05)


@settings(max_examples=10)
@given(table=st.permutations(range(4)), cut=st.integers(1, 3))
def test_wide_and_long_are_the_same(tmp_path_factory, table, cut):
    folder = tmp_path_factory.mktemp("shapes")
    names = [f"m{place}" for place in table][: cut + 1]
    long = rows(40, names)
    long.to_csv(folder / "long.csv", index=False)
    long.pivot(index="prompt", columns="candidate", values="clip").reset_index().to_csv(
        folder / "wide.csv", index=False
    )
    (folder / "costs.csv").write_text(
        "candidate,unit,value\n" + "".join(f"{name},usd,{place + 1}\n" for place, name in enumerate(names))
    )
    one = matrix_from_files(folder / "long.csv", folder / "costs.csv")
    other = matrix_from_files(
        folder / "wide.csv", folder / "costs.csv", options=TableOptions(wide=names, metrics=["clip"])
    )
    assert one.candidate_ids == other.candidate_ids
    pd.testing.assert_frame_equal(one.prompts, other.prompts)
    np.testing.assert_array_equal(one.scores["clip"], other.scores["clip"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "holds one metric: name it with --metric NAME"),
        ({"metrics": ["one", "two"]}, "holds one metric: name it with --metric NAME"),
        ({"metrics": ["fid"], "wide": ["A"]}, "say fid:lower or fid:higher"),
        ({"metrics": ["clip"], "wide": ["A,C"]}, "unknown column .*'C': known: A, B"),
        ({"metrics": ["clip"], "wide": ["A,A"]}, "'A' is named twice"),
        ({"metrics": ["clip"], "wide": ["A", "prompt"]}, "unknown column .*'prompt'"),
        ({"metrics": ["clip"]}, "row 2: clip is 'bad', not a number"),
        ({"cell": ["one,two"]}, "row 1: '1' is no list of 2 numbers, one for each of --cell one,two"),
        ({"cell": ["one,one"]}, "'one' is named twice"),
        ({"cell": ["A,two"]}, "'A' cannot be a metric's name"),
        ({"cell": ["one"], "wide": []}, "one column of .* must hold lists such as .*, and it has none"),
    ],
)
def test_shapes_that_do_not_fit(refused, options, says):
    table = "uid,A,B\ns0,1,2\ns1,1,bad\n"
    said = refused(table, columns=["prompt=uid"], **{"wide": ["A,B"], **options})
    assert re.search(says, said)


def test_wide_is_for_tables_without_a_candidate_column(refused):
    assert "has a column `candidate`" in refused(rows(), wide=["clip"], metrics=["score"])


def test_lists_that_nobody_named_are_pointed_out(refused):
    table = "uid,A,B\n" + "".join(f's{i},"[1,2]","[2,{i}]"\n' for i in range(9))
    assert "hold lists: --cell NAME,NAME" in refused(
        table, columns=["prompt=uid"], wide=["A,B"], metrics=["x"]
    )


# --- what is missing


def holes(table, *places):
    return table.drop(index=[3 * prompt + candidate for prompt, candidate in places])


def test_missing_scores_are_refused_with_their_count_the_first_three_and_the_ways_out(refused):
    table = holes(rows(), (0, 1), (1, 1), (2, 1), (2, 2), (9, 2))
    table.loc[3 * 11, "clip"] = np.nan
    said = refused(table)
    assert "6 of 180 scores missing: " in said
    assert said.count(" by ") == 3
    assert re.search(r"'thing number (0|1|2|9|11)' by [abc]; 'thing", said)
    assert "and 3 more" in said
    assert "--drop-prompts leaves out 5 of 60 prompts, --drop-candidates 3 of 3 candidates" in said


def test_prompts_or_candidates_that_lack_a_score_are_left_out_where_that_is_asked_for(imported):
    table = holes(rows(), (0, 1), (9, 1), (11, 1))
    matrix, told = imported(table, drops=Drops(prompts=True))
    assert len(matrix.prompts) == 57
    assert not {f"thing number {i}" for i in (0, 9, 11)} & set(matrix.prompts["text"])
    assert any("Left out: 3 prompts, 'thing number" in line and "57 prompts x 3" in line for line in told)
    expected = scores_of(imported(rows())[0], "clip")
    pd.testing.assert_series_equal(
        scores_of(matrix, "clip").sort_index(), expected[scores_of(matrix, "clip").sort_index().index]
    )
    matrix, told = imported(table, drops=Drops(candidates=True))
    assert matrix.candidate_ids == ("a", "c")
    assert len(matrix.prompts) == 60
    assert any("Left out: 1 candidate, b; left are 60 prompts x 2 candidates" in line for line in told)
    assert any("prices of b" in line for line in told)


def test_what_would_leave_nothing_to_route_is_refused(refused):
    table = holes(rows(), (0, 1), (9, 2))
    assert "60 prompts x 1 candidate would be left" in refused(table, drops=Drops(candidates=True))
    column = holes(rows(), *((i, 1) for i in range(60)))
    column = pd.concat([column, rows().iloc[[1]].assign(prompt="alone")])
    assert "0 prompts x 3 candidates would be left" in refused(column, drops=Drops(prompts=True))


def test_the_metric_that_alone_is_missing_is_named(refused):
    table = rows().assign(hps=lambda t: t["clip"] ** 2)
    table.loc[7, "hps"] = np.nan
    assert "1 of 180 scores missing: 'thing number 2' by b (hps)." in refused(table)


def test_numbers_of_samples_that_differ_by_design_are_told(refused):
    rated = pd.concat([rows().assign(sample=k) for k in range(3)], ignore_index=True)
    uneven = rated[(rated["sample"] < 2) | (rated.index % 2 == 0)]
    assert "(there are 2 to 3 samples: average them, or keep as many of each)" in refused(uneven)


@pytest.mark.parametrize("blank", ["", "   "])
def test_blank_prompts_are_refused_or_left_out(refused, imported, blank):
    table = rows()
    table.loc[table["prompt"] == "thing number 4", "prompt"] = blank
    said = refused(table)
    assert "the prompt of 3 rows of 180 is blank: row 13, row 14, row 15; --drop-prompts" in said
    matrix, told = imported(table, drops=Drops(prompts=True))
    assert len(matrix.prompts) == 59
    assert any("3 rows of 180 is blank" in line and line.endswith("left out") for line in told)


def test_rows_keep_their_numbers_behind_one_that_was_left_out(refused):
    table = rows()
    table.loc[4, "prompt"] = ""
    table.loc[8, "clip"] = np.inf
    said = refused(table, drops=Drops(prompts=True))
    assert "row 9: clip of prompt 'thing number 2', candidate 'c' is inf" in said


def test_a_long_prompt_is_cut_in_messages(refused):
    table = rows().assign(prompt=lambda t: "very " * 40 + t["prompt"])
    said = refused(holes(table, (0, 1)))
    assert "ve..." in said
    assert len(said) < 400


def test_prompts_too_few_for_splits_are_told(refused):
    assert "column `split`" in refused(rows(4))


# --- samples of raters


def test_raters_may_have_names_where_samples_are_theirs(imported, refused):
    rated = pd.concat([rows().assign(rater="Zoe"), rows().assign(rater="Abe", clip=lambda t: t["clip"] + 1)])
    options = {"columns": ["sample=rater"]}
    assert "with --samples raters they may be names" in refused(rated, **options)
    matrix, _ = imported(rated, suite=SuiteInfo(id="rated", samples_are="raters"), **options)
    assert matrix.suite.samples_are == "raters"
    np.testing.assert_allclose(matrix.scores["clip"][:, :, 0] - matrix.scores["clip"][:, :, 1], 1, atol=1e-5)


# --- prices


def test_more_prices_than_candidates_are_fine_and_counted(imported):
    more = PRICES + "".join(f"other-{i},usd,0\n" for i in range(5))
    matrix, told = imported(rows(), more)
    assert len(matrix.costs) == 3
    assert any("prices of other-0, other-1, other-2 and 2 more (5 in all)" in line for line in told)


def test_a_unit_that_prices_some_candidates_makes_a_pool_of_those(imported):
    matrix, told = imported(rows(), PRICES + "c,joules,5\na,joules,4\n")
    assert matrix.pool(cost="usd").ids == ("a", "b", "c")
    assert matrix.pool("priced:joules").ids == ("a", "c")
    assert any("no price in joules for b; the pool priced:joules has the other 2" in line for line in told)


def test_a_candidate_without_the_first_price_comes_last(imported):
    matrix, _ = imported(rows(), "candidate,unit,value\nc,joules,1\nb,joules,2\n" + PRICES.partition("\n")[2])
    assert matrix.candidate_ids == ("c", "b", "a")
    assert matrix.pool().unit == "usd"


def test_a_price_under_nearly_the_same_name_is_pointed_out(imported):
    prices = "candidate,unit,value\na,usd,1\nb,usd,1\nSDXL-20,usd,2\n"
    table = rows().replace({"candidate": {"c": "sdxl-20"}})
    _, told = imported(table, prices)
    assert any("--candidate sdxl-20=SDXL-20" in line for line in told)
    matrix, _ = imported(table, prices, candidates=["sdxl-20=SDXL-20"])
    assert matrix.pool().ids == ("a", "b", "sdxl-20")


def test_one_priced_candidate_is_nothing_to_choose_between(refused):
    assert "no unit prices two candidates" in refused(rows(), "candidate,unit,value\na,usd,1\nb,joules,1\n")


def test_a_price_of_nothing_is_refused_with_what_to_do(refused):
    said = refused(rows(), PRICES.replace("b,usd,2", "b,usd,0"))
    assert "row 2: candidate 'b' costs 0 usd" in said
    assert "leave the row out where the price is not known" in said


def test_prices_in_other_dress_by_unit(imported):
    prices = 'candidate;unit;value\na;usd;$0.01\nb;usd;$1,250.5\nc;usd;$2\na;joules;"1,5"\nb;joules;2\n'
    matrix, _ = imported(rows(), prices)
    assert matrix.pool(cost="usd").cost.tolist() == [0.01, 2, 1250.5]
    assert matrix.pool("priced:joules").cost.tolist() == [1.5, 2]


def test_a_column_that_no_cost_table_has_is_told(refused):
    said = refused(rows(), "candidate,unit,value,hardwre\na,usd,1,H100\n")
    assert "costs.csv: unknown column 'hardwre': did you mean 'hardware'" in said


# --- names of candidates


def test_odd_names_are_refused_with_the_options_that_rename_them(refused, imported):
    names = {"a": "FLUX.1 [dev]", "b": "FLUX.1 (dev)", "c": "at_home"}
    table, prices = rows().replace({"candidate": names}), PRICES
    for old, new in names.items():
        prices = prices.replace(f"\n{old},", f"\n{new},")
    said = refused(table, prices)
    renames = ["FLUX.1-dev=FLUX.1 [dev]", "FLUX.1-dev-2=FLUX.1 (dev)"]
    assert "candidate 'FLUX.1 [dev]': an id has letters, digits" in said
    for rename in renames:
        assert f"--candidate '{rename}'" in said
    matrix, _ = imported(table, prices, candidates=[*renames, "home=at_home"])
    assert matrix.pool().ids == ("FLUX.1-dev", "FLUX.1-dev-2", "home")


@pytest.mark.parametrize(
    ("candidates", "says"),
    [
        (["a"], "a candidate's new and old name are due, as NEW=OLD"),
        (["new=d"], "unknown candidate 'd'"),
        (["b=a"], "two candidates of the scores would have one name"),
        (["x=a", "y=a"], "'a' is named twice"),
    ],
)
def test_renames_that_cannot_be(refused, candidates, says):
    assert says in refused(rows(), candidates=candidates)


# --- a table in memory


def test_an_index_of_names_does_not_matter():
    from catbench.suite.info import Metric
    from catbench.suite.pool import Cost

    costs = [Cost(candidate=name, unit="usd", value=1) for name in "abc"]
    table = rows().set_index(pd.Index([f"row {i}" for i in range(180)]))
    matrix = matrix_from_table(table, costs, [Metric(name="clip")], SuiteInfo(id="mine"))
    assert len(matrix.prompts) == 60
