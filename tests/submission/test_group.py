"""Control groups: both interfaces of the kernel's, in a folder that stands for it; and the real one."""

from __future__ import annotations

import os
import subprocess

import pytest

from catbench.report.limits import MIB, Limits
from catbench.submit.sandbox import group

LIMITS = Limits(memory_bytes=100 * MIB, scratch_bytes=10 * MIB, threads=77)


def kernel(monkeypatch, tmp_path, own, *folders):
    """Let a folder stand for the kernel's."""
    monkeypatch.setattr(group, "ROOT", tmp_path)
    monkeypatch.setattr(group, "OWN", tmp_path / "own")
    (tmp_path / "own").write_text(own)
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)


def test_version_1_takes_a_folder_a_controller(monkeypatch, tmp_path):
    kernel(monkeypatch, tmp_path, "4:memory:/host\n8:pids:/\n9:cpu,cpuacct:/\n0::/\n", "memory/host", "pids")
    made = group.make_group(LIMITS)
    memory, tasks = made.folders
    assert memory.parent == tmp_path / "memory" / "host"
    assert (memory / "memory.limit_in_bytes").read_text() == str(120 * MIB)
    assert (tasks / "pids.max").read_text() == "77"


def test_version_2_takes_a_folder_beside_its_own(monkeypatch, tmp_path):
    kernel(monkeypatch, tmp_path, "0::/user/shell\n", "user/shell")
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    (tmp_path / "user" / "cgroup.subtree_control").write_text("memory pids")
    made = group.make_group(LIMITS)
    (folder,) = made.folders
    assert folder.parent == tmp_path / "user"
    assert {path.name for path in folder.iterdir()} == {"memory.max", "memory.swap.max", "pids.max"}
    assert not made.ran_out_of_memory()
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n")
    assert made.ran_out_of_memory()


def test_a_group_whose_host_was_killed_is_taken_away(monkeypatch, tmp_path):
    kernel(
        monkeypatch, tmp_path, "4:memory:/\n8:pids:/\n", "memory/catbench-old", "pids/catbench-new", "pids/x"
    )
    for name in ("memory/catbench-old", "pids/x"):
        os.utime(tmp_path / name, (0, 0))
    group.make_group(LIMITS)
    assert not (tmp_path / "memory" / "catbench-old").exists()
    assert (tmp_path / "pids" / "catbench-new").exists()
    assert (tmp_path / "pids" / "x").exists()


@pytest.mark.parametrize("own", ["", "0::/\n", "4:memory:/gone\n8:pids:/gone\n"])
def test_where_there_is_none_there_is_none(monkeypatch, tmp_path, own):
    kernel(monkeypatch, tmp_path, own)
    made = group.make_group(LIMITS)
    assert made.folders == ()
    assert not made.ran_out_of_memory()
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_what_runs_in_a_real_one_is_counted_and_nothing_is_left():
    made = group.make_group(LIMITS)
    if not made.folders:
        pytest.skip("this user may make no control group here")
    waiting = subprocess.Popen(["/bin/sh", "-c", "read go; cat /proc/self/cgroup"], stdin=-1, stdout=-1)
    assert made.add(waiting.pid)
    assert made.members() == {waiting.pid}
    taken_in = waiting.communicate(b"go\n")[0].decode()
    made.remove()
    assert all(folder.name in taken_in for folder in made.folders)
    assert not made.add(1)
    assert not any(folder.exists() for folder in made.folders)
