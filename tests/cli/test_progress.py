"""Long work says how far it is where nobody sees a bar: one line at its start, and few after it."""

from __future__ import annotations

import time

import pytest

from catbench.cli import progress


@pytest.fixture
def quick(monkeypatch):
    """Seconds become hundredths, and stderr is a pipe (pytest's)."""
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setattr(progress, "SILENCE", 0.3)


def test_a_long_fit_in_a_pipe_says_what_it_does_and_how_far_it_is(quick, capsys):
    with progress.progress_bar() as show:
        show("ridge: fitting", 0, 1)
        time.sleep(0.2)
        assert capsys.readouterr().err == "ridge: fitting\n"
        for done in range(1000):  # as many steps as there may be
            show("ridge: fitting", done, 1000)
        time.sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith("ridge: fitting, 999 of 1,000, after") for line in lines)
    assert len(lines) <= 2


def test_short_work_says_nothing(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 60.0)
    with progress.progress_bar() as show:
        show("ridge: fitting", 0, 1)
    assert capsys.readouterr().err == ""


def test_steps_of_minutes_have_a_line_each(quick, capsys):
    with progress.progress_bar(each_step=True) as show:
        for what in ("Table 1", "Table 1", "Table 2"):
            show(what, 0, 2)
    assert capsys.readouterr().err == "Table 1\nTable 2\n"
