"""Sessions of one sandbox know nothing of each other, side by side or one after the other.

One leaves a mark wherever a process can leave something, and stays; the next looks for all of them.
"""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from catbench.submit.run import imported, opened
from catbench.submit.sandbox import session as sessions
from catbench.submit.sandbox.channel import BreachError
from catbench.submit.sandbox.launch import Inside
from catbench.submit.sandbox.layout import Mount

MARKS = """
import ctypes, fcntl, mmap, random, socket, subprocess, time
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
NAME, KEY = 'cb-mark', 0x6362
places = ['/tmp', '/dev/shm', '/var/tmp', '/dev', '/dev/mqueue', '/', '/submission', '/packages', '/run']

def leave():
    for place in places:
        try: open(f'{place}/{NAME}', 'w').close()
        except OSError: pass
    held = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET)]
    held[0].bind('\\0' + NAME)
    held[1].bind(('127.0.0.1', 27354))
    for one in held: one.listen()
    libc.shmget(KEY, 4096, 0o1666)
    libc.msgget(KEY, 0o1666)
    libc.sethostname(NAME.encode(), len(NAME))
    libc.syscall(248, b'user', NAME.encode(), b'x', 1, ctypes.c_int(-4))  # add_key, of the user's keyring
    libc.prctl(15, NAME.encode(), 0, 0, 0)
    held.append(os.open('/dev/ptmx', os.O_RDWR))
    os.environ['MARK'] = NAME
    sys.modules['mark'] = sys
    np.mark = True
    return held

def found():
    marks = [place for place in places if os.path.exists(f'{place}/{NAME}')]
    for address, kind in (('\\0' + NAME, socket.AF_UNIX), (('127.0.0.1', 27354), socket.AF_INET)):
        try:
            socket.socket(kind).connect(address)
            marks.append(f'{address}')
        except OSError: pass
    marks += ['shared memory'] * (libc.shmget(KEY, 4096, 0) != -1)
    marks += ['messages'] * (libc.msgget(KEY, 0) != -1)
    marks += ['host name'] * (socket.gethostname() == NAME)
    marks += ['key'] * (libc.syscall(250, 10, ctypes.c_int(-4), b'user', NAME.encode(), 0) != -1)  # search
    names = [open(f'/proc/{pid}/comm').read().strip() for pid in os.listdir('/proc') if pid.isdigit()]
    marks += ['process'] * (NAME in names)
    marks += ['terminal'] * (len(os.listdir('/dev/pts')) > 1)
    marks += ['memory'] * (hasattr(np, 'mark') or 'mark' in sys.modules or 'MARK' in os.environ)
    return marks
"""
LEAVES = MARKS + "held = leave()\nassert len(found()) >= 8, found()  # marks can be seen\n"
LOOKS = MARKS + "marks = found()\nif marks: raise Stolen(marks)\n"
OTHERS = """
import ctypes
def looked_into(pid):
    ways = []
    for way in ('fd', 'cwd', 'root', 'environ'):
        place = f'/proc/{pid}/{way}'
        ways += [way] * (os.access(place, os.R_OK) and readable_place(place))
    ways += ['mem'] * os.access(f'/proc/{pid}/mem', os.R_OK | os.W_OK)
    ways += ['ptrace'] * (ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0)
    return ways
def readable_place(place):
    try: return bool(os.listdir(place) if os.path.isdir(place) else open(place, 'rb').read(1))
    except OSError: return False
assert looked_into('self')[0] == 'fd'  # the way to look works
found = {}
for pid in filter(str.isdigit, os.listdir('/proc')):
    program = open(f'/proc/{pid}/cmdline').read()
    if int(pid) != os.getpid() and 'bwrap' not in program.partition(chr(0))[0]:
        found[pid] = looked_into(int(pid))
assert found  # a keeper at least
if any(found.values()): raise Stolen(found)
held = {os.readlink(f'/proc/self/fd/{name}') for name in os.listdir('/proc/self/fd') if name not in '012'
        and os.path.exists(f'/proc/self/fd/{name}')}
if any(name.startswith(('socket', '/tmp')) for name in held): raise Stolen(held)
"""
KILLS_ITS_KEEPER = """
import time
if not os.fork():
    os.setsid()
    time.sleep(1)
    held = np.ones(700 * 2**20 // 8)
    time.sleep(3600)
os.kill(os.getppid(), 9)
time.sleep(3600)
"""
DRAWS = """
import random
class Drawn(Router):
    def predict(self, prompts):
        return np.full((len(prompts), 3), np.random.rand() + random.random())
make_router = lambda pool: Drawn()
"""


@pytest.fixture(params=["each", "one", "process"])
def sandbox(request, bwrap, folder, limits, monkeypatch, simulated):
    """A sandbox whose sessions part, one with a bubblewrap for each, and the weaker one."""
    if request.param == "each" and not sessions.sessions_can_part():
        pytest.skip("processes of a sandbox make no namespaces here")
    monkeypatch.setattr(sessions, "sessions_can_part", lambda: request.param == "each")
    kind = "process" if request.param == "process" else "bwrap"
    inside = Inside("attack", folder, "router.py:make_router", kind, limits, masked=(simulated,))
    with opened(inside) as place:
        yield request.param, place


@pytest.fixture
def pool(matrix):
    return matrix.pool(metric=matrix.metrics[0].name)


@pytest.mark.parametrize("together", [True, False])
def test_no_session_finds_what_another_left(sandbox, folder, head, pool, together):
    kind, opened = sandbox
    if kind == "process":
        pytest.skip("it protects nothing but its own memory")
    (folder / "router.py").write_text(head + LEAVES)
    with opened.session() as one:
        one.make(pool)
        if together:
            (folder / "router.py").write_text(head + LOOKS)
            with opened.session() as other:
                other.make(pool)
    (folder / "router.py").write_text(head + LOOKS)
    with opened.session() as other:
        other.make(pool)


def test_what_is_drawn_without_a_seed_differs_from_session_to_session(sandbox, folder, head, pool, matrix):
    (folder / "router.py").write_text(head + DRAWS)
    drawn = set()
    for _ in range(2):
        with sandbox[1].session() as session:
            prompts = matrix.texts(matrix.rows("test"))
            drawn.add(session.ask(session.make(pool), prompts, pool.cost).predicted[0, 0])
    assert len(drawn) == 2


def test_one_that_ends_badly_leaves_the_next_alone_and_nothing_is_left_behind(sandbox, folder, head, pool):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    (folder / "router.py").write_text(head + "os.kill(os.getpid(), 9)\n")
    with pytest.raises(BreachError, match="SIGKILL"), sandbox[1].session() as session:
        session.make(pool)
    (folder / "router.py").write_text(head)
    with sandbox[1].session() as session:
        assert session.make(pool) == 0
    sandbox[1].close()
    assert not {child.pid for child in psutil.Process().children(recursive=True)} - before


def test_no_program_can_look_into_what_keeps_it(sandbox, folder, head, pool):
    kind, opened = sandbox
    if kind == "process":
        pytest.skip("it protects nothing but its own memory")
    (folder / "router.py").write_text(head + OTHERS)
    with opened.session() as session:
        assert session.make(pool) == 0


def test_what_outlives_its_keeper_is_watched(sandbox, folder, head, pool):
    kind, opened = sandbox
    if kind == "process":
        pytest.skip("it protects nothing but its own memory")
    (folder / "router.py").write_text(head + KILLS_ITS_KEEPER)
    with pytest.raises(BreachError, match="of memory"), opened.session() as session:
        session.make(pool)


def test_what_lies_in_a_temporary_folder_stays_in_sight(bwrap, folder, head, limits, pool, monkeypatch):
    seen = sessions.seen_from_inside
    library = Mount(Path("/tmp/library"), folder)
    monkeypatch.setattr(sessions, "seen_from_inside", lambda *given: [*seen(*given), library])
    (folder / "router.py").write_text(head + "assert readable('/tmp/library/router.py')\n")
    with (
        opened(Inside("attack", folder, "router.py:make_router", "bwrap", limits)) as place,
        place.session() as session,
    ):
        assert session.make(pool) == 0


def test_a_sandbox_that_cannot_start_says_why(bwrap, folder, limits, pool):
    gone = folder / "gone"
    with (
        pytest.raises(Exception, match=r"did not start.*gone"),
        opened(Inside("attack", gone, "router.py:make_router", "bwrap", limits)) as place,
        place.session() as session,
    ):
        session.make(pool)


def test_known_libraries_are_loaded_beforehand_and_nothing_else(tmp_path):
    (tmp_path / "router.py").write_text(
        "import os, numpy as np, antigravity\nfrom sklearn.linear_model import Ridge\nfrom . import own\n"
        "def fit():\n    import torch.nn\n"
    )
    (tmp_path / "broken.py").write_text("import (")
    (tmp_path / "data.json").write_text("{}")
    found = imported(tmp_path / name for name in ("router.py", "broken.py", "data.json"))
    assert found == ("numpy", "sklearn.linear_model", "torch.nn")
