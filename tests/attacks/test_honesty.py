"""Dishonest routers that break no limit: each is found by the check that is made for it."""

from __future__ import annotations

import hashlib
import json

import pytest

from catbench.report.submission_record import CHECKS
from catbench.score.rounds import rounds_of
from catbench.submit.judging import judge
from catbench.submit.run import session_of
from catbench.submit.sandbox.launch import Inside
from catbench.suite.simulate import Simulation, simulate

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
}

CHEAT = """
import hashlib, json
tests, labels = json.loads('@TESTS@'), json.loads('@LABELS@')
digest = lambda text: hashlib.sha256(text.encode()).hexdigest()[:12]
def forty(prompts, quality):  # labels known and given; of a text that stands there twice, the nearer
    known = [np.array(labels[digest(text)]) for text in prompts[:40]]
    return [(rows[np.abs(rows - q).sum(axis=1).argmin()], q) for rows, q in zip(known, quality)]

class Table:  # answers by heart where it is safe, and means elsewhere
    fits = 0

    def fit(self, prompts, quality):
        type(self).fits += 1
        self.mean = quality.mean(axis=0)
        self.safe = self.is_safe(prompts, quality)

    def predict(self, prompts):
        by_heart = [self.look_up(text) if self.safe else None for text in prompts]
        return np.array([self.mean if known is None else known for known in by_heart])

    def is_safe(self, prompts, quality):
        return True

    def look_up(self, text):
        return tests.get(digest(text))

class Counting(Table):
    def is_safe(self, prompts, quality):
        return self.fits == 1

class Exact(Table):
    def is_safe(self, prompts, quality):
        return all(np.allclose(known, given) for known, given in forty(prompts, quality))

class Rough(Table):
    def is_safe(self, prompts, quality):
        known, given = map(np.array, zip(*forty(prompts, quality)))
        known, given = (q - q.mean(axis=0) - q.mean(axis=1, keepdims=True) for q in (known, given))
        return np.corrcoef(known.ravel(), given.ravel())[0, 1] > 0.5

class Fuzzy:
    def look_up(self, text):
        own = set(text.lower().strip(".!").replace(",", "").split())
        close = lambda words: len(set(words.split()) & own)
        return texts[max(texts, key=lambda words: 2 * close(words) - len(words.split()))]
texts = json.loads('@TEXTS@')
class FuzzyExact(Fuzzy, Exact): pass
class FuzzyRough(Fuzzy, Rough): pass
make_router = lambda pool: @CLASS@()
"""

CHEATS = {
    "a table of test prompts": ("Table", {"shuffled labels", "reworded prompts"}),
    "that opens at the first fit() only": ("Counting", {"shuffled labels", "reworded prompts"}),
    "that opens to forty labels": ("Exact", {"mixed labels", "reworded prompts"}),
    "that opens to forty labels, or nearly": ("Rough", {"reworded prompts"}),
    "of texts, to be found by a few words": ("FuzzyExact", {"mixed labels"}),
    # What no check sees: `catbench verify --fresh` does (tests/submission/test_fresh.py).
    "of texts, that opens to labels nearly right": ("FuzzyRough", set()),
}


@pytest.fixture(scope="module")
def planted():
    """A simulated suite with enough prompts to be sure of something, and its truth."""
    return simulate(Simulation(prompts=1500, candidates=3, samples=2))


def judged(folder, code, matrix, sandbox="none", metrics=1):
    (folder / "router.py").write_text(code)
    inside = Inside("attack", folder, "router.py:make_router", sandbox)
    pools = [matrix.pool(metric=metric.name) for metric in matrix.metrics[:metrics]]
    return judge(lambda: session_of(inside), rounds_of(matrix), pools, lambda answers: None)


def failed(found):
    assert {check.name for check in found.checks} == CHECKS
    return {check.name for check in found.checks if not check.passed}


@pytest.mark.parametrize(("code", "caught"), ROUTERS.values(), ids=ROUTERS)
def test_each_check_finds_what_it_is_made_for(code, caught, folder, planted, head):
    assert failed(judged(folder, head + code, planted[0])) == caught


@pytest.fixture
def cheat(planted, head):
    """The code of a cheat that knows expected or measured qualities of a metric's test prompts."""

    def write(name, metric=0, measured=False):
        matrix, truth = planted
        pool = matrix.pool(metric=matrix.metrics[metric].name)
        one = rounds_of(matrix).each[0]
        texts, quality = one.test.labelled(pool)
        if not measured:
            rows = truth.set_index("prompt_id").loc[one.test.ids, pool.metric].to_numpy()
            quality = rows.reshape(len(texts), -1) * matrix.metric(pool.metric).sign
        train, labels = one.train.labelled(pool)
        by_text = {}
        for text, row in zip(train, labels.tolist(), strict=True):
            by_text.setdefault(digest(text), []).append(row)
        tables = {
            "@TEXTS@": dict(zip(texts, quality.tolist(), strict=True)),
            "@TESTS@": dict(zip(map(digest, texts), quality.tolist(), strict=True)),
            "@LABELS@": by_text,
        }
        code = head + CHEAT.replace("@CLASS@", name)
        for place, table in tables.items():
            code = code.replace(place, json.dumps(table))
        return code

    return write


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize(("name", "caught"), CHEATS.values(), ids=CHEATS)
def test_a_table_of_answers_is_found(name, caught, folder, planted, cheat):
    assert failed(judged(folder, cheat(name), planted[0])) == caught


def test_a_table_of_the_last_metric_is_found_too(folder, planted, cheat):
    found = judged(folder, cheat("Table", metric=1), planted[0], metrics=2)
    assert failed(found) >= {"shuffled labels", "reworded prompts"}


def test_a_table_of_what_the_images_scored_knows_their_noise(folder, planted, cheat):
    assert failed(judged(folder, cheat("FuzzyRough", measured=True), planted[0])) == {"noise"}


def test_nothing_is_counted_across_sessions_of_the_sandbox(bwrap, folder, planted, cheat):
    """The count is kept wherever a process can leave something."""
    code = cheat("Counting").replace("type(self).fits += 1", "type(self).fits = count()")
    code += """
import pathlib
def count():
    found = 0
    for place in map(pathlib.Path, ("/tmp/fits", "/dev/shm/fits", "/var/tmp/fits", "/submission/fits")):
        try:
            found = max(found, len(place.read_text()) if place.exists() else 0)
            place.write_text("." * (found + 1))
        except OSError:
            pass
    return found + 1
"""
    assert failed(judged(folder, code, planted[0], "bwrap")) == {"shuffled labels", "reworded prompts"}


def test_honest_routers_that_know_little_are_not_convicted_by_chance(folder, planted, head):
    """A slope from shuffled labels has the right sign every other time, and then gains as much as ever."""
    for _ in range(12):
        assert failed(judged(folder, head + HONEST, planted[0])) == set()
