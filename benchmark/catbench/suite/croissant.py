"""`croissant.json`: a suite in the words of ML Commons' Croissant 1.1, which catalogues of data sets read.

It names every table with its digest, every column with its type, the splits, the candidates and the licence.
The digests of vectors and pictures are in `manifest.json`, whose own digest it has. It is made of the files,
is read by nothing here, and stands outside the suite's digests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from catbench.files import readable, sha256_of
from catbench.suite.manifest import Manifest, known_licence

VERSION = "http://mlcommons.org/croissant/1.1"

_OF_CROISSANT = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty fileSet "
    "format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex "
    "repeated replace samplingRate separator source subField transform"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{word: f"cr:{word}" for word in _OF_CROISSANT.split()},
}
"""What the words of the file mean, as the standard lays it down."""

COLUMNS = {
    "prompts": {
        "prompt_id": "Id of the prompt, unique in the suite",
        "text": "The prompt",
        "source": "Where the prompt comes from",
        "group": "Prompts of one group share a scene or a text, and are never parted by a split",
        "split": "train, validation or test",
    },
    "scores": {
        "prompt_id": "The prompt",
        "candidate": "The candidate that drew the image",
        "sample": "Which of the candidate's images of the prompt",
    },
    "costs": {
        "candidate": "The candidate",
        "unit": "What the price is in",
        "value": "Price of one image",
        "hardware": "What it was measured on; empty where it does not depend on it",
        "batch_size": "Images at a time",
        "precision": "Number format of the networks",
        "method": "How it was found, and the source",
        "spread": "Largest less smallest value over rounds of measuring, as a share of the value",
    },
}
"""Table -> column -> what it holds, for those that every suite has."""
REFERENCES = {
    ("prompts", "split"): "splits/name",
    ("scores", "candidate"): "candidates/candidate",
    ("costs", "candidate"): "candidates/candidate",
}
"""Columns whose values stand in a list that the file itself holds."""
TYPES = {"b": "sc:Boolean", "i": "sc:Integer", "u": "sc:Integer", "f": "sc:Float"}
"""NumPy's letter for a kind of numbers -> what it is called here; whatever else is text."""


def croissant(folder: Path, manifest: Manifest, day: date, page: str = "") -> str:
    """Return the text of `croissant.json` for the suite in `folder`, published on `day`.

    `page` is the address where it is published, where there is one. Raises SuiteError where a table cannot be
    read as Parquet.
    """
    tables = {Path(name).stem: folder / name for name in manifest.files if name.endswith(".parquet")}
    suite, licence = manifest.suite, known_licence(manifest.suite.licence)
    numbers = suite.version.split(".")  # three are due: `1` is `1.0.0`
    missing = 3 - len(numbers) if all(number.isdecimal() for number in numbers) else 0
    record: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": suite.id,
        "description": suite.title or suite.id,
        "version": suite.version + ".0" * missing,
        "license": f"https://spdx.org/licenses/{licence}" if licence else suite.licence or "none stated",
        "citeAs": suite.cite,
        "datePublished": day.isoformat(),
        "keywords": ["text-to-image", "routing", "score matrix"],
        "isLiveDataset": False,
        "distribution": _distribution(folder, manifest),
        "recordSet": [
            _listed("splits", "name", manifest.splits, "cr:Split", "Which prompts are for what"),
            _listed(
                "candidates",
                "candidate",
                [candidate.id for candidate in manifest.candidates],
                "sc:Enumeration",
                "What a router chooses from; their settings are in manifest.json",
            ),
            *(_record_set(name, path, manifest) for name, path in tables.items()),
        ],
    }
    first = suite.source.partition(" ")[0].rstrip(",;")
    if page or first.startswith("https://"):
        record["url"] = page or first
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _distribution(folder: Path, manifest: Manifest) -> list[dict[str, Any]]:
    files = {"manifest.json": sha256_of(folder / "manifest.json"), **manifest.files}
    forms = {".json": "application/json", ".parquet": "application/x-parquet", ".txt": "text/plain"}
    sets = {"features": ("*.npy", "application/x-npy"), "images": ("*.webp", "image/webp")}
    found = [
        _node("FileObject", name, contentUrl=name, encodingFormat=forms[Path(name).suffix], sha256=digest)
        for name, digest in files.items()
        if Path(name).suffix in forms
    ]
    about = "The digest of each is in manifest.json"
    return found + [
        _node("FileSet", name, description=about, encodingFormat=form, includes=f"{name}/{ending}")
        for name, (ending, form) in sets.items()
        if any(Path(file).match(f"{name}/{ending}") for file in files)
    ]


def _node(kind: str, known_as: str, **more: Any) -> dict[str, Any]:
    """Return a node of the file, called as it is known unless `name` says otherwise."""
    return {"@type": f"cr:{kind}", "@id": known_as, "name": known_as, **more}


def _listed(name: str, key: str, values: Iterable[str], kind: str, what: str) -> dict[str, Any]:
    """Return a set of records that the file holds itself: the values of one column."""
    field = f"{name}/{key}"
    return _node(
        "RecordSet",
        name,
        description=what,
        dataType=kind,
        key={"@id": field},
        field=[_node("Field", field, name=key, dataType="sc:Text")],
        data=[{field: value} for value in values],
    )


def _record_set(table: str, path: Path, manifest: Manifest) -> dict[str, Any]:
    with readable(path, "Parquet"):
        schema: Any = pq.read_schema(path)
    known = dict(COLUMNS.get(table, {}))
    if table == "scores":
        for metric in manifest.metrics:
            about = ", ".join(filter(None, (metric.title, metric.citation)))
            known[metric.name] = f"{about}; {metric.direction} is better"
    fields: list[dict[str, Any]] = []
    for column in schema:
        name, held = column.name, getattr(column.type, "value_type", column.type)
        more: dict[str, Any] = {"description": known[name]} if name in known else {}
        if to := REFERENCES.get((table, name)):
            more["references"] = {"field": {"@id": to}}
        data_type = TYPES.get(pd.api.types.pandas_dtype(held.to_pandas_dtype()).kind, "sc:Text")
        source = {"fileObject": {"@id": path.name}, "extract": {"column": name}}
        fields.append(_node("Field", f"{table}/{name}", name=name, dataType=data_type, source=source, **more))
    return _node("RecordSet", table, field=fields)
