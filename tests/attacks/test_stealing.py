"""What must stay unread: test scores, memory, environment, files; and privileges."""

from __future__ import annotations

ATTACKS = (
    ("test scores by path", "if readable('@SUITE@/scores.parquet'): raise Stolen"),
    (
        "test scores anywhere in the file system",
        """
import time
start = time.time()
for place, folders, files in os.walk('/'):
    folders[:] = [] if place in ('/proc', '/sys', '/usr') else folders
    if any(name in files for name in ('scores.parquet', '@SECRET@')):
        raise Stolen(place)
""",
    ),
    (
        "test scores through /proc/PID/root and cwd",
        """
for pid in filter(str.isdigit, os.listdir('/proc')):
    for way in ('root@SUITE@', 'cwd', 'cwd/../../..@SUITE@', 'root@CHECKOUT@'):
        place = f'/proc/{pid}/{way}'
        if readable(place + '/scores.parquet') or readable(place + '/pyproject.toml'): raise Stolen(place)
""",
    ),
    (
        "parent's memory",
        """
import ctypes
for pid in {os.getppid(), @PARENT@, *map(int, filter(str.isdigit, os.listdir('/proc')))} - {os.getpid()}:
    try:
        command = open(f'/proc/{pid}/cmdline', 'rb').read()
    except OSError:
        continue
    if b'pytest' in command: raise Stolen(command)
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, @PARENT@, 0, 0) == 0: raise Stolen('attached to the parent')
if readable('/proc/@PARENT@/mem'): raise Stolen
""",
    ),
    (
        "environment of every process",
        """
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        held = open(f'/proc/{pid}/environ', 'rb').read()
    except OSError:
        continue
    if b'@SECRET@' in held or b'CATBENCH' in held: raise Stolen(held)
if '@SECRET@' in str(os.environ) or 'CATBENCH_HOME' in os.environ: raise Stolen
""",
    ),
    (
        "an installed package's data",
        """
import importlib.util, pathlib
for name in ('catbench', 'catbench_baselines'):
    spec = importlib.util.find_spec(name)
    if spec and any(pathlib.Path(spec.origin).parent.joinpath('data').rglob('*')): raise Stolen(name)
""",
    ),
    (
        "suites by their names",
        """
from catbench.suite.store import known_suites
if known_suites(): raise Stolen(known_suites())
""",
    ),
    (
        "the checkout and its history",
        """
for name in ('.git', 'tests', 'pyproject.toml'):
    if os.path.exists('@CHECKOUT@/' + name): raise Stolen(name)
""",
    ),
    ("a file in a home", "if readable('@HOME@/secret'): raise Stolen"),
    (
        "file descriptors left open",
        """
for number in range(256):
    try:
        os.open('..', os.O_RDONLY, dir_fd=number)
    except OSError:
        continue
    raise Stolen(os.readlink(f'/proc/self/fd/{number}'))
""",
    ),
    (
        "limits raised again",
        """
import resource
for kind in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        continue
    raise Stolen(kind)
""",
    ),
    (
        "a new user namespace, mounts, another user",
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000) == 0: raise Stolen('a namespace')
if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0: raise Stolen('a mount')
if libc.mount(None, b'/', None, 4096 | 32, None) == 0: raise Stolen('a writable root')
if libc.setuid(0) == 0 and os.geteuid() == 0: raise Stolen('root')
if os.getuid() == 0: raise Stolen('root from the start')
""",
    ),
)


def test_an_attack_is_contained(attack, contained):
    contained(attack)
