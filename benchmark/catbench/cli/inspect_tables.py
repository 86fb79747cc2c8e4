"""What was found of a suite, as text in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from catbench.cli.table_layout import say, say_signature, say_table, tell
from catbench.inspect.finding import NAMES, Inspection
from catbench.report.numbers import Estimate
from catbench.report.spelling import decimals_of, spell, spell_cost
from catbench.suite.pool import UNIT_LABELS


def print_inspections(found: Sequence[Inspection], *, every: bool = False) -> None:
    """Print what was found of each metric, and once what the figures mean; `every` shows all candidates."""
    for one in found:
        about, looked = _head(one)
        tell(about, style="bold")
        tell(looked)
        say("", "Is there anything to route?")
        tell(one.sentence, style="bold")
        say("")
        _print_candidates(one, every=every)
        say("")
        _print_gains(one)
        say("")
        if one.variances and one.variances.repeats.value is not None:
            share = spell(one.variances.repeats, percent=True)
            tell(
                f"Of what sets a prompt's candidates apart beside their means, {share} comes again in "
                "another image; the rest is noise."
            )
        if one.saves:
            tell(f"{NAMES['ridge']}: {one.saves}.")
        say_signature(one.signature)
        say("")
    for line in _meaning(found[0]):
        tell(line, bullet="- ")


def _head(found: Inspection) -> tuple[str, str]:
    """Return what was looked at, and how much of it."""
    basis = found.basis
    lower = " (lower is better)" if found.direction == "lower" else ""
    unit = UNIT_LABELS.get(found.cost, found.cost)
    simulated = "SIMULATED " if basis.simulated else ""
    looked = f"{basis.prompts:,} prompts"
    if basis.prompts < basis.stored:
        looked = f"{basis.prompts:,} of {basis.stored:,} prompts (whole groups, drawn by seed {basis.seed})"
    by = f"{basis.folds} folds" if basis.folds else f"{basis.tested:,} tested"
    samples = f"{basis.samples} sample{'s' * (basis.samples > 1)}"
    return (
        f"{simulated}{basis.suite}: {found.metric_label}{lower} against {unit}, pool {found.pool}",
        f"{looked}; {samples}; {by}",
    )


def _print_candidates(found: Inspection, *, every: bool) -> None:
    """Print the candidates on the Pareto front by rising cost, with `every` the others below."""
    unit = UNIT_LABELS.get(found.cost, found.cost)
    heads = ("candidate", unit, f"mean {found.metric_label}", "Pareto\nfront")
    qualities = [found.fixed_quality.at(position) for position in range(len(found.candidates))]
    places = _decimals(qualities)
    order = sorted(range(len(qualities)), key=lambda m: (not found.front[m], found.costs[m]))
    rows = [
        (
            found.candidates[m],
            spell_cost(found.costs[m]),
            spell(qualities[m], decimals=places),
            "yes" if found.front[m] else "",
        )
        for m in order
        if found.front[m] or every
    ]
    say_table(heads, rows)
    if hidden := len(order) - len(rows):
        others = f"{hidden} others are" if hidden > 1 else "1 other is"
        say(f"({others} no better than a cheaper one: --all)")


def _print_gains(found: Inspection) -> None:
    places = _decimals([one.gain for one in found.gains.values()])
    rows = [
        (
            f"{NAMES[name]} ({found.kind})" if name == "best_per_kind" else NAMES[name],
            spell(one.gain, decimals=places),
            "" if name == "oracle" else spell(one.headroom, percent=True),
        )
        for name, one in found.gains.items()
    ]
    say_table(("choosing by", "gain", "of the oracle's gain"), rows)


def _meaning(found: Inspection) -> list[str]:
    """Return what the figures of all metrics mean, and what could not be computed, a sentence each."""
    basis = found.basis
    said = [
        "gain: mean quality over that of the best mixture, which does not read the prompt; every doubling of "
        "the budget counts alike. Intervals narrow with the square root of the number of prompts.",
        "oracle: knows every score, noise included, so no router gets there.",
    ]
    if "oracle_shrunk" in found.gains:
        said.append(
            f"{NAMES['oracle_shrunk']}: knows the prompt's other images only; at least this can be reached."
        )
    elif basis.samples_are == "raters":
        said.append("samples are raters of one image: how much another image would change cannot be known.")
    elif basis.samples == 1:
        said.append("one sample: how much of the oracle's gain is noise cannot be known.")
    if "ridge" not in found.gains and len(found.candidates) > 1:
        said.append("ridge: not installed, so none was tried.")
    if not basis.folds:
        said.append("folds: none, since the splits store different numbers of samples; the splits serve.")
    if not found.kind:
        said.append("kinds: no text column of the prompts has 2 to 100 values.")
    if basis.embeddings:
        said.append(
            f"embeddings: this ridge reads words only; `catbench evaluate ridge` reads {basis.embeddings[0]}."
        )
    return said


def _decimals(estimates: list[Estimate]) -> int:
    """Return the decimals that the narrowest interval warrants, so that all can be compared."""
    wide = [one for one in estimates if one.low is not None and one.high is not None and one.high > one.low]
    return max(map(decimals_of, wide), default=4)
