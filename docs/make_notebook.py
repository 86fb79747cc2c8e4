"""`python docs/make_notebook.py`: run docs/first_router.ipynb, and store what its cells show."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "first_router.ipynb"
SECONDS = 600
"""That a cell may take."""


def run(notebook: Path = NOTEBOOK) -> Any:
    """Return a notebook with what its cells show when they are run in its folder."""
    found: Any = nbformat.read(notebook, as_version=4)
    resources = {"metadata": {"path": notebook.parent}}
    client = NotebookClient(found, timeout=SECONDS, kernel_name="python3", resources=resources)
    client.execute(env={**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"})
    for cell in found.cells:
        cell.metadata.pop("execution", None)  # times of a clock
    found.metadata["language_info"] = {"name": "python"}  # and no version of it
    return found


if __name__ == "__main__":
    nbformat.write(run(), NOTEBOOK)
