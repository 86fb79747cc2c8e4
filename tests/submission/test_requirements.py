"""Requirements: present, or hashed wheels that are installed inside."""

from __future__ import annotations

import base64
import hashlib
import socket
import subprocess
import sys
import zipfile

import pytest

from catbench.errors import SubmissionError, UsageError
from catbench.report.limits import MIB, Limits
from catbench.submit.requirements import WATCHED, install, read_requirement, run_bounded, run_inside
from catbench.submit.run import session_of
from catbench.submit.sandbox.launch import Inside, check_available

SMALL = Limits(memory_bytes=200 * MIB, processes=12, scratch_bytes=2 * MIB)
CODE, INFO = "VALUE = 42.0\n", "catbench_probe-1.0.dist-info"


def wheel(folder, extra=()):
    """Write a wheel of one module by hand; return its requirement."""
    path = folder / "catbench_probe-1.0-py3-none-any.whl"
    files = {
        "catbench_probe.py": CODE,
        f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: catbench-probe\nVersion: 1.0\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **dict(extra),
    }
    digests = {name: hashlib.sha256(text.encode()).digest() for name, text in files.items()}
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()},{len(files[name])}"
        for name, digest in digests.items()
    ]
    files[f"{INFO}/RECORD"] = "\n".join([*lines, f"{INFO}/RECORD,,"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return f"catbench-probe==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A folder of wheels that pip takes instead of an index."""
    wheels = tmp_path / "index"
    wheels.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


@pytest.fixture
def bwrap():
    try:
        check_available("bwrap")
    except UsageError as error:
        pytest.skip(str(error))


def test_what_is_here_needs_no_hash():
    assert read_requirement("numpy>=2").present


@pytest.mark.parametrize(
    "text",
    [
        "numpy>=99",
        "catbench-probe",
        "catbench-probe>=1 --hash=sha256:" + "0" * 64,
        "-r other.txt",
        "",
        "../x.whl",
    ],
)
def test_what_is_not_here_is_exact_and_hashed(text):
    with pytest.raises(SubmissionError, match="requirement"):
        read_requirement(text)


def test_a_wheel_is_installed_inside_and_used_there(bwrap, offline, folder, tmp_path):
    needed = [read_requirement(wheel(offline))]
    (folder / "router.py").write_text("import catbench_probe\nraise ValueError(catbench_probe.VALUE)\n")
    place = tmp_path / "place"
    place.mkdir()
    inside = install(needed, Inside("length", folder, "router.py:make_router"), place)
    with session_of(inside) as session, pytest.raises(Exception, match=r"42\.0"):
        session.make(pool())


def test_a_wheel_that_leads_out_of_its_folder_is_not_installed(bwrap, offline, folder, tmp_path):
    needed = [read_requirement(wheel(offline, {"../../escaped.py": "x = 1\n"}))]
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(SubmissionError, match="cannot be installed"):
        install(needed, Inside("length", folder, "router.py:make_router"), place)
    assert not list(tmp_path.rglob("escaped.py"))


def test_another_wheel_than_the_hashed_one_is_refused(bwrap, offline, folder, tmp_path):
    text = wheel(offline)
    wheel(offline, {"other.py": "x = 1\n"})
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(SubmissionError, match="no wheel with this hash"):
        install([read_requirement(text)], Inside("length", folder, "router.py:make_router"), place)


def test_a_wheel_larger_than_it_may_be_is_not_fetched(bwrap, offline, folder, tmp_path):
    needed = [read_requirement(wheel(offline, {"large.txt": "x" * 3 * MIB}))]
    with pytest.raises(SubmissionError, match="wrote more than 2 MiB"):
        install(needed, Inside("length", folder, "router.py:make_router", limits=SMALL), tmp_path)


def test_an_index_that_never_answers_is_not_waited_for(bwrap, offline, monkeypatch, folder, tmp_path):
    needed = [read_requirement(wheel(offline))]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        inside = Inside("length", folder, "router.py:make_router", limits=Limits(wall_seconds=5))
        with pytest.raises(SubmissionError, match="longer than 5 seconds"):
            install(needed, inside, tmp_path)


def test_pip_is_not_taken_from_where_the_host_stands(bwrap, offline, monkeypatch, folder, tmp_path):
    (folder / "pip.py").write_text(f"open({str(tmp_path / 'stolen')!r}, 'w')\n")
    monkeypatch.chdir(folder)
    inside = Inside("length", folder, "router.py:make_router")
    assert install([read_requirement(wheel(offline))], inside, tmp_path).packages is not None
    assert not (tmp_path / "stolen").exists()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("open('/packages/large', 'wb').write(bytes(3 * 2**20)); time.sleep(3600)", "wrote more than 2 MiB"),
        ("open('/packages/large', 'wb').write(bytes(3 * 2**20))", "wrote more than 2 MiB"),
        ("[open(f'/packages/{n}', 'w').close() for n in range(600)]", "wrote more than 2 MiB"),
        ("held = b'x' * (300 * 2**20); time.sleep(3600)", "more than 200 MiB of memory"),
        ("[os.fork() or time.sleep(3600) for _ in range(40)]; time.sleep(3600)", "more than 12 processes"),
        ("sys.exit('said so')", "said so"),
        ("sys.exit(3)", "it failed"),
        ("pass", ""),
    ],
)
def test_what_runs_inside_to_install_is_bounded(bwrap, folder, tmp_path, code, says):
    packages = tmp_path / "packages"
    packages.mkdir()
    packages.chmod(0o777)
    inside = Inside("length", folder, "router.py:make_router", limits=SMALL)
    command = [sys.executable, "-I", "-c", f"import os, sys, time\n{code}"]
    said = run_inside(inside, command, writable=packages)
    assert says in said
    assert bool(said) == bool(says)


def test_what_cannot_be_watched_does_not_run(folder, tmp_path, monkeypatch):
    def fail(*given, **named):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("catbench.submit.requirements.Watch", fail)
    words = [sys.executable, "-c", "open('ran', 'w')"]
    with pytest.raises(RuntimeError):
        run_bounded(words, SMALL, writes=tmp_path, environment={})
    monkeypatch.undo()
    waiting = ["/bin/sh", "-c", WATCHED, "sh", *words]  # its host ended before it said a word
    assert subprocess.run(waiting, stdin=subprocess.DEVNULL, cwd=tmp_path, check=False).returncode == 1
    assert not (tmp_path / "ran").exists()
    assert run_bounded(words, SMALL, writes=tmp_path, environment={}) == ""
    assert (tmp_path / "ran").exists()


def test_a_weaker_sandbox_installs_nothing(offline, folder, tmp_path):
    needed = [read_requirement(wheel(offline))]
    with pytest.raises(SubmissionError, match="only --sandbox bwrap"):
        install(needed, Inside("length", folder, "router.py:make_router", "process"), tmp_path)


def pool():
    import numpy as np

    from catbench.suite.pool import Candidate, Pool

    return Pool("all", (Candidate(id="a"),), np.ones(1), "tflops", "clip_score")
