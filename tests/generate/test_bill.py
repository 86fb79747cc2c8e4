"""What the paper's images cost: by hand, and as the page on making a matrix says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catbench.errors import UsageError
from catbench.suite.pool import Cost
from catbench_make.prompts import paper_suites
from catbench_make.prompts.paper_suites import device_hours

PAGE = Path(__file__).parents[2] / "docs" / "make_matrix.md"


def test_hours_are_images_times_tflops_over_a_third_of_the_peak(monkeypatch):
    costs = [Cost(candidate=name, unit="tflops", value=value) for name, value in (("a", 281.0), ("b", 4.0))]
    monkeypatch.setattr(paper_suites, "shipped_costs", lambda: costs)
    hours = device_hours(18_384, ["a"])
    # 73,536 x 281 TFLOPs at 989.4 / 3 = 329.8 TFLOP/s are 62,656 s.
    assert hours == pytest.approx(62_656 / 3600, rel=1e-4)
    assert device_hours(18_384, ["a", "b"]) == pytest.approx(hours * 285 / 281)


def test_the_page_tells_the_hours_of_the_papers_two_suites():
    text = PAGE.read_text(encoding="utf-8").replace("\n", " ")
    said = re.search(r"([\d,]+) H100-hours .* ([\d,]+) H100-hours", text)
    hours = [f"{device_hours(prompts):,.0f}" for prompts in (18_384, 97_841)]
    assert said is not None
    assert list(said.groups()) == hours


def test_what_has_no_price_is_refused():
    with pytest.raises(UsageError, match="candidate 'dall-e' has no cost"):
        device_hours(1, candidates=["dall-e"])
