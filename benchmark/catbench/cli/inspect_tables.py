"""An inspection as a person reads it in a terminal of 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catbench.costs import UNIT_LABELS
from catbench.finding import NAMES, Inspection
from catbench.report import Estimate
from catbench.spelling import decimals_of, spell

WIDTH = 80
"""Columns where the output is no terminal."""


def print_inspection(found: Inspection, *, every: bool = False) -> None:
    """Print the answer, what it rests on, the candidates and the gains; `every` shows all candidates."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    for line in _head(found):
        console.print(line)
    console.print(_candidates(found, every=every))
    hidden = found.front.count(False)
    if hidden and not every:
        console.print(f"{hidden} more off the Pareto front (no better, and no cheaper): --all", style="dim")
    console.print(_gains(found))
    for line in notes(found):
        console.print(Text(f"- {line}"))
    console.print(Text(found.signature, style="dim"), soft_wrap=True)


def _head(found: Inspection) -> list[Text]:
    basis = found.basis
    lower = " (lower is better)" if found.direction == "lower" else ""
    unit = UNIT_LABELS.get(found.cost, found.cost)
    simulated = "SIMULATED " if basis.simulated else ""
    looked = f"{basis.prompts:,} prompts"
    if basis.prompts < basis.stored:
        looked = f"{basis.prompts:,} of {basis.stored:,} prompts (whole groups, drawn by seed {basis.seed})"
    by = f"{basis.folds} folds" if basis.folds else f"{basis.tested:,} tested"
    samples = f"{basis.samples} sample{'s' * (basis.samples > 1)}"
    return [
        Text(f"{simulated}{basis.suite}: {found.metric_label}{lower} against {unit}, pool {found.pool}"),
        Text(f"{looked}; {samples}; {by}", style="dim"),
        Text("Is there anything to route?", style="bold"),
        Text(found.sentence, style="bold"),
    ]


def _candidates(found: Inspection, *, every: bool) -> Table:
    table = Table()
    table.add_column("candidate")
    table.add_column(UNIT_LABELS.get(found.cost, found.cost), justify="right")
    table.add_column(f"mean {found.metric_label} [95%]", justify="right")
    table.add_column("Pareto front")
    qualities = [found.fixed_quality.at(position) for position in range(len(found.candidates))]
    decimals = _decimals(qualities)
    order = sorted(range(len(qualities)), key=lambda m: (not found.front[m], found.costs[m]))
    for m in order:
        if found.front[m] or every:
            row = found.candidates[m], f"{found.costs[m]:.4g}", spell(qualities[m], decimals=decimals)
            table.add_row(*row, "yes" if found.front[m] else "")
    return table


def _gains(found: Inspection) -> Table:
    table = Table()
    for name in ("choosing by", "gain [95%]", "of the oracle's gain"):
        table.add_column(name, justify="left" if name == "choosing by" else "right")
    decimals = _decimals([one.gain for one in found.gains.values()])
    for name, one in found.gains.items():
        label = f"{NAMES[name]} ({found.kind})" if name == "best_per_kind" else NAMES[name]
        share = "" if name == "oracle" else spell(one.headroom, percent=True)
        table.add_row(label, spell(one.gain, decimals=decimals), share)
    return table


def notes(found: Inspection) -> list[str]:
    """Return what the figures mean, and what could not be told, a sentence each."""
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
    if found.variances and found.variances.repeats.value is not None:
        share = spell(found.variances.repeats, percent=True)
        said.append(
            f"of what sets a prompt's candidates apart beside their means, {share} comes again in another "
            "image; the rest is noise."
        )
    elif basis.samples_are == "raters":
        said.append("samples are raters of one image: how much another image would change cannot be told.")
    elif basis.samples == 1:
        said.append("one sample: how much of the oracle's gain is noise cannot be told.")
    if found.saves:
        said.append(f"{NAMES['ridge']}: {found.saves}.")
    else:
        said.append("no ridge was tried.")
    if not basis.folds:
        said.append("splits store different numbers of samples, so the suite's splits stand in for folds.")
    if not found.kind:
        said.append("no text column of the prompts has 2 to 100 values, so there are no kinds to tell apart.")
    if basis.embeddings:
        said.append(
            f"the suite has embeddings ({', '.join(basis.embeddings)}), which this ridge does not read: "
            "`catbench evaluate ridge` does."
        )
    return said


def _decimals(estimates: list[Estimate]) -> int:
    """Return the decimals that the narrowest interval warrants, so that all can be compared."""
    wide = [one for one in estimates if one.low is not None and one.high is not None and one.high > one.low]
    return max(map(decimals_of, wide), default=4)
