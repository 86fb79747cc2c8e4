"""`catbench fit`: fit a router and keep it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import CostUnit, Force, PoolName, RouterName, Suite

if TYPE_CHECKING:
    from catbench.use.calibration import Expected
    from catbench.use.fitted import FittedRouter

SAVINGS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Shares of the best single candidate's cost for which it is shown what is to be expected."""
NOTABLE = 0.01
"""What is saved in any case is said from here on."""


def fit(
    router: RouterName,
    out: Annotated[Path, typer.Option(help="The folder that keeps it; `catbench route` uses it.")],
    suite: Suite = "nano",
    metric: Annotated[
        str | None, typer.Option(help="The quality metric; needed where a suite has several.")
    ] = None,
    cost: CostUnit = None,
    pool: PoolName = None,
    seed: Annotated[int, typer.Option(min=0, help="For the router.")] = 0,
    force: Force = False,
) -> None:
    """Fit a router for use, calibrate it on validation prompts, and keep it."""
    from catbench.cli.progress import progress_bar
    from catbench.cli.table_layout import say, tell
    from catbench.errors import UsageError
    from catbench.files import check_free
    from catbench.suite.store import load
    from catbench.use.fitted import fit

    check_free(out, force=force)
    matrix = load(suite)
    names = [one.name for one in matrix.metrics]
    if metric is None and len(names) > 1:
        raise UsageError(f"suite {matrix.suite.id!r} has several metrics: give --metric {' or '.join(names)}")
    with progress_bar() as progress:
        progress(f"{router}: fitting", 0, 1)
        fitted = fit(
            router,
            matrix,
            metric=metric or names[0],
            cost=cost,
            pool=pool,
            seed=seed,
            progress=lambda done, total: progress(f"{router}: fitting", done, total),
        )
    fitted.save(out, force=force)
    _print_fitted(fitted, out)
    if matrix.features:
        say("")
        tell(
            "It was given the texts of prompts, as in use. `catbench evaluate` gives this suite's vectors "
            f"too ({', '.join(matrix.features)}), and a router that reads them answers otherwise there "
            "(`ridge:tfidf` reads texts in both)."
        )


def _print_fitted(fitted: FittedRouter, out: Path) -> None:
    """Print what a fitted router is, what it costs to save so much, and what `catbench route` needs."""
    from catbench.cli.table_layout import say, say_table
    from catbench.errors import UsageError
    from catbench.report.spelling import spell, spell_cost
    from catbench.suite.pool import UNIT_LABELS
    from catbench.use.router_state import TREE, is_estimator, types_beyond

    known = fitted.calibration
    pool, metric = fitted.pool, known.metric
    best, unit = pool.ids[known.best_single], UNIT_LABELS.get(pool.unit, pool.unit)
    plans: dict[float, Expected] = {}
    for save in SAVINGS:
        with suppress(UsageError):  # the cheapest candidate costs more
            plans[save] = fitted.plan(save=save)
    rows = [
        [f"{save:.0%}", *map(spell, (plan.cost, plan.quality, plan.gain))] for save, plan in plans.items()
    ]
    saved = 1 - (plans[0.0].cost.value or 0.0) / float(pool.cost[known.best_single]) if 0.0 in plans else 0.0
    say(
        f"{out}: {fitted.name}, fitted to {metric.title} of {fitted.suite}, {len(pool)} candidates from "
        f"{spell_cost(pool.cost.min())} to {spell_cost(pool.cost.max())} {unit}",
        f"Expected of {len(known.quality):,} prompts like these, against always {best} "
        f"({spell_cost(pool.cost[known.best_single])} {unit}):",
        "",
    )
    say_table(["--save", f"mean {unit}", metric.title, "better by"], rows)
    if saved > NOTABLE:
        say("", f"However much it may spend it saves {saved:.0%}: a smaller --save changes nothing.")
    if beyond := types_beyond(out):
        say("", "`catbench route` needs types named that catbench does not list:")
        say(*(f"  --trust {name}" for name in beyond))
    kept = (out / TREE).is_file()
    if not fitted.installed and not (kept and is_estimator(fitted.router)):
        say("", "It is of a file or a folder of yours: `catbench route` needs it again, as --router.")
    if not kept:
        say("", f"The router itself is not saved: `catbench route` fits it again from {fitted.suite!r}.")
