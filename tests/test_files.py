"""Files and folders appear whole or not at all, and nothing precious is replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from catbench import CatbenchError
from catbench.files import atomic_file, atomic_folder, check_writable, sha256_of


def test_digest_of_the_standard(tmp_path):
    # FIPS 180-2, appendix B.1.
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_drafts_keep_the_ending_so_that_writers_know_the_format(tmp_path):
    with atomic_file(tmp_path / "a.parquet") as draft:
        assert draft.suffix == ".parquet"
        draft.touch()


def test_what_is_written_can_be_read_by_others(tmp_path):
    old = os.umask(0o022)
    try:
        with atomic_file(tmp_path / "a") as draft:
            draft.touch()
        with atomic_folder(tmp_path / "b"):
            pass
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o755


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    full = OSError(28, "No space left on device")
    for writer in (atomic_file, atomic_folder):
        with (
            pytest.raises(CatbenchError, match=r"cannot write .*out: No space left"),
            writer(tmp_path / "out"),
        ):
            raise full
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_replacement_keeps_the_old_folder(tmp_path):
    with atomic_folder(tmp_path / "out") as draft:
        (draft / "old").touch()
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "out", force=True):
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_is_left_alone(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    for force in (False, True):
        with (
            pytest.raises(CatbenchError, match="it is a link"),
            atomic_folder(tmp_path / "link", force=force) as draft,
        ):
            (draft / "new").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]
    assert (tmp_path / "link").is_symlink()


def test_an_empty_folder_is_filled_without_force(tmp_path):
    (tmp_path / "out").mkdir()
    with atomic_folder(tmp_path / "out") as draft:
        (draft / "new").touch()
    assert (tmp_path / "out" / "new").exists()


@pytest.fixture
def disk(monkeypatch):
    """What is synced and what gets which name, in order, as (what, name, inode)."""
    done = []
    fsync, rename = os.fsync, Path.replace

    def synced(handle):
        fsync(handle)
        done.append(("sync", "", os.fstat(handle).st_ino))

    def renamed(path, target):
        done.append(("rename", Path(target).name, path.stat().st_ino))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return done


def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(tmp_path, disk):
    with atomic_file(tmp_path / "a") as draft:
        draft.write_text("whole")
        file = draft.stat().st_ino
    assert disk == [("sync", "", file), ("rename", "a", file), ("sync", "", tmp_path.stat().st_ino)]


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(tmp_path, disk, there):
    if there:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "old").touch()
    with atomic_folder(tmp_path / "a", force=True) as draft:
        (draft / "below").mkdir()
        (draft / "below" / "file").write_text("whole")
        inside = {path.stat().st_ino for path in (draft, draft / "below", draft / "below" / "file")}
        folder = draft.stat().st_ino
    named = disk.index(("rename", "a", folder))
    assert inside <= {node for what, _, node in disk[:named] if what == "sync"}
    assert disk[named + 1 :] == [("sync", "", tmp_path.stat().st_ino)]


def test_a_disk_that_fails_to_sync_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")

    def fails(handle):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(CatbenchError, match=r"cannot write .*a: Input/output"), atomic_file(tmp_path / "a"):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_file_system_that_syncs_no_folder_will_do(tmp_path, monkeypatch):
    fsync = os.fsync

    def files_only(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    with atomic_folder(tmp_path / "a") as draft:
        (draft / "file").touch()
    assert (tmp_path / "a" / "file").exists()


def test_the_current_and_the_home_folder_are_never_replaced(tmp_path, monkeypatch):
    for folder in (tmp_path / "here" / "below", tmp_path / "home"):
        folder.mkdir(parents=True)
        (folder / "thesis.tex").touch()
    monkeypatch.chdir(tmp_path / "here" / "below")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for target in (Path("."), Path(".."), tmp_path / "here", tmp_path / "home", tmp_path):
        with pytest.raises(CatbenchError, match="cannot replace"), atomic_folder(target, force=True):
            pass
    assert (tmp_path / "here" / "below" / "thesis.tex").exists()


def test_asking_whether_a_file_can_be_written_writes_nothing(tmp_path):
    (tmp_path / "there").write_text("kept")
    for name in ("there", "new"):
        check_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_text() == "kept"


@pytest.mark.parametrize(("target", "says"), [(".", "it is a folder"), ("no/file", "there is no folder no")])
def test_a_file_that_cannot_be_written_is_told_before_any_work(tmp_path, monkeypatch, target, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatbenchError, match=says):
        check_writable(Path(target))
    with pytest.raises(CatbenchError, match=says), atomic_file(Path(target)):
        pytest.fail("the work has begun")
