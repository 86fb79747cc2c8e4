"""Speed, as ratios within one run wherever there is something to compare with: `make benchmark`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import time
import timeit
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pytest

from catbench import ScoreMatrix, deferral_curve, evaluate
from catbench.route.router_loader import find_router
from catbench.route.routing import run_router
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap, replicate_weights, replicates
from catbench.score.rounds import rounds_of
from catbench.score.scorer import Scorer
from catbench.score.sweep import EstimatorSweep
from catbench.score.truth import Truth
from catbench.suite.pool import Candidate, Pool
from catbench.suite.prompts import group_of, normalise, split_of
from catbench.suite.simulate import Simulation, simulate

SHARED = Path(__file__).parents[3] / "shared" / "data" / "cems"
COCO = SHARED.parent / "coco" / "coco_30k.csv"


def problem(prompts, candidates, seed=0):
    """Return predictions, qualities and costs; half of what is predicted is true."""
    random = np.random.default_rng(seed)
    shared = random.normal(size=(prompts, candidates))
    predicted, quality = (shared + random.normal(size=shared.shape) for _ in range(2))
    return predicted, quality, np.geomspace(1, 100, candidates)


def grid_sweep(predicted, quality, cost, trade_offs):
    """The usual way: a vectorised argmax at each of many trade-offs."""
    rows = np.arange(len(quality))
    points = []
    for trade_off in trade_offs:
        chosen = (predicted - trade_off * cost).argmax(axis=1)
        points.append((cost[chosen].mean(), quality[rows, chosen].mean()))
    return np.array(points)


def peak_kilobytes():
    """Return the most memory that this process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def seconds(function, repeats=5):
    """Return the least of several timings."""
    return min(timeit.repeat(function, number=1, repeat=repeats))


@pytest.fixture(scope="module")
def large():
    return problem(10_000, 20)


@pytest.fixture(scope="module")
def grid_seconds(large):
    trade_offs = np.geomspace(1e-3, 1e2, 1000)
    return seconds(lambda: grid_sweep(*large, trade_offs), repeats=3)


def test_the_exact_curve_against_a_grid_of_1000(benchmark, told, large, grid_seconds):
    benchmark(deferral_curve, *large)
    ratio = grid_seconds / benchmark.stats.stats.min
    told("the exact curve, 10,000 x 20", 1 / ratio, "a grid of 1,000 trade-offs")
    assert ratio >= 30


def test_a_thousand_paired_areas_against_a_grid_of_1000(benchmark, told, large, grid_seconds):
    sweep, cost = EstimatorSweep(*large), large[2]

    def areas():
        weights = replicate_weights(np.arange(10_000), Bootstrap(1000))
        return [sweep.curve(weight).area(cost.min(), cost.max()) for weight in weights]

    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now again
    before = peak_kilobytes()
    benchmark.pedantic(areas, rounds=3)
    taken = peak_kilobytes() - before
    ratio = benchmark.stats.stats.min / grid_seconds
    told("1,000 paired bootstrap areas, 10,000 x 20", ratio, "one curve on a grid of 1,000 trade-offs")
    assert ratio <= 0.8
    assert taken < 500_000


@pytest.mark.parametrize("shape", ["noise", "concave"])
def test_a_hundred_thousand_prompts(benchmark, shape):
    predicted, quality, cost = problem(100_000, 30)
    if shape == "concave":  # every candidate is a vertex of every prompt's hull: the most events there can be
        predicted = np.log(cost) * np.random.default_rng(1).uniform(1, 2, (len(predicted), 1))
    benchmark.pedantic(deferral_curve, (predicted, quality, cost), rounds=3)
    print(f"\n100,000 x 30, {shape}: {benchmark.stats.stats.min:.2f} s")
    assert benchmark.stats.stats.min < 2


def test_time_grows_no_faster_than_n_m_log_n_m(benchmark, told):
    def per_unit(prompts, candidates):
        predicted, quality, cost = problem(prompts, candidates)
        predicted = np.log(cost) * np.random.default_rng(1).uniform(1, 2, (prompts, 1)) + 1e-4 * predicted
        size = prompts * candidates
        return seconds(lambda: deferral_curve(predicted, quality, cost), 3) / (size * np.log(size))

    small = per_unit(10_000, 10)
    grown = {sizes: per_unit(*sizes) / small for sizes in ((10_000, 40), (40_000, 10), (80_000, 20))}
    benchmark.pedantic(lambda: None)
    told("a curve's time over N M log(N M), up to 80,000 x 20", max(grown.values()), "that at 10,000 x 10")
    assert max(grown.values()) < 2.5  # caches, not the algorithm: N M grows 16-fold


LOAD = """
    import json, resource, sys, time
    import numpy, pandas, pyarrow.parquet, pydantic
    import catbench.suite.store
    def peak():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    before, start = peak(), time.perf_counter()
    matrix = catbench.load(sys.argv[1])
    seconds, size = time.perf_counter() - start, sum(s.nbytes for s in matrix.scores.values())
    print(json.dumps([seconds, peak() - before, size]))
"""


def test_a_large_suite_loads_fast_in_little_memory(benchmark, told, tmp_path):
    from catbench import ScoreMatrix
    from catbench.suite.info import Metric
    from catbench.suite.simulate import Simulation, simulate
    from catbench.suite.store import save

    small, _ = simulate(Simulation(prompts=100_000, candidates=20, samples=1))
    random = np.random.default_rng(0)
    names = [f"metric_{number}" for number in range(4)]
    matrix = ScoreMatrix(
        suite=small.suite,
        prompts=small.prompts,
        candidates=small.candidates,
        metrics=tuple(Metric(name=name) for name in names),
        scores={name: random.random((100_000, 20, 4), dtype=np.float32) for name in names},
        costs=small.costs,
    )
    save(matrix, tmp_path / "large")
    taken, peak, size = [], [], 0
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(LOAD), str(tmp_path / "large")],
            capture_output=True,
            text=True,
            check=True,
        )
        one, memory, size = json.loads(done.stdout)
        taken.append(one)
        peak.append(memory * 1024)
    shutil.rmtree(tmp_path / "large")
    benchmark.pedantic(lambda: None)
    print(f"\nload 100,000 x 20 x 4 x 4: {min(taken):.2f} s")
    told("peak memory of loading a suite of 100,000 x 20 x 4 x 4", median(peak) / size, "its arrays")
    assert min(taken) < 4
    assert median(peak) < 2.5 * size


def test_help_appears_at_once(benchmark):
    command = [str(Path(sys.executable).parent / "catbench"), "--help"]
    benchmark.pedantic(lambda: subprocess.run(command, capture_output=True, check=True), rounds=10)
    print(f"\ncatbench --help: {benchmark.stats.stats.min:.3f} s")
    assert benchmark.stats.stats.min < 0.3


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the CEMS files in ../shared/data/cems")
def test_knn_on_cems_as_a_whole_process(benchmark, tmp_path):
    catbench = str(Path(sys.executable).parent / "catbench")
    suite = str(tmp_path / "cems")
    subprocess.run([catbench, "import", "cems", "--from", str(SHARED), "--out", suite], check=True)
    command = [catbench, "evaluate", "knn", "--suite", suite]
    benchmark.pedantic(lambda: subprocess.run(command, capture_output=True, check=True), rounds=3)
    print(f"\ncatbench evaluate knn on CEMS, both metrics: {benchmark.stats.stats.min:.1f} s")
    assert benchmark.stats.stats.min < 15


def real_size(count, group, prompts=3700, candidates=36):
    """Return an answer and the truth about as many prompts and candidates as real suites test.

    `count` samples of each, and groups of `group` rewordings.
    """
    random = np.random.default_rng(0)
    cost, base = np.geomspace(5, 300, candidates), np.linspace(0, 0.3, candidates)
    quality = base + random.normal(0, 0.1, (prompts, candidates)) + random.normal(0, 0.3, (prompts, 1))
    said = [base + random.normal(0, 0.08, (prompts, candidates)) for _ in range(2)]
    nothing = np.zeros(1)
    answer = Answer(said[0], None, nothing, validation=(Answer(said[1], None, nothing),))
    named = tuple(Candidate(id=f"c{m}") for m in range(candidates))
    best = np.full(prompts, candidates - 1)
    kinds = base + random.normal(0, 0.02, (8, candidates))
    samples = quality[:, :, None] + random.normal(0, 0.1, (prompts, candidates, count))
    truth = Truth(
        pool=Pool("all", named, cost, "tflops", "quality"),
        samples=samples,
        groups=(np.arange(prompts) // group).astype(str),
        round=np.zeros(prompts, dtype=np.int64),
        best=best,
        best_single=named[-1].id,
        limit=float(cost[-1]),
        pairs=np.array([(k, k + 1) for k in range(prompts - 1) if (k + 1) % group], np.int64).reshape(-1, 2),
        stages=(0, candidates - 1),
        kind="kind",
        best_of_kind=kinds[random.integers(0, 8, prompts)],
    )
    return answer, truth


@pytest.mark.parametrize(("count", "group"), [(1, 1), (2, 2)])
def test_a_thousand_replicates_of_all_measures_at_real_size(benchmark, count, group):
    answer, truth = real_size(count, group)
    scorer = Scorer(answer, truth, 0.001)
    begun = time.process_time()
    benchmark.pedantic(lambda: replicates(scorer.measures, truth.groups, Bootstrap(1000)), rounds=1)
    spent = time.process_time() - begun
    wall = benchmark.stats.stats.min
    what = f"3,700 x 36 x {count}, groups of {group}"
    print(f"\n1,000 replicates of all measures, {what}: {wall:.1f} s, {spent:.1f} s of CPU")
    if count == 1:  # as real suites are; unseen oracles score every sample once more
        assert wall < 10


@pytest.mark.skipif(not COCO.is_file(), reason="needs the captions in ../shared/data/coco")
def test_a_report_takes_at_most_three_times_its_router(benchmark, told):
    """One metric of 30,000 real captions x 36 candidates, 1,000 replicates, with `ridge`."""
    texts = pd.read_csv(COCO)["prompt"].astype(str).tolist()
    keys = [normalise(text) for text in texts]
    random = np.random.default_rng(0)
    made = simulate(Simulation(prompts=1000, candidates=36, samples=1))[0]
    long = np.array([len(text) for text in texts])[:, None] / 60
    scores = random.normal(0.3 * long * np.linspace(0, 1, 36), 0.3)[:, :, None]
    ids = [f"c-{row:05d}" for row in range(len(texts))]
    matrix = ScoreMatrix(
        suite=made.suite,
        prompts=pd.DataFrame(
            {
                "prompt_id": ids,
                "text": texts,
                "source": "coco",
                "group": list(map(group_of, keys)),
                "split": list(map(split_of, keys)),
            }
        ),
        candidates=made.candidates,
        metrics=made.metrics[:1],
        scores={made.metrics[0].name: scores},
        costs=made.costs,
    )
    one, pool = rounds_of(matrix).each[0], matrix.pool(metric=made.metrics[0].name)
    parts = one.train.labelled(pool), one.validation.labelled(pool), one.test.texts()
    alone = seconds(lambda: run_router(find_router("ridge"), pool, *parts), 1)
    benchmark.pedantic(lambda: evaluate("ridge", matrix), rounds=1)
    ratio = benchmark.stats.stats.min / alone
    told("a report of ridge, 30,000 captions x 36, 1,000 replicates", ratio, "fitting and asking it")
    assert ratio < 3
