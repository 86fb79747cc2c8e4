"""What the inside sees: the environment, never a suite, a checkout or a home."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from catbench.errors import UsageError
from catbench.submit.sandbox import launch, layout


def masks(mounts):
    return {mount.target for mount in mounts if mount.source is None and not mount.link}


def test_suites_and_data_are_masked_wherever_they_show(tmp_path, monkeypatch):
    environment = tmp_path / "env"
    suite = environment / "share" / "suite"
    suite.mkdir(parents=True)
    (tmp_path / "link").symlink_to(environment)
    monkeypatch.setattr(sys, "prefix", str(environment))
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path / "link"))
    mounts = layout.seen_from_inside(tmp_path / "submission", None, [suite])
    assert {suite, tmp_path / "link" / "share" / "suite"} <= masks(mounts)
    assert any(place.name == "data" and place.parent.name == "catbench" for place in masks(mounts))


def test_outer_folders_come_before_what_lies_in_them(tmp_path):
    mounts = layout.seen_from_inside(tmp_path, tmp_path)
    targets = [mount.target for mount in mounts]
    for number, target in enumerate(targets):
        assert not any(target in later.parents for later in targets[:number] if later != target)
    assert len(set(targets)) == len(targets)


def test_no_home_and_no_root_is_ever_shown(tmp_path):
    shown = {mount.source for mount in layout.seen_from_inside(tmp_path, None) if mount.source}
    assert not shown & {Path("/"), Path.home(), Path("/etc"), Path("/tmp"), Path("/var"), Path.cwd()}


def test_without_bubblewrap_a_submission_is_refused_and_the_message_names_the_ways_out(monkeypatch):
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    launch._bubblewrap_problem.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"not installed.*--sandbox process.*--sandbox none"):
            launch.check_available("bwrap")
        launch.check_available("process")
        launch.check_available("none")
    finally:
        launch._bubblewrap_problem.cache_clear()
