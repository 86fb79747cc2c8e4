"""Prompts in files of every form, and files that are not what they should be."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

from catbench.errors import CatbenchError
from catbench_make.prompts.source_tables import read_prompts
from catbench_make.prompts.sources import COCO, NSFW, read_source

CAPTIONS = {
    "info": {},
    "annotations": [{"image_id": 1, "id": 2, "caption": "A cat."}, {"id": 3, "caption": "Two."}],
}


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,prompt\n1,A cat.\n2,Two.\n"),
        ("a.csv", "\ufeffprompt\nA cat.\nTwo.\n"),
        ("a.json", json.dumps(CAPTIONS)),
        ("a.json", json.dumps([{"text": "A cat.", "image": "x"}, {"text": "Two."}])),
        ("a.json", json.dumps({"x.png": {"p": "A cat.", "se": 1}, "y.png": {"p": "Two."}})),
        ("a.jsonl", '{"prompt": "A cat."}\n\n{"prompt": "Two."}\n'),
        ("a.jsonl", b'{"prompt": "A cat."}\r\n{"prompt": "Two."}'),
        ("a.txt", "A cat.\nTwo.\n"),
        ("a.txt", b"A cat.\r\nTwo."),
        ("a.CSV", "prompt\nA cat.\nTwo.\n"),
        ("a.prompts", "A cat.\nTwo.\n"),
        ("prompts", "A cat.\nTwo.\n"),
    ],
)
def test_every_form_gives_its_prompts(tmp_path, name, content):
    assert read_prompts(written(tmp_path, name, content))["text"].tolist() == ["A cat.", "Two."]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.txt"])
def test_only_a_line_feed_ends_a_line(tmp_path, name):
    prompt = "A cat\u2028on a\x0bmat\u0085."
    told = json.dumps({"text": prompt}, ensure_ascii=False)
    content = {"a.csv": f"text\n{prompt}\n", "a.json": f"[{told}]", "a.jsonl": told, "a.txt": prompt}[name]
    assert read_prompts(written(tmp_path, name, content))["text"].tolist() == [json.loads(told)["text"]]


def test_a_row_shorter_than_the_header_and_a_name_that_stands_twice(tmp_path):
    path = written(tmp_path, "a.csv", "prompt,id,prompt\n\nA cat.,1,x\nTwo.\n")
    assert read_prompts(path)["text"].tolist() == ["A cat.", "Two."]


def test_parquet_and_a_column_of_another_name(tmp_path):
    pd.DataFrame({"words": ["A cat.", None], "n": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    assert read_prompts(tmp_path / "a.parquet", "words")["text"].tolist() == ["A cat.", ""]
    with pytest.raises(
        CatbenchError, match=r"unknown column in .* 'word': did you mean 'words'\? known: n, w"
    ):
        read_prompts(tmp_path / "a.parquet", "word")


def test_of_a_parquet_file_only_what_is_needed_is_read(tmp_path, monkeypatch):
    table = pd.DataFrame({"prompt": ["A cat."], NSFW: [0.5], "image": [b"x"]})
    table.to_parquet(tmp_path / "a.parquet")
    read = []

    def note(path, columns):
        read.extend(columns)
        return table[columns]

    monkeypatch.setattr(pd, "read_parquet", note)
    assert read_prompts(tmp_path / "a.parquet", numbers=[NSFW]).shape == (1, 2)
    assert read == ["prompt", NSFW]


def test_a_prompt_may_be_a_word_for_nothing(tmp_path):
    path = written(tmp_path, "a.csv", "prompt\nNone\nNA\n007\n")
    assert read_prompts(path)["text"].tolist() == ["None", "NA", "007"]


def test_of_the_official_archive_the_captions_are_read(tmp_path, quiet):
    with zipfile.ZipFile(tmp_path / "annotations.zip", "w") as archive:
        archive.writestr("annotations/instances_val2014.json", '{"annotations": [{"bbox": 1}]}')
        for name in COCO.members:
            archive.writestr(name, json.dumps(CAPTIONS))
    record, rows = read_source(COCO, [tmp_path / "annotations.zip"], progress=quiet)
    assert rows["text"].tolist() == ["A cat.", "Two."] * 2
    assert (record.licence, record.files[0].rows, len(record.files[0].sha256)) == ("CC BY 4.0", 4, 64)


def test_several_files_are_read_one_after_the_other(tmp_path, quiet):
    paths = [written(tmp_path, f"{name}.txt", name) for name in "ab"]
    record, rows = read_source(COCO, paths, progress=quiet)
    assert rows["text"].tolist() == ["a", "b"]
    assert [file.name for file in record.files] == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "promt,id\nx,1\n", r"no column called prompt, caption, text; it has promt, id: name one"),
        ("a.csv", "", "it is empty"),
        ("a.csv", "prompt\n", "no rows"),
        ("a.csv", b"prompt\ncaf\xe9\n", r"not UTF-8 \(byte 11 is 0xe9\)"),
        ("a.csv", 'prompt\n"x\n', "cannot be read as csv"),
        ("a.json", '{"annotations": [{"caption": "A c', "cannot be read as json"),
        ("a.json", "[1, 2]", "a list of records is needed"),
        ("a.json", '[{"text": 7}]', "row 1: text is 7, not text"),
        ("a.parquet", "PAR1 and no more", "cannot be read as parquet"),
        ("a.zip", b"PK\x03\x04 half", "cannot be read as zip .cut short"),
        ("a.xlsx", b"PK\x03\x04\xff", r"not UTF-8 \(byte 5 is 0xff\)"),
        # pandas alone would take "A cat" for an index, and "on a mat" for the prompt.
        ("a.csv", "prompt\nA cat, on a mat\nTwo, in a park\n", "line 2: 2 fields, and the header has 1: do"),
        ("a.csv", "id,prompt\n1,A cat\n2,Two, dogs, three\n", "line 3: 4 fields, and the header has 2: do"),
        ("a.json", "[" * 200_000, "cannot be read as json"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path, name, content, message):
    with pytest.raises(CatbenchError, match=message) as caught:
        read_prompts(written(tmp_path, name, content))
    assert "\n" not in str(caught.value)


DEFLATED, OFFSET = zipfile.ZIP_DEFLATED, 30 + len("a.txt")
"""Packed bytes begin after the local header, which has 30 bytes and the name."""


def packed(tmp_path, name, content, change):
    """Return a zip archive of one file, with some of its bytes changed: {place: byte}."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", DEFLATED) as archive:
        archive.writestr(name, content)
        directory = archive.fp.tell()
    data = bytearray(path.read_bytes())
    for place, byte in change(directory):
        data[place] = byte
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "content", "change", "message"),
    [
        ("a.txt", "A cat. " * 99, lambda at: [(OFFSET, 0xFF)], "cannot be read as zip .cut short"),
        ("a.txt", "A cat.", lambda at: [(6, 1), (at + 8, 1)], "is encrypted"),
        ("a.txt", "A cat.", lambda at: [(8, 99), (at + 10, 99)], "compression method is not supported"),
        ("a.json", "[" * 200_000, lambda at: [], "cannot be read as zip .cut short"),
        ("a.txt", b"caf\xe9", lambda at: [], r"a.zip: a.txt: not UTF-8 \(byte 4 is 0xe9\)"),
        ("a.csv", "prompt\nA, b\n", lambda at: [], "a.zip: a.csv, line 2: 2 fields"),
        ("a.png", "x", lambda at: [], "a.zip: a.png: of an archive's files CSV"),
    ],
    ids=["damaged", "password", "method", "deep", "encoding", "comma", "picture"],
)
def test_a_broken_archive_is_one_clear_line(tmp_path, name, content, change, message):
    with pytest.raises(CatbenchError, match=message) as caught:
        read_prompts(packed(tmp_path, name, content, change))
    assert "\n" not in str(caught.value)


def test_a_column_that_is_not_there_is_met_with_the_near_ones(tmp_path):
    path = written(tmp_path, "a.csv", "Caption,id\nx,1\n")
    with pytest.raises(CatbenchError, match=r"unknown column in .* 'captoin': did you mean 'Caption'"):
        read_prompts(path, "captoin")


def test_scores_must_be_numbers(tmp_path):
    path = written(tmp_path, "a.csv", f"prompt,{NSFW}\nx,0.5\ny,\n")
    with pytest.raises(CatbenchError, match=f"row 2: {NSFW} is '', not a number"):
        read_prompts(path, numbers=[NSFW])
