"""What an inspection found: its record, and the plain sentence that sums it up."""

from __future__ import annotations

from typing import Literal

from catbench.report.numbers import Curve, Estimate, Estimates
from catbench.report.result import Result
from catbench.report.spelling import spell
from catbench.suite.info import InfoRecord

Answer = Literal["yes", "not shown", "no"]


class Basis(InfoRecord):
    """What the numbers rest on."""

    suite: str
    suite_digest: str
    simulated: bool
    stored: int
    """Prompts of the suite."""
    prompts: int
    """Prompts looked at."""
    seed: int
    """By which these were drawn, where they are fewer."""
    folds: int
    """Folds that routers were fitted by; 0 = the suite's own splits."""
    tested: int
    """Prompts that gains are means over: with folds all that were looked at, with splits the test prompts."""
    groups: int
    """Groups of these: what the intervals resample."""
    samples: int
    """Samples of each of these prompts and each candidate."""
    samples_are: Literal["images", "raters"]
    embeddings: list[str]
    """Prompt embeddings of the suite; the ridge is not given them."""


class Gain(InfoRecord):
    """What one way of choosing gains over the mixture."""

    gain: Estimate
    """On the metric's scale; positive is better."""
    headroom: Estimate
    """As a share of what the oracle gains; null where that is nothing."""
    along: Curve
    """Gains at single costs, with their band."""


class Variances(InfoRecord):
    """Why a prompt's candidates differ, beside the candidates' means
    (`catbench.score.unseen_oracles`)."""

    interaction: Estimate
    """Variance of prompt x candidate, which comes again in another image."""
    noise: Estimate
    """Variance of a single image, which does not."""
    repeats: Estimate
    """interaction / (interaction + noise); null where both are 0."""


class Inspection(InfoRecord):
    """What was found of one metric of a suite, under a cost and in a pool."""

    answer: Answer = "not shown"
    """Whether there is anything to route."""
    sentence: str = ""
    """The answer with its reason."""
    signature: str
    """Every convention behind these numbers."""
    basis: Basis
    metric: str
    metric_label: str
    direction: Literal["higher", "lower"]
    cost: str
    pool: str
    candidates: list[str]
    """Ids, in the order of every column."""
    costs: list[float]
    fixed_quality: Estimates
    """Mean quality of each candidate alone."""
    front: list[bool]
    """Whether no other candidate is better for as little, or as good for less, by means (Pareto front)."""
    variances: Variances | None
    """Null where there is one sample, or samples are raters of one image."""
    gains: dict[str, Gain]
    """`oracle`, and of `oracle_shrunk`, `best_per_kind` and `ridge` what could be tried."""
    kind: str
    """Column of the prompts behind `best_per_kind`."""
    saves: str
    """The ridge against the best single candidate (`catbench.report.verdict`); empty without it."""
    money: str = ""
    """How sure that is, as a clause; empty without a ridge, and where the best candidate is the cheapest."""
    curves: dict[str, Curve]
    """`mixture`, `oracle`, and `ridge` with its band."""


NAMES = {
    "mixture": "mixture (does not read the prompt)",
    "oracle": "oracle",
    "oracle_shrunk": "oracle on unseen images",
    "best_per_kind": "best of each kind",
    "ridge": "TF-IDF ridge",
}
"""Names of ways to choose, as tables and figures write them."""
TRIED = ("ridge", "best_per_kind", "oracle_shrunk")
"""What can show that there is something to route, in the order in which it is named."""


def concluded(found: Inspection) -> Inspection:
    """Return the inspection with its answer and sentence.

    `yes` where an interval lies above 0: the ridge's, that of kinds, or that of the oracle on unseen images,
    which gains only where a prompt's own scores come again. `no` where not even the oracle, which knows
    every score, gains anything. All else is not shown, which is no proof of the contrary. Each of three
    intervals misses a true 0 upwards in 2.5% of cases, so where nothing is to route, `yes` is said in at most
    7.5% of them. Each quantity is called sure by its own interval: a gain that is averaged over all budgets
    may be, and what it saves against the best single candidate not.
    """
    if reason := _nothing(found):
        return found.model_copy(update={"answer": "no", "sentence": f"nothing to route: {reason}"})
    sure = [name for name in TRIED if name in found.gains and found.gains[name].gain.sure > 0]
    named = sure[:1] if "ridge" in sure else sure + [n for n in TRIED if n in found.gains and n not in sure]
    if not sure:
        lead = "not shown that there is anything to route"
    elif sure == ["oracle_shrunk"]:
        lead = "yes, but nothing tried here reads it off the prompt"
    else:
        lead = "yes"
    said = [f"averaged over budgets {', '.join(_clause(found, name) for name in named)}"] if named else []
    said += [found.money] if "ridge" in sure and found.money else []
    said += [text] if (text := halving(found)) else []
    sentence = f"{lead}: {'; '.join(said or ['no router was tried'])}"
    return found.model_copy(update={"answer": "yes" if sure else "not shown", "sentence": sentence})


def halving(found: Inspection) -> str:
    """Return what would halve the first interval that the sentence tells; empty where it has no width.

    The width of an interval falls with the square root of the number of prompts: half of it takes four times
    as many.
    """
    name = next((name for name in TRIED if name in found.gains), "oracle")
    estimate, basis = found.gains[name].gain, found.basis
    if estimate.low is None or estimate.high is None or not estimate.high > estimate.low:
        return ""
    if not basis.folds:
        return f"{_about(3 * basis.tested)} more test prompts would halve the intervals"
    wanted = 4 * basis.prompts
    if basis.stored >= wanted:
        return (
            f"{wanted:,} prompts would halve the intervals, and the suite has {basis.stored:,}, all of which "
            "`catbench evaluate` reads"
        )
    beyond = f" than the suite's {basis.stored:,}" if basis.stored > basis.prompts else ""
    return f"{_about(wanted - basis.stored)} more prompts{beyond} would halve the intervals"


def _nothing(found: Inspection) -> str:
    """Return why nothing can be gained at all, empty where something could be."""
    if len(found.candidates) == 1:
        return f"the pool has one candidate, {found.candidates[0]}"
    if found.gains["oracle"].headroom.value is not None:
        return ""
    cheapest = found.candidates[min(range(len(found.costs)), key=found.costs.__getitem__)]
    if len(set(found.fixed_quality.value)) == 1:
        return f"every candidate scores alike on every prompt, so draw with the cheapest, {cheapest}"
    return "which candidate is worth its cost does not depend on the prompt: even an oracle gains nothing"


def _clause(found: Inspection, name: str) -> str:
    what = {
        "ridge": "a ridge on the prompt's words",
        "best_per_kind": f"the best candidate of each kind of prompt ({found.kind})",
        "oracle_shrunk": "an oracle that has seen the prompt's other images",
    }[name]
    one = found.gains[name]
    if one.gain.sure <= 0:
        return f"{what} gains {spell(one.gain)}"
    return (
        f"{what} surely gains {spell(one.gain)}, {spell(one.headroom, percent=True)} of what an oracle gains"
    )


def money(result: Result) -> str:
    """Return whether a router surely saves, or is better, against always drawing with the best candidate."""
    always = f"always drawing with {result.best_single.candidate}"
    if result.best_single.cost <= min(result.costs):
        return ""
    match, gain = result.estimate("match_best"), result.estimate("gain_at_best")
    if match.high is not None and match.high < 1:
        return f"it surely costs less than {always}, for images as good"
    if gain.sure > 0:
        return f"it is surely better than {always}, for as much"
    return f"that it saves anything against {always} is not shown"


def _about(count: int) -> str:
    """Return a count with two digits: more would claim too much."""
    return f"about {int(float(f'{count:.2g}')):,}"
