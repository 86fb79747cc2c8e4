"""What a user writes against catbench's public names, typed: checked by mypy and pyright, and run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

import catbench
from catbench import Choices, DeferralCurve, FittedRouter, Pool, Prompts, Report, ScoreMatrix


class ByLength:
    """A router of the mean of each candidate, and the length of a prompt."""

    def __init__(self, pool: Pool) -> None:
        self.cost: npt.NDArray[np.float64] = pool.cost

    def fit(self, prompts: Sequence[str], quality: npt.NDArray[np.float64]) -> None:
        """Keep the means of training."""
        self.means: npt.NDArray[np.float64] = quality.mean(axis=0, dtype=np.float64)

    def predict(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the means, for longer prompts a little more of what is dear."""
        lengths = np.array([len(prompt) for prompt in prompts], dtype=np.float64)
        longer: npt.NDArray[np.float64] = 1e-4 * lengths[:, None] * np.log(self.cost)
        return self.means + longer


def make_router(pool: Pool) -> ByLength:
    """Return the router of a pool."""
    return ByLength(pool)


def main() -> str:
    """Return what was found, in a line."""
    matrix: ScoreMatrix = catbench.load("nano")
    report: Report = catbench.evaluate(make_router, matrix, metric="clip_score", compact=True)
    headroom: float | None = report.result().estimate("headroom").value
    pool = matrix.pool("nano", metric="clip_score")
    quality = matrix.qualities("clip_score", "test", pool).mean(axis=2)
    curve: DeferralCurve = catbench.oracle_curve(quality, pool.cost)
    best: npt.NDArray[np.float64] = curve.quality_at(pool.cost)
    texts: Prompts = matrix.texts(matrix.rows("test"))
    fitted: FittedRouter = catbench.fit("ridge", matrix, metric="clip_score")
    choices: Choices = fitted.choose(texts[:3], budget=float(np.median(fitted.pool.cost)))
    return f"headroom {headroom}, oracle {best.max():.3f}, {len(choices)} choices"


if __name__ == "__main__":
    print(main())
