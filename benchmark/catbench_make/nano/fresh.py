"""A fresh test set for the nano suite: `catbench generate nano --fresh-test SEED`.

New held-out scenes are drawn from the seed, none of them in the suite, so that submissions can be scored on
prompts that nobody can have memorised. Routers are fitted on the shipped training split as ever.
"""

from __future__ import annotations

from dataclasses import replace

from catbench.errors import UsageError
from catbench_make.nano.nano_suite import distinct_scenes, tell, with_features
from catbench_make.plan.unscored import UnscoredSuite


def fresh_test(problem: UnscoredSuite, seed: int) -> UnscoredSuite:
    """Return the problem of new test prompts alone, as many scenes as the suite tests on.

    `problem` is the nano suite's. Raises UsageError for another suite or a negative seed.
    """
    if problem.suite.id != "nano":
        raise UsageError(
            f"--fresh-test: suite {problem.suite.id!r} has no grammar to draw new prompts from; nano has"
        )
    if seed < 0:
        raise UsageError(f"--fresh-test {seed}: a seed is 0 or more")
    groups = problem.prompts["group"]
    number = groups[problem.prompts["split"] == "test"].nunique()
    name = f"nano-fresh-{seed}"
    prompts = tell(distinct_scenes(number, seed, known=set(groups)), seed, name)
    prompts["split"] = "test"
    suite = problem.suite.model_copy(
        update={"id": name, "source": f"{problem.suite.source}; test seed {seed}"}
    )
    return with_features(replace(problem, suite=suite, prompts=prompts[problem.prompts.columns]))
