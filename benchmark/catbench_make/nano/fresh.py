"""A fresh test set for the nano suite: `catbench generate nano --fresh-test SEED`.

New held-out scenes are drawn from the seed, none of them in the suite, so that submissions can be scored on
prompts that nobody can have memorised. Routers are fitted on the shipped training split as ever.
"""

from __future__ import annotations

from dataclasses import replace

from catbench.errors import UsageError
from catbench.suite.matrix import Suite
from catbench_make.nano.nano_suite import distinct_scenes, prompt_table, with_features


def fresh_test(unscored: Suite, seed: int) -> Suite:
    """Return the suite with new test prompts alone, as many scenes as the suite tests on.

    `unscored` is the nano suite's. Raises UsageError for a negative seed.
    """
    if seed < 0:
        raise UsageError(f"--fresh-test {seed}: a seed is 0 or more")
    groups = unscored.prompts["group"]
    number = groups[unscored.prompts["split"] == "test"].nunique()
    name = f"nano-fresh-{seed}"
    prompts = prompt_table(distinct_scenes(number, seed, known=set(groups)), seed, name)
    prompts["split"] = "test"
    suite = unscored.suite.model_copy(
        update={"id": name, "source": f"{unscored.suite.source}; test seed {seed}"}
    )
    return with_features(replace(unscored, suite=suite, prompts=prompts[unscored.prompts.columns]))
