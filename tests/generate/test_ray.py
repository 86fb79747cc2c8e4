"""Workers on a local Ray cluster: the scores of one process, also where a worker is killed on the way."""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from catbench.errors import GenerationError, MissingExtraError, UsageError
from catbench.suite.info import Metric
from catbench.suite.store import verify
from catbench_make.drawing.engines import cluster
from catbench_make.drawing.engines import ray as engine_module
from catbench_make.drawing.engines.cluster import wait_to_see
from catbench_make.drawing.engines.crew import ShardAnswer
from catbench_make.drawing.engines.ray import RayEngine
from catbench_make.plan.job import Job, hardware_name
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
def test_two_workers_one_of_them_killed_make_the_scores_of_one_process(
    scored_twice, tmp_path, run, content, monkeypatch
):
    needs_ray()
    import ray

    folder, given, lost, seen = scored_twice, [], {}, []
    here = verify(run(folder, tmp_path / "local").suite)
    give = engine_module._RayCrew.give

    def noted(crew, worker, shard):
        if shard is not None:
            given.append((shard.name, worker, crew._actors[worker]))
        give(crew, worker, shard)

    monkeypatch.setattr(engine_module._RayCrew, "give", noted)

    def kill_the_worker_that_answered(progress):
        seen.append(progress)
        if progress.done and not lost:
            done = progress.done.shard.name
            worker, actor = next((worker, actor) for name, worker, actor in given if name == done)
            lost[worker] = done
            process = psutil.Process(ray.get(actor.__ray_call__.remote(lambda member: os.getpid())))
            assert process in psutil.Process().children(recursive=True)
            process.kill()

    with RayEngine(workers=2) as engine:
        outcome = run(folder, tmp_path / "ray", engine=engine, on_progress=kill_the_worker_that_answered)
    ((worker, done),) = lost.items()
    # One more may have been given to it before it was found dead.
    held = {name for name, other, _ in given if other == worker} - {done}
    assert held
    times = Counter(name for name, *_ in given)
    assert {name for name, count in times.items() if count > 1} == held
    assert held <= {name for name, other, _ in given if other != worker}
    assert len(times) == 6
    assert [progress.shards for progress in seen] == list(range(7))
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
    from catbench_make.drawing.engines.ray import _check_here, _Sign
    from catbench_make.packages import own_version, versions

    sign = _Sign(tmp_path / "sign", "token", {**versions(), "catbench": own_version()})
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
    with pytest.raises(UsageError, match=r"catbench is .*, code .* on .* and 0\.1\.0, code 12345678 here"):
        _check_here(job, sign._replace(packages={"catbench": "0.1.0, code 12345678"}))


class PlayedRay:
    """Ray with workers whose calls answer, or raise, what is next in the list of each."""

    def __init__(self, *lives):
        self.lives = [list(life) for life in lives]
        self.options = []
        self.started = []
        self.killed = []

    def remote(self, kind):
        return SimpleNamespace(options=self._options)

    def _options(self, **options):
        self.options.append(options)
        return SimpleNamespace(remote=self._start)

    def _start(self, folder):
        life = self.lives[len(self.started)]
        method = SimpleNamespace(remote=lambda *arguments: Call(life.pop(0)))
        self.started.append(folder)
        return SimpleNamespace(join=method, feed=method, number=len(self.started) - 1)

    def wait(self, calls, num_returns, timeout):
        return calls[:1], calls[1:]

    def get(self, call):
        if isinstance(call.outcome, Exception):
            raise call.outcome
        return call.outcome

    def kill(self, actor):
        self.killed.append(actor.number)


@dataclass(eq=False)
class Call:
    outcome: object


def crew_of(ray, tmp_path, count):
    crew = engine_module._RayCrew(ray, Job(tmp_path, (), "cpu", 1))
    crew.start(count)
    return crew


def raised_by_a_worker(cause):
    from ray.exceptions import RayTaskError

    return RayTaskError("feed", "traceback", cause)


def losses():
    pytest.importorskip("ray", reason="the ray extra is not installed")
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError

    fault = engine_module.DeviceFaultError("CUDA error: an illegal memory access was encountered")
    return [OutOfMemoryError("full"), NodeDiedError("gone"), RayActorError(), raised_by_a_worker(fault)]


@pytest.mark.parametrize("loss", range(4))
def test_whatever_takes_a_worker_has_it_replaced(tmp_path, loss):
    error = losses()[loss]
    ray = PlayedRay([None, error], [None])
    crew = crew_of(ray, tmp_path, 1)
    assert not crew.next_answer().lost
    crew.give(0, None)
    answer = crew.next_answer()
    assert answer.worker == 0
    assert answer.lost in str(error)
    assert answer.lost
    assert ray.killed == [0]
    crew.replace()
    assert crew.next_answer() == ShardAnswer(1)


def test_what_a_worker_raises_of_its_own_accord_is_raised(tmp_path):
    needs_ray()
    from ray.exceptions import RayTaskError

    crew = crew_of(PlayedRay([None, raised_by_a_worker(RuntimeError("sizes differ"))]), tmp_path, 1)
    crew.next_answer()
    crew.give(0, None)
    with pytest.raises(RayTaskError, match="traceback"):
        crew.next_answer()


def test_replacements_that_never_come_up_do_not_end_a_run_in_which_others_live(tmp_path):
    error = losses()[0]
    ray = PlayedRay([None, error], [error], [error], [error], [error])
    crew = crew_of(ray, tmp_path, 1)
    crew.next_answer()
    for number in range(1, 1 + engine_module.MOST_STILLBORN):
        crew.replace()
        assert crew.next_answer().worker == number
    crew.replace()
    assert len(ray.started) == 1 + engine_module.MOST_STILLBORN  # there is no end to those that fail so
    crew.give(0, None)
    assert crew.next_answer().lost
    crew.replace()  # nobody is left, so one more is tried
    with pytest.raises(type(error)):
        crew.next_answer()


def test_a_worker_is_told_where_models_lie_and_where_paths_begin(tmp_path, monkeypatch):
    needs_ray()
    monkeypatch.chdir(tmp_path)
    where = {"CATBENCH_HOME": "/heads", "HF_HOME": "/models", "HF_HUB_CACHE": "/models/there"}
    for name in ("CATBENCH_INFINITY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    ray = PlayedRay([None])
    crew_of(ray, tmp_path / "run", 1)
    assert ray.options[0]["runtime_env"] == {"env_vars": where}
    assert ray.started == [tmp_path]
    monkeypatch.chdir("/")
    engine_module._RayMember(tmp_path)
    assert Path.cwd() == tmp_path


def test_a_crew_leaves_no_file_behind(tmp_path):
    needs_ray()
    crew = crew_of(PlayedRay([None]), tmp_path, 1)
    assert list((tmp_path / "shards").iterdir())
    crew.close()
    assert not list((tmp_path / "shards").iterdir())
    crew = engine_module._RayCrew(PlayedRay(), Job(tmp_path, (), "cpu", 1))
    with pytest.raises(IndexError), closing(crew):
        crew.start(1)
    assert not list((tmp_path / "shards").iterdir())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.AcceleratorError("CUDA error: unspecified launch failure"), engine_module.DeviceFaultError),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), engine_module.DeviceFaultError),
        (torch.AcceleratorError("CUDA error: out of memory"), torch.AcceleratorError),
        (RuntimeError("sizes differ"), RuntimeError),
        (GenerationError("no"), GenerationError),
    ],
)
def test_a_devices_fault_is_told_apart_also_where_a_metric_met_it(error, kind):
    with pytest.raises(kind) as caught, engine_module.sendable():
        raise error
    assert type(caught.value) is kind
    expected = kind if kind is engine_module.DeviceFaultError else GenerationError
    with pytest.raises(expected) as caught, engine_module.sendable():
        raise GenerationError("metric 'm' fails") from error
    assert type(caught.value) is expected


def test_a_shard_that_is_seen_late_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "tiny-2" / "000000.parquet"
    threading.Timer(0.2, write_recorded, (path, {}, lambda draft: draft.write_text("x"))).start()
    wait_to_see(path)
    assert path.read_text() == "x"
    monkeypatch.setattr(cluster, "SECONDS_TO_BE_SEEN", 0.1)
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
