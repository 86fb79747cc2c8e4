"""What the weaker sandbox, a bare process, does bound: time, memory, processes, output, its environment."""

from __future__ import annotations

ATTACKS = (
    ("endless loop", "while True: pass", ("wall",), "", {"wall_seconds": 3}),
    ("10 GB at once", "held = np.ones(10 * 2**30 // 8)", ("memory", "failed")),
    (
        "many processes",
        """
import time
for _ in range(40):
    if not os.fork(): time.sleep(3600)
time.sleep(3600)
""",
        ("processes",),
    ),
    ("endless output", "while True: print('x' * 1000)", ("output",)),
    ("native crash", "import ctypes; ctypes.string_at(0)", ("crash",), "SIGSEGV"),
    ("the environment", "if '@SECRET@' in str(os.environ): raise Stolen"),
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
time.sleep(1)
""",
    ),
)


def test_an_attack_is_bounded(attack, host, run):
    end = run(host.filled(attack.code), sandbox="process", **attack.limits)
    assert "Stolen" not in end.said
    assert end.verdict in attack.verdicts, end.said
    assert attack.says in end.said
    host.check()
