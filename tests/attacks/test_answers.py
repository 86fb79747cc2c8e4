"""What comes back is numbers of the right shape, or nothing."""

from __future__ import annotations

REPLY = """
import struct
def reply(kind, body):
    for number in range(3, 20):
        try:
            if os.readlink(f'/proc/self/fd/{number}').startswith('pipe:'):
                os.write(number, struct.pack('<cQ', kind, len(body)) + body)
        except OSError:
            pass
"""


ATTACKS = (
    ("None", "Router.predict = lambda self, prompts: None", ("failed",), "None"),
    ("wrong shape", "Router.predict = lambda self, prompts: np.zeros((3, 2))", ("failed",), "shape"),
    (
        "wrong type",
        "Router.predict = lambda self, prompts: [['good'] * 3] * len(prompts)",
        ("failed",),
        "needs",
    ),
    ("NaN", "Router.predict = lambda self, prompts: np.full((len(prompts), 3), np.nan)", ("failed",), "nan"),
    (
        "infinity",
        "Router.predict = lambda self, prompts: np.full((len(prompts), 3), np.inf)",
        ("failed",),
        "inf",
    ),
    (
        "huge array",
        "Router.predict = lambda self, prompts: np.broadcast_to(1.0, (10**6, 10**5))",
        ("failed", "memory"),
    ),
    (
        "objects with a pickle inside",
        """
class Bomb:
    def __reduce__(self): return os.system, ('touch @HOME@/exploded',)
Router.predict = lambda self, prompts: np.array([[Bomb()] * 3] * len(prompts), dtype=object)
""",
        ("failed",),
    ),
    (
        "a pickle as the answer",
        REPLY
        + """
import pickle
class Bomb:
    def __reduce__(self): return os.system, ('touch @HOME@/exploded',)
def predict(self, prompts):
    reply(b'A', pickle.dumps(Bomb()))
    import time; time.sleep(3600)
Router.predict = predict
""",
        ("answer",),
    ),
    (
        "an Arrow stream of another schema",
        REPLY
        + """
import pyarrow as pa
def predict(self, prompts):
    sink = pa.BufferOutputStream()
    table = pa.table({'0': pa.array(['x'] * len(prompts)).dictionary_encode()})
    with pa.ipc.new_stream(sink, table.schema) as writer: writer.write_table(table)
    reply(b'A', sink.getvalue().to_pybytes())
    import time; time.sleep(3600)
Router.predict = predict
""",
        ("answer",),
    ),
    (
        "a reply without end",
        REPLY
        + """
def predict(self, prompts):
    while True: reply(b'A', bytes(10**6))
Router.predict = predict
""",
        ("answer",),
    ),
    (
        "a reply before it is asked",
        REPLY + "\nreply(b'K', b'estimator'); reply(b'K', b''); reply(b'A', bytes(100))",
        ("answer",),
    ),
    (
        "a patched catbench: no check inside",
        """
import catbench.route.routing
catbench.route.routing.check_predictions = lambda name, said, prompts, ids: np.full((prompts, len(ids)),
np.nan) """,
        ("failed",),
        "nan",
    ),
    (
        "a patched catbench: other bytes leave",
        """
import catbench.submit.sandbox.child
catbench.submit.sandbox.child.encode_answer = lambda numbers: b'headroom = 1.0'
""",
        ("answer",),
    ),
    (
        "prints of a fake report",
        """print('{"schema": 1, "results": [{"measures": {"headroom": {"value": 1.0}}}]}')""",
    ),
    (
        "a message that moves the cursor",
        r"raise ValueError('\x1b[2J\x1b[H\r\n100% headroom\n\x9b31m')",
        ("failed",),
        "100% headroom",
    ),
)


def test_an_attack_is_contained(attack, contained):
    contained(attack)
