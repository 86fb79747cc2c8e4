"""What every attack runs in: a host with secrets to steal and files to hurt, a submission, a sandbox.

A test module lists its attacks in `ATTACKS`: name, code of a router, and optionally the verdicts that its
run may end with, a part of the message, and limits. `@NAME@` in a code stands for something of the host's
(`Host.things`). An attack that gets what it is after raises `Stolen`.
"""

from __future__ import annotations

import hashlib
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from catbench.errors import CatbenchError, UsageError
from catbench.report.limits import MIB, Limits
from catbench.route.routing import ask_at
from catbench.score.rounds import rounds_of
from catbench.submit.run import session_of
from catbench.submit.sandbox.launch import Inside, check_available
from catbench.suite.store import load

ROOT = Path(__file__).parents[2]
SECRET = "catbench-secret-7f3a"
DAEMON, ABSTRACT = f"cb-{os.getpid()}", f"{SECRET}-{os.getpid()}"
"""Names of a process and of an abstract socket, which all of a machine see: each test process has its own."""

LIMITS = Limits(
    wall_seconds=200,  # a busy host is slow; attacks on time itself set their own
    cpu_seconds=60,
    memory_bytes=600 * MIB,
    processes=12,
    threads=200,
    output_bytes=200_000,
    scratch_bytes=64 * MIB,
    scratch_files=2000,
)

TOML = """
name = "attack"
authors = ["Mallory"]
licence = "Apache-2.0"
suites = ["simulated"]
"""

HEAD = """
import os, sys
import numpy as np

class Stolen(Exception): pass

def readable(path):
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False

class Router:
    def fit(self, prompts, quality):
        self.mean = quality.mean(axis=0)

    def predict(self, prompts):
        return np.tile(self.mean, (len(prompts), 1))

def make_router(pool):
    return Router()
"""


@dataclass(frozen=True)
class Attack:
    """Code of a router, and how its run may end."""

    name: str
    code: str
    verdicts: tuple[str, ...] = ("contained",)
    says: str = ""
    limits: dict[str, float] = field(default_factory=dict)


def pytest_generate_tests(metafunc):
    if "attack" in metafunc.fixturenames:
        attacks = [Attack(*row) for row in metafunc.module.ATTACKS]
        metafunc.parametrize("attack", attacks, ids=[attack.name for attack in attacks])


@dataclass(frozen=True)
class Ending:
    """How a run ended: `contained`, or the verdict of the limit or rule that it broke; and what was said."""

    verdict: str
    said: str


@pytest.fixture(scope="session")
def bwrap():
    """Skips where bubblewrap cannot be had."""
    try:
        check_available("bwrap")
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture
def folder(tmp_path):
    """An empty submission's folder."""
    place = tmp_path / "attack"
    place.mkdir()
    (place / "submission.toml").write_text(TOML)
    (place / "router.py").write_text(HEAD)
    return place


@pytest.fixture(scope="session")
def matrix(simulated):
    return load(simulated)


@pytest.fixture
def run(folder, matrix, simulated):
    """Fit the folder's router in a sandbox and ask it about the test prompts; return how that ended."""

    def run(code, sandbox="bwrap", **limits):
        (folder / "router.py").write_text(HEAD + code)
        chosen = LIMITS.model_copy(update=limits)
        inside = Inside("attack", folder, "router.py:make_router", sandbox, chosen, masked=(simulated,))
        pool = matrix.pool(metric=matrix.metrics[0].name)
        one = rounds_of(matrix).each[0]
        train, validation = one.train.labelled(pool), one.validation.labelled(pool)
        try:
            with session_of(inside) as session:
                router = session.make(pool)
                session.fit(router, train, validation)
                answer = session.ask(router, one.test.texts(), ask_at(train[1], pool.cost))
        except CatbenchError as error:
            return Ending(getattr(error, "verdict", "failed"), str(error))
        assert answer.predicted is not None
        assert np.isfinite(answer.predicted).all()
        return Ending("contained", "")

    return run


class Host:
    """What an attack could hurt: files, sockets, the environment; and a look at whether it did."""

    def __init__(self, home, suite):
        self.home, self.suite = home, suite
        (home / "secret").write_text(SECRET)
        (home / SECRET).write_text("found by its name")
        self.tcp, self.udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.by_path, self.abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.tcp.bind(("0.0.0.0", 0))
        self.udp.bind(("0.0.0.0", 0))
        self.by_path.bind(str(home / "socket"))
        self.abstract.bind("\0" + ABSTRACT)
        for listener in (self.tcp, self.by_path, self.abstract):
            listener.listen()
        for one in self.sockets:
            one.setblocking(False)
        self.before, self.children = self.files(), children()

    @property
    def sockets(self):
        return self.tcp, self.udp, self.by_path, self.abstract

    def files(self):
        """Digests of everything that lies in the home and in the suite."""
        places = [path for root in (self.home, self.suite) for path in sorted(root.rglob("*"))]
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in places if path.is_file()}

    def things(self):
        try:
            address = socket.gethostbyname(socket.gethostname())
        except OSError:
            address = "127.0.0.1"
        return {
            "SUITE": self.suite,
            "CHECKOUT": ROOT,
            "HOME": self.home,
            "SECRET": SECRET,
            "PARENT": os.getpid(),
            "TCP": self.tcp.getsockname()[1],
            "UDP": self.udp.getsockname()[1],
            "UNIX": self.home / "socket",
            "ABSTRACT": ABSTRACT,
            "ADDRESS": address,
            "DAEMON": DAEMON,
        }

    def filled(self, code):
        """Return the code with the host's things in it."""
        for name, thing in self.things().items():
            code = code.replace(f"@{name}@", str(thing))
        return code

    def check(self):
        """Nothing came in, nothing changed, nothing stayed."""
        for listener in (self.tcp, self.by_path, self.abstract):
            with pytest.raises(BlockingIOError):
                listener.accept()
        with pytest.raises(BlockingIOError):
            self.udp.recv(100)
        assert self.files() == self.before
        for place in (Path("/tmp"), Path("/dev/shm"), ROOT, ROOT / "benchmark"):
            assert not (place / f"{SECRET}-written").exists()
        running = [
            process.info["name"]
            for process in psutil.process_iter(["name", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE  # ended, whenever the system takes note
        ]
        assert DAEMON not in running
        assert children() == self.children


def children():
    """Return the processes below this one."""
    return sorted(process.pid for process in psutil.Process().children(recursive=True))


@pytest.fixture
def host(tmp_path, simulated, monkeypatch):
    monkeypatch.setenv("TOKEN", SECRET)
    home = tmp_path / "home"
    home.mkdir()
    host = Host(home, simulated)
    yield host
    for one in host.sockets:
        one.close()


@pytest.fixture
def contained(bwrap, host, run, folder):
    """Run an attack in bubblewrap: it ends with its verdict, and the host is as it was."""

    def contained(attack):
        end = run(host.filled(attack.code), **attack.limits)
        assert "Stolen" not in end.said
        assert end.verdict in attack.verdicts, end.said
        assert attack.says in end.said
        assert end.said.isprintable()
        host.check()
        assert sorted(path.name for path in folder.iterdir()) == ["router.py", "submission.toml"]

    return contained


@pytest.fixture
def limits():
    """Those of every attack that sets none."""
    return LIMITS


@pytest.fixture
def head():
    """The beginning of every router, with one that behaves."""
    return HEAD
