"""`python -m catbench_make.gpu_check OUT`: the check, its table to OUT.md and OUT.json step by step."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from catbench.errors import CatbenchError, UsageError
from catbench.files import atomic_file, check_writable
from catbench.terminal import print_in_any_encoding


def main(words: list[str] | None = None) -> int:
    """Check this machine; returns the exit status: 0, or 2 where there is nothing to check."""
    parser = argparse.ArgumentParser(prog="gpu_check.sh", description=main.__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=Path("build/gpu_check"), help="without a suffix")
    parser.add_argument(
        "--tiny", action="store_true", help="tiny models on the CPU: does the check itself run?"
    )
    parser.add_argument("--batch", type=int, default=8, help="images at once")
    parser.add_argument("--minutes", type=float, default=7.0, help="what does not fit is left out")
    given = parser.parse_args(words)
    print_in_any_encoding()
    try:
        if given.batch < 1:
            raise UsageError(f"--batch {given.batch}: at least 1 is needed")
        table, record = _files(given.out)
        from catbench_make.gpu_check.gpu_steps import run_check
        from catbench_make.gpu_check.gpu_table import GpuCheck, markdown

        def keep(check: GpuCheck) -> None:
            for path, text in (
                (table, markdown(check)),
                (record, json.dumps(asdict(check), indent=1) + "\n"),
            ):
                with atomic_file(path) as draft:
                    draft.write_text(text, encoding="utf-8")

        check = run_check(tiny=given.tiny, batch=given.batch, minutes=given.minutes, keep=keep, say=_say)
    except CatbenchError as error:
        _say(f"gpu_check: {error}")
        return 2
    sys.stdout.write(markdown(check))
    return 0


def _files(out: Path) -> tuple[Path, Path]:
    """Return OUT.md and OUT.json; raises UsageError where they cannot be written."""
    if not out.name:
        raise UsageError(f"OUT {out}: the name of two files is needed, without their suffixes")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {out.parent}: {error.strerror or error}") from error
    table, record = (out.with_name(f"{out.name}{suffix}") for suffix in (".md", ".json"))
    for path in (table, record):
        check_writable(path)
    return table, record


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
