"""Agreement with measured scores has a ceiling that only the noise itself lies above."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catbench import evaluate, load
from catbench.route.routing import NamedRouter
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.score.unseen_oracles import variances
from catbench.submit.noise import Agreement, check_noise
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

ASKED = np.array([1.0, 0.0])


@pytest.fixture(scope="module")
def planted():
    return simulate(Simulation(prompts=3000, candidates=5, samples=3, seed=4))


@pytest.fixture(scope="module")
def tested(planted):
    return rounds_of(planted[0]).test


@pytest.fixture
def pool(planted):
    return planted[0].pool(metric="simulated_score")


@pytest.fixture
def expected(planted, tested):
    """Expected qualities (n, M) of the test prompts, as they are written down."""
    rows = planted[1].set_index("prompt_id").loc[tested.ids, "simulated_score"].to_numpy()
    return rows.reshape(len(tested), -1)


def check(predicted, tested, pool):
    return check_noise({pool.metric: Answer(predicted, None, ASKED)}, tested, [pool])


def test_the_ceiling_is_that_of_the_two_variances(tested, pool):
    samples = tested.qualities(pool)
    interaction, noise = variances(samples)
    ceiling = Agreement(samples[:, :, 0], samples)(np.ones((1, len(tested))))["ceiling"]
    assert ceiling[0, 0] == pytest.approx(np.sqrt(interaction / (interaction + noise / samples.shape[2])))


def test_the_correlation_is_numpy_s(tested, pool, expected):
    samples = tested.qualities(pool)
    one, other = expected, samples.mean(axis=2)
    one, other = (q - q.mean(axis=0) - q.mean(axis=1, keepdims=True) for q in (one, other))
    found = Agreement(expected, samples)(np.ones((1, len(tested))))["found"]
    assert found[0, 0] == pytest.approx(np.corrcoef(one.ravel(), other.ravel())[0, 1], rel=1e-3)


def test_weights_are_prompts_that_count_several_times(tested, pool, expected):
    samples = tested.qualities(pool)
    weights = np.random.default_rng(0).integers(0, 3, len(tested))
    often = np.repeat(np.arange(len(tested)), weights)
    weighted = Agreement(expected, samples)(weights[None].astype(float))
    repeated = Agreement(expected[often], samples[often])(np.ones((1, len(often))))
    # prompts are too loud beside others
    assert weighted["found"][0] == pytest.approx(
        repeated["found"][0], rel=1e-2
    )  # prompts are too loud beside others
    assert weighted["ceiling"][0] == pytest.approx(repeated["ceiling"][0])


def test_whoever_knows_all_that_can_be_known_stays_below(tested, pool, expected):
    found = check(expected, tested, pool)
    assert found.passed
    assert abs(found.value) < 0.1


def test_whoever_knows_the_scores_is_above_however_they_are_dressed(tested, pool):
    measured = tested.qualities(pool).mean(axis=2)
    loud = measured.copy()
    loud[0] *= -1e6
    few = measured.copy()
    few[: 2 * len(few) // 3] = few.mean(axis=0)
    for said in (measured, 1e3 * measured + np.arange(len(measured))[:, None], loud):
        assert not check(said, tested, pool).passed
    agreed = check(few, tested, pool).says.partition("interaction: ")[2]
    assert float(agreed.split()[0]) > 0.5


def test_a_policy_s_choices_count_as_what_it_predicts(tested, pool):
    measured = tested.qualities(pool).mean(axis=2)
    chosen = np.stack([measured.argmax(axis=1), measured.argmax(axis=1)])
    said = check_noise({pool.metric: Answer(None, chosen, ASKED)}, tested, [pool]).says
    assert float(said.partition("interaction: ")[2].split()[0]) > 0.3


def test_whoever_tells_no_prompts_apart_has_no_correlation(tested, pool):
    assert (
        "0.000 of at most" in check(np.tile([0.1, 0.2, 0.3, 0.4, 0.5], (len(tested), 1)), tested, pool).says
    )


def test_one_sample_is_not_tested_and_that_is_said():
    matrix = simulate(Simulation(prompts=300, candidates=3, samples=1))[0]
    part, pool = rounds_of(matrix).test, matrix.pool(metric="simulated_score")
    found = check(part.qualities(pool).mean(axis=2), part, pool)
    assert (found.passed, found.value) == (True, None)
    assert "not tested: one sample" in found.says


@pytest.mark.parametrize("samples", [1, 3])
def test_verify_tells_of_any_report_that_knows_the_noise(command, tmp_path, samples):
    matrix = simulate(Simulation(prompts=2000, candidates=4, samples=samples, seed=2))[0]
    save(matrix, tmp_path / "suite")
    matrix = load(tmp_path / "suite")
    one = rounds_of(matrix).each[0]
    pool = matrix.pool(metric="simulated_score")
    said, validation = (Answer(part.labelled(pool)[1], None, ASKED) for part in (one.test, one.validation))
    answers = {pool.metric: replace(said, validation=(validation,))}
    named = NamedRouter("forged", lambda pool: None)
    report = evaluate(named, matrix, metric=pool.metric, answers=answers, bootstrap=Bootstrap(20))
    report.save(tmp_path / "report.json")
    done = command("verify", tmp_path / "report.json", "--suite", tmp_path / "suite")
    assert done.code == (0 if samples == 1 else 1), done.err
    assert ("not tested: one sample" if samples == 1 else "FAILED") in done.out


def test_a_check_of_one_sample_says_what_it_did_not_test(command, tmp_path):
    save(simulate(Simulation(prompts=600, candidates=3, samples=1))[0], tmp_path / "suite")
    assert command("submit", "new", "mine", "--out", tmp_path).code == 0
    done = command("submit", "check", tmp_path / "mine", "--suite", tmp_path / "suite", "--sandbox", "none")
    assert done.code == 0, done.out
    assert "noise not tested: one sample" in done.out
