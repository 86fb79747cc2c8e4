"""What a router could read out of private reports, if it were made to."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

from catbench import evaluate, load
from catbench.report.numbers import Estimate
from catbench.score.bootstrap import Bootstrap
from catbench.score.measures import MEASURES
from catbench.submit.coarse import FEWEST, coarse, rounded, step_of
from catbench.submit.private import run_private
from catbench.submit.run import How

TOML = """
name = "Length"
authors = ["Ada"]
licence = "Apache-2.0"
suites = ["simulated"]
"""


def numbers(record, path=()):
    """Yield every number of JSON with its path."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from numbers(value, (*path, key))
    elif isinstance(record, list):
        for place, value in enumerate(record):
            yield from numbers(value, (*path, place))
    elif isinstance(record, float):
        yield path, record


ASKS = """
import hashlib
import numpy as np

class Router:
    def fit(self, prompts, quality): pass
    def route(self, prompts, trade_offs):
        seeds = [list(hashlib.sha256(("SALT" + text).encode()).digest()) for text in prompts]
        return np.array([np.random.default_rng(seed).integers(0, 3, len(trade_offs)) for seed in seeds]).T

make_router = lambda pool: Router()
"""


def test_a_policy_that_asks_a_question_a_trade_off_gets_few_answers(parts, tmp_path):
    """Its choices at each trade-off are chosen at random, so a mean quality is a sum of unknown scores.

    All scorings together give fewer sums than there are prompts, whatever is asked.
    """
    found = []
    for salt in "ab":
        folder = tmp_path / salt
        folder.mkdir()
        (folder / "submission.toml").write_text(TOML)
        (folder / "router.py").write_text(ASKS.replace("SALT", salt))
        host = shutil.copytree(parts / "host", tmp_path / f"host-{salt}")
        report = run_private(
            folder, host, How("none"), replicates=100, seed=0, progress=lambda what, done, total: None
        )
        found.append(dict(numbers(report.model_dump(mode="json")["results"][0])))
    answers = [path for path, value in found[0].items() if found[1].get(path) != value]
    assert 3 < len(answers) < FEWEST / 3, answers


ALIKE = """
import hashlib
import numpy as np

class Router:
    def fit(self, prompts, quality):
        self.best = int(np.argmax(quality.mean(axis=0)))
    def route(self, prompts, trade_offs):
        chosen = np.full((len(trade_offs), len(prompts)), self.best)
        chosen[:, [text == TEXT for text in prompts]] = OTHER
        return chosen

make_router = lambda pool: Router()
"""


def test_a_router_that_chooses_alike_but_on_one_prompt_learns_nothing_of_it(parts, tmp_path):
    """The difference to what it chooses else has that prompt's standard error, and would tell it."""
    host = load(parts / "host")
    rows = host.rows("test")
    quality = host.scores[host.metrics[0].name][rows].mean(axis=2)
    apart = np.ptp(quality, axis=1)
    text = str(host.prompts["text"].iloc[rows[int(np.argmax(apart))]])
    found = []
    for other in (0, 1, 2):
        folder = tmp_path / f"alike-{other}"
        folder.mkdir()
        (folder / "submission.toml").write_text(TOML)
        code = ALIKE.replace("TEXT", repr(text)).replace("OTHER", str(other))
        (folder / "router.py").write_text(code)
        place = shutil.copytree(parts / "host", tmp_path / f"host-{other}")
        report = run_private(
            folder, place, How("none"), replicates=100, seed=0, progress=lambda what, done, total: None
        )
        found.append(report.results[0])
    for name, one in found[0].measures.items():
        if MEASURES[name].kind == "gain" and isinstance(one, Estimate):
            assert {result.measures[name].value for result in found} == {one.value}, name
    assert any(MEASURES[name].kind == "gain" for name in found[0].measures)


def test_a_slice_of_few_prompts_is_left_out(parts):
    report = evaluate("mixture", load(parts / "host"), by="words", bootstrap=Bootstrap(30))
    assert min(result.prompts for result in report.results) < FEWEST
    assert all(result.prompts >= FEWEST for result in coarse(report).results)


@pytest.mark.parametrize(
    ("error", "step"), [(0.0034, 0.005), (0.00051, 0.001), (0.2, 0.2), (1.0, 1.0), (7e-5, 1e-4), (23, 50)]
)
def test_steps_are_1_2_and_5(error, step):
    assert step_of(error) == pytest.approx(step)
    assert rounded(math.pi, step_of(error)) == pytest.approx(round(math.pi / step) * step)
