"""`catbench route`: prompts and a budget in, a candidate for each prompt out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
        str | None, typer.Option(metavar="SHARE", help="Save so much of the best candidate's cost: 40%.")
    ] = None,
    trade_off: Annotated[
        float | None, typer.Option(help="Quality that a unit of cost must bring; 0: cost does not count.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the choices here: .csv or .jsonl.")] = None,
    router: Annotated[
        str | None, typer.Option(metavar="FILE.py", help="The router, where it is of a file of yours.")
    ] = None,
) -> None:
    """Choose which candidate draws each prompt, for a mean cost, a quality or a saving."""
    from catbench.cli.choice_lines import choice_writer, say_plan
    from catbench.errors import UsageError
    from catbench.use.familiar import told
    from catbench.use.fitted import FittedRouter
    from catbench.use.prompt_files import blocks, check_prompt_file, prompts_in

    if bool(prompts) == (file is not None):
        raise UsageError("give prompts, or --file with prompts" + ("; not both" if prompts else ""))
    if file:
        check_prompt_file(file)
    fitted = FittedRouter.load(folder, router=router, tell=lambda line: typer.echo(line, err=True))
    known = fitted.calibration
    setting = known.setting(budget=budget, match=match, save=_share(save), trade_off=trade_off)
    count, spent, unlike = 0, 0.0, 0
    with choice_writer(fitted, out) as write:
        for block in blocks(prompts_in(file) if file else prompts or ()):
            found = fitted.choose_at(block, setting)
            write(block, found)
            count += len(found)
            spent += float(found.cost.sum())
            unlike += int(found.unlike.sum())
    if not count:
        raise UsageError(f"{file} holds no prompt")
    say_plan(fitted, known.plan(setting, count), spent / count)
    if (line := told(unlike, count)) is not None:
        typer.echo(f"warning: {line}", err=True)


def _share(text: str | None) -> float | None:
    """Return a share as 40% or 0.4 are understood."""
    from catbench.errors import UsageError

    if text is None:
        return None
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise UsageError(f"--save {text}: give a share, as 40% or 0.4") from error
