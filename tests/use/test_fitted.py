"""A router is kept and used again: the same answers elsewhere, and one clear line where it cannot be."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import catbench
from catbench.errors import RouterError, UsageError
from catbench.suite.recipes.making import find_recipe, make
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save
from catbench.use.fitted_folder import RECORD, VALIDATION, FittedRecord
from catbench.use.router_state import ARRAYS, SKOPS, TREE

OWN = """
import numpy as np

class Means:
    def fit(self, prompts, quality):
        self.means = quality.mean(axis=0)

    def predict(self, prompts):
        return np.tile(self.means, (len(prompts), 1)) + [[len(text) / 1000, 0, 0] for text in prompts]

def make_router(pool):
    return Means()
"""


def texts(suite):
    return list(suite.texts(suite.rows("test")))


def said(router, prompts):
    """Return what a router answers about prompts at a budget, as JSON holds it."""
    found = router.choose(prompts, budget=8.0)
    predicted = None if found.predicted is None else found.predicted.tolist()
    return {"candidates": list(found.candidates), "predicted": predicted}


def test_every_shipped_router_answers_the_same_in_another_process(fitted, folders, suite, tmp_path):
    prompts = texts(suite)
    (tmp_path / "prompts.json").write_text(json.dumps(prompts), encoding="utf-8")
    code = f"""
import json, sys
from pathlib import Path
import catbench
prompts = json.loads(Path({str(tmp_path / "prompts.json")!r}).read_text(encoding="utf-8"))
found = {{}}
for place in Path({str(folders)!r}).iterdir():
    told = []
    router = catbench.FittedRouter.load(place, tell=told.append)
    choices = router.choose(prompts, budget=8.0)
    predicted = None if choices.predicted is None else choices.predicted.tolist()
    found[place.name] = {{"candidates": list(choices.candidates), "predicted": predicted, "told": told}}
sys.stdout.write(json.dumps(found))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    there = json.loads(ran.stdout)
    for name, router in fitted.items():
        here, other = said(router, prompts), there[name.replace(":", "-")]
        assert other["told"] == [], name  # none is fitted again
        assert other["candidates"] == here["candidates"], name
        if here["predicted"] is None:
            assert name.startswith(("fixed", "adadiff"))
        else:
            np.testing.assert_allclose(other["predicted"], here["predicted"], rtol=0, atol=1e-6)


def test_equal_prompts_go_the_same_way_whatever_stands_beside_them(fitted, suite):
    router, prompts = (
        fitted["mixture"],
        texts(suite),
    )  # all are predicted alike: only mixing parts them
    alone = [router.choose([text], budget=20.0).candidates[0] for text in prompts]
    assert router.choose(prompts, budget=20.0).candidates == tuple(alone)
    assert router.choose([f" {text.upper()}" for text in prompts], budget=20.0).candidates == tuple(alone)
    assert len(set(alone)) == 2


def test_shares_of_a_mixture_are_even_on_the_test_prompts():
    matrix, _ = simulate(Simulation(prompts=6000, candidates=3, samples=1))
    router = catbench.fit("mixture", matrix, metric="simulated_score")
    setting = router.calibration.setting(budget=20.0)
    assert 0.1 < setting.share < 0.9
    rows = matrix.rows("test")
    found = router.choose_at(list(matrix.texts(rows)), setting)
    most = found.candidates[int(found.cost.argmax())]
    error = np.sqrt(setting.share * (1 - setting.share) / len(rows))
    assert abs(np.mean([name == most for name in found.candidates]) - setting.share) < 3 * error


def test_choices_are_within_the_pool_and_their_costs(fitted, suite):
    found = fitted["ridge"].choose(texts(suite), trade_off=0.0)
    pool = fitted["ridge"].pool
    assert found.candidates == tuple(pool.ids[m] for m in found.predicted.argmax(axis=1))
    assert found.cost.tolist() == [pool.cost[pool.ids.index(name)] for name in found.candidates]
    assert not found.cost.flags.writeable
    assert len(fitted["ridge"].choose([], budget=8.0)) == 0


def test_a_lower_is_better_metric_is_predicted_on_its_own_scale(suite):
    router = catbench.fit("mixture", suite, metric="simulated_error")
    predicted = router.choose(["apple"], trade_off=0.0).predicted[0]
    train = suite.qualities("simulated_error", "train", router.pool).mean(axis=(0, 2))
    np.testing.assert_allclose(predicted, -train)


def test_threads_get_what_they_would_get_alone(folders, suite):
    router, prompts = catbench.FittedRouter.load(folders / "knn"), texts(suite)
    parts = [prompts[start::7] for start in range(7)] * 4
    alone = [router.choose(part, budget=8.0).candidates for part in parts]
    with ThreadPoolExecutor(4) as executor:
        together = list(executor.map(lambda part: router.choose(part, budget=8.0).candidates, parts))
    assert together == alone


def test_prompts_unlike_training_are_warned_of_once(fitted):
    like, unlike = ["apple bridge castle"] * 90, ["kubernetes ingress controller"] * 10
    assert not fitted["ridge"].choose(like, budget=8.0).unlike.any()
    with pytest.warns(UserWarning, match=r"^10 of 100 prompts \(10%\) have more unknown words") as told:
        found = fitted["ridge"].choose(like + unlike, budget=8.0)
    assert len(told) == 1
    assert np.flatnonzero(found.unlike).tolist() == list(range(90, 100))


@pytest.fixture
def copied(folders, tmp_path):
    """A copy of a folder that a test may break."""
    return shutil.copytree(folders / "ridge", tmp_path / "ridge")


def rewritten(folder, **changes):
    """Write fitted.json anew with changes, and a digest that is right."""
    record = FittedRecord.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
    record = record.model_copy(update=changes)
    whole = record.model_copy(update={"digest": record.content()})
    (folder / RECORD).write_text(whole.model_dump_json(by_alias=True), encoding="utf-8")


def refused(folder, says, **given):
    with pytest.raises(RouterError, match=says) as error:
        catbench.FittedRouter.load(folder, **given)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_none(tmp_path):
    refused(tmp_path, r"is no fitted router: it has no fitted.json")


@pytest.mark.parametrize("name", [TREE, ARRAYS, VALIDATION, "words.txt"])
def test_an_altered_or_a_missing_file(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b"x")
    refused(copied, f"{name}: SHA-256 .* is altered or cut short|{name}: SHA-256 .*the file is altered")
    (copied / name).unlink()
    refused(copied, f"{name} is missing")


def test_an_altered_record(copied):
    text = (copied / RECORD).read_text(encoding="utf-8")
    (copied / RECORD).write_text(re.sub(r'"unit": "\w+"', '"unit": "usd"', text), encoding="utf-8")
    refused(copied, "fitted.json is altered")
    (copied / RECORD).write_text(text[:-40], encoding="utf-8")
    refused(copied, "not readable as a fitted router")


def test_another_schema(copied):
    text = (copied / RECORD).read_text(encoding="utf-8")
    (copied / RECORD).write_text(text.replace('"schema": 2', '"schema": 3'), encoding="utf-8")
    refused(copied, "is of schema 3, and this catbench reads schema 2: fit it again")


def test_a_missing_candidate(copied, fitted):
    more = catbench.Candidate(id="sim-9")
    record = json.loads((copied / RECORD).read_text(encoding="utf-8"))
    candidates = (*fitted["ridge"].pool.candidates, more)
    rewritten(copied, candidates=candidates, costs=(*record["costs"], 100.0))
    refused(copied, "validation.parquet: no column 'quality:sim-9'")


def test_an_unknown_router(copied):
    rewritten(copied, router="ridgy")
    refused(copied, "unknown router 'ridgy': did you mean 'ridge'")


def test_another_router_than_that_of_the_folder(copied):
    refused(copied, "is of router 'ridge', and 'knn' was given", router="knn")


def test_a_library_that_answers_otherwise(copied):
    answers = json.loads((copied / RECORD).read_text(encoding="utf-8"))["answers"]
    rewritten(copied, answers=tuple(tuple(value + 1e-3 for value in row) for row in answers))
    refused(copied, "answers otherwise than when it was saved")


def test_no_type_that_is_not_listed_is_loaded(copied):
    import skops.io

    from catbench.files import sha256_of

    skops.io.dump({"router": subprocess.Popen}, copied / SKOPS)
    files = json.loads((copied / RECORD).read_text(encoding="utf-8"))["files"]
    rewritten(copied, files=files | {SKOPS: sha256_of(copied / SKOPS)})
    refused(copied, "holds types that are not loaded unless .* --trust subprocess.Popen")


EVIL = """
from pathlib import Path

Path("ran").touch()


def make_router(pool):
    raise SystemExit
"""


@pytest.mark.parametrize(
    "name",
    ["evil.py", "evil", "./evil.py:make_router", "guarded:evil.py", "guarded:evil.py:make_router",
     "guarded:evil", "guarded:guarded:./evil", "ridge:./evil"],
)  # fmt: skip
def test_a_folder_that_names_a_file_runs_none(copied, tmp_path, monkeypatch, name):
    """Whoever wrote the folder also wrote its digests, and says that the router is an installed one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil").mkdir()
    for place in ("evil.py", "evil/router.py"):
        (tmp_path / place).write_text(EVIL, encoding="utf-8")
    rewritten(copied, router=name)
    refused(copied, "is of a file or a folder of yours, and what a fitted router names is not run")
    assert not (tmp_path / "ran").exists()


def test_an_installed_name_is_not_a_folder_of_that_name(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "router.py").write_text(EVIL, encoding="utf-8")
    assert (tmp_path / "ridge").is_dir()  # as after `catbench fit ridge --out ridge`
    assert catbench.FittedRouter.load("ridge").name == "ridge"


@pytest.mark.parametrize(
    "changes",
    [{"best_single": 3}, {"best_single": -1}, {"costs": (1.0,)}, {"probes": ()}, {"trade_offs": ()}],
)
def test_a_record_that_contradicts_itself(copied, changes):
    rewritten(copied, **changes)
    refused(copied, r"fitted.json: .*\(is it altered or cut short\?\)")


def test_a_table_with_numbers_that_cannot_be(copied):
    from catbench.files import sha256_of

    path = copied / VALIDATION
    table = pd.read_parquet(path)
    table.assign(**{table.columns[1]: np.nan}).to_parquet(path)
    files = json.loads((copied / RECORD).read_text(encoding="utf-8"))["files"]
    rewritten(copied, files=files | {VALIDATION: sha256_of(path)})
    refused(copied, "holds numbers that cannot be")


@pytest.mark.parametrize("prompt", [None, 3, b"a bus"])
def test_a_prompt_that_is_no_text_is_said(fitted, prompt):
    with pytest.raises(UsageError, match=rf"prompt 1 is a {type(prompt).__name__}, and prompts are texts"):
        fitted["ridge"].choose(["a bus", prompt], budget=8.0)


def test_any_text_is_taken(fitted):
    odd = ["", "a\0b", "\ud800", "🐕 犬 שלום", "word " * 20_000]
    for name in ("ridge", "mixture"):
        assert len(fitted[name].choose_at(odd, fitted[name].calibration.setting(budget=8.0))) == len(odd)


def test_loading_imports_scikit_learn_only_where_a_router_needs_it(folders):
    code = f"""
import sys, catbench
catbench.FittedRouter.load({str(folders / "mixture")!r}).choose(["apple"], budget=8.0)
assert "sklearn" not in sys.modules
catbench.FittedRouter.load({str(folders / "ridge")!r}).choose(["apple"], budget=8.0)
assert "sklearn" in sys.modules and "skops" not in sys.modules
"""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_a_minor_version_later_it_is_read_all_the_same(copied, suite):
    rewritten(copied, catbench="0.9.9")
    catbench.FittedRouter.load(copied).choose(texts(suite), budget=8.0)


def test_a_router_of_ones_own_is_named_again_and_fitted_again(suite, tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")
    mine = str(tmp_path / "mine.py")
    router = catbench.fit(mine, suite, metric="simulated_score")
    router.save(tmp_path / "kept")
    assert not (tmp_path / "kept" / TREE).exists()
    refused(tmp_path / "kept", "router 'mine' is of a file or a folder of yours.*--router FILE.py")
    told = []
    refused(tmp_path / "kept", "suite 'simulated' is needed: unknown suite", router=mine, tell=told.append)
    save(suite, tmp_path / "home" / "suites" / "simulated")
    with pytest.warns(UserWarning, match="'mine' is not saved: it is fitted again from suite 'simulated'"):
        again = catbench.FittedRouter.load(tmp_path / "kept", router=mine)
    assert said(again, texts(suite)) == said(router, texts(suite))
    other, _ = simulate(Simulation(prompts=300, candidates=3, samples=2, seed=1))
    save(other, tmp_path / "home" / "suites" / "simulated", force=True)
    refused(
        tmp_path / "kept",
        "has the digest .*install that version",
        router=mine,
        tell=told.append,
    )


def test_nothing_else_is_replaced(fitted, tmp_path):
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already"):
        fitted["mixture"].save(tmp_path)
    with pytest.raises(UsageError, match="holds no fitted router"):
        fitted["mixture"].save(tmp_path, force=True)


def test_no_prompt_of_the_suite_is_in_a_folder(folders, suite):
    known = {text.encode() for text in suite.prompts["text"] if len(text.split()) > 3}
    for path in folders.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert not any(text in path.read_bytes() for text in known), path


def test_budgets_are_met_on_real_captions(shared):
    """Candidates from 13 to 225 TFLOPs: below 3% on average over budgets, on 3,600 test prompts."""
    archive = shared / "data" / "flasheval" / "coco.tar.xz"
    if not archive.is_file():
        pytest.skip(f"{archive} is not there: real scores may not be copied into the repository")
    matrix = make(find_recipe("flasheval-coco"), archive)
    router = catbench.fit("ridge", matrix, metric="image_reward", cost="tflops")
    prompts, cost = texts(matrix), router.pool.cost
    errors = []
    for budget in np.geomspace(1.2 * cost.min(), 80, 8):
        spent = router.choose_at(prompts, router.calibration.setting(budget=budget)).cost.mean()
        errors.append(abs(spent / budget - 1))
    print(np.round(errors, 4))
    assert np.mean(errors) < 0.03
