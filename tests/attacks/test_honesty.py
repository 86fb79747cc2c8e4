"""Dishonest routers that break no limit: each is found by the check that is made for it."""

from __future__ import annotations

import json

import pytest

from catbench.rounds import rounds_of
from catbench.sandbox.session import Inside
from catbench.submission.run import judge

HONEST = """
class Router:
    def fit(self, prompts, quality):
        length = np.array([len(text) for text in prompts])
        self.slope = np.polyfit(length, quality, 1)

    def predict(self, prompts):
        length = np.array([len(text) for text in prompts])
        return self.slope[0] * length[:, None] + self.slope[1]
"""

ROUTERS = {
    "honest": (HONEST, set()),
    "a policy": (
        """
class Policy:
    def fit(self, prompts, quality): self.middle = np.median([len(text) for text in prompts])
    def route(self, prompts, trade_offs):
        long = np.array([len(text) > self.middle for text in prompts])
        return np.where(long[None] & (trade_offs[:, None] < 0.01), 2, 0)
make_router = lambda pool: Policy()
""",
        set(),
    ),
    "different answers at the second run": (
        HONEST + "\nnoise = 1 + int.from_bytes(os.urandom(4)) / 2**32"
        "\nplain = Router.predict\nRouter.predict = lambda self, prompts: plain(self, prompts) * noise",
        {"repeats"},
    ),
    "answers that depend on the place in the batch": (
        HONEST + "\nplain = Router.predict"
        "\nRouter.predict = lambda self, p: plain(self, p) + 0.01 * np.arange(len(p))[:, None] * [1, 0, 0]",
        {"order", "one at a time"},
    ),
    "peeks at the batch": (
        HONEST + "\nplain = Router.predict"
        "\nRouter.predict = lambda self, p: plain(self, p) - plain(self, p).mean(axis=0)",
        {"one at a time"},
    ),
    "answers for those prompts only that come many at a time": (
        HONEST + "\nplain = Router.predict"
        "\nRouter.predict = lambda self, p: plain(self, p) if len(p) > 1 else np.zeros((1, 3))",
        {"one at a time"},
    ),
    "knows the test scores": (
        """
known = json.loads('@KNOWN@')
class Router:
    def fit(self, prompts, quality): pass
    def predict(self, prompts): return np.array([known.get(text, [0, 0, 0]) for text in prompts])
""",
        {"canary"},
    ),
}


@pytest.mark.parametrize(("code", "caught"), ROUTERS.values(), ids=ROUTERS)
def test_each_check_finds_what_it_is_made_for(code, caught, folder, matrix, head):
    pool = matrix.pool(metric=matrix.metrics[0].name)
    test = matrix.rows("test")
    quality = matrix.qualities(pool.metric, "test", pool).mean(axis=2)
    known = json.dumps(dict(zip(matrix.prompts["text"].iloc[test], quality.tolist(), strict=True)))
    (folder / "router.py").write_text("import json\n" + head + code.replace("@KNOWN@", known))
    inside = Inside("attack", folder, "router.py:make_router", "none")
    judged = judge(inside, rounds_of(matrix), [pool], lambda answers: None)
    assert {check.name for check in judged.checks if not check.passed} == caught
    assert {check.name for check in judged.checks} == {"repeats", "order", "one at a time", "canary"}
