"""`catbench submit check`: every problem of a submission at once, then those of its code on a small suite.

Nothing runs while its folder has problems: what cannot be read or may not be there is no submission yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from catbench.errors import CatbenchError, RouterError, UsageError
from catbench.home import known_suites
from catbench.score.rounds import rounds_of
from catbench.submit import noise
from catbench.submit.faults import Fault
from catbench.submit.folder import folder_faults, named_suites
from catbench.submit.judging import judge
from catbench.submit.run import How, session_of, staged
from catbench.submit.sandbox.channel import BreachError
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import Split
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import load, suite_folder

SIZES: dict[Split, int] = {"train": 400, "validation": 60, "test": 120}
"""Prompts of each split that a check uses."""
MENDS = {
    "repeats": "fix every seed (pool.seed), and depend on no clock, thread timing or hash order",
    "order": "a prompt's prediction may not depend on its place: no state that predict() carries on",
    "one at a time": "a prompt's prediction may not depend on the others: no statistics of the test batch",
    "shuffled labels": "it knows more than fit() was given: no weights and no rules may hold qualities",
    "mixed labels": "it learns from these very qualities: nothing that fit() is given may be looked up",
    "reworded prompts": "it knows these very test prompts: nothing that predict() is given may be looked up",
    "noise": "it knows what these test images scored, which no prompt tells: nothing may be looked up",
}


def check_submission(folder: Path, how: How, suite: str | None = None) -> tuple[list[Fault], str]:
    """Return everything that is wrong with a submission, and what it was tried on.

    `suite` is the suite to try it on, by default the first that it names and that is here, else a
    simulated one. It is tried on nothing (an empty text) while its folder has problems, or where `suite` is
    unknown. Raises UsageError where the sandbox is not available.
    """
    found, named = folder_faults(folder), named_suites(folder)
    problems = _suite_problems([suite] if suite else named)
    if found or (suite and problems):
        return [*found, *problems], ""
    matrix = small_matrix(suite, named)
    prompts = f"{sum(SIZES.values())} prompts of {matrix.suite.id}"
    tried = "SIMULATED" if matrix.suite.simulated else prompts
    try:
        with staged(folder, matrix, how) as (inside, _, _):
            pools = [matrix.pool(metric=matrix.metrics[0].name)]
            rounds = rounds_of(matrix, 0)
            judged = judge(lambda: session_of(inside), rounds, pools, lambda answers: None, timed=False)
    except UsageError:
        raise
    except CatbenchError as error:
        return [*problems, Fault(str(error), _way_out(error))], tried
    unseen = [check.says for check in judged.checks if check.name == noise.NAME and check.value is None]
    tried += "".join(f"; noise {says}" for says in unseen)
    failed = [check for check in judged.checks if not check.passed]
    return [*problems, *(Fault(check.says, MENDS[check.name]) for check in failed)], tried


def _way_out(error: CatbenchError) -> str:
    """Return what mends a submission that failed or broke a limit while it ran."""
    if not isinstance(error, RouterError):
        return "fix that first"
    limit = error.verdict if isinstance(error, BreachError) else ""
    if limit in ("wall", "cpu"):
        return "make it faster; --wall gives a run more time, beside what the suite warrants"
    if limit == "memory":
        return "make it smaller; --memory gives a run more"
    if "ModuleNotFoundError" in str(error):
        return 'name its package under requirements in submission.toml, as "name==1.0 --hash=sha256:..."'
    return (
        "run fit() and predict() by hand on some prompts; inside a sandbox there is no network, and no file "
        "but the submission's"
    )


def _suite_problems(names: Sequence[str]) -> list[Fault]:
    """Return a problem for every suite that a run would not find."""
    problems: list[Fault] = []
    for name in names:
        try:
            suite_folder(name)
        except CatbenchError as error:
            what, _, fix = str(error).partition(": ")
            problems.append(Fault(what, fix))
    return problems


def small_matrix(suite: str | None, named: Sequence[str]) -> ScoreMatrix:
    """Return some prompts and one metric of a suite: the one asked for, one named, or a simulated one."""
    known = known_suites()
    suite = suite or next((name for name in named if name in known), None)
    if suite is None:
        return simulate(Simulation(prompts=sum(SIZES.values()), candidates=5, samples=2))[0]
    matrix = load(suite)
    kept = np.sort(np.concatenate([matrix.rows(split)[:size] for split, size in SIZES.items()]))
    metric, small = matrix.metrics[0], matrix.take(kept)
    return replace(small, metrics=(metric,), scores={metric.name: small.scores[metric.name]})
