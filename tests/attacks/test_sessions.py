"""Sessions of one submission know nothing of each other, side by side or one after the other.

One leaves a mark wherever a process can leave something, and stays; the next looks for all of them.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from catbench.errors import RouterError
from catbench.submit.run import session_of
from catbench.submit.sandbox import launch
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
programs = [open(f'/proc/{pid}/cmdline').read().partition(chr(0))[0]
            for pid in os.listdir('/proc') if pid.isdigit() and int(pid) != os.getpid()]
if not all(program.endswith('bwrap') for program in programs): raise Stolen(programs)
held = {os.readlink(f'/proc/self/fd/{name}') for name in os.listdir('/proc/self/fd')
        if os.path.exists(f'/proc/self/fd/{name}')}
assert held  # the way to look works
if any(name.startswith(('socket', '/tmp')) for name in held): raise Stolen(held)
"""
KILLS_ITS_PARENT = """
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


@pytest.fixture
def inside(bwrap, folder, limits, simulated):
    return Inside("attack", folder, "router.py:make_router", "bwrap", limits, masked=(simulated,))


@pytest.fixture
def pool(matrix):
    return matrix.pool(metric=matrix.metrics[0].name)


@pytest.mark.parametrize("together", [True, False])
def test_no_session_finds_what_another_left(inside, folder, head, pool, together):
    (folder / "router.py").write_text(head + LEAVES)
    with session_of(inside) as one:
        one.make(pool)
        if together:
            (folder / "router.py").write_text(head + LOOKS)
            with session_of(inside) as other:
                other.make(pool)
    (folder / "router.py").write_text(head + LOOKS)
    with session_of(inside) as other:
        other.make(pool)


@pytest.mark.parametrize("kind", ["bwrap", "process"])
def test_what_is_drawn_without_a_seed_differs_from_session_to_session(
    inside, kind, folder, head, pool, matrix
):
    (folder / "router.py").write_text(head + DRAWS)
    drawn = set()
    for _ in range(2):
        with session_of(replace(inside, sandbox=kind)) as session:
            prompts = matrix.texts(matrix.rows("test"))
            drawn.add(session.ask(session.make(pool), prompts, pool.cost).predicted[0, 0])
    assert len(drawn) == 2


@pytest.mark.parametrize("kind", ["bwrap", "process"])
def test_one_that_ends_badly_leaves_the_next_alone_and_nothing_is_left_behind(
    inside, kind, folder, head, pool
):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    inside = replace(inside, sandbox=kind)
    (folder / "router.py").write_text(head + "os.kill(os.getpid(), 9)\n")
    with pytest.raises(BreachError, match="SIGKILL"), session_of(inside) as session:
        session.make(pool)
    (folder / "router.py").write_text(head)
    with session_of(inside) as session:
        assert session.make(pool) == 0
    assert not {child.pid for child in psutil.Process().children(recursive=True)} - before


def test_a_program_meets_no_other_and_holds_nothing_of_the_host_s(inside, folder, head, pool):
    (folder / "router.py").write_text(head + OTHERS)
    with session_of(inside) as session:
        assert session.make(pool) == 0


@pytest.mark.parametrize("kind", ["bwrap", "process"])
def test_processes_are_counted_without_the_sandbox_s_own(inside, kind, folder, head, pool):
    (folder / "router.py").write_text(head + "import time\nif not os.fork(): time.sleep(3600)\n")
    with session_of(replace(inside, sandbox=kind)) as session:
        session.make(pool)
        deadline = time.monotonic() + 60
        while session.usage.peak_processes < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert session.usage.peak_processes == 2


def test_what_has_killed_its_parent_is_watched(inside, folder, head, pool):
    (folder / "router.py").write_text(head + KILLS_ITS_PARENT)
    with pytest.raises(BreachError, match="of memory"), session_of(inside) as session:
        session.make(pool)


def test_what_lies_in_a_temporary_folder_stays_in_sight(inside, folder, head, pool, monkeypatch):
    seen = launch.seen_from_inside
    library = Mount(Path("/tmp/library"), folder)
    monkeypatch.setattr(launch, "seen_from_inside", lambda *given: [*seen(*given), library])
    (folder / "router.py").write_text(head + "assert readable('/tmp/library/router.py')\n")
    with session_of(inside) as session:
        assert session.make(pool) == 0


def test_a_sandbox_that_cannot_start_says_why(inside, folder, pool):
    gone = replace(inside, folder=folder / "gone")
    with pytest.raises(RouterError, match=r"did not start.*gone"), session_of(gone) as session:
        session.make(pool)


def test_one_that_does_not_start_is_not_waited_for(inside, pool, monkeypatch):
    words = ["/bin/sh", "-c", "sleep 3600 > /dev/null & echo no >&2"]
    monkeypatch.setattr(sessions, "command_of", lambda inside: words)
    with pytest.raises(RouterError, match=r"did not start.*no"), session_of(inside) as session:
        session.make(pool)


@pytest.mark.parametrize("kind", ["bwrap", "process"])
def test_an_interrupt_while_it_ends_leaves_no_process(inside, kind, folder, head, pool, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    (folder / "router.py").write_text(head + "import subprocess\nsubprocess.Popen(['sleep', '3600'])\n")
    before = psutil.Process().children(recursive=True)
    with pytest.raises(KeyboardInterrupt), session_of(replace(inside, sandbox=kind)) as session:  # noqa: PT012
        session.make(pool)
        made = [one for one in psutil.Process().children(recursive=True) if one not in before]
        monkeypatch.setattr(session._watch._thread, "join", interrupted)
    assert len(made) >= 2
    assert not psutil.wait_procs(made, timeout=60)[1]


def test_without_a_sandbox_a_session_may_begin_in_another(inside, pool):
    here = replace(inside, sandbox="none")
    with session_of(here) as one, session_of(here) as other:
        assert one.make(pool) == other.make(pool) == 0
