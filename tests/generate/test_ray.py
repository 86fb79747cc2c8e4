"""Workers on a local Ray cluster: the scores of one process, also where a worker is killed on the way."""

from __future__ import annotations

import os
import signal

import numpy as np
import psutil
import pytest

from catbench.errors import MissingExtraError, UsageError
from catbench.generate.engines.ray import RayEngine
from catbench.store import verify


def needs_ray():
    pytest.importorskip("ray", reason="the ray extra is not installed")


OF_RAY = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""Ray leaves sockets and processes to the end of the interpreter."""


@OF_RAY
def test_a_worker_makes_the_scores_of_this_process(suite, tmp_path, run):
    needs_ray()
    some = {"candidates": ["tiny-2"], "limit": 3}
    folder = suite()
    here = verify(run(folder, tmp_path / "local", **some).suite)
    with RayEngine(workers=1) as engine:
        outcome = run(folder, tmp_path / "ray", engine=engine, **some)
    there = verify(outcome.suite).scores["sharpness"]
    np.testing.assert_allclose(there, here.scores["sharpness"], rtol=0, atol=1e-5)


@pytest.mark.slow
@OF_RAY
def test_two_workers_one_of_them_killed_make_the_scores_of_one_process(suite, tmp_path, run, content):
    needs_ray()
    folder, killed, seen = suite(), [], []
    here = verify(run(folder, tmp_path / "local").suite)

    def kill_a_worker(progress):
        seen.append(progress)
        if progress.done and not killed:
            workers = [
                process
                for process in psutil.Process().children(recursive=True)
                if "ray::_Member" in " ".join(process.cmdline())
            ]
            killed.append(workers[0].pid)
            os.kill(workers[0].pid, signal.SIGKILL)

    with RayEngine(workers=2) as engine:
        outcome = run(folder, tmp_path / "ray", engine=engine, on_progress=kill_a_worker)
    assert killed
    assert [progress.shards for progress in seen] == list(range(7))
    there = verify(outcome.suite)
    np.testing.assert_allclose(there.scores["sharpness"], here.scores["sharpness"], rtol=0, atol=1e-5)
    assert content(tmp_path / "ray").keys() == content(tmp_path / "local").keys()
    # What workers made is what a process on the same hardware goes on from.
    assert run(folder, tmp_path / "ray").images == 0


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"--address 127\.0\.0\.1:1: nothing answers there: .*ray start --head"),
        ("head", "--address head: give HOST:PORT"),
        ("ray://head:10001", "Ray's client is not supported"),
    ],
)
def test_an_address_where_no_cluster_is_is_refused(address, message):
    with pytest.raises(UsageError, match=message):
        RayEngine(address)


def test_no_workers_are_refused():
    with pytest.raises(UsageError, match="--workers 0: at least 1"):
        RayEngine(workers=0)


class Cluster:
    """What RayEngine asks of Ray before it starts a worker."""

    def __init__(self, **resources):
        self.cluster_resources = lambda: resources


@pytest.mark.parametrize(
    ("resources", "device", "message"),
    [
        ({"CPU": 8.0}, "cuda", "--device cuda: the Ray cluster has no GPU"),
        (
            {"CPU": 8.0, "GPU": 4.0},
            "cpu",
            "the cluster has 4 GPUs and none were asked for: give --device cuda",
        ),
        ({"CPU": 8.0, "GPU": 4.0}, "cuda:1", "Ray hands the GPUs out, give --device cuda"),
    ],
)
def test_a_cluster_that_has_not_what_is_asked_for_is_refused(resources, device, message):
    engine = RayEngine()
    engine._ray = Cluster(**resources)
    with pytest.raises(UsageError, match=message):
        engine.hardware(device)


def test_a_folder_that_a_worker_cannot_see_is_refused(tmp_path):
    from catbench.generate.engines.ray import _check_here, _Sign
    from catbench.generate.job import Job, hardware_name
    from catbench.generate.packages import versions

    sign = _Sign(tmp_path / "sign", "token", versions())
    job = Job(tmp_path, (), "cpu", 1, hardware=hardware_name("cpu"))
    with pytest.raises(UsageError, match=r"--out .*: a worker on .* does not see this folder"):
        _check_here(job, sign)
    sign.path.write_text("of another")
    with pytest.raises(UsageError, match="does not see this folder"):
        _check_here(job, sign)
    sign.path.write_text("token")
    _check_here(job, sign)
    with pytest.raises(UsageError, match=r"suite .*: a worker on .* does not see this folder"):
        _check_here(Job(tmp_path, (), "cpu", 1, root=tmp_path / "no", hardware=hardware_name("cpu")), sign)
    with pytest.raises(UsageError, match=r"the cluster's workers differ: .*, another on another"):
        _check_here(Job(tmp_path, (), "cpu", 1, hardware="another"), sign)
    with pytest.raises(UsageError, match=r"torch is .* on .* and 0\.1 here"):
        _check_here(job, sign._replace(packages={"torch": "0.1"}))


def test_without_ray_the_install_line_is_given(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"--engine ray .*catbench\[ray\]"), RayEngine():
        pass


def test_options_of_ray_without_ray_are_refused(suite, tmp_path, command):
    outcome = command("generate", suite(), "--out", tmp_path / "run", "--workers", 2)
    assert (outcome.code, outcome.err) == (2, "catbench: --workers 2 goes with --engine ray\n")
