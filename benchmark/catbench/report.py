"""A report: what was measured of one router on one suite, as a record and as JSON.

Numbers of kind `quality` (see `catbench.measures.MEASURES`) stand on the metric's own scale and with its
own sign; gains are positive where the router is better. A value or an end of an interval that does not
exist (a quality that is never reached) is null.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from catbench.errors import CatbenchError, UsageError, unknown_name
from catbench.files import atomic_file
from catbench.submission.record import Submission


class Estimate(BaseModel):
    """A number with the ends of its 95% interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    """Standard deviation over bootstrap replicates."""


class WinRateEstimate(Estimate):
    """A win rate over trials, with the exact interval of such a share."""

    p_value: float | None
    """One-sided sign test against even odds, ties dropped."""
    deviation: float | None
    """Standard deviation over trials of the router's quality at the candidate's cost."""


Measured: TypeAlias = Estimate | dict[str, WinRateEstimate] | dict[str, Estimate]
"""A measure's estimate, or one a candidate."""


class Fixed(BaseModel):
    """Always using one candidate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost: float
    quality: Estimate


class Curve(BaseModel):
    """A deferral curve read off at fixed costs, with its band where it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost: list[float]
    quality: list[float]
    low: list[float | None] = Field(default_factory=list)
    high: list[float | None] = Field(default_factory=list)


class Selection(BaseModel):
    """Selection rates: share of prompts sent to each candidate at falling trade-offs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trade_off: list[float]
    cost: list[float]
    """Mean cost at each trade-off."""
    rate: dict[str, list[float]]


class Result(BaseModel):
    """One router on one metric, cost, pool and slice of a suite's test prompts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signature: str
    """Every convention behind these numbers: equal signatures can be compared."""
    suite: str
    suite_digest: str
    pool: str
    metric: str
    metric_label: str
    direction: Literal["higher", "lower"]
    cost: str
    slice: str
    """`all`, or `column=value`."""
    prompts: int
    groups: int
    """Groups of the prompts: what the intervals resample."""
    fit_seconds: float
    seconds_per_prompt: float
    """Measured running time of the router itself."""
    flops_per_prompt: float | None = None
    """FLOPs (2 x MAC) of the router itself, where it knows them, without those of its text encoder."""
    encoder_flops_per_prompt: float | None = None
    """FLOPs of the text encoder that the router runs. Candidates that run the same one anyway make them free
    (CATImage §5.1)."""
    measures: dict[str, Measured]
    references: dict[str, dict[str, Estimate]]
    """`mixture`, `oracle`, `oracle_leave_one_out`, `best_single`, `cascade` (sees an image): never ranked."""
    fixed: dict[str, Fixed]
    curve: Curve
    reference_curves: dict[str, Curve]
    selection: Selection

    def estimate(self, measure: str, candidate: str | None = None) -> Estimate:
        """Return one estimate; raises UsageError for an unknown measure or candidate."""
        if measure not in self.measures:
            raise unknown_name("measure", measure, self.measures)
        found = self.measures[measure]
        if isinstance(found, Estimate):
            return found
        if candidate is None or candidate not in found:
            raise unknown_name(f"candidate of {measure}", str(candidate), found)
        return found[candidate]


class RouterInfo(BaseModel):
    """Which router a report is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["estimator", "policy"]
    seed: int


class Report(BaseModel):
    """Everything that was measured of one router in one run."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    schema_version: Literal[1] = Field(1, alias="schema")
    simulated: bool = False
    """True where the suite's scores come from a formula: such numbers rank nobody."""
    router: RouterInfo
    signature: str
    """What all results share; each has its own with metric and slice."""
    versions: dict[str, str]
    bootstrap: dict[str, NonNegativeInt]
    """`replicates` and `seed`: two reports are paired where these agree."""
    predictions_file: str | None = None
    """Name of the Parquet file beside the report that holds what the router answered."""
    results: tuple[Result, ...] = Field(min_length=1)
    predictions: pd.DataFrame = Field(default_factory=pd.DataFrame, exclude=True, repr=False)
    """`metric`, `prompt_id` and one column a candidate; of a policy, one column a trade-off."""
    submission: Submission | None = None
    """Who made the router, how it ran and what was checked, where it ran as a submission."""

    def result(self, metric: str | None = None, slice: str = "all") -> Result:
        """Return the result of a metric (default: the first) and slice; raises UsageError if absent."""
        wanted = metric or self.results[0].metric
        for result in self.results:
            if result.metric == wanted and result.slice == slice:
                return result
        raise unknown_name("result", f"{wanted}/{slice}", [f"{r.metric}/{r.slice}" for r in self.results])

    def save(self, path: str | os.PathLike[str], predictions: str | os.PathLike[str] | None = None) -> None:
        """Write the report as JSON, and the predictions as Parquet beside it (`NAME.predictions.parquet`).

        Each is written whole or not at all, the predictions first. Raises UsageError where it cannot be.
        """
        target = Path(path)
        beside = Path(predictions) if predictions else target.with_suffix(".predictions.parquet")
        self.save_predictions(beside)
        name = os.path.relpath(beside.absolute(), target.absolute().parent)
        record = self.model_copy(update={"predictions_file": name}).model_dump(mode="json", by_alias=True)
        with atomic_file(target) as draft:
            draft.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def save_predictions(self, path: str | os.PathLike[str]) -> None:
        """Write what the router answered as Parquet."""
        with atomic_file(Path(path)) as draft:
            self.predictions.to_parquet(draft, index=False)

    @staticmethod
    def read(path: str | os.PathLike[str]) -> Report:
        """Return a saved report, with its predictions where they lie beside it.

        Raises CatbenchError where the file is no report, naming the field that is wrong.
        """
        source = Path(path)
        try:
            report = Report.model_validate_json(source.read_text(encoding="utf-8"))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise CatbenchError(f"{source} is no report of this version: {place}: {first['msg']}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{source}: cannot be read: {error}") from error
        beside = source.parent / report.predictions_file if report.predictions_file else None
        if beside is None or not beside.is_file():
            return report
        try:
            return report.model_copy(update={"predictions": pd.read_parquet(beside)})
        except (OSError, ValueError) as error:
            raise CatbenchError(f"{beside}: not readable as Parquet: {error}") from error


def versions() -> dict[str, str]:
    """Return the versions of what the numbers of a report depend on."""
    import platform
    from importlib.metadata import version

    from catbench import __version__

    found: dict[str, Any] = {name: version(name) for name in ("numpy", "pandas", "scikit-learn", "scipy")}
    return {"catbench": __version__, "python": platform.python_version(), **found}
