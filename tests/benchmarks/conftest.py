"""What benchmarks leave: ratios to bare computation, stored with their run, without a host's name."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def told(benchmark):
    """Keep, and print, that something took or needed so many times what something barer does."""

    def keep(what, ratio, of):
        benchmark.extra_info.update({"what": what, "ratio": float(f"{ratio:.3g}"), "of": of})
        print(f"\n{what}: {ratio:.3g} of {of}")

    return keep


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info):
    """Leave the machine's kind, and take its name away."""
    for key in ("node", "release"):
        machine_info.pop(key, None)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_generate_commit_info():
    """Say how busy the machine was, and nothing of branches and folders."""
    return {"load": round(os.getloadavg()[0], 1)}
