"""Bad input gets one clear line on stderr and exit code 2, and leaves nothing half-written."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from catbench import evaluate
from catbench.cli import main
from catbench.errors import RouterError, UsageError


@pytest.fixture
def catbench(monkeypatch, capsys, tmp_path):
    """Run the command line in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("catbench.cli.progress.PATIENCE", 3600.0)  # a busy machine says how far it is

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["catbench", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


@pytest.fixture
def refused(catbench):
    """Run a command that must be refused; return its one line."""

    def run(*arguments):
        code, _, error = catbench(*arguments)
        assert code == 2, error
        lines = error.strip().splitlines()
        assert len(lines) == 1, error
        assert lines[0].startswith("catbench: ")
        return lines[0]

    return run


def scores():
    """Return a tidy table of 60 prompts x 2 candidates x 2 samples."""
    rows = [
        {
            "prompt": f"a {thing} number {i}",
            "candidate": candidate,
            "sample": sample,
            "clip": i / 7 + (candidate == "large"),
        }
        for i, thing in enumerate(["cat", "dog", "owl"] * 20)
        for candidate in ("small", "large")
        for sample in (0, 1)
    ]
    return pd.DataFrame(rows)


def costs():
    return pd.DataFrame({"candidate": ["small", "large"], "unit": "seconds", "value": [1.0, 3.0]})


def drop_row(table):
    return table.drop(index=7)


def set_nan(table):
    table.loc[4, "clip"] = np.nan
    return table


def set_infinite(table):
    table.loc[4, "clip"] = np.inf
    return table


def repeat_row(table):
    return pd.concat([table, table.iloc[[9]]])


def no_samples(table):
    return table.drop(columns="sample")


def one_split(table):
    return table.assign(split="train")


def split_twice(table):
    splits = ["train", "validation", "test"] * 80
    return table.assign(split=splits)


def bad_split(table):
    return table.assign(split="dev")


def no_candidate(table):
    return table.drop(columns="candidate")


def no_metric(table):
    return table.drop(columns="clip")


def empty_prompt(table):
    table.loc[11, "prompt"] = None
    return table


def two_words(table):
    return table.replace({"candidate": {"large": "SD XL"}})


def words_for_samples(table):
    return table.assign(sample=table["sample"].map({0: "first", 1: "second"}))


def beyond_single_precision(table):
    table.loc[4, "clip"] = 1e39
    return table


def no_group(table):
    return table.assign(group=["a", ""] * 120)


def val_split(table):
    return table.assign(split=np.repeat(["train", "val", "test"], 80))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (words_for_samples, ["scores.csv", "'first' is no number"]),
        (beyond_single_precision, ["scores.csv, row 5", "'small'", "1e+39"]),
        (no_group, ["scores.csv, row 2", "group is empty"]),
        (val_split, ["unknown split 'val'"]),
        (drop_row, ["scores.csv: 1 of 240 scores missing: 'a dog number 1' by large (sample 1)"]),
        (set_nan, ["1 of 240 scores missing: 'a dog number 1' by small (sample 0)", "--drop-prompts"]),
        (set_infinite, ["scores.csv, row 5", "'small'", "inf", "finite"]),
        (repeat_row, ["scores.csv, row 241", "'small'", "twice"]),
        (no_samples, ["scores.csv, row 2", "twice", "`sample` column missing"]),
        (one_split, ["no prompt in the validation or test split"]),
        (split_twice, ["has two values of 'split'"]),
        (bad_split, ["dev"]),
        (no_candidate, ["scores.csv", "no column 'candidate'"]),
        (no_metric, ["scores.csv", "no metric"]),
        (empty_prompt, ["scores.csv: the prompt of 1 row of 240 is blank: row 12", "--drop-prompts"]),
    ],
)
def test_a_score_table_that_breaks_a_rule(refused, tmp_path, spoil, says):
    spoil(scores()).to_csv(tmp_path / "scores.csv", index=False)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    for part in says:
        assert part in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["costs.csv", "scores.csv"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"candidate": "large", "unit": "seconds", "value": 2.0}, ["row 3", "two prices"]),
        ({"candidate": "large", "unit": "joules", "value": 0.0}, ["row 3", "'large'", "positive"]),
        ({"candidate": "large", "unit": "joules", "value": -1.0}, ["row 3", "'large'", "positive"]),
        ({"candidate": "large", "unit": "joules", "value": None}, ["row 3", "'large'", "positive"]),
        ({"candidate": "large", "unit": "joules", "value": "much"}, ["row 3", "value"]),
    ],
)
def test_a_cost_table_that_breaks_a_rule(refused, tmp_path, row, says):
    scores().to_csv(tmp_path / "scores.csv", index=False)
    pd.concat([costs(), pd.DataFrame([row])]).to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    for part in ["costs.csv", *says]:
        assert part in line
    assert not (tmp_path / "suite").exists()


def test_a_candidate_without_a_cost(refused, tmp_path):
    scores().to_csv(tmp_path / "scores.csv", index=False)
    costs().head(1).to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    assert "'large' has no cost in 'seconds'" in line


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--metric", "clap"], "did you mean 'clip'"),
        (["--metric", "clip", "--metric", "clip:lower"], "'clip' is named twice"),
        (["--metric", "clip:down"], "`higher` or `lower`"),
        (["--name", "My Suite"], "lower-case"),
    ],
)
def test_options_of_an_import(refused, tmp_path, option, says):
    scores().to_csv(tmp_path / "scores.csv", index=False)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    given = ["--costs", "costs.csv", "--name", "mine", "--out", "suite", *option]
    assert says in refused("import", "table", "scores.csv", *given)


def test_a_candidate_with_two_words_is_named_before_its_cost(refused, tmp_path):
    two_words(scores()).to_csv(tmp_path / "scores.csv", index=False)
    two_words(costs()).to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    assert "scores.csv: candidate 'SD XL'" in line
    assert "no white space" in line


def test_a_metric_that_holds_words_is_told_with_its_row(refused, tmp_path):
    table = scores().astype({"clip": object})
    table.loc[6, "clip"] = "failed"
    table.to_csv(tmp_path / "scores.csv", index=False)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    given = ["--costs", "costs.csv", "--name", "mine", "--metric", "clip"]
    assert "scores.csv, row 7: clip is 'failed', not a number" in refused(
        "import", "table", "scores.csv", *given
    )


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"prompt,candidate\n1,2,3\n4\n5,6,7,8\n"])
@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_a_file_that_is_no_table(refused, tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    line = refused("import", "table", name, "--costs", "costs.csv", "--name", "mine", "--out", "suite")
    assert name in line
    assert not (tmp_path / "suite").exists()


def test_files_that_are_not_there(refused):
    assert "there is no file scores.csv" in refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine"
    )
    assert "nowhere: there is no such folder" in refused("import", "cems", "--from", "nowhere")


def truncate(folder):
    path = folder / "scores.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def flip_byte(folder):
    path = folder / "prompts.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lose_file(folder):
    (folder / "costs.parquet").unlink()


def cut_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:200])


def misspell_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"metrics"', '"metric"'))


def lose_manifest(folder):
    (folder / "manifest.json").unlink()


def point_outside(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../elsewhere.parquet"] = "0" * 64
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (truncate, ["scores.parquet", "altered or cut short"]),
        (flip_byte, ["prompts.parquet", "altered or cut short"]),
        (lose_file, ["costs.parquet", "missing"]),
        (cut_manifest, ["manifest.json", "cut short"]),
        (misspell_manifest, ["manifest.json", "metric"]),
        (lose_manifest, ["no manifest.json"]),
        (point_outside, ["outside the suite"]),
    ],
)
@pytest.mark.parametrize("command", [["verify"], ["evaluate", "ridge", "--suite"]])
def test_a_suite_that_was_altered(refused, tmp_path, simulated, spoil, says, command):
    shutil.copytree(simulated, tmp_path / "suite")
    spoil(tmp_path / "suite")
    line = refused(*command, "suite")
    for part in says:
        assert part in line


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["ridgge"], "did you mean 'ridge'"),
        (["oracle"], "knows the test scores"),
        (["ridge", "--metric", "simulated_scor"], "did you mean 'simulated_score'"),
        (["ridge", "--cost", "second"], "did you mean 'seconds'"),
        (["ridge", "--pool", "sim-"], "did you mean 'sim"),
        (["ridge", "--candidates", "sim-1,sim2"], "did you mean 'sim-2'"),
        (["ridge", "--candidates", "sim-1", "--pool", "sim"], "not both"),
        (["ridge", "--candidates", "sim-1,sim-1"], "twice"),
        (["ridge", "--by", "word"], "did you mean 'words'"),
        (["ridge", "--trials", "2", "--trial-samples", "2"], "fewer samples than the 2 stored"),
        (["ridge", "--trials", "-1"], "catbench: --trials -1: give a number of at least 0"),
        (["ridge", "--seed", "-1"], "catbench: --seed -1: give a number of at least 0"),
        (["fixed:sim"], "one of sim-1"),
        (["mixture:9"], "takes no option"),
        (["knn:clip"], "ships no prompt feature 'clip'"),
        (["nowhere.py"], "there is no file nowhere.py"),
        (["ridge", "--json", "no/such/folder.json"], "there is no folder no/such"),
        (["ridge", "--plot", "curve.gif"], ".png"),
        (["ridge", "--predictions", "."], "it is a folder"),
    ],
)
def test_names_and_options_of_an_evaluation(refused, simulated, tmp_path, given, says):
    before = set(tmp_path.iterdir())
    assert says in refused("evaluate", *given, "--suite", simulated)
    assert set(tmp_path.iterdir()) == before


def test_an_unknown_suite(refused):
    assert "catbench import cems" in refused("evaluate", "ridge", "--suite", "cems")
    assert "give the path" in refused("verify", "nowhere")


ROUTERS = {
    "return None": "returned None (is `return` missing?)",
    "return np.zeros((3, len(prompts)))": "is it transposed?",
    "return np.zeros(len(prompts))": "one row a prompt, one column a candidate",
    "return np.full((len(prompts), 3), np.nan)": "returned nan for test prompt 0, candidate 'sim-1'",
    "return np.full((len(prompts), 3), np.inf)": "not finite",
    "return ['good'] * len(prompts)": "returned list",
    "raise KeyError('weights')": "failed in predict(): KeyError",
    "raise OSError('no such weights')": "failed in predict(): OSError: no such weights",
    "raise ValueError('first line\\n  second line')": "first line second line",
}


@pytest.mark.parametrize(("body", "says"), ROUTERS.items())
def test_a_router_that_answers_wrongly(refused, simulated, tmp_path, body, says):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "class Router:\n"
        "    def fit(self, prompts, quality): return self\n"
        f"    def predict(self, prompts): {body}\n"
        "def make_router(pool): return Router()\n"
    )
    line = refused("evaluate", "mine.py", "--suite", simulated, "--json", "report.json")
    assert says in line
    assert "'mine'" in line
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != "") == ["mine.py"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return np.zeros((2, len(prompts)))", "one row a trade-off"),
        ("return np.full((len(trade_offs), len(prompts)), 3)", "0 to 2"),
        ("return np.full((len(trade_offs), len(prompts)), 0.5)", "positions in the pool"),
    ],
)
def test_a_policy_that_answers_wrongly(refused, simulated, tmp_path, body, says):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "class Router:\n"
        "    def fit(self, prompts, quality): return self\n"
        f"    def route(self, prompts, trade_offs): {body}\n"
        "def make_router(pool): return Router()\n"
    )
    assert says in refused("evaluate", "mine.py", "--suite", simulated)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def make_router(pool): pass\n", "make_router(pool) returned None"),
        ("def make_routr(pool): pass\n", "a function that returns a router; it has make_routr"),
        ("import no_such_module\n", "cannot be imported: ModuleNotFoundError"),
        ("def make_router(pool): 1 / 0\n", "failed in make_router(): ZeroDivisionError"),
        ("def make_router(:\n", "SyntaxError"),
        ("def make_router(): pass\n", "does not take it: too many positional arguments"),
        (
            "from pathlib import Path\nclass Mine: pass\n",
            "a function that returns a router; it has Mine",
        ),
        (
            "class R:\n  def predict(self, p): pass\ndef make_router(pool): return R()\n",
            "a R, which has no fit()",
        ),
        (
            "class R:\n  def fit(self, p, q): pass\ndef make_router(pool): return R\n",
            "return an object of it, R(...)",
        ),
    ],
)
def test_a_file_that_holds_no_router(refused, simulated, tmp_path, source, says):
    (tmp_path / "mine.py").write_text(source)
    assert says in refused("evaluate", "mine.py", "--suite", simulated)


def test_an_error_of_a_router_names_its_line_and_the_way_to_the_traceback(
    refused, catbench, simulated, tmp_path
):
    (tmp_path / "helper.py").write_text("def value():\n    return {}['nope']\n")
    (tmp_path / "mine.py").write_text("from helper import value\ndef make_router(pool): return value()\n")
    assert refused("evaluate", "mine.py", "--suite", simulated) == (
        "catbench: router 'mine' failed in make_router(): KeyError: 'nope' (helper.py, line 2); "
        "--debug shows the traceback"
    )
    with pytest.raises(RouterError) as shown:
        catbench("evaluate", "mine.py", "--suite", simulated, "--debug")
    assert isinstance(shown.value.__cause__, KeyError)


def test_a_lack_of_memory_is_told_in_a_line(refused, simulated, monkeypatch):
    def fails(*given, **named):
        np.empty(2**57)

    monkeypatch.setattr("catbench.suite.store.load", fails)
    line = refused("evaluate", "ridge", "--suite", simulated)
    assert line.startswith("catbench: this needs more memory than there is: Unable to allocate")


@pytest.mark.parametrize("price", [1e300, 1e-300])
def test_a_price_beyond_all_use_is_refused_at_import(refused, tmp_path, price):
    scores().to_csv(tmp_path / "scores.csv", index=False)
    costs().assign(value=[1.0, price]).to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    assert "'large' costs 1e" in line
    assert not (tmp_path / "suite").exists()


def test_debug_shows_the_traceback(catbench, simulated):
    with pytest.raises(Exception, match="did you mean 'ridge'"):
        catbench("evaluate", "ridgge", "--suite", simulated, "--debug")


def test_a_suite_that_is_there_is_only_replaced_with_force_and_nothing_else_ever(refused, catbench, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("keep me")
    given = ["simulate", "--out", "mine", "--prompts", "50"]
    assert "--force" in refused(*given)
    assert "holds no suite" in refused(*given, "--force")
    assert (tmp_path / "mine" / "precious.txt").read_text() == "keep me"
    (tmp_path / "mine" / "precious.txt").unlink()
    assert catbench(*given)[0] == 0
    digest = (tmp_path / "mine" / "manifest.json").read_bytes()
    assert catbench(*given, "--seed", 1, "--force")[0] == 0
    assert (tmp_path / "mine" / "manifest.json").read_bytes() != digest


def test_force_never_replaces_the_current_folder(refused, tmp_path):
    (tmp_path / "precious.txt").write_text("keep me")
    assert "holds no suite" in refused("simulate", "--out", ".", "--force", "--prompts", "50")
    assert (tmp_path / "precious.txt").read_text() == "keep me"


def test_an_import_in_the_home_folder_is_only_replaced_with_force(refused, catbench, tmp_path):
    scores().to_csv(tmp_path / "scores.csv", index=False)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    given = ["import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine"]
    assert catbench(*given)[0] == 0
    assert "--force" in refused(*given)
    assert catbench(*given, "--force")[0] == 0
    assert catbench("evaluate", "mixture", "--suite", "mine", "--replicates", "5")[0] == 0
    assert "did you mean 'mine'" in refused("verify", "Mine")


def test_sizes_of_a_simulation(refused):
    assert "20 prompts" in refused("simulate", "--out", "mine", "--prompts", "5")
    assert "it is a file" in _file_in_the_way(refused)


def _file_in_the_way(refused):
    from pathlib import Path

    Path("mine").write_text("")
    return refused("simulate", "--out", "mine")


def test_reports_that_cannot_be_compared(refused, catbench, simulated, tmp_path):
    assert (
        catbench("evaluate", "mixture", "--suite", simulated, "--json", "a.json", "--replicates", "5")[0] == 0
    )
    (tmp_path / "b.json").write_text('{"schema": 1}')
    assert "b.json is a report of schema 1" in refused("compare", "a.json", "b.json", "--suite", simulated)
    (tmp_path / "b.json").write_text('{"schema": 2}')
    assert "b.json is no report" in refused("compare", "a.json", "b.json", "--suite", simulated)
    assert "cannot be read" in refused("compare", "a.json", "c.json", "--suite", simulated)
    (tmp_path / "a.predictions.parquet").write_bytes(b"PAR1")
    assert "not readable as Parquet" in refused("compare", "a.json", "a.json", "--suite", simulated)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["evaluate"], "router"),
        (["evaluat"], "evaluat"),
        (
            ["evaluate", "ridge", "--suite", "x", "--trials", "many"],
            "catbench: --trials many: give a whole number",
        ),
        (
            [
                "evaluate",
                "ridge",
                "--suite",
                "x",
                "--json",
                "a",
                "--plot",
                "./b/../a.png",
                "--predictions",
                "a",
            ],
            "different",
        ),
        (["leaderboard", "--port=65536"], "catbench: --port 65536: give a number of at most 65535"),
        (["route", "x", "y", "--budget", "x"], "catbench: --budget x: give a number"),
        (
            ["evaluate", "ridge", "--axis", "foo"],
            "catbench: Invalid value for '--axis': Value error, 'foo' is not one of 'log', 'linear'.",
        ),
        (["evaluate", "ridge", "--suit", "x"], "--suit"),
    ],
)
def test_usage_errors_are_one_line_too(refused, given, says):
    assert says in refused(*given)


def test_a_router_that_exits(refused, simulated, tmp_path):
    (tmp_path / "mine.py").write_text("import sys\ndef make_router(pool): sys.exit(0)\n")
    assert "failed in make_router(): SystemExit" in refused("evaluate", "mine.py", "--suite", simulated)


def test_equal_texts_in_two_groups(refused, tmp_path):
    table = scores()
    table["prompt_id"] = table["prompt"]
    table["group"] = table["prompt"]
    table.loc[table["prompt_id"] == "a cat number 3", "prompt"] = "a cat number 0"
    table.to_csv(tmp_path / "scores.csv", index=False)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    assert "'a cat number 0' are in two groups" in line


def test_stray_text_in_a_score_column_is_not_passed_over(refused, tmp_path):
    table = scores().assign(other=lambda t: t["clip"] ** 2)
    table["clip"] = table["clip"].astype(object)
    table.loc[6, "clip"] = "n.a."
    table.to_csv(tmp_path / "scores.csv", index=False)
    costs().to_csv(tmp_path / "costs.csv", index=False)
    line = refused(
        "import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine", "--out", "suite"
    )
    assert "scores.csv, row 7: clip is 'n.a.', not a number" in line


def test_a_folder_of_the_same_name_does_not_hide_a_suite(catbench, tmp_path):
    assert catbench("simulate", "--out", tmp_path / "home" / "suites" / "toy", "--prompts", 40)[0] == 0
    (tmp_path / "toy").mkdir()
    assert catbench("verify", "toy")[0] == 0


@pytest.mark.parametrize("group", ["submit", "import"])
def test_a_group_without_a_command_shows_its_help_as_it_is_laid_out(command, group):
    shown = command(group)
    assert shown.code == 2
    assert f"Usage: catbench {group}" in shown.err.splitlines()[0]
    assert "Commands:" in shown.err.splitlines()


def test_a_suite_s_name_in_place_of_a_suite_is_answered_with_what_to_call():
    with pytest.raises(UsageError, match=r"catbench\.load\('nano'\)"):
        evaluate("ridge", "nano")
