"""A report: what was measured of one router on one suite, as a record and as JSON.

Numbers of kind `quality` (see `catbench.measures.MEASURES`) stand on the metric's own scale and with its
own sign; gains are positive where the router is better. A value or an end of an interval that does not
exist (a quality that is never reached) is null. Numbers have six digits, but for costs. Areas (`audc`,
`gain`, `headroom`) are on the logarithmic cost axis, unless they are named `..._linear`.

Beside `NAME.json` lie `NAME.predictions.parquet`, what the router answered (`catbench.predictions`), and
`NAME.replicates.parquet`: a row a result and bootstrap replicate with `result`, its position among the
results, `audc`, `audc_linear`, and `gain_00` ... `gain_16`, the gain over the mixture at 17 costs, spaced
geometrically from the cheapest to the most expensive candidate, as float32, on the common draws of the suite.
Ranks, bands and differences are made of it. Both files can be left behind; then nothing can be derived again
or compared.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from catbench.errors import CatbenchError, UsageError, unknown_name
from catbench.files import atomic_file
from catbench.submission.record import Submission


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Record):
    """A number with the ends of its 95% interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    """Standard deviation over bootstrap replicates."""


class Estimates(_Record):
    """Estimates of all candidates, or along all costs, as columns (K,)."""

    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    standard_error: list[float | None] = Field(default_factory=list)
    """Empty in a slice's result."""

    def at(self, position: int) -> Estimate:
        """Return one of them."""
        columns = {name: getattr(self, name) for name in Estimate.model_fields}
        return Estimate(**{name: column[position] for name, column in columns.items() if column})


class WinRates(Estimates):
    """Win rates over trials, with intervals over prompts and refits; null at the cheapest candidate."""

    deviation: list[float | None]
    """Standard deviation over trials of the router's quality at the candidate's cost."""


Measured: TypeAlias = Estimate | WinRates | Estimates
"""A measure's estimate, or one a candidate."""


class Fixed(_Record):
    """Always drawing with one candidate."""

    cost: float
    quality: Estimate


class BestSingle(_Record):
    """The best single candidate by training means."""

    candidate: str
    """Of folds that differ, the commonest."""
    cost: float
    quality: Estimate


class Budgets(_Record):
    """Distinct candidates' costs as budgets (`catbench.deployment`)."""

    kept: int
    """Budgets that `budget_error` and `overspend` are means over."""
    beyond: int
    """Budgets beyond the end of the validation curve, which the router does not spend: it stays at that end.
    `deployed_gain` and `consistency` count them too."""


class Curve(_Record):
    """A curve read off at fixed costs, with its band where it has one."""

    cost: list[float]
    quality: list[float]
    low: list[float | None] = Field(default_factory=list)
    high: list[float | None] = Field(default_factory=list)


class Measures(_Record):
    """Measures of a result, or differences of two."""

    candidates: list[str]
    """Ids, in the order of every column of estimates."""
    measures: dict[str, Measured]

    def estimate(self, measure: str, candidate: str | None = None) -> Estimate:
        """Return one estimate; raises UsageError for an unknown measure or candidate."""
        if measure not in self.measures:
            raise unknown_name("measure", measure, self.measures)
        found = self.measures[measure]
        if isinstance(found, Estimate):
            return found
        if candidate is None or candidate not in self.candidates:
            raise unknown_name(f"candidate of {measure}", str(candidate), self.candidates)
        return found.at(self.candidates.index(candidate))


class Result(Measures):
    """One router on one metric, cost, pool and slice of a suite's tested prompts."""

    verdict: str
    """What the router saves, in a sentence (`catbench.verdict`)."""
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
    hardware: str = ""
    """What that was measured on."""
    flops_per_prompt: float | None = None
    """FLOPs (2 x MAC) of the router itself, where it knows them, without those of its text encoder."""
    encoder_flops_per_prompt: float | None = None
    """FLOPs of the text encoder that the router runs. Candidates that run the same one anyway make them free
    (CATImage §5.1)."""
    overhead_note: str = ""
    """Why there is no `audc_with_overhead`, where there is none."""
    best_single: BestSingle
    budgets: Budgets
    kind: str = ""
    """Column of the prompts behind the reference `best_per_kind`."""
    validation_gain: float | None = None
    """Gain over the mixture on the validation prompts: by it routers can be chosen without a test score."""
    costs: list[float]
    """Of the candidates, in the unit `cost`."""
    fixed_quality: Estimates
    """Mean quality of each candidate alone."""
    references: dict[str, dict[str, Estimate]]
    """`mixture`, `oracle`, `oracle_leave_one_out`, `oracle_shrunk`, `best_single`, `best_per_kind` and
    `cascade`: never ranked. Null where the suite does not allow one (a second image, kinds of prompts)."""
    curve: Curve
    """Empty in a slice's result, as are the reference curves."""
    reference_curves: dict[str, list[float]]
    """Heights at the costs of `curve`."""

    def __repr__(self) -> str:
        from catbench.summary import of_result  # it spells numbers, which are records of this module

        return of_result(self)

    __str__ = __repr__

    @property
    def fixed(self) -> dict[str, Fixed]:
        """Cost and quality of each candidate alone, by id."""
        return {
            name: Fixed(cost=cost, quality=self.fixed_quality.at(position))
            for position, (name, cost) in enumerate(zip(self.candidates, self.costs, strict=True))
        }

    def reference_curve(self, name: str) -> Curve:
        """Return the curve of a reference; raises UsageError for one that has none."""
        if name not in self.reference_curves:
            raise unknown_name("reference with a curve", name, self.reference_curves)
        return Curve(cost=self.curve.cost, quality=self.reference_curves[name])


class RouterInfo(_Record):
    """Which router a report is about."""

    name: str
    kind: Literal["estimator", "policy"]
    seed: int


class Report(BaseModel):
    """Everything that was measured of one router in one run."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    schema_version: Literal[2] = Field(2, alias="schema")
    simulated: bool = False
    """True where the suite's scores come from a formula: such numbers rank nobody."""
    router: RouterInfo
    signature: str
    """What all results share; each has its own with metric and slice."""
    versions: dict[str, str]
    bootstrap: dict[str, NonNegativeInt]
    """`replicates` and `seed`: two reports are paired where these agree."""
    folds: int = 0
    """Folds that the prompts were scored by; 0 = by the suite's own splits."""
    train_on: str = ""
    """Id of the suite that the router was trained on, where it is another one."""
    private: bool = False
    """Whether it was scored on a host's private test split (`catbench.submission.private`): numbers are then
    rounded to their standard errors, and draws, predictions and replicates are the host's secret."""
    left_out: tuple[str, ...] = ()
    """Candidates of the suite that the one trained on lacks: they are not in the pool."""
    compact: bool = False
    """Whether predictions were rounded to a compact table before anything was computed."""
    predictions_file: str | None = None
    """Name of the Parquet file beside the report that holds what the router answered."""
    replicates_file: str | None = None
    """Name of the Parquet file beside the report that holds bootstrap replicates."""
    results: tuple[Result, ...] = Field(min_length=1)
    predictions: pd.DataFrame = Field(default_factory=pd.DataFrame, exclude=True, repr=False)
    """What the router answered: a table as in `catbench.predictions`."""
    replicates: pd.DataFrame = Field(default_factory=pd.DataFrame, exclude=True, repr=False)
    """`result`, `audc`, `audc_linear`, `gain_00` ... `gain_16`, float32, a row a result and replicate."""
    submission: Submission | None = None
    """Who made the router, how it ran and what was checked, where it ran as a submission."""

    def __repr__(self) -> str:
        from catbench.summary import in_a_line

        return in_a_line(self)

    def __str__(self) -> str:
        from catbench.summary import in_lines

        return in_lines(self)

    def _repr_html_(self) -> str:
        from catbench.summary import in_html

        return in_html(self)

    def result(self, metric: str | None = None, slice: str = "all") -> Result:
        """Return the result of a metric (default: the first) and slice; raises UsageError if absent."""
        wanted = metric or self.results[0].metric
        for result in self.results:
            if result.metric == wanted and result.slice == slice:
                return result
        raise unknown_name("result", f"{wanted}/{slice}", [f"{r.metric}/{r.slice}" for r in self.results])

    def save(self, path: str | os.PathLike[str], predictions: str | os.PathLike[str] | None = None) -> None:
        """Write the report as JSON, and predictions and replicates as Parquet beside it.

        Each is written whole or not at all, the tables first. Raises UsageError where it cannot be.
        """
        target = Path(path)
        tables = {
            "predictions": Path(predictions) if predictions else target.with_suffix(".predictions.parquet"),
            "replicates": target.with_suffix(".replicates.parquet"),
        }
        names: dict[str, str] = {}
        for name, place in tables.items():
            table: pd.DataFrame = getattr(self, name)
            if not table.empty:
                _write(table, place)
                names[f"{name}_file"] = os.path.relpath(place.absolute(), target.absolute().parent)
        record = self.model_copy(update=names).model_dump(mode="json", by_alias=True)
        with atomic_file(target) as draft:
            draft.write_text(_json(record) + "\n", encoding="utf-8")

    def save_predictions(self, path: str | os.PathLike[str]) -> None:
        """Write what the router answered as Parquet."""
        _write(self.predictions, Path(path))

    @staticmethod
    def read(path: str | os.PathLike[str]) -> Report:
        """Return a saved report, with the tables that lie beside it.

        Raises CatbenchError where the file is no report, or one of another schema, naming what is wrong.
        """
        source = Path(path)
        try:
            text = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{source}: cannot be read: {error}") from error
        report = parse(text, str(source))
        tables: dict[str, pd.DataFrame] = {}
        for name in ("predictions", "replicates"):
            beside = getattr(report, f"{name}_file")
            if beside and (source.parent / beside).is_file():
                try:
                    tables[name] = pd.read_parquet(source.parent / beside)
                except (OSError, ValueError) as error:
                    raise CatbenchError(
                        f"{source.parent / beside}: not readable as Parquet: {error}"
                    ) from error
        return report.model_copy(update=tables)


def parse(text: str | bytes, name: str) -> Report:
    """Return the report that a text holds, without its tables.

    Raises CatbenchError where it is none, or one of another schema; `name` is what to call it there.
    """
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        if place == "schema" and first["type"] == "literal_error":
            raise CatbenchError(
                f"{name} is a report of schema {first['input']!r}, and this catbench reads schema 2: "
                "evaluate again with --json (since schema 2 areas are on the logarithmic cost axis)"
            ) from error
        raise CatbenchError(f"{name} is no report of this version: {place}: {first['msg']}") from error


def _write(table: pd.DataFrame, path: Path) -> None:
    numbers = [name for name, kind in table.dtypes.items() if kind in ("float16", "float32", "float64")]
    others = [str(name) for name in table.columns if name not in numbers]
    with atomic_file(path) as draft:  # numbers of one size are smaller byte by byte
        table.to_parquet(
            draft,
            index=False,
            compression="zstd",
            compression_level=19,
            use_byte_stream_split=numbers,
            use_dictionary=others,
        )


def _json(record: object, depth: int = 0) -> str:
    """Return JSON with a line a field, and lists of numbers or names on one line."""
    if isinstance(record, dict) and record:
        inner = ",\n".join(
            f"{' ' * (depth + 1)}{json.dumps(key)}: {_json(value, depth + 1)}"
            for key, value in cast("dict[str, object]", record).items()
        )
        return f"{{\n{inner}\n{' ' * depth}}}" if depth < 3 else _line(record)
    if isinstance(record, list) and any(isinstance(value, dict) for value in cast("list[object]", record)):
        inner = ",\n".join(_json(value, depth) for value in cast("list[object]", record))
        return f"[{inner}]"
    return _line(record)


def _line(record: object) -> str:
    return json.dumps(record, allow_nan=False, separators=(",", ":"))


def versions() -> dict[str, str]:
    """Return the versions of what the numbers of a report depend on."""
    import platform
    from importlib.metadata import version

    from catbench import __version__

    found: dict[str, Any] = {name: version(name) for name in ("numpy", "pandas", "scikit-learn", "scipy")}
    return {"catbench": __version__, "python": platform.python_version(), **found}
