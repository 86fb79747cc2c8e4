"""What stands beside a suite's files for people, hubs and catalogues: `README.md` and `croissant.json`.

Both are made of the files and may be made again; neither is in the manifest or in any digest. A suite is sent
to a hub with them. The card's front matter names each table, so that `datasets.load_dataset(FOLDER, TABLE)`
opens it as it lies; a table has one split there, `full`, since the suite's own splits are a column of its
prompts.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from catbench.errors import UsageError
from catbench.files import write_text
from catbench.hub.address import Address
from catbench.hub.fetching import check_path
from catbench.suite.croissant import croissant
from catbench.suite.manifest import DESCRIPTIONS, Manifest, known_licence
from catbench.suite.pool import Cost, cost_keys, prices

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_descriptions(
    folder: Path,
    manifest: Manifest,
    costs: Sequence[Cost],
    *,
    to: Path | None = None,
    repository: str = "",
) -> None:
    """Write the card and the Croissant file of the suite that lies in `folder`, its manifest included.

    They go into that folder or into `to`. `repository` is `OWNER/NAME` where the suite is published on a hub,
    today. Raises SuiteError where a table cannot be read, UsageError where a file cannot be written.
    """
    page = Address(repository).page if repository else ""
    texts = {
        "README.md": dataset_card(manifest, costs, repository),
        "croissant.json": croissant(folder, manifest, datetime.now(UTC).date(), page),
    }
    for name, text in texts.items():
        write_text((to or folder) / name, text)


def files_to_send(
    folder: Path, manifest: Manifest, descriptions: Path, *, have_the_right: bool
) -> dict[str, Path]:
    """Return what is sent of a suite: path in the repository -> file.

    That is the manifest, the files that it names, and the descriptions, which lie in a folder of their own.
    Raises UsageError where neither the licence nor the sender says that the suite may be handed on.
    """
    licence = manifest.suite.licence
    if known_licence(licence) is None and not have_the_right:
        says = f"has the licence {licence!r}, which is none that is known to let it be handed on"
        raise UsageError(
            f"suite {manifest.suite.id!r} {says if licence else 'states no licence'}: --i-have-the-right "
            "says that you may send it"
            + ("" if licence else "; `catbench import table ... --licence 'CC BY 4.0' --force` states one")
        )
    for name in manifest.files:
        check_path(name)
    files = {name: folder / name for name in ("manifest.json", *sorted(manifest.files))}
    return {**files, **{name: descriptions / name for name in DESCRIPTIONS}}


def dataset_card(manifest: Manifest, costs: Sequence[Cost], repository: str = "") -> str:
    """Return the text of a suite's card; `repository`, `OWNER/NAME`, where it is on a hub."""
    suite = manifest.suite
    prompts = sum(manifest.splits.values())
    splits = ", ".join(f"{size:,} {split}" for split, size in manifest.splits.items() if size)
    images = ", ".join(f"{number} ({split})" for split, number in manifest.samples.items())
    facts = [
        ("suite", f"{_code(suite.id)}, version {_line(suite.version)}"),
        ("prompts", f"{prompts:,}: {splits}"),
        ("candidates", f"{len(manifest.candidates)}"),
        ("metrics", ", ".join(_code(metric.name) for metric in manifest.metrics)),
        (f"{suite.samples_are} a prompt and candidate", images),
        ("licence", _line(suite.licence) or "none stated"),
        ("source", _line(suite.source) or "not stated"),
        ("digest of the content", _code(manifest.content) if manifest.content else ""),
    ]
    parts = [
        front_matter(manifest, prompts),
        f"# {_line(suite.title) or suite.id}\n",
        "A score matrix for cost-aware text-to-image routing: which candidate should draw which prompt?\n"
        + ("\nIts scores come from a formula, not from images.\n" if suite.simulated else ""),
        _table(("", ""), [fact for fact in facts if fact[1]]),
        "## Load it\n\n" + _how_to_load(manifest, repository),
        "## Candidates\n\nThe price of one image of each; their settings are in `manifest.json`.\n\n"
        + _candidates(manifest, costs),
        "## Metrics\n\n"
        + _table(
            ("metric", "", "better", "source"),
            [
                (_code(m.name), _line(m.title), m.direction, _line(m.citation or _model(m.model)))
                for m in manifest.metrics
            ],
        ),
        f"## Cite\n\n{_line(suite.cite)}\n",
        "Made by catbench (distribution `catbench-t2i`) from `manifest.json`. Neither this page nor "
        "`croissant.json` is part of the suite's digest.\n",
    ]
    return "\n".join(parts)


def front_matter(manifest: Manifest, prompts: int) -> str:
    """Return the part of a card that hubs and `datasets` read: YAML, its texts written as JSON."""
    licence = known_licence(manifest.suite.licence)
    lines = [f"license: {licence.lower()}"] if licence else ["license: other", "license_name: see-below"]
    lines += [
        f"pretty_name: {json.dumps(_line(manifest.suite.title) or manifest.suite.id)}",
        "task_categories:\n- text-to-image",
        "tags:\n- catbench\n- routing\n- score-matrix",
        f"size_categories:\n- {next((name for size, name in SIZES if prompts < size), '1M<n<10M')}",
        "configs:",
    ]
    for place, path in enumerate(_tables(manifest)):
        lines += [f"- config_name: {path.stem}", *(["  default: true"] if not place else [])]
        lines += ["  data_files:", "  - split: full", f"    path: {path.name}"]
    return "\n".join(["---", *lines, "---", ""])


def _tables(manifest: Manifest) -> list[Path]:
    """Return the tables of a suite, those that every suite has first."""
    found = [Path(name) for name in manifest.files if name.endswith(".parquet")]
    first = ("costs", "scores", "prompts")
    return sorted(found, key=lambda path: -first.index(path.stem) if path.stem in first else 1)


def _how_to_load(manifest: Manifest, repository: str) -> str:
    table = "scores" if "scores.parquet" in manifest.files else "prompts"
    if repository:
        first, where = f"```sh\ncatbench pull {repository} --out {manifest.suite.id}\n```\n\n", repository
        named = f"hf://datasets/{repository}"
    else:
        first, where = f"Where this folder is `{manifest.suite.id}`:\n\n", f"./{manifest.suite.id}"
        named = where
    file = f"{named}/{table}.parquet"
    ways = (
        f'import catbench\n\nmatrix = catbench.load("{named}")\n' if table == "scores" else "",
        f'import datasets\n\n{table} = datasets.load_dataset("{where}", "{table}", split="full")\n',
        f'import pandas\n\n{table} = pandas.read_parquet("{file}")\n',
        f'import polars\n\n{table} = polars.read_parquet("{file}")\n',
        f"import duckdb\n\n{table} = duckdb.sql(\"SELECT * FROM '{file}'\")\n",
    )
    return first + "\n".join(f"```python\n{code}```\n" for code in ways if code)


def _candidates(manifest: Manifest, costs: Sequence[Cost]) -> str:
    keys = cost_keys(costs)
    columns = [prices(costs, key)[0] for key in keys]
    rows = [
        (
            _code(candidate.id),
            _line(candidate.model),
            *(f"{column[candidate.id]:.4g}" if candidate.id in column else "" for column in columns),
        )
        for candidate in manifest.candidates
    ]
    return _table(("candidate", "model", *(_line(key) for key in keys)), rows)


def _model(name: str) -> str:
    """Return a metric's model as a reader finds it; `catbench:` are weights that are shipped."""
    shipped = name.partition("catbench:")[2]
    return f"{shipped}, shipped with catbench" if shipped else name


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _line(text: str) -> str:
    """Return a text of a suite as one line of Markdown in which nothing is a tag, a link or a cell's end."""
    flat = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{sign}" if sign in "\\`*_[]|#" else sign for sign in flat)


def _code(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"
