"""The routers' results that the tables and figures share, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from catbench.arrays import Floats
from catbench.download import Progress
from catbench.errors import CatbenchError, RouterError, UsageError
from catbench.report.evaluation import evaluate
from catbench.report.predictions import answer_from_table
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import rounds_of
from catbench.suite.info import Metric
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool

TRANSFORMER = "transformer"
"""The first estimator unless another is named."""


class Runs:
    """Results of the paper's two estimators on a suite, in its whole pool and in its homogeneous one.

    The default `transformer` is left out where it is not available (its packages, or a text encoder, are
    missing), and `left_out` says why.
    """

    def __init__(
        self,
        matrix: ScoreMatrix,
        *,
        transformer: str = TRANSFORMER,
        knn: str = "knn",
        metrics: Sequence[str] | None = None,
        cost: str | None = None,
        pool: str | None = None,
        bootstrap: Bootstrap | None = None,
        seed: int = 0,
        progress: Progress = lambda what, done, total: None,
    ) -> None:
        self.matrix, self.knn, self.transformer, self.seed = matrix, knn, transformer, seed
        self.metrics: tuple[Metric, ...] = tuple(
            matrix.metric(name)
            for name in dict.fromkeys(metrics or [metric.name for metric in matrix.metrics])
        )
        self.left_out: list[str] = []
        self.progress = progress
        self.rounds = rounds_of(matrix, 0)
        self._cost, self._pool, self._bootstrap = cost, pool, bootstrap or Bootstrap()
        self._reports: dict[tuple[str, bool], Report] = {}

    @property
    def asked(self) -> dict[str, object]:
        """What these results depend on, as JSON knows it."""
        return {
            "suite": self.matrix.suite.id,
            "digest": self.matrix.digest,
            "metrics": [metric.name for metric in self.metrics],
            "cost": self._cost,
            "pool": self._pool,
            "estimators": list(self.estimators),
            "knn": self.knn,
            "replicates": self._bootstrap.replicates,
            "seed": self.seed,
        }

    @property
    def suite(self) -> str:
        """The suite's id as titles have it: a simulated one says so."""
        return f"{'SIMULATED ' if self.matrix.suite.simulated else ''}{self.matrix.suite.id}"

    def pool(self, metric: str, *, homogeneous: bool = False) -> Pool:
        """Return the pool, or that part of it which is one model's."""
        names = self.homogeneous if homogeneous else None
        pool = None if homogeneous else self._pool
        return self.matrix.pool(pool, candidates=names, cost=self._cost, metric=metric, seed=self.seed)

    @cached_property
    def homogeneous(self) -> tuple[str, ...]:
        """Candidates of the homogeneous pool, none where no model has two candidates in the whole pool."""
        try:
            same = self.matrix.pool("homogeneous", cost=self._cost).ids
        except UsageError:
            return ()
        given = self.pool(self.metrics[0].name).ids
        inside = tuple(candidate for candidate in same if candidate in given)
        return inside if len(inside) > 1 else ()

    @cached_property
    def estimators(self) -> tuple[str, ...]:
        """The paper's estimators that are available here, the better one of the paper first."""
        found: list[str] = []
        for router in dict.fromkeys([self.transformer, self.knn]):
            try:
                self._report(router)
                found.append(router)
            except (RouterError, UsageError):
                raise
            except CatbenchError as error:  # of its own making: what it needs is not here
                if router != TRANSFORMER:  # somebody asked for this one
                    raise
                self.left_out.append(f"{router} is left out: {error}.")
        return tuple(found)

    def result(self, router: str, metric: str, *, homogeneous: bool = False) -> Result:
        """Return the result of an estimator on a metric."""
        return self._report(router, homogeneous=homogeneous).result(metric)

    def signature(self, *routers: str) -> str:
        """Return what pins an exhibit's numbers: the conventions of the whole pool, and whose they are."""
        shared = self.result(self.knn, self.metrics[0].name).signature.partition("|metric:")[0]
        return "|".join([shared, *(f"router:{router},seed={self.seed}" for router in routers)])

    @property
    def read(self) -> tuple[str, ...]:
        """What k-NN reads, as a note under its numbers; nothing where its name says so."""
        if ":" in self.knn:
            return ()
        shipped = next(iter(self.matrix.features), None)
        vectors = (
            f"the suite's prompt embedding, {shipped}" if shipped else "TF-IDF: the suite ships no embedding"
        )
        return (f"{self.knn} reads {vectors}.",)

    def answer(self, router: str, metric: str) -> Answer:
        """Return what an estimator predicted in the whole pool."""
        return answer_from_table(self._report(router).predictions, self.rounds, self.pool(metric), router)

    def samples(self, metric: str) -> Floats:
        """Return the true qualities (n, M, S) of the test prompts in the whole pool, higher is better."""
        return self.matrix.qualities(metric, "test", self.pool(metric))

    def _of_homogeneous(self, what: str, done: int, total: int) -> None:
        self.progress(f"homogeneous pool: {what}", done, total)

    def _report(self, router: str, *, homogeneous: bool = False) -> Report:
        key = (router, homogeneous)
        if key not in self._reports:
            report = evaluate(
                router,
                self.matrix,
                metric=[metric.name for metric in self.metrics],
                cost=self._cost,
                pool=None if homogeneous else self._pool,
                candidates=self.homogeneous if homogeneous else None,
                bootstrap=self._bootstrap,
                seed=self.seed,
                folds=0,
                progress=self._of_homogeneous if homogeneous else self.progress,
            )
            if report.router.kind == "policy":
                raise UsageError(f"{router} routes and estimates no quality; the paper's exhibits need that")
            self._reports[key] = report
        return self._reports[key]


def by_cost(pool: Pool) -> list[int]:
    """Return positions in the pool by rising cost: the order of the tables' columns."""
    return np.argsort(pool.cost, kind="stable").tolist()
