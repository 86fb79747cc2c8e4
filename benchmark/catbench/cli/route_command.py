"""`catbench route`: prompts and a budget in, a candidate for each prompt out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.errors import install_line

if TYPE_CHECKING:
    from catbench.use.fitted import FittedRouter


def _share(text: str) -> float:
    """Return a share as 40% or 0.4 are understood."""
    from catbench.errors import UsageError

    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise UsageError(f"--save {text}: give a share, as 40% or 0.4") from error


def route(
    folder: Annotated[Path, typer.Argument(help="What `catbench fit --out FOLDER` made.")],
    prompts: Annotated[list[str] | None, typer.Argument(help="Prompts, each in quotes.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Prompts in a file: .txt (a line each), .csv or .jsonl (`prompt`).")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Mean cost of an image.")] = None,
    match: Annotated[
        str | None, typer.Option(metavar="CANDIDATE", help="As good as this candidate, at the least cost.")
    ] = None,
    save: Annotated[
        float | None,
        typer.Option(parser=_share, metavar="SHARE", help="Save so much of the best candidate's cost: 40%."),
    ] = None,
    trade_off: Annotated[
        float | None, typer.Option(help="Quality that a unit of cost must bring; 0: cost does not count.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the choices here: .csv or .jsonl.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="SCORES", help="A table of later scores: say what the router would have scored on it."
        ),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Draw the images into this folder; a rerun draws what is missing."),
    ] = None,
    device: Annotated[str, typer.Option(help="With --draw: cpu, cuda or cuda:N.")] = "cpu",
    batch: Annotated[int, typer.Option(help="With --draw: images to draw at once.")] = 8,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --draw: say what drawing will take, and draw nothing.")
    ] = False,
    router: Annotated[
        str | None,
        typer.Option(metavar="FILE.py", help="The router, where it is of a file or a folder of yours."),
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="Load this type of a scikit-learn pipeline too; its code may run."),
    ] = None,
) -> None:
    """Choose which candidate draws each prompt, for a mean cost, a quality or a saving."""
    from catbench.cli.choice_lines import choice_writer, say_expected
    from catbench.errors import UsageError
    from catbench.use.familiar import unlike_warning
    from catbench.use.fitted import FittedRouter
    from catbench.use.prompt_files import blocks, check_prompt_file, checked_prompt, prompts_in

    given = [one for one in (budget, match, save, trade_off) if one is not None]
    if report is not None and (prompts or file or given or out or draw):
        raise UsageError("--report takes its prompts from the table, for all budgets at once: give it alone")
    if report is None and bool(prompts) == (file is not None):
        raise UsageError("give prompts, or --file with prompts" + ("; not both" if prompts else ""))
    for number, prompt in enumerate(prompts or (), start=1):
        checked_prompt(prompt, f"argument {number}")
    if dry_run and draw is None:
        raise UsageError("--dry-run goes with --draw DIR")
    if file:
        check_prompt_file(file)
    drawer = _drawer() if draw else None
    tell = functools.partial(typer.echo, err=True)
    fitted = FittedRouter.load(folder, router=router, trusted=trust or (), tell=tell)
    if report is not None:
        _say_later(fitted, report)
        return
    known = fitted.calibration
    setting = known.setting(budget=budget, match=match, save=save, trade_off=trade_off)
    count, spent, unlike = 0, 0.0, 0
    to_draw: list[tuple[str, str]] = []
    with choice_writer(fitted, out) as write:
        for block in blocks(prompts_in(file) if file else prompts or ()):
            found = fitted.choose_at(block, setting)
            write(block, found)
            count += len(found)
            spent += float(found.cost.sum())
            unlike += int(found.unlike.sum())
            if drawer:
                to_draw += zip(block, found.candidates, strict=True)
    if not count:
        raise UsageError(f"{file} holds no prompt")
    say_expected(fitted, known.plan(setting, count), spent / count)
    if (line := unlike_warning(unlike, count)) is not None:
        typer.echo(f"warning: {line}", err=True)
    if drawer and draw:
        drawer(fitted, to_draw, draw, device=device, batch=batch, dry_run=dry_run)


def _say_later(fitted: FittedRouter, scores: Path) -> None:
    """Print what a router would have scored on later scores, and how its budgets were kept."""
    from catbench.cli.headline import sentence
    from catbench.cli.table_layout import say, say_facts, tell
    from catbench.report.figure import cost_label
    from catbench.use.later_scores import later_scores

    found = later_scores(fitted, scores, tell=say)
    result = found.report.result()
    say(
        f"{scores}: {fitted.name}, {result.metric_label} against {cost_label(result.cost)}, "
        f"{found.prompts:,} prompts"
    )
    tell(sentence(result))
    say("")
    say_facts(found.facts)


DRAWERS = "catbench.drawers"
"""Entry points of other packages: a function `(fitted, chosen, folder, *, device, batch, dry_run)` that draws
each pair of a prompt and its candidate in `chosen` into a folder, and says what was done."""


def _drawer() -> Callable[..., None]:
    """Return what draws; it is looked for before anything is chosen."""
    from catbench.errors import UsageError

    found = sorted(entry_points(group=DRAWERS), key=lambda point: point.name)
    if not found:
        raise UsageError(f"--draw: nothing that draws is installed ({install_line('generate')})")
    return found[0].load()
