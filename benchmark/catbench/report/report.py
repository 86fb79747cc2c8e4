"""A report: what was measured of one router on one suite, as a record and as JSON.

Numbers of kind `quality` (see `catbench.score.measures.MEASURES`) stand on the metric's own scale and with
its own sign; gains are positive where the router is better. A value or an end of an interval that does not
exist (a quality that is never reached) is null. Numbers have six digits, but for costs. Areas (`audc`,
`gain`, `headroom`) are on the logarithmic cost axis, unless they are named `..._linear`.

Beside `NAME.json` lie `NAME.predictions.parquet`, what the router answered (`catbench.report.predictions`),
and `NAME.replicates.parquet`: a row a result and bootstrap replicate with `result`, its position among the
results, `audc`, `audc_linear`, and `gain_00` ... `gain_16`, the gain over the mixture at 17 costs, spaced
geometrically from the cheapest to the most expensive candidate, as float32, on the common draws of the suite.
Ranks, bands and differences are made of it. Both files can be left behind; then nothing can be derived again
or compared.
"""

from __future__ import annotations

import json
import os
import platform
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, cast

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from catbench import __version__
from catbench.errors import CatbenchError, UsageError, first_fault, unknown_name
from catbench.files import atomic_file, readable, write_text
from catbench.report.result import Result, headline, spelled
from catbench.report.spelling import wrapped
from catbench.report.submission_record import Submission
from catbench.suite.info import InfoRecord

HubAddress = Annotated[str, Field(pattern=r"^hf://datasets/[\w.-]+/[\w.-]+@[0-9a-f]{40}$")]
"""A suite on a hub at a commit: `hf://datasets/OWNER/NAME@COMMIT`."""
WIDTH = 80
"""Characters of a line of text."""


class RouterInfo(InfoRecord):
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
    """Whether it was scored on a host's private test split (`catbench.submit.private`): numbers are then
    rounded to their standard errors, and draws, predictions and replicates are the host's secret."""
    fetched: dict[str, HubAddress] = Field(default_factory=dict)
    """Where suites came from that a dataset hub sent, by their ids; absent where none did."""
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
    """What the router answered: a table as in `catbench.report.predictions`."""
    replicates: pd.DataFrame = Field(default_factory=pd.DataFrame, exclude=True, repr=False)
    """`result`, `audc`, `audc_linear`, `gain_00` ... `gain_16`, float32, a row a result and replicate."""
    submission: Submission | None = None
    """Who made the router, how it ran and what was checked, where it ran as a submission."""

    @property
    def whole(self) -> dict[str, Result]:
        """The results on all prompts, by metric."""
        return {result.metric: result for result in self.results if result.slice == "all"}

    def __repr__(self) -> str:
        slices = len({result.slice for result in self.results}) - 1
        metrics = ", ".join(dict.fromkeys(result.metric for result in self.results))
        by = f", {slices} slices" if slices else ""
        simulated = "SIMULATED " if self.simulated else ""
        return f"Report({simulated}{self.router.name} on {self.results[0].suite}: {metrics}{by})"

    def __str__(self) -> str:
        """Return the headline of every metric, without slices, as lines of text."""
        lines = [repr(self)]
        for result in self.whole.values():
            first, *more = wrapped(headline(result), WIDTH - 4)
            lines += [f"  {first}", *(f"    {line}" for line in more)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the same as a small table for a notebook; everything is escaped."""
        heads = ("metric", "headroom captured", "gain over the mixture", "verdict")
        cells = [
            (result.metric_label, spelled(result, "headroom"), spelled(result, "gain"), result.verdict)
            for result in self.whole.values()
        ]
        rows = [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells]
        head = "".join(f"<th>{name}</th>" for name in heads)
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{''.join(rows)}</table>"

    def result(self, metric: str | None = None, slice: str = "all") -> Result:
        """Return the result of a metric (default: the first) and slice; raises UsageError if absent."""
        wanted = metric or self.results[0].metric
        for result in self.results:
            if result.metric == wanted and result.slice == slice:
                return result
        raise unknown_name("result", f"{wanted}/{slice}", [f"{r.metric}/{r.slice}" for r in self.results])

    def beside(self, name: Literal["predictions", "replicates"]) -> pd.DataFrame:
        """Return a table that lies beside the report; raises CatbenchError where there is none."""
        table: pd.DataFrame = getattr(self, name)
        if table.empty:
            raise CatbenchError(
                f"the report of {self.router.name!r} has no {name} beside it, and a paired difference needs "
                f"them: evaluate again with --json, and keep the .{name}.parquet beside it"
            )
        return table

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
        absent = set[str]() if self.fetched else {"fetched"}
        record = self.model_copy(update=names).model_dump(mode="json", by_alias=True, exclude=absent)
        write_text(target, _json(record) + "\n")

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
            if beside and (place := source.parent / beside).is_file():
                with readable(place, "Parquet"):
                    tables[name] = pd.read_parquet(place)
        return report.model_copy(update=tables)


def parse(text: str | bytes, name: str) -> Report:
    """Return the report that a text holds, without its tables.

    Raises CatbenchError where it is none, or one of another schema; `name` is what to call it there.
    """
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("schema",) and first["type"] == "literal_error":
            raise CatbenchError(
                f"{name} is a report of schema {first['input']!r}, and this catbench reads schema 2: "
                "evaluate again with --json (since schema 2 areas are on the logarithmic cost axis)"
            ) from error
        raise CatbenchError(f"{name} is no report of this version: {first_fault(error)}") from error


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
    found = {name: version(name) for name in ("numpy", "pandas", "scikit-learn", "scipy")}
    return {"catbench": __version__, "python": platform.python_version(), **found}
