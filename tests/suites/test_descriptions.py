"""A suite's card and Croissant file: true, valid, outside its digests; others' libraries open it by them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from catbench import load
from catbench.files import sha256_of
from catbench.home import shipped_suites
from catbench.suite.description import DESCRIPTIONS, write_descriptions
from catbench.suite.manifest import known_licence
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import load_costs, read_manifest, save, verify

NANO = shipped_suites()["nano"]


@pytest.fixture
def suite(simulated, tmp_path, monkeypatch):
    """A copy of a small suite to stand in, where `datasets` caches nothing elsewhere."""
    datasets = pytest.importorskip("datasets")
    shutil.copytree(simulated, tmp_path / "suite")
    monkeypatch.chdir(tmp_path / "suite")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "suite"


def described(folder, out, **changes):
    """Return both texts as they are made now."""
    manifest = read_manifest(folder)
    info = manifest.suite.model_copy(update=changes)
    manifest = manifest.model_copy(update={"suite": info})
    write_descriptions(folder, manifest, load_costs(folder, manifest), to=out)
    return [(out / name).read_text(encoding="utf-8") for name in DESCRIPTIONS]


def test_the_shipped_suite_has_the_descriptions_that_are_made_of_it(tmp_path):
    undated = re.compile('"datePublished": "[^"]*"')
    for name, made in zip(DESCRIPTIONS, described(NANO, tmp_path), strict=True):
        said = (NANO / name).read_text(encoding="utf-8")
        assert undated.sub("", said) == undated.sub("", made), "run python docs/make_card.py"


def test_they_stand_outside_every_digest(suite):
    before, files = load(suite).digest, set(read_manifest(suite).files)
    assert not files & set(DESCRIPTIONS)
    for name in DESCRIPTIONS:
        (suite / name).write_text("changed")
    assert verify(suite).digest == before
    for name in DESCRIPTIONS:
        (suite / name).unlink()
    assert verify(suite).digest == before


def test_a_suite_saved_before_there_were_any_is_given_them(simulated, tmp_path, command):
    folder = shutil.copytree(simulated, tmp_path / "older")
    for name in DESCRIPTIONS:
        (folder / name).unlink()
    assert command("verify", folder).code == 0
    assert not any((folder / name).exists() for name in DESCRIPTIONS)
    ran = command("verify", folder, "--describe")
    assert (ran.code, ran.err) == (0, "")
    for name in DESCRIPTIONS:
        said = (folder / name).read_text(encoding="utf-8")
        assert said == (simulated / name).read_text(encoding="utf-8")
    assert "comes with catbench and is not changed" in command("verify", "nano", "--describe").err


@pytest.mark.filterwarnings("ignore")  # of mlcroissant's own dependencies
@pytest.mark.parametrize("shipped", [True, False])
def test_croissant_is_valid_and_its_digests_and_types_are_those_of_the_files(shipped, suite):
    mlcroissant = pytest.importorskip("mlcroissant")
    folder = NANO if shipped else suite
    found = mlcroissant.Dataset(str(folder / "croissant.json")).metadata
    assert found.ctx.issues.errors == set()
    assert found.ctx.issues.warnings == set()
    assert found.ctx.is_v1_1()
    digests = {item.name: item.sha256 for item in found.distribution if hasattr(item, "sha256")}
    assert {"manifest.json", "prompts.parquet", "scores.parquet", "costs.parquet"} <= set(digests)
    for name, digest in digests.items():
        assert sha256_of(folder / name) == digest
    columns = {records.name: [field.name for field in records.fields] for records in found.record_sets}
    for table in ("prompts", "scores", "costs"):
        assert columns[table] == pq.read_schema(folder / f"{table}.parquet").names


@pytest.mark.filterwarnings("ignore")
def test_croissant_gives_the_records_of_the_tables(suite):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(str(suite / "croissant.json"))
    texts = [record["prompts/text"].decode() for record in dataset.records("prompts")]
    assert sorted(texts) == sorted(pd.read_parquet("prompts.parquet")["text"])
    assert [record["splits/name"] for record in dataset.records("splits")] == ["train", "validation", "test"]


def test_an_altered_table_is_noticed_through_croissant(suite):
    record = json.loads((suite / "croissant.json").read_text())
    said = {item["name"]: item.get("sha256") for item in record["distribution"]}
    table = pd.read_parquet("costs.parquet")
    table.assign(value=table["value"] * 2).to_parquet("costs.parquet", index=False)
    assert sha256_of(suite / "costs.parquet") != said["costs.parquet"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", ["prompts", "scores", "costs", "truth"])
def test_datasets_opens_every_table_by_its_name(suite, table):
    import datasets

    found = datasets.load_dataset(str(suite), table, split="full")
    stored = pd.read_parquet(f"{table}.parquet")
    pd.testing.assert_frame_equal(found.to_pandas(), stored, check_dtype=False)


@pytest.mark.filterwarnings("ignore")
def test_the_card_tells_how_to_load_the_suite(suite, monkeypatch):
    """Its five ways - catbench, datasets, pandas, polars, DuckDB - run as they stand there, and agree."""
    card = (suite / "README.md").read_text(encoding="utf-8")
    monkeypatch.chdir(suite.parent)
    suite.rename(read_manifest(suite).suite.id)
    names = {}
    rows = []
    for block in re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)  # the card's own code, in order
        rows.append(len(names["scores"]) if "scores" in names else len(names["matrix"].prompts))
    assert rows == [300, *[300 * 3 * 2] * 4]


def test_a_card_shows_a_suite_that_means_harm_as_text(tmp_path):
    title = 'A "title" | with\n---\nlicense: mit\n<script>alert(1)</script> [x](javascript:y) `z'
    card, croissant = described(NANO, tmp_path, title=title)
    assert card.count("\n---\n") == 1
    assert "license: apache-2.0" in card.splitlines()
    assert "<script>" not in card.split("---\n", 2)[2]
    assert "\\[x\\]" in card
    assert json.loads(croissant)["description"] == title


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("none stated; for local use only", None),
        ("", None),
        ("prompts: CC BY 4.0", None),
    ],
)
def test_a_licence_is_known_by_its_name_alone(text, spdx):
    assert known_licence(text) == spdx


def test_an_unstated_licence_is_said_to_be_none(tmp_path):
    card, croissant = described(NANO, tmp_path, licence="")
    assert "license: other" in card.splitlines()
    assert "| licence | none stated |" in card
    assert json.loads(croissant)["license"] == "none stated"


def test_a_suite_without_prices_of_some_candidates_has_a_card(tmp_path):
    matrix, _ = simulate(Simulation(prompts=60, candidates=3, samples=1))
    save(replace(matrix, costs=matrix.costs[:2]), tmp_path / "suite")
    assert "catbench.load" in (tmp_path / "suite" / "README.md").read_text()
