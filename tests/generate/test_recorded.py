"""A recorded file is whole or does not count."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from catbench.errors import UsageError
from catbench_make.recorded import (
    is_whole,
    read_record,
    record_path,
    remove_drafts,
    remove_folder_drafts,
    write_recorded,
)

CONTENT = bytes(range(256)) * 8


def seal(path: Path) -> None:
    write_recorded(path, {"made_with": {"steps": 4}, "é": [1, 2.5]}, lambda draft: draft.write_bytes(CONTENT))


def counts(path: Path) -> bool:
    record = read_record(path)
    return record is not None and is_whole(path, record)


def test_a_recorded_file_counts_and_gives_its_record_back(tmp_path):
    path = tmp_path / "deeper" / "x.bin"
    seal(path)
    assert counts(path)
    assert read_record(path)["made_with"] == {"steps": 4}
    assert {child.name for child in path.parent.iterdir()} == {"x.bin", "x.json"}


@pytest.mark.parametrize("which", ["file", "record"])
def test_any_cut_and_any_flipped_byte_is_found(tmp_path, which):
    path = tmp_path / "x.bin"
    seal(path)
    victim = path if which == "file" else record_path(path)
    whole = victim.read_bytes()
    dice = random.Random(7)
    for _ in range(200):
        place = dice.randrange(len(whole))
        victim.write_bytes(whole[:place])
        assert not counts(path) or whole[place:].isspace()
        flipped = bytearray(whole)
        flipped[place] ^= 1 << dice.randrange(8)
        victim.write_bytes(flipped)
        assert not counts(path) or read_record(path) == expected(whole, path, which)
    victim.write_bytes(whole)
    assert counts(path)


def expected(whole: bytes, path: Path, which: str) -> object:
    """What a record must still say where a flipped byte did not matter: white space between its fields."""
    assert which == "record"
    record_path(path).write_bytes(whole)
    return read_record(path)


@pytest.mark.parametrize("missing", ["file", "record"])
def test_half_of_a_pair_does_not_count(tmp_path, missing):
    path = tmp_path / "x.bin"
    seal(path)
    (path if missing == "file" else record_path(path)).unlink()
    assert not counts(path)


def test_a_failed_write_leaves_nothing_that_counts(tmp_path):
    path = tmp_path / "x.bin"
    seal(path)

    def fail(draft: Path) -> None:
        draft.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="No space left on device"):
        write_recorded(path, {}, fail)
    assert not counts(path)
    assert not [child for child in tmp_path.iterdir() if child.name.startswith(".")]


def test_drafts_of_a_killed_process_are_removed_and_nothing_else(tmp_path):
    seal(tmp_path / "a" / "000001-abc.parquet")
    (tmp_path / "a" / ".000001-abc-x81_kz0q.parquet").touch()
    (tmp_path / "a" / ".pre-commit-config.yaml").touch()
    remove_drafts(tmp_path)
    left = sorted(path.name for path in tmp_path.rglob("*"))
    assert left == [".pre-commit-config.yaml", "000001-abc.json", "000001-abc.parquet", "a"]


def test_drafts_of_a_folder_are_removed_and_nothing_else(tmp_path):
    for name in ("suite", ".suite-k2_x0a9z", ".suite-notes", ".oh-my-zsh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").touch()
    remove_folder_drafts(tmp_path / "suite")
    assert {path.name for path in tmp_path.iterdir()} == {"suite", ".suite-notes", ".oh-my-zsh"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "shards").touch()
    with pytest.raises(UsageError, match=r"cannot write .*x\.bin: (Not a directory|File exists)"):
        seal(tmp_path / "shards" / "x.bin")
