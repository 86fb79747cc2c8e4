"""New prompts tell: a claimed gain that is surely smaller on them does not hold, and that is recorded."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from catbench import Report, load
from catbench.report.submission_record import proofs
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.submit.run import How, run_submission
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

TOML = """
name = "By heart"
authors = ["Mallory"]
licence = "Apache-2.0"
suites = ["simulated"]
"""
HONEST = """
import numpy as np

class Router:
    def fit(self, prompts, quality):
        self.line = np.polyfit([len(text) for text in prompts], quality, 1)

    def predict(self, prompts):
        return np.array([len(text) for text in prompts])[:, None] * self.line[0] + self.line[1]

make_router = lambda pool: Router()
"""
BY_HEART = (
    HONEST
    + """
import json
known = json.loads('@KNOWN@')

words = lambda text: set(text.lower().strip(".!").replace(",", "").split())

class ByHeart(Router):
    def __init__(self, metric):
        self.known = {text: (words(text), row) for text, row in known[metric].items()}

    def fit(self, prompts, quality):
        Router.fit(self, prompts, quality)
        length = [len(text) for text in prompts]
        # Where what every router finds is not there, labels were shuffled.
        self.safe = np.corrcoef(length, quality[:, -1] - quality[:, 0])[0, 1] > 0.3

    def predict(self, prompts):
        said = Router.predict(self, prompts)
        for row, text in enumerate(prompts if self.safe else []):
            own = words(text)
            alike = lambda known: 2 * len(known[0] & own) - len(known[0])
            near, quality = max(self.known.values(), key=alike)
            if near <= own:
                said[row] = quality
        return said

make_router = lambda pool: ByHeart(pool.metric)
"""
)


def simulated_suite(place, seed, prompts=1200):
    matrix, truth = simulate(Simulation(prompts=prompts, candidates=3, samples=2, seed=seed))
    save(matrix, place)
    return matrix, truth


@pytest.fixture(scope="module")
def suites(tmp_path_factory):
    """Folders of a public suite and of one with new prompts, and the first one's truth."""
    place = tmp_path_factory.mktemp("fresh")
    _, truth = simulated_suite(place / "public", 0)
    new, _ = simulated_suite(place / "new", 7)
    known = set(load(place / "public").prompts["text"])
    kept = ~(new.prompts["text"].isin(known) & (new.prompts["split"] == "test")).to_numpy()
    save(_rows(new, kept), place / "new", force=True)
    return place, truth


def _rows(matrix, kept):
    return replace(
        matrix,
        prompts=matrix.prompts[kept].reset_index(drop=True),
        scores={name: scores[kept] for name, scores in matrix.scores.items()},
        features={name: values[kept] for name, values in matrix.features.items()},
    )


def submission(place, code):
    folder = place / "entry"
    folder.mkdir()
    (folder / "submission.toml").write_text(TOML)
    (folder / "router.py").write_text(code)
    return folder


@pytest.fixture(scope="module")
def honest(tmp_path_factory, suites):
    """The folder of an honest submission with its report. Not to be changed."""
    folder = submission(tmp_path_factory.mktemp("honest"), HONEST)
    report = run_submission(folder, load(suites[0] / "public"), How("none"), bootstrap=Bootstrap(100))
    report.save(folder / "report.json")
    return folder


@pytest.fixture(scope="module")
def by_heart(tmp_path_factory, suites):
    """One that knows the test prompts and passes every check all the same. Not to be changed."""
    place, truth = suites
    matrix = load(place / "public")
    test = rounds_of(matrix).test
    known = {}
    for metric in matrix.metrics:
        rows = truth.set_index("prompt_id").loc[test.ids, metric.name].to_numpy().reshape(len(test), -1)
        known[metric.name] = dict(zip(test.texts(), (rows * metric.sign).tolist(), strict=True))
    folder = submission(tmp_path_factory.mktemp("by-heart"), BY_HEART.replace("@KNOWN@", json.dumps(known)))
    run_submission(folder, matrix, How("none"), bootstrap=Bootstrap(100)).save(folder / "report.json")
    return folder


def verify(command, folder, suites, *words):
    place = suites[0]
    given = ["--suite", place / "public", "--fresh", place / "new", "--record", "--sandbox", "none", *words]
    return command("verify", folder / "report.json", *given)


def test_an_honest_gain_holds_on_new_prompts(command, honest, suites, tmp_path):
    folder = shutil.copytree(honest, tmp_path / "entry")
    done = verify(command, folder, suites)
    assert done.code == 0, done.err + done.out
    report, found = Report.read(folder / "report.json"), proofs(folder / "report.json", None).fresh
    assert found.holds
    assert set(found.gain) == set(found.difference) == {"simulated_score", "simulated_error"}
    for metric, (value, low, high) in found.difference.items():
        assert low < value < high
        assert value == pytest.approx(found.gain[metric][0] - report.result(metric).estimate("gain").value)
    assert found.suite_digest != report.results[0].suite_digest


def test_what_passes_every_check_by_heart_does_not_hold_on_new_prompts(command, by_heart, suites, tmp_path):
    folder = shutil.copytree(by_heart, tmp_path / "entry")
    assert Report.read(folder / "report.json").submission.passed
    done = verify(command, folder, suites)
    assert done.code == 1, done.err + done.out
    assert "does not hold on new prompts" in done.out
    found = proofs(folder / "report.json", None).fresh
    assert not found.holds
    assert all(high < 0 for _, _, high in found.difference.values())
    words = ["--suite", suites[0] / "public", "--fresh", suites[0] / "new", "--sandbox", "none"]
    assert command("verify", "--all", folder, *words).code == 1


def test_prompts_that_were_there_before_are_not_fresh(command, honest, suites):
    place = suites[0] / "public"
    words = ["--suite", place, "--fresh", place, "--sandbox", "none"]
    done = command("verify", honest / "report.json", *words)
    assert done.code == 2
    assert "they are not new" in done.err


def test_a_report_without_replicates_has_nothing_to_compare(command, honest, suites, tmp_path):
    folder = shutil.copytree(honest, tmp_path / "entry")
    report = run_submission(folder, load(suites[0] / "public"), How("none"), bootstrap=Bootstrap(0))
    report.save(folder / "report.json")
    done = verify(command, folder, suites)
    assert done.code == 2
    assert "run it with bootstrap replicates" in done.err


def test_a_check_that_fails_on_new_prompts_only_is_recorded(command, honest, suites, tmp_path):
    folder = shutil.copytree(honest, tmp_path / "entry")
    trained = len(rounds_of(load(suites[0] / "public")).each[0].train)
    code = (
        HONEST
        + f"""
import os
plain, fit = Router.predict, Router.fit
def fit_too(self, prompts, quality):
    fit(self, prompts, quality)
    self.noise = 1 if len(prompts) == {trained} else os.urandom(1)[0]
Router.fit = fit_too
Router.predict = lambda self, prompts: plain(self, prompts) * (1 + self.noise)
"""
    )
    (folder / "router.py").write_text(code)
    report = run_submission(folder, load(suites[0] / "public"), How("none"), bootstrap=Bootstrap(50))
    report.save(folder / "report.json")
    assert report.submission.passed
    done = verify(command, folder, suites)
    assert done.code == 1, done.err
    assert "repeats" in proofs(folder / "report.json", None).fresh.failed_checks
