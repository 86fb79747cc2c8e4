"""`python docs/make_axis.py`: write docs/axis.md, how far the order of routers hangs on the cost axis.

By restricting stored predictions: the routers of baselines/reports/nano are scored again without the
candidates that are more expensive than the best single one, and with a bad candidate at a tenth of the lowest
cost.
"""

from __future__ import annotations

import numpy as np
from make_shared import DOCS, reports_of, table
from scipy.stats import kendalltau

from catbench import DeferralCurve, deferral_curve, load, mixture_curve
from catbench.report.stored import pool_of_report, stored_answers
from catbench.score.rounds import rounds_of

METRICS = ("clip_score", "scene_accuracy")
AXES = ("log", "linear", "binding")
POOLS = ("without the dominated", "with a bad, cheap one")
CHEAP = 0.1
"""Cost of the bad candidate, of the lowest."""
TEXT = """# How far the order of routers depends on the axis

Made by `python docs/make_axis.py` from the predictions in `baselines/reports/nano`, cost in TFLOPs, of
{routers}.

The gain over the mixture is an area, and an area depends on where it ends. Two pools that ask the same of a
router are compared with the pool as it is: without the candidates that are more expensive than the best
single one (they are dominated: no sensible choice draws with them), and with a bad candidate at a tenth of
the lowest cost, which scores as the worst one. Predictions are those stored; that of the bad candidate is its
mean. *Log* and *linear* are the two cost axes; *binding* is the logarithmic one up to the best single
candidate's cost (`gain_binding`).

{table}

{conclusion}

Order kept: Kendall's tau between the routers' order in the pool as it is and in the other pool (1 = the
same). Gain kept: the best router's gain in the other pool, over that in the pool as it is.
"""

Floats = np.ndarray


def page() -> str:
    """Return the page."""
    matrix = load("nano")
    rounds = rounds_of(matrix, 0)
    reports = [
        one
        for one in reports_of("nano").values()
        if one.router.kind == "estimator" and (one.results[0].pool, one.results[0].cost) == ("all", "tflops")
    ]
    rows: list[list[str]] = []
    found: dict[tuple[str, str], list[float]] = {}
    for metric in METRICS:
        pool = pool_of_report(reports[0], rounds, metric)
        quality = rounds.test.labelled(pool)[1]
        best = int(rounds.each[0].train.labelled(pool)[1].mean(axis=0).argmax())
        said = [np.asarray(stored_answers(one, rounds)[metric].predicted) for one in reports]
        limit = float(pool.cost[best])
        for axis in AXES:
            whole = gains(said, quality, pool.cost, axis, limit)
            few = pool.cost <= limit
            restricted = gains([p[:, few] for p in said], quality[:, few], pool.cost[few], axis, limit)
            worst = np.full((len(quality), 1), quality.mean(axis=0).min())
            bad = [np.hstack([p, worst]) for p in said]
            cost = np.append(pool.cost, CHEAP * pool.cost.min())
            widened = gains(bad, np.hstack([quality, worst]), cost, axis, limit)
            for name, other in zip(POOLS, (restricted, widened), strict=True):
                tau = float(kendalltau(whole, other).statistic)
                found.setdefault((axis, name), []).append(tau)
                kept = other.max() / whole.max()
                rows.append([metric, axis, name, f"{tau:.2f}", f"{kept:.2f}"])
    heads = ["metric", "axis", "pool", "order kept", "gain kept"]
    return TEXT.format(
        routers=", ".join(one.router.name for one in reports),
        table=table(heads, rows),
        conclusion=conclusion({key: float(np.mean(taus)) for key, taus in found.items()}),
    )


def conclusion(tau: dict[tuple[str, str], float]) -> str:
    """Return what the means over metrics of tau say, by axis and pool."""
    said: list[str] = []
    for what, pool in zip(("Without the dominated candidates", "With a bad, cheap one"), POOLS, strict=True):
        order = sorted(AXES, key=lambda axis, pool=pool: -tau[axis, pool])
        said.append(f"{what}: {', '.join(f'{tau[axis, pool]:.2f} ({axis})' for axis in order)}")
    steady = max(AXES, key=lambda axis: min(tau[axis, pool] for pool in POOLS))
    order_kept = ".\n".join(said)
    return (
        f"Mean of both metrics, order kept. {order_kept}.\n"
        f"By the worse of the two cases the order holds best on the axis *{steady}*.\n\n"
        "The headline is on the logarithmic axis for another reason: on the linear one most of the area\n"
        "lies beyond the best single candidate, where no budget binds and nothing is decided\n"
        "([definitions](definitions.md)). Reports have all three."
    )


def gains(said: list[Floats], quality: Floats, cost: Floats, axis: str, limit: float) -> Floats:
    """Return the gain over the mixture of each prediction (n, M); `binding` ends at the cost `limit`."""
    low, high = float(cost.min()), limit if axis == "binding" else float(cost.max())

    def area(curve: DeferralCurve) -> float:
        return float((curve.area if axis == "linear" else curve.area_log)(low, high))

    mixture = area(mixture_curve(quality, cost))
    return np.array([area(deferral_curve(p, quality, cost)) - mixture for p in said])


if __name__ == "__main__":
    (DOCS / "axis.md").write_text(page(), encoding="utf-8")
