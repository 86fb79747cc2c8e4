"""`python docs/make_report.py`: write docs/report.md, what stands in a report and in the files beside it."""

from __future__ import annotations

import ast
import inspect

from make_shared import DOCS, table
from pydantic import BaseModel

from catbench.report import numbers, report, result
from catbench.score.measures import MEASURES

RECORDS = (
    report.RouterInfo,
    result.Result,
    numbers.Estimate,
    numbers.Estimates,
    numbers.WinRates,
    numbers.BestSingle,
    numbers.Budgets,
    numbers.Curve,
)
KINDS = {
    "ratio": "over another cost or budget",
    "gain": "a difference of qualities, above 0 where the router is better, whatever the metric's direction",
    "share": "from nothing to all; 0.17 is written as 17%",
    "quality": "on the metric's own scale, with its own sign",
    "error": "on the metric's scale, lower is better",
    "correlation": "-1 to 1",
}
TEXT = """# A report's JSON, and the files beside it

Made by `python docs/make_report.py` from the records in
[catbench/report](../benchmark/catbench/report/__init__.py). `catbench evaluate ... --json NAME.json` writes
three files:

- `NAME.json`: a report, as below.
- `NAME.predictions.parquet`: what the router answered, a row a metric and prompt. `metric`, `split` (`test`
  or `validation`), `fold`, `prompt_id`, then a column a candidate; of a policy one a trade-off, `at_00` ...
- `NAME.replicates.parquet`: bootstrap replicates, a row a result and replicate. `result` (position in
  `results`), `audc`, `audc_linear`, and `gain_00` ... `gain_16`, the gain over the mixture at 17 costs,
  geometrically spaced.

`catbench.Report.read("NAME.json").result("METRIC").estimate("gain").value` reads a number in Python, and
`--curve NAME.csv` writes the curves as a table. What does not exist is null; numbers have six
digits, but for costs.

## The report

{report}

## Its records

{records}

## Measures

`measures` of a result holds these by name: an Estimate, or Estimates where a measure has a value a candidate
(marked *). Areas are on the logarithmic cost axis unless they are named `_linear`.

{measures}
"""


def page() -> str:
    """Return the page."""
    return TEXT.format(
        report=fields(report.Report),
        records="\n\n".join(_record(one) for one in RECORDS),
        measures=table(
            ["kind", "measures"], [_kind(kind, meaning) for kind, meaning in KINDS.items()], "|---|---|"
        ),
    )


def fields(model: type[BaseModel]) -> str:
    """Return a list of a record's fields; those that need no words share a line."""
    declared = _declared(model)
    plain: list[str] = []
    explained: list[str] = []
    for name, field in model.model_fields.items():
        if not field.exclude:
            kind, text = declared[name]
            written = kind.replace("'", '"').replace("|", "or").replace("NonNegativeInt", "int")
            said = f"`{field.alias or name}` ({written})"
            if text:
                explained.append(f"- {said}: {text}")
            else:
                plain.append(said)
    return "\n".join([*([f"- {', '.join(plain)}"] if plain else []), *explained])


def _record(model: type[BaseModel]) -> str:
    first = (inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ")
    return f"**{model.__name__}**: {first}\n{fields(model)}"


def _kind(kind: str, meaning: str) -> list[str]:
    found = [
        f"`{one.name}`{'*' * one.per_candidate} ({one.label})"
        for one in MEASURES.values()
        if one.kind == kind
    ]
    return [f"{kind}: {meaning}", ", ".join(found)]


def _declared(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Return the type and the docstring of each field of a record and its bases, as they are written."""
    found: dict[str, tuple[str, str]] = {}
    for base in reversed(model.__mro__):
        if base.__module__ in {one.__name__ for one in (numbers, result, report)}:
            body = ast.parse(inspect.getsource(base)).body[0].body
            for one, after in zip(body, [*body[1:], ast.Pass()], strict=True):
                if isinstance(one, ast.AnnAssign):
                    text = inspect.cleandoc(after.value.value) if isinstance(after, ast.Expr) else ""
                    written = text.replace("\n", " ").removesuffix(".")
                    found[one.target.id] = ast.unparse(one.annotation), written
    return found


if __name__ == "__main__":
    (DOCS / "report.md").write_text(page(), encoding="utf-8")
