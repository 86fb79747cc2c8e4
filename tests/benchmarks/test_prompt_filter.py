"""The diversity filter at the paper's size, against one pass of the same similarities and in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from catbench_make.prompts.diversity import DiversityFilter
from catbench_make.prompts.similarity import COLUMNS, ROWS, unit_vectors

PROMPTS = int(os.environ.get("CATBENCH_FILTER_PROMPTS", "100000"))
DIMENSIONS = 512


def embeddings(count):
    """Vectors of which the filter keeps all: then it has the most to do, the whole upper triangle."""
    random = np.random.default_rng(0)
    parts = [
        random.normal(size=(min(10_000, count - start), DIMENSIONS)) for start in range(0, count, 10_000)
    ]
    return np.concatenate([unit_vectors(part) for part in parts])


def one_pass(vectors):
    """The similarities of the upper triangle, block by block, into one buffer."""
    buffer = np.empty(ROWS * COLUMNS, dtype=np.float32)
    for top in range(0, len(vectors), ROWS):
        rows = vectors[top : top + ROWS]
        for left in range(0, top + len(rows), COLUMNS):
            columns = vectors[left : min(left + COLUMNS, top + len(rows))]
            np.matmul(
                rows, columns.T, out=buffer[: len(rows) * len(columns)].reshape(len(rows), len(columns))
            )


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
def test_the_filter_against_one_pass_of_its_similarities(benchmark, told):
    vectors = embeddings(PROMPTS)
    kept = []
    # One after the other, twice: a machine that is shared changes its pace.
    filtering, multiplying = [], []
    for _ in range(2):
        filtering.append(seconds(lambda: kept.append(DiversityFilter(0.75).add(vectors).sum())))
        multiplying.append(seconds(lambda: one_pass(vectors)))
    ratio = min(filtering) / min(multiplying)
    print(f"\n{PROMPTS:,} x {DIMENSIONS}: filter {min(filtering):.1f} s, one pass {min(multiplying):.1f} s")
    benchmark.pedantic(lambda: None)
    told(f"the diversity filter, {PROMPTS:,} x {DIMENSIONS}", ratio, "one pass of its similarities")
    assert kept == [PROMPTS, PROMPTS]
    assert ratio < 1.6


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_the_filter_stays_under_two_gigabytes():
    code = textwrap.dedent(
        f"""
        import re, numpy as np
        from pathlib import Path
        from catbench_make.prompts.diversity import DiversityFilter
        random = np.random.default_rng(0)
        vectors = random.standard_normal(({PROMPTS}, {DIMENSIONS}), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        kept = DiversityFilter(0.75).add(vectors).sum()
        # Not ru_maxrss, which a process takes over from the one that started it.
        print(kept, *re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()))
        """
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kept, peak = map(int, found.stdout.split())
    print(f"\npeak memory of {PROMPTS:,} x {DIMENSIONS}: {peak / 1e6:.2f} GB")
    assert kept == PROMPTS
    assert peak * 1024 < 2e9
