"""Measured seconds and joules of real models, read from public tables as cost tables.

    ML.ENERGY leaderboard   `tasks/text-to-image.json` of today's, or a folder of version 2's runs
                            (Chung et al. 2025; github.com/ml-energy/leaderboard, .../leaderboard-v2)
    CEMS                    the folder of its files: mean seconds per image (see `cems_recipe`)
    co2_inference           `tti_*.csv` (Luccioni et al. 2023; see `co2_inference`)
    anything else           a table with columns candidate, unit, value, and any others of `Cost`

Conventions. Seconds are those of a batch over its images, joules those of all GPUs per image; both hold for a
machine, which is always named. Of the leaderboard's runs only those on one GPU count, and of one batch size.
A model at a number of steps is one candidate: the one that is known by that name, else its own name and its
steps (`pixart-sigma-xl-2-1024-ms-20`). Runs that one machine has of it at several sizes or precisions have
these behind their names: `...-20-512x512`, `...-20-fp8`. The leaderboard does not tell its guidance scale.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from catbench.errors import SuiteError, UsageError, first_fault, unknown_name
from catbench.files import readable, sha256_of
from catbench.suite.pool import Cost, check_costs
from catbench.suite.recipes import cems_recipe as cems
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.prices import read_costs
from catbench_make.costs.co2_inference import co2_inference_costs, is_co2_inference

NameOf = Callable[["Run"], str | None]
"""From a run to the id of the candidate that it measures, if one is known."""
MACHINE_UNITS = ("seconds", "joules")
"""Units whose prices hold for a machine."""


def _called(*names: str, **rule: Any) -> Any:
    """Return a field by its name in today's table, then in version 2's."""
    return Field(validation_alias=AliasChoices(*names), **rule)


class Run(BaseModel):
    """A measurement of the ML.ENERGY leaderboard."""

    model_config = ConfigDict(frozen=True)

    model: str = _called("model_id", "Model")
    steps: int = _called("inference_steps", "Denoising steps", ge=1)
    gpu: str = _called("gpu_model", "GPU")
    gpus: int = _called("num_gpus", default=1, ge=1)
    batch: int = _called("batch_size", "Batch size", ge=1)
    latency: float = _called("batch_latency_s", "Batch latency (s)", gt=0)
    """Seconds of a batch."""
    joules: float = _called("energy_per_image_joules", "Energy/image (J)", gt=0)
    """Per image."""
    width: int | None = _called("image_width", default=None)
    height: int | None = _called("image_height", default=None)
    precision: str = _called("weight_precision", default="")

    @property
    def name(self) -> str:
        """The model's own name and its steps, as a candidate's id."""
        return f"{self.model.rpartition('/')[2].lower()}-{self.steps}"

    @property
    def size(self) -> str:
        """`1024x1024`: width and height in pixels; empty where they are not known."""
        return f"{self.width}x{self.height}" if self.width and self.height else ""


_TASK = "text-to-image"


def import_costs(
    path: Path,
    *,
    candidates: Sequence[str] = (),
    hardware: str = "",
    batch: int = 1,
    source: str = "",
    name_of: NameOf = lambda run: None,
    tell: Tell = lambda line: None,
) -> tuple[Cost, ...]:
    """Return the costs of a public table; a unit or machine may price some of its candidates only.

    `candidates` are the ids to keep, all by default, each `ID` or `NEW=ID`; `hardware` is the machine to
    keep, or that of a table that names none; `source` goes into each cost's `method`, by default the file and
    its digest; `tell` takes a line on what the numbers are of. Raises UsageError for an argument that fits
    nothing, SuiteError for a table that breaks a rule.
    """
    if path.is_dir():
        is_cems = cems.is_cems(path)
        costs = cems.measured_seconds(path) if is_cems else _of_runs(_old_runs(path), batch, name_of)
    elif path.suffix == ".json" and isinstance(content := _json(path), dict):
        costs = _of_runs(_runs(content, path), batch, name_of)
    elif is_co2_inference(path):
        costs = co2_inference_costs(path, tell)
    else:
        costs = _plain(path, hardware)
    kept = _chosen(_on(costs, hardware), candidates)
    try:
        check_costs(kept, {cost.candidate for cost in kept}, str(path))
    except SuiteError as error:
        raise SuiteError(f"{error} (choose with --candidate and --hardware what the table prices)") from error
    where = source or (f"{path.name}, SHA-256 {sha256_of(path)[:12]}" if path.is_file() else path.name)
    units = list(dict.fromkeys(cost.unit for cost in kept))
    return tuple(
        cost.model_copy(update={"method": f"{cost.method}; {where}" if cost.method else where})
        for cost in sorted(kept, key=lambda cost: units.index(cost.unit))
    )


def _of_runs(runs: Mapping[str, Run], batch: int, name_of: NameOf) -> list[Cost]:
    """Return seconds and joules of the runs on one GPU with a batch size; keys say where a run stands."""
    single = {place: run for place, run in runs.items() if run.gpus == 1}
    chosen = {place: run for place, run in single.items() if run.batch == batch}
    if not chosen:
        sizes = ", ".join(map(str, sorted({run.batch for run in single.values()})))
        raise UsageError(
            f"--batch {batch}: no run on one GPU has that batch size; there are {sizes or 'none'}"
        )
    costs: list[Cost] = []
    names = _distinguished(chosen, name_of)
    for place, run in chosen.items():
        size = f", {run.width} x {run.height} px" if run.size else ""
        seconds = Cost(
            candidate=names[place],
            unit="seconds",
            value=run.latency / run.batch,
            hardware=run.gpu,
            batch_size=run.batch,
            precision=run.precision,
            method=f"ML.ENERGY leaderboard: {run.model}, {run.steps} steps{size}, {place}",
        )
        costs += [seconds, seconds.model_copy(update={"unit": "joules", "value": run.joules})]
    return costs


def _distinguished(runs: Mapping[str, Run], name_of: NameOf) -> dict[str, str]:
    """Return the candidates of runs by their places, with size and precision where a machine has several."""
    names = {place: name_of(run) or run.name for place, run in runs.items()}
    for what in ("size", "precision"):
        counts = Counter((names[place], run.gpu) for place, run in runs.items())
        several = {name for (name, _), count in counts.items() if count > 1}
        values: defaultdict[str, set[str]] = defaultdict(set)
        for place, run in runs.items():
            values[names[place]].add(getattr(run, what))
        for place, run in runs.items():
            name, value = names[place], getattr(run, what)
            if name in several and len(values[name]) > 1 and value:
                names[place] = f"{name}-{value}"
    return names


def _runs(content: dict[str, Any], path: Path) -> dict[str, Run]:
    """Return the runs of today's table by their places in it."""
    if not isinstance(content.get("configurations"), list):
        raise SuiteError(f"{path}: no table of the ML.ENERGY leaderboard: it has no list `configurations`")
    if content.get("task") != _TASK:
        raise SuiteError(f"{path}: the table of the task {content.get('task')!r}; {_TASK!r} is needed")
    return {
        f"configuration {number}": _run(entry, f"{path}, configuration {number}")
        for number, entry in enumerate(content["configurations"], start=1)
    }


def _old_runs(folder: Path) -> dict[str, Run]:
    """Return the runs of a folder of version 2 by their files; files that are no runs are left out."""
    entries = {file: _json(file) for file in sorted(folder.rglob("*.json"))}
    runs = {
        file.relative_to(folder).as_posix(): _run(entry, str(file))
        for file, entry in entries.items()
        if isinstance(entry, dict) and "Batch latency (s)" in entry
    }
    if not runs:
        raise SuiteError(
            f"{folder}: neither files of CEMS nor runs of the ML.ENERGY leaderboard (JSON) in it"
        )
    return runs


def _run(entry: Any, where: str) -> Run:
    if not isinstance(entry, dict):
        raise SuiteError(f"{where}: {entry!r} is no run: an object with model, steps and seconds is due")
    try:
        return Run.model_validate(entry)
    except ValidationError as error:
        raise SuiteError(f"{where}: {first_fault(error)}") from error


def _plain(path: Path, hardware: str) -> list[Cost]:
    """Return the costs of a tidy table; those of a machine that it does not name hold for `hardware`."""
    costs: list[Cost] = []
    for cost in read_costs(path):
        named = bool(cost.hardware) or cost.unit not in MACHINE_UNITS
        if not named and not hardware:
            raise UsageError(
                f"{path}: {cost.unit} of {cost.candidate!r} name no machine, and hold for one only: add a "
                "column `hardware`, or give --hardware"
            )
        costs.append(cost if named else cost.model_copy(update={"hardware": hardware}))
    return costs


def _on(costs: Sequence[Cost], hardware: str) -> list[Cost]:
    """Return the costs on a machine, and those that hold for all; every one where no machine is named."""
    machines = {cost.hardware for cost in costs if cost.hardware}
    if hardware and machines and hardware not in machines:
        raise unknown_name("hardware", hardware, machines)
    return [cost for cost in costs if not hardware or cost.hardware in ("", hardware)]


def _chosen(costs: Sequence[Cost], candidates: Sequence[str]) -> list[Cost]:
    """Return the costs of the candidates named `ID` or `NEW=ID`, under their new ids; none named = all."""
    if not candidates:
        return list(costs)
    chosen: list[Cost] = []
    for item in candidates:
        new, _, old = item.partition("=")
        old = old or new
        found = [cost for cost in costs if cost.candidate == old]
        if not found:
            raise unknown_name("candidate", old, {cost.candidate for cost in costs})
        chosen += [cost.model_copy(update={"candidate": new}) for cost in found]
    return chosen


def _json(path: Path) -> Any:
    with readable(path, "JSON"):
        return json.loads(path.read_bytes())
