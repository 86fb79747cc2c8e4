"""The same table in every form that people have it in; files that break a rule are refused in one line."""

from __future__ import annotations

import json
import sys
import zipfile

import openpyxl
import pandas as pd
import pytest

from catbench import CatbenchError
from catbench.suite.tables.table_reading import read_table
from catbench.suite.tables.workbook import read_workbook

ROWS = [
    {"prompt": "None, or two cats", "prompt_id": "007", "candidate": "a", "clip": 0.5},
    {"prompt": 'a "red" bus;\tlate', "prompt_id": "008", "candidate": "a", "clip": -1.25},
]


def separated(mark, suffix):
    def write(folder):
        path = folder / f"scores{suffix}"
        pd.DataFrame(ROWS).to_csv(path, sep=mark, index=False)
        return path

    return write


def text(suffix, content, encoding="utf-8"):
    def write(folder):
        path = folder / f"scores{suffix}"
        path.write_text(content, encoding=encoding)
        return path

    return write


def workbook(folder):
    path = folder / "scores.xlsx"
    pd.DataFrame(ROWS).to_excel(path, index=False)
    return path


def indexed(folder):
    path = folder / "scores.parquet"
    pd.DataFrame(ROWS).set_index(["prompt_id", "candidate"]).to_parquet(path)
    return path


LINES = "\n".join(map(json.dumps, ROWS)) + "\n\n"
FORMS = {
    "commas": separated(",", ".csv"),
    "semicolons": separated(";", ".csv"),
    "tabs": separated("\t", ".tsv"),
    "tabs in a .csv": separated("\t", ".csv"),
    "bars": separated("|", ".txt"),
    "compressed": separated(",", ".csv.gz"),
    "a byte order mark": text(".csv", "\ufeff" + pd.DataFrame(ROWS).to_csv(index=False)),
    "UTF-16": text(".csv", pd.DataFrame(ROWS).to_csv(index=False), "utf-16"),
    "UTF-16 of the other order": text(".txt", "\ufeff" + pd.DataFrame(ROWS).to_csv(index=False), "utf-16-be"),
    "a list of objects": text(".json", json.dumps(ROWS)),
    "an object of lists": text(".json", json.dumps(pd.DataFrame(ROWS).to_dict("list"))),
    "objects in UTF-16": text(".json", json.dumps(ROWS), "utf-16"),
    "what pandas writes": text(".json", pd.DataFrame(ROWS).to_json()),
    "objects a line": text(".jsonl", LINES),
    "objects a line in a .json": text(".json", LINES),
    "a workbook": workbook,
    "an index": indexed,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_table(tmp_path, form):
    found = read_table(FORMS[form](tmp_path))[list(ROWS[0])]
    assert found["prompt"].tolist() == [row["prompt"] for row in ROWS]
    assert found["prompt_id"].tolist() == ["007", "008"]
    assert found["clip"].tolist() == [0.5, -1.25]
    assert found.index.tolist() == [0, 1]


def test_a_column_is_found_under_its_own_name_and_read_as_what_it_is(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("uid,best_caption,Algorithm,prompt,clip\n007,None,01,revised,1\n")
    found = read_table(path, {"prompt": "best_caption", "prompt_id": "uid", "candidate": "Algorithm"})
    assert found.to_dict("records") == [{"prompt_id": "007", "prompt": "None", "candidate": "01", "clip": 1}]


def test_space_around_names_is_no_part_of_them(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("prompt , candidate,clip\na cat, large,1\n")
    assert read_table(path).to_dict("records") == [{"prompt": "a cat", "candidate": "large", "clip": 1}]


def test_a_workbook_is_read_by_its_values(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    book.create_sheet("empty")
    for row in ([], ["prompt", None, "candidate", "clip", "note"], ["a cat", 3, "a", "=1+1", None], []):
        sheet.append(row)
    sheet.append([7, 4, "b", 0.5, None])
    book.save(tmp_path / "scores.xlsx")
    found = read_table(tmp_path / "scores.xlsx")
    assert found["prompt"].tolist() == ["a cat", "7"]
    assert found["Unnamed: 1"].tolist() == [3, 4]
    assert found["clip"].isna().tolist() == [True, False]  # no program has computed the formula yet
    assert found["note"].isna().all()


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "s.csv",
            "prompt,candidate,clip\na cat, black,a,1\n",
            "more cells than the first row.* without quotes",
        ),
        ("s.csv", "prompt,clip,clip\na,1,2\n", "two columns are called 'clip'"),
        ("s.csv", "prompt,clip, clip\na,1,2\n", "two columns are called 'clip'"),
        ("s.csv", "prompt;clip\na café;1\n".encode("latin-1"), "probably Latin-1 or .*: save it as UTF-8"),
        ("s.json", '[{"prompt": "a café"}]'.encode("cp1252"), "probably Latin-1 or .*: save it as UTF-8"),
        ("s.csv", "prompt;clip\na cat;1\n".encode("utf-16-le"), "probably UTF-16 without its mark: save"),
        ("s.csv", "prompt;clip\na café;1\n".encode("utf-16-le"), "probably UTF-16 without its mark: save"),
        ("s.csv", "prompt;clip\n", "it has no rows below the names prompt, clip"),
        ("s.json", "[]", "it has no rows"),
        ("s.csv", "", "cannot be read as .csv"),
        ("s.json", '[{"prompt": "a"}, 7]', "entry 2: '7' is no row"),
        ("s.json", '[{"prompt": "a"', "not readable as JSON"),
        ("s.json", '"prompt"', "neither a list of objects"),
        ("s.json", '{"prompt": "a", "clip": 1}', "neither a list of objects"),
        ("s.json", '{"prompt": ["a"], "clip": [1, 2]}', "cannot be read as .json"),
        ("s.json", "[" * 100_000, "cannot be read as .json"),
        ("s.jsonl", '{"prompt": "a"}\n{"prompt": \n', "line 2: not readable as JSON"),
        ("s.xlsx", "PK no workbook", "not readable as a workbook: .*password"),
        ("s.xls", b"\xd0\xcf\x11\xe0", "the format .xls is not read: save the table as"),
        ("s.parquet", "PAR1", "cannot be read as .parquet"),
    ],
)
def test_files_that_cannot_be_read_are_told(tmp_path, name, content, says):
    with pytest.raises(CatbenchError, match=says) as refusal:
        read_table(written(tmp_path, name, content))
    assert str(tmp_path / name) in str(refusal.value)


def test_two_sheets_with_something_are_not_chosen_between(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["prompt"])
    book.create_sheet("costs").append(["candidate"])
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(CatbenchError, match=r"2 sheets hold something \(Sheet, costs\)"):
        read_table(tmp_path / "s.xlsx")
    openpyxl.Workbook().save(tmp_path / "s.xlsx")
    with pytest.raises(CatbenchError, match="no sheet holds anything"):
        read_table(tmp_path / "s.xlsx")


def test_a_workbook_has_bounds(tmp_path):
    path = workbook(tmp_path)
    assert len(read_workbook(path, unpacked_bytes=100_000, cells=12)) == 2
    with pytest.raises(CatbenchError, match=r"unpacks to [0-9,]+ bytes, and 1,000 are read at most"):
        read_workbook(path, unpacked_bytes=1000)
    with pytest.raises(CatbenchError, match="sheet 'Sheet1': more than 11 cells"):
        read_workbook(path, cells=11)


def test_cells_far_apart_count_with_those_between(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD2000"] = "prompt", 1
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(CatbenchError, match="more than 10,000 cells"):
        read_workbook(tmp_path / "s.xlsx", cells=10_000)


def test_entities_are_never_resolved(tmp_path):
    source, path = workbook(tmp_path), tmp_path / "bomb.xlsx"
    entities = '<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet'
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            content = old.read(entry).decode()
            new.writestr(entry, content.replace("<worksheet", entities) if "sheet1" in entry else content)
    with pytest.raises(CatbenchError, match="not readable as a workbook: EntitiesForbidden"):
        read_table(path)


def test_the_safe_reader_is_not_turned_off(tmp_path, monkeypatch):
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(CatbenchError, match="OPENPYXL_DEFUSEDXML"):
        read_table(workbook(tmp_path))


@pytest.mark.parametrize("package", ["openpyxl", "defusedxml"])
def test_without_the_extra_its_install_line_is_told(tmp_path, monkeypatch, package):
    path = workbook(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CatbenchError, match=rf"reading scores\.xlsx needs {package}, .*\[xlsx\]"):
        read_table(path)
