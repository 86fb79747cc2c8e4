"""Public tables as their authors published them; figures are those of the papers and files themselves."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace

import pandas as pd
import pytest

from catbench import CatbenchError
from catbench.suite.tables.complete import Drops
from catbench.suite.tables.from_files import TableOptions, matrix_from_files
from catbench.suite.tables.table_reading import read_table

CANDIDATES = {"sd-10": "CLIP-DDIM10step-fp-score.json", "sd-50": "CLIP-DDIM50step-fp-score.json"}


def test_pqpp_has_a_column_a_candidate(shared, tmp_path):
    prices = tmp_path / "costs.csv"
    prices.write_text("candidate,unit,value\nglide,tflops,40\nsdxl,tflops,687\n")
    options = TableOptions(
        columns=["prompt=best_caption,prompt_id=id"],
        wide=["glide_score,sdxl_score"],
        metrics=["relevance"],
        candidates=["glide=glide_score", "sdxl=sdxl_score"],
    )
    matrix = matrix_from_files(shared / "data" / "pqpp" / "dataset.csv", prices, options=options)
    assert len(matrix.prompts) == 10_000
    means = matrix.scores["relevance"].mean(axis=(0, 2), dtype=float)
    assert dict(zip(matrix.candidate_ids, means, strict=True)) == pytest.approx(
        {"glide": 0.534, "sdxl": 1.728}, abs=5e-4
    )


def test_evalmi_is_a_workbook(shared):
    table = read_table(shared / "data" / "evalmi" / "AIGI2025_MOS_yn.xlsx")
    assert len(table) == 50_400
    means = table["MOS2"].astype(float).groupby(table["ImageName"].str.partition("/")[0]).mean()
    known = {"sd3_5_large": 58.35, "ali_flux_schnell": 58.10, "sdxl_base_1": 52.23, "LWM": 35.46}
    assert {name: means[name] for name in known} == pytest.approx(known, abs=5e-3)


def test_flasheval_has_a_blank_prompt(shared, tmp_path):
    with tarfile.open(shared / "data" / "flasheval" / "diffusiondb.tar.xz") as archive:
        read = {name: archive.extractfile(name) for name in archive.getnames()}
        find = {name.rpartition("/")[2]: file.read() for name, file in read.items() if file and _wanted(name)}
    (tmp_path / "prompts.json").write_bytes(find["diffusionDB_5000.json"])
    prompts = read_table(tmp_path / "prompts.json", {"prompt": "caption"})
    rows = [
        prompts.assign(candidate=name, clip=prompts["id"].astype(str).map(json.loads(find[file])))
        for name, file in CANDIDATES.items()
    ]
    pd.concat(rows).to_json(tmp_path / "scores.jsonl", orient="records", lines=True)
    (tmp_path / "costs.tsv").write_text("candidate\tunit\tvalue\nsd-10\ttflops\t18\nsd-50\ttflops\t83\n")
    options = TableOptions(columns=["prompt_id=id"], metrics=["clip"])
    with pytest.raises(CatbenchError, match=f"the prompt of 2 rows of {2 * len(prompts):,} is blank: row"):
        matrix_from_files(tmp_path / "scores.jsonl", tmp_path / "costs.tsv", options=options)
    options = replace(options, drops=Drops(prompts=True))
    matrix = matrix_from_files(tmp_path / "scores.jsonl", tmp_path / "costs.tsv", options=options)
    assert len(matrix.prompts) == len(prompts) - 1
    assert matrix.prompts["text"].nunique() == 4_958


def _wanted(name):
    return name.endswith("diffusionDB_5000.json") or "/CLIP/stablediffusion1.5/CLIP-DDIM" in name
