"""`catbench prompts`: build the prompt side of the paper's suites, and check any suite's prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catbench.cli.shared_options import Out

if TYPE_CHECKING:
    from catbench_make.prompts.build import Choice
    from catbench_make.prompts.sources import Dataset

app = typer.Typer(
    help="Build the prompts of the paper's suites, and check those of any suite.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Source = Annotated[
    list[Path] | None,
    typer.Option("--from", help="CSV, JSON, Parquet, text or zip; repeat for several. Default: fetched."),
]
Column = Annotated[str | None, typer.Option(help="The column of prompts. Default: prompt, caption or text.")]
EncoderName = Annotated[
    str, typer.Option(help="clip, minilm, ARCHITECTURE/TAG of open_clip, a sentence encoder, or a folder.")
]
Device = Annotated[str, typer.Option(help="Where to encode: cpu, cuda or cuda:N.")]
Threshold = Annotated[float, typer.Option(help="Similarity that no two kept prompts may reach.")]
Seed = Annotated[int, typer.Option(help="Of the order in which prompts are taken.")]
Ids = Annotated[
    Path | None,
    typer.Option(help="Take the prompts of a published kept_ids.txt, alone; no encoder is needed."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a suite without scores that is there.")]


@app.command("coco")
def coco(
    context: typer.Context,
    source: Source = None,
    column: Column = None,
    encoder: EncoderName = "clip",
    device: Device = "cpu",
    threshold: Threshold = 0.75,
    seed: Seed = 0,
    limit: Annotated[int | None, typer.Option(help="Keep so many at most; the paper: 18384.")] = None,
    ids: Ids = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """COCO captions (CC BY 4.0): the official annotations of 2014, or a file of captions."""
    from catbench_make.prompts.build import Choice
    from catbench_make.prompts.sources import COCO

    choice = Choice(threshold, seed, limit)
    _build(context, COCO, source or [], column, encoder, device, choice, ids, out, force)


@app.command("diffusiondb")
def diffusiondb(
    context: typer.Context,
    source: Source = None,
    column: Column = None,
    encoder: EncoderName = "clip",
    device: Device = "cpu",
    threshold: Threshold = 0.75,
    seed: Seed = 0,
    limit: Annotated[int | None, typer.Option(help="Keep so many at most; the paper: 97841.")] = None,
    nsfw_ceiling: Annotated[
        float | None, typer.Option(help="Leave out prompts whose prompt_nsfw is above this, 0 to 1.")
    ] = None,
    ids: Ids = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """DiffusionDB prompts (CC0): the metadata of its 2M set, or a file of prompts."""
    from catbench_make.prompts.build import Choice
    from catbench_make.prompts.sources import DIFFUSIONDB

    choice = Choice(threshold, seed, limit, nsfw_ceiling)
    _build(context, DIFFUSIONDB, source or [], column, encoder, device, choice, ids, out, force)


@app.command("check")
def check(
    suite: Annotated[str, typer.Argument(help="A suite's name or folder, with or without scores.")],
    against: Annotated[
        str | None, typer.Option(help="Also hold it against another suite, or a file of prompts.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The column of prompts of --against. Default: prompt, caption or text.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="As for building. Default: that of the suite, else clip.")
    ] = None,
    device: Device = "cpu",
    near: Annotated[float, typer.Option(help="Similarity from which prompts are near-duplicates.")] = 0.75,
    json: Annotated[Path | None, typer.Option(help="Write every finding here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the findings: .png or .svg.")] = None,
    drop: Annotated[
        Path | None, typer.Option(help="Write the suite without its leaking training prompts here.")
    ] = None,
) -> None:
    """Look for equal and near prompts across splits; tell of lengths, vocabulary, cut prompts.

    Exit code 1 where there are any. With --against, exit code 1 where it holds a test prompt, word for word
    (white space and case apart). Nothing else decides then: near ones and pairs across splits are listed.
    """
    from dataclasses import replace
    from json import dumps

    from catbench.cli.progress import progress_bar
    from catbench.errors import CatbenchError, UsageError
    from catbench.files import check_writable, write_text
    from catbench.suite.store import load_prompts, read_manifest, suite_folder
    from catbench_make.encoders import DEFAULT, load_encoder
    from catbench_make.prompts.check_plot import check_plot_format, write_check_plot
    from catbench_make.prompts.drop import write_without
    from catbench_make.prompts.embeddings import Embeddings
    from catbench_make.prompts.prompt_check import beyond_window, check, read_other
    from catbench_make.verbs.prompt_tables import print_check

    if not 0 < near <= 1:
        raise UsageError(f"--near {near:g}: a similarity above 0, at most 1, is needed")
    if plot:
        check_plot_format(plot)
    for target in filter(None, (json, plot)):
        check_writable(target)
    if column and not against:
        raise UsageError(f"--column {column} is of the file of --against, and there is none")
    if drop and drop.exists():
        raise UsageError(f"{drop} is there already: give another folder to --drop")
    folder = suite_folder(suite)
    manifest = read_manifest(folder)
    prompts = load_prompts(folder, manifest)
    other = read_other(against, column) if against else None
    own = manifest.suite.provenance and manifest.suite.provenance.diversity
    name = encoder or (own.encoder if own else DEFAULT)
    texts = prompts["text"].tolist()
    beyond = beyond_window(texts)
    found = check(prompts, None, near, beyond=beyond, other=other)  # equal ones need no encoder
    vectors = None
    try:
        embeddings = Embeddings(load_encoder(name, device))
    except CatbenchError as error:
        if not found.leaks:
            raise
        unmade = "".join(f", {path} is not written" for path in (plot, drop) if path)
        typer.echo(f"near prompts are not looked for{unmade}: {error}", err=True)
    else:
        with progress_bar() as progress:
            vectors = embeddings(texts, progress)
            if other:
                other = replace(other, vectors=embeddings(other.texts, progress))
        found = check(prompts, vectors, near, beyond=beyond, other=other)
    print_check(found, manifest.suite.id if vectors is None else f"{manifest.suite.id}, {name}")
    if json:
        write_text(json, dumps(found.record(), indent=2, ensure_ascii=False) + "\n")
    if plot and vectors is not None:
        write_check_plot(found, vectors, plot)
    if drop and vectors is not None:
        typer.echo(f"{write_without(folder, found, drop)} prompts dropped; the rest is {drop}")
    if found.leaks:
        raise typer.Exit(1)


def _build(
    context: typer.Context,
    dataset: Dataset,
    files: list[Path],
    column: str | None,
    encoder: str,
    device: str,
    choice: Choice,
    ids: Path | None,
    out: Path | None,
    force: bool,
) -> None:
    """Build a suite's prompts and save them; whatever stands in the way is found before the long work."""
    from catbench.cli.progress import progress_bar
    from catbench.home import home
    from catbench.suite.prompts import SPLITS
    from catbench.suite.store import save
    from catbench_make.encoders import load_encoder
    from catbench_make.prompts.build import build, rebuild
    from catbench_make.prompts.diversity import DiversityFilter
    from catbench_make.prompts.embeddings import Embeddings
    from catbench_make.prompts.ids import FILE, read_ids, spell_ids
    from catbench_make.prompts.sources import read_source

    if ids:
        _check_alone(context)
    folder = out or home() / dataset.suite
    _check_target(folder, force)
    DiversityFilter(choice.threshold)
    listed, embeddings = read_ids(ids) if ids else None, None
    with progress_bar() as progress:
        source, rows = read_source(
            dataset, files, column=column, nsfw=choice.nsfw_ceiling is not None, progress=progress
        )
        if listed:
            built = rebuild(dataset.suite, source, rows, *listed)
        else:
            embeddings = Embeddings(load_encoder(encoder, device))
            built = build(dataset.suite, source, rows, choice, embeddings, progress)
    if embeddings and embeddings.encoded:
        speed = embeddings.encoded / embeddings.seconds
        typer.echo(f"{embeddings.encoded:,} prompts encoded, {speed:,.0f} a second", err=True)
    name, made, kept = built.suite.id, built.suite.provenance, built.prompts["prompt_id"].tolist()
    assert made is not None
    save(built, folder, extra={FILE: spell_ids(kept, made.diversity)}, force=force)
    for what, count in made.counts.items():
        typer.echo(f"{what.replace('_', ' '):20} {count:9,}")
    splits = built.prompts["split"].value_counts()
    sizes = ", ".join(f"{split} {splits.get(split, 0):,}" for split in SPLITS)
    typer.echo(f"{len(kept):,} prompts ({sizes}), in {folder}")
    typer.echo(f"next: catbench generate {out or name} --out RUN --limit 20 --dry-run")


def _check_alone(context: typer.Context) -> None:
    """Raise UsageError where an option that chooses prompts stands beside --ids, which has them chosen."""
    from catbench.errors import UsageError

    for name in ("encoder", "threshold", "seed", "limit", "nsfw_ceiling"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"--{name.replace('_', '-')} beside --ids would change nothing, since the list says "
                "which prompts to take: leave out one of them"
            )


def _check_target(folder: Path, force: bool) -> None:
    """Raise an error where a suite may not be written; one with scores is never replaced."""
    from catbench.errors import UsageError
    from catbench.files import check_free
    from catbench.suite.store import read_manifest

    check_free(folder, force=force)
    if folder.is_dir() and any(folder.iterdir()) and "scores.parquet" in read_manifest(folder).files:
        raise UsageError(f"{folder} holds scores, and new prompts would lose them: give another --out")
