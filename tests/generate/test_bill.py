"""What the paper's images cost: by hand, and as the page on making a matrix says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catbench.errors import UsageError
from catbench.suite.pool import Cost
from catbench_make.costs.bill import device_hours
from catbench_make.costs.peaks import peak_tflops

PAGE = Path(__file__).parents[2] / "docs" / "make_matrix.md"


def test_hours_are_images_times_tflops_over_a_third_of_the_peak():
    costs = [Cost(candidate=name, unit="tflops", value=value) for name, value in (("a", 281.0), ("b", 4.0))]
    hours = device_hours(18_384, 4, ["a"], "H100", costs)
    # 73,536 x 281 TFLOPs at 989.4 / 3 = 329.8 TFLOP/s are 62,656 s.
    assert hours == pytest.approx(62_656 / 3600, rel=1e-4)
    assert device_hours(18_384, 4, ["a", "b"], "H100", costs) == pytest.approx(hours * 285 / 281)
    assert device_hours(18_384, 4, ["a"], "A100", costs) == pytest.approx(hours * 989.4 / 312)


def test_the_page_tells_the_hours_of_the_papers_two_suites():
    text = PAGE.read_text(encoding="utf-8").replace("\n", " ")
    said = re.search(r"([\d,]+) H100-hours .* ([\d,]+) H100-hours", text)
    hours = [f"{device_hours(prompts):,.0f}" for prompts in (18_384, 97_841)]
    assert said is not None
    assert list(said.groups()) == hours


def test_what_has_no_price_is_refused():
    with pytest.raises(UsageError, match="device 'abacus': its peak is not known; known: A10, "):
        device_hours(1, device="abacus")
    with pytest.raises(UsageError, match="candidate 'dall-e' has no cost"):
        device_hours(1, candidates=["dall-e"])


@pytest.mark.parametrize(
    ("hardware", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989.4),
        ("NVIDIA H100 PCIe", 756.5),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA A10", 125.0),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA GeForce RTX 4090", 165.2),
        ("Intel(R) Xeon(R) Processor @ 2.50GHz", None),
    ],
)
def test_peaks_are_found_by_what_a_device_calls_itself(hardware, peak):
    assert peak_tflops(hardware) == peak
