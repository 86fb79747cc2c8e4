"""The page Suite: what is drawn, by whom, at what cost, scored by what, and how to make it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from catbench.suite.costs import cost_keys, prices
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import SPLITS
from catbench_leaderboard.curves import layout
from catbench_leaderboard.problems import Problem
from catbench_leaderboard.style import PageTheme, style_of
from catbench_leaderboard.text import in_figure, one_line

COMPLEXITY = "complexity"
"""The prompt column that tells simple prompts from complex ones; without it, the number of words."""


def facts(matrix: ScoreMatrix) -> dict[str, str]:
    """Return what a suite says of itself, by name."""
    sizes = ", ".join(f"{len(matrix.rows(split)):,} {split} (x{matrix.samples[split]})" for split in SPLITS)
    return {
        "title": matrix.suite.title or matrix.suite.id,
        "version": matrix.suite.version,
        "prompts (x samples)": sizes,
        "pools": "; ".join(f"{name}: {len(members)} candidates" for name, members in matrix.pools.items())
        or "all",
        "licence": matrix.suite.licence or "not stated",
        "source": matrix.suite.source or "not stated",
        "digest": matrix.digest,
    }


def candidates(matrix: ScoreMatrix) -> pd.DataFrame:
    """Return one row a candidate: its model, the pools it is in, and its settings."""
    rows: list[dict[str, Any]] = []
    for candidate in matrix.candidates:
        pools = ", ".join(name for name, members in matrix.pools.items() if candidate.id in members)
        settings = {name: _shown(value) for name, value in candidate.settings.items()}
        rows.append({"candidate": candidate.id, "model": candidate.model, "pools": pools, **settings})
    return pd.DataFrame(rows).fillna("")


def costs(matrix: ScoreMatrix) -> pd.DataFrame:
    """Return one row a candidate, one column a cost key: the price of one image, NaN where none is known."""
    table = pd.DataFrame({"candidate": matrix.candidate_ids})
    for key in cost_keys(matrix.costs):
        table[key] = table["candidate"].map(prices(matrix.costs, key)[0])
    return table


def cost_sources(matrix: ScoreMatrix) -> pd.DataFrame:
    """Return how prices were found: one row a unit, hardware, batch size, precision and method."""
    rows = [
        {name: getattr(cost, name) for name in ("unit", "hardware", "batch_size", "precision", "method")}
        for cost in matrix.costs
    ]
    return pd.DataFrame(rows).drop_duplicates().reset_index(drop=True)


def metrics(matrix: ScoreMatrix) -> pd.DataFrame:
    """Return one row a quality metric."""
    names = ("name", "label", "direction", "model", "revision", "citation")
    return pd.DataFrame([{name: getattr(metric, name) for name in names} for metric in matrix.metrics])


def recipe(matrix: ScoreMatrix) -> str:
    """Return the commands that check the suite and make it again."""
    name = matrix.suite.id
    if matrix.suite.simulated:
        return f"catbench verify {name}\ncatbench simulate --help   # the title tells the sizes and the seed"
    if not all(candidate.settings for candidate in matrix.candidates):  # nothing tells how to draw them
        source = one_line(matrix.suite.source or "its source, which is not stated")
        return f"catbench verify {name}\ncatbench import --help   # scores from {source}"
    return (
        f"catbench verify {name}\n"
        f"catbench generate {name} --out runs/{name} --dry-run   # shards, images, disk, device-hours\n"
        f"catbench generate {name} --out runs/{name}\n"
        f"catbench measure {name} --out costs.parquet"
    )


def by_steps(matrix: ScoreMatrix, metric: str, pool: Sequence[str]) -> pd.DataFrame:
    """Return mean test score by model, steps and kind of prompt: the simplest and the most complex third.

    Columns: `model`, `steps`, `prompts` (`simple` or `complex`), `score`. Empty where no model of the pool
    has two numbers of steps.
    """
    members = [c for c in matrix.candidates if c.id in pool and isinstance(c.settings.get("steps"), int)]
    models: dict[str, list[Any]] = {}
    for candidate in members:
        models.setdefault(candidate.model, []).append(candidate)
    rows = matrix.rows("test")
    scores = matrix.scores[metric][rows, :, : matrix.samples["test"]].astype(np.float64).mean(axis=2)
    level = _complexity(matrix)[rows]
    low, high = np.quantile(level, [1 / 3, 2 / 3])
    kinds = {"simple": level <= low, "complex": level >= high} if low < high else {"all": level == level}
    found = [
        {
            "model": model,
            "steps": candidate.settings["steps"],
            "prompts": kind,
            "score": float(scores[inside, matrix.candidate_ids.index(candidate.id)].mean()),
        }
        for model, ladder in models.items()
        if len({candidate.settings["steps"] for candidate in ladder}) > 1
        for kind, inside in kinds.items()
        for candidate in sorted(ladder, key=lambda one: one.settings["steps"])
    ]
    return pd.DataFrame(found, columns=["model", "steps", "prompts", "score"])


def steps_figure(table: pd.DataFrame, label: str, theme: PageTheme) -> Any:
    """Return quality by steps as a plotly figure: a colour a model, complex prompts dashed."""
    from plotly.graph_objects import Figure, Scatter

    drawn = Figure()
    models = list(dict.fromkeys(table["model"]))
    for (model, kind), line in table.groupby(["model", "prompts"], sort=False):
        colour = style_of(models.index(str(model)), theme).colour
        dash = "dash" if kind == "complex" else "solid"
        drawn.add_trace(
            Scatter(
                x=line["steps"],
                y=line["score"],
                mode="lines+markers",
                name=in_figure(f"{model}, {kind}"),
                line={"color": colour, "dash": dash, "width": 2.5},
                hovertemplate="%{y:.4f}",
            )
        )
    return layout(drawn, theme, "steps", in_figure(f"mean {label}"), table["steps"], log=True)


def signature(problem: Problem) -> str:
    """Return what all results of a problem share of their signatures."""
    found = next(iter(problem.rows.values()))[0].result.signature
    own = ("metric:", "slice:", "best:", "trials:", "catbench:")
    return "|".join(part for part in found.split("|") if not part.startswith(own))


def _complexity(matrix: ScoreMatrix) -> Any:
    column = matrix.prompts.get(COMPLEXITY)
    if column is not None and pd.api.types.is_numeric_dtype(column) and not column.isna().any():
        return column.to_numpy(dtype=np.float64)
    return np.array([len(str(text).split()) for text in matrix.prompts["text"]], dtype=np.float64)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
