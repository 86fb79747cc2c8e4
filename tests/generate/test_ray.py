"""Workers on a local Ray cluster: the scores of one process, also where a worker is killed on the way."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from catbench.errors import GenerationError, MissingExtraError, UsageError, first_line
from catbench.suite.info import Metric
from catbench.suite.store import load_suite, verify
from catbench_make.drawing import worker
from catbench_make.drawing.engines import ShardDone
from catbench_make.drawing.engines import ray as engine_module
from catbench_make.drawing.engines.ray import RayEngine, share, tasks_of, wait_to_see
from catbench_make.drawing.engines.ray_node import (
    DeviceFaultError,
    check_here,
    make_there,
    packages,
    sendable,
)
from catbench_make.plan.job import Job, hardware_name
from catbench_make.plan.shard_plan import cut
from catbench_make.recorded import write_recorded


def needs_ray():
    pytest.importorskip("ray", reason="the ray extra is not installed")


OF_RAY = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""Ray leaves sockets and processes to the end of the interpreter."""


@pytest.fixture
def scored_twice(suite, clip):
    """A suite that is scored without a model and by one."""
    return suite(metrics=(Metric(name="sharpness"), Metric(name="clip_score", model=f"transformers:{clip}")))


def assert_same_scores(there, here):
    assert set(here.scores) == {"sharpness", "clip_score"}
    for name, scores in here.scores.items():
        np.testing.assert_allclose(there.scores[name], scores, rtol=0, atol=1e-5)


@OF_RAY
def test_a_worker_makes_the_scores_of_this_process(scored_twice, tmp_path, run):
    needs_ray()
    some = {"candidates": ["tiny-2"], "limit": 3}
    folder = scored_twice
    here = verify(run(folder, tmp_path / "local", **some).suite)
    with RayEngine(workers=1) as engine:
        outcome = run(folder, tmp_path / "ray", engine=engine, **some)
    assert_same_scores(verify(outcome.suite), here)


@pytest.mark.slow
@OF_RAY
def test_two_workers_one_of_them_killed_make_the_scores_of_one_process(scored_twice, tmp_path, run, content):
    needs_ray()
    folder, killed, seen = scored_twice, [], []
    here = verify(run(folder, tmp_path / "local").suite)

    def kill_a_worker_at_work(progress):
        seen.append(progress)
        if progress.done and not killed:
            children = psutil.Process().children(recursive=True)
            killed.extend(child for child in children if child.cmdline()[:1] == ["ray::make_there"])
            killed[0].kill()

    with RayEngine(workers=2) as engine:
        outcome = run(folder, tmp_path / "ray", engine=engine, on_progress=kill_a_worker_at_work)
    assert killed
    assert [progress.shards for progress in seen] == list(range(7))
    assert len({progress.done.shard.name for progress in seen if progress.done}) == 6
    assert_same_scores(verify(outcome.suite), here)
    assert content(tmp_path / "ray").keys() == content(tmp_path / "local").keys()
    # What workers made is what a process on the same hardware goes on from.
    assert run(folder, tmp_path / "ray").images == 0


@pytest.fixture
def two_nodes():
    """A cluster of two nodes with a processor each, that runs already and goes on after."""
    needs_ray()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
@OF_RAY
def test_a_cluster_that_runs_is_joined_and_left_also_where_it_loses_a_node(
    scored_twice, tmp_path, run, two_nodes
):
    folder, lost = scored_twice, []
    here = verify(run(folder, tmp_path / "local").suite)

    def lose_a_node(progress):
        if progress.done and not lost:
            other = next(iter(two_nodes.worker_nodes))
            two_nodes.remove_node(other, allow_graceful=False)
            lost.append(other)

    with RayEngine(two_nodes.address) as engine:
        outcome = run(folder, tmp_path / "ray", engine=engine, on_progress=lose_a_node)
    assert lost
    assert_same_scores(verify(outcome.suite), here)
    with RayEngine(two_nodes.address) as engine:  # it still runs, and serves the next run
        assert engine.hardware("cpu") == hardware_name("cpu")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"--address 127\.0\.0\.1:1: nothing answers there: .*ray start --head"),
        ("head", "--address head: give HOST:PORT"),
        ("ray://head:10001", "Ray's client is not supported"),
    ],
)
def test_an_address_where_no_cluster_is_is_refused(address, message):
    with pytest.raises(UsageError, match=message), RayEngine(address):
        pass


def test_a_run_is_planned_without_the_cluster(suite, tmp_path, command, drawn_by):
    known = drawn_by(tmp_path, 20, name="sdxl-20")
    words = ("--engine", "ray", "--address", "127.0.0.1:1", "--dry-run")
    outcome = command("generate", suite((known,)), "--out", tmp_path / "run", *words)
    assert outcome.code == 0
    assert outcome.out.startswith("shards ")


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
    sign, needed = tmp_path / "sign", packages()
    job = Job(tmp_path, (), "cpu", 1, hardware=hardware_name("cpu"))
    with pytest.raises(UsageError, match=r"--out .*: a worker on .* does not see this folder"):
        check_here(job, sign, needed)
    sign.touch()
    check_here(job, sign, needed)
    with pytest.raises(UsageError, match=r"suite .*: a worker on .* does not see this folder"):
        check_here(replace(job, root=tmp_path / "no"), sign, needed)
    with pytest.raises(UsageError, match=r"the cluster's workers differ: .*, another on another"):
        check_here(replace(job, hardware="another"), sign, needed)
    with pytest.raises(UsageError, match=r"torch is .* on .* and 0\.1 here"):
        check_here(job, sign, {"torch": "0.1"})
    with pytest.raises(UsageError, match=r"catbench is .*, code .* on .* and 0\.1\.0, code 12345678 here"):
        check_here(job, sign, {"catbench": "0.1.0, code 12345678"})


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_every_shard_is_in_one_task_and_a_task_has_one_model(suite, sdxl, amused, drawn_by, workers):
    candidates = (drawn_by(sdxl, 2), drawn_by(sdxl, 3), drawn_by(amused, 2, "masked", largest_batch=1))
    shards = cut(load_suite(suite(candidates)), 1)
    tasks = tasks_of(shards, workers)
    assert [shard for task in tasks for shard in task] == list(shards)
    assert all(len({shard.settings.model_key for shard in task}) == 1 for task in tasks)
    assert max(map(len, tasks)) <= max(1, 12 // workers)  # nobody is idle


class PlayedRay:
    """Ray whose tasks answer, or raise, what is next in the list of each."""

    def __init__(self, *tasks):
        self.tasks = [iter(task) for task in tasks]
        self.options = {}
        self.cancelled = []

    def cluster_resources(self):
        return {"CPU": 2.0}

    def remote(self, **options):
        self.options = options
        return lambda function: SimpleNamespace(remote=lambda *arguments: self.tasks.pop(0))

    def wait(self, tasks, num_returns, timeout):
        return tasks[:1], tasks[1:]

    def get(self, answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self, task, force):
        self.cancelled.append(task)


def made_by(ray, tmp_path, shards):
    engine = RayEngine()
    engine._ray = ray
    return list(engine.run(Job(tmp_path, (), "cpu", 1, hardware="here"), shards))


def raised_by_a_worker(cause):
    from ray.exceptions import RayTaskError

    return RayTaskError("make_there", "traceback", cause)


def losses():
    pytest.importorskip("ray", reason="the ray extra is not installed")
    from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

    fault = DeviceFaultError("CUDA error: an illegal memory access was encountered")
    return [OutOfMemoryError("full"), NodeDiedError("gone"), WorkerCrashedError(), raised_by_a_worker(fault)]


@pytest.mark.parametrize("loss", range(4))
def test_a_shard_that_loses_every_worker_is_an_error_that_names_it(suite, tmp_path, loss):
    error = losses()[loss]
    shards = cut(load_suite(suite()), 2)
    problem = ShardDone(shards[0], problem="NaN")
    ray = PlayedRay([problem, error], [problem], [problem], [problem])
    said = first_line(getattr(error, "cause", None) or error)
    with pytest.raises(
        GenerationError, match=f"3 workers were lost over it .*, the last so: {re.escape(said)}"
    ) as caught:
        made_by(ray, tmp_path, shards)
    assert str(caught.value).startswith(f"shard {shards[1].name}: ")
    assert ray.options["max_retries"] == 2
    assert ray.options["retry_exceptions"] == [DeviceFaultError]
    assert len(ray.cancelled) == 2
    assert not list((tmp_path / "shards").iterdir())  # the sign is taken down


def test_what_a_worker_raises_of_its_own_accord_is_raised(suite, tmp_path):
    needs_ray()
    from ray.exceptions import RayTaskError

    shards = cut(load_suite(suite()), 6)
    with pytest.raises(RayTaskError, match="traceback"):
        made_by(PlayedRay([raised_by_a_worker(RuntimeError("sizes differ"))], []), tmp_path, shards)
    with pytest.raises(UsageError, match="the workers differ"):
        made_by(PlayedRay([raised_by_a_worker(UsageError("the workers differ"))], []), tmp_path, shards)


def test_a_worker_is_told_where_models_lie_and_where_paths_begin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    where = {"CATBENCH_HOME": "/heads", "HF_HOME": "/models", "HF_HUB_CACHE": "/models/there"}
    for name in ("CATBENCH_INFINITY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    assert share("cpu")["runtime_env"] == {"env_vars": where}
    monkeypatch.chdir("/")
    with pytest.raises(UsageError, match="does not see this folder"):
        next(make_there(Job(tmp_path, (), "cpu", 1), [], tmp_path / "sign", {}, tmp_path))
    assert Path.cwd() == tmp_path


def test_a_gpu_is_given_to_a_process_of_its_own_for_every_task():
    assert (share("cuda")["num_gpus"], share("cuda")["max_calls"]) == (1, 1)
    assert (share("cpu")["num_gpus"], share("cpu")["max_calls"]) == (0, 0)


def test_a_task_that_is_started_again_goes_on_from_what_is_there(suite, tmp_path, run, monkeypatch):
    folder, out = suite(), tmp_path / "run"
    run(folder, out, candidates=["tiny-2"])
    whole = load_suite(folder)
    shards = cut(whole, 2)
    job = Job(out, whole.metrics, "cpu", 8, root=whole.root, hardware=hardware_name("cpu"))
    (tmp_path / "sign").touch()
    draw, drawn = worker.draw, []
    monkeypatch.setattr(worker, "draw", lambda *args, **named: drawn.append(1) or draw(*args, **named))
    made = list(make_there(job, shards, tmp_path / "sign", {}, Path.cwd()))
    assert [one.shard for one in made] == list(shards)
    assert len(drawn) == 3


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.AcceleratorError("CUDA error: unspecified launch failure"), DeviceFaultError),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), DeviceFaultError),
        (torch.AcceleratorError("CUDA error: out of memory"), torch.AcceleratorError),
        (RuntimeError("sizes differ"), RuntimeError),
        (GenerationError("no"), GenerationError),
    ],
)
def test_a_devices_fault_is_told_apart_also_where_a_metric_met_it(error, kind):
    with pytest.raises(kind) as caught, sendable():
        raise error
    assert type(caught.value) is kind
    expected = kind if kind is DeviceFaultError else GenerationError
    with pytest.raises(expected) as caught, sendable():
        raise GenerationError("metric 'm' fails") from error
    assert type(caught.value) is expected


def test_a_shard_that_is_seen_late_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "tiny-2" / "000000.parquet"
    threading.Timer(0.2, write_recorded, (path, {}, lambda draft: draft.write_text("x"))).start()
    wait_to_see(path)
    assert path.read_text() == "x"
    monkeypatch.setattr(engine_module, "SECONDS_TO_BE_SEEN", 0.1)
    with pytest.raises(GenerationError, match=r"other\.parquet: a worker has written it and it is not"):
        wait_to_see(path.with_name("other.parquet"))


def test_without_ray_the_install_line_is_given(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"--engine ray .*'.\[ray\]"), RayEngine():
        pass


def test_options_of_ray_without_ray_are_refused(suite, tmp_path, command):
    outcome = command("generate", suite(), "--out", tmp_path / "run", "--workers", 2)
    assert (outcome.code, outcome.err) == (2, "catbench: --workers 2 goes with --engine ray\n")
