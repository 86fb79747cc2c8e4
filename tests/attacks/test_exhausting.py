"""Nothing is used up: time, memory, processes, output, files; and no dying process takes the host along."""

from __future__ import annotations

ATTACKS = (
    (
        "fork bomb",
        """
while True:
    try:
        os.fork()
    except OSError:
        pass
""",
        ("processes",),
        "",
        {"memory_bytes": 4 * 2**30},  # or the forks' memory ends them on a slow machine
    ),
    ("10 GB at once", "held = np.ones(10 * 2**30 // 8)", ("memory", "failed")),
    (
        "memory of many processes together",
        """
import time
for _ in range(8):
    if not os.fork():
        held = np.ones(150 * 2**20 // 8)
        time.sleep(3600)
time.sleep(3600)
""",
        ("memory",),
    ),
    (
        "10 GB of files",
        """
try:
    with open('/tmp/large', 'wb') as file:
        for _ in range(10 * 2**10): file.write(bytes(2**20))
except OSError:
    pass
else:
    raise Stolen
for number in range(100):
    try:
        open(f'/dev/shm/{number}', 'wb').write(bytes(2**20))
    except OSError:
        break
else:
    raise Stolen
""",
    ),
    (
        "a stack of 100,000 files",
        """
for number in range(100_000): open(f'/tmp/{number}', 'w').close()
import time; time.sleep(3600)
""",
        ("files", "failed"),
    ),
    (
        "a stack of files beside a child that has ended",
        """
import time
if not os.fork(): os._exit(0)
time.sleep(0.5)
for number in range(5_000): open(f'/tmp/{number}', 'w').close()
time.sleep(3600)
""",
        ("files",),
    ),
    (
        "a stack of files in shared memory",
        """
for number in range(5_000): open(f'/dev/shm/{number}', 'w').close()
import time; time.sleep(3600)
""",
        ("files",),
    ),
    ("endless loop", "while True: pass", ("wall",), "longer than", {"wall_seconds": 3}),
    ("endless loop, by processor time", "while True: pass", ("cpu",), "", {"cpu_seconds": 2}),
    ("endless sleep", "import time; time.sleep(10**6)", ("wall",), "", {"wall_seconds": 3}),
    ("endless output", "while True: print('x' * 1000)", ("output",)),
    ("endless output on stderr", "while True: os.write(2, b'x' * 1000)", ("output",)),
    (
        "deep recursion",
        """
sys.setrecursionlimit(10**9)
def deeper(): return deeper()
deeper()
""",
        ("memory", "crash", "failed"),
    ),
    ("native crash", "import ctypes; ctypes.string_at(0)", ("crash",), "SIGSEGV"),
    ("ends at once, all well", "os._exit(0)", ("crash",)),
    ("sys.exit at import", "sys.exit(0)", ("failed",), "SystemExit"),
    ("kill(0, 9)", "os.kill(0, 9)", ("crash",), "SIGKILL"),
    (
        "kill(-1, 9)",
        "for p in (-1, 1):\n    try: os.kill(p, 9)\n    except OSError: pass",
        ("contained", "crash"),
    ),
    (
        "signals to the parent",
        "for s in (9, 15, 19):\n    try: os.kill(@PARENT@, s)\n    except OSError: pass",
    ),
    (
        "a daemon left behind",
        """
import ctypes, time
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    ctypes.CDLL(None).prctl(15, b'@DAEMON@', 0, 0, 0)
    for number in (0, 1, 2): os.close(number)
    time.sleep(3600)
""",
    ),
)


def test_an_attack_is_contained(attack, contained):
    contained(attack)
