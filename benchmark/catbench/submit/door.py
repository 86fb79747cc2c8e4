"""Who is let onto the board: a report whose every number, and every replicate, follows from its predictions.

That is found by `catbench verify`'s own function, once: the answer is kept in the user's cache under the
digests of report, predictions, replicates and suite, and the version of catbench, so that it is right or
absent. The folder `leaderboard` of the user's cache (`catbench.home`) holds it. A report that an index of
verified reports has (`catbench.report.index`) is let in as it is, with its suite or without.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from catbench import __version__
from catbench.download import Progress
from catbench.errors import CatbenchError, UsageError
from catbench.files import write_text
from catbench.home import cache_folder
from catbench.report.suite_of import suite_trained_on
from catbench.score.bootstrap import Bootstrap
from catbench.submit.entries import TABLES, Entry, Unranked, find_reports, read_entry, unranked, with_areas
from catbench.submit.verify import verify_report
from catbench.suite.here import matrix_of
from catbench.terminal import one_line

COMMON = Bootstrap()
"""The draws that all routers are ranked on."""


def held_reports(
    folders: Sequence[Path],
    *,
    cache: Path | None = None,
    progress: Progress = lambda what, done, total: None,
    before: Iterable[Entry] = (),
) -> tuple[list[Entry], list[Unranked]]:
    """Return the reports in these folders that hold, and the others.

    What is as it was `before` is not read again. Raises UsageError where a folder does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder: give folders that hold reports")
    known = {(entry.path, entry.id): entry for entry in before}
    found = find_reports(folders)
    entries: list[Entry] = []
    outside: list[Unranked] = []
    for position, (path, name) in enumerate(found.items()):
        try:
            entry = read_entry(path, name, old := known.get((path, name)))
        except (CatbenchError, OSError) as error:
            outside.append(Unranked(one_line(name), one_line(str(error), 400)))
            continue
        if entry is old:
            entries.append(entry)
            continue
        if why := why_not(entry, cache, lambda at=position: progress("verifying reports", at, len(found))):
            outside.append(unranked(entry, why))
        else:
            entries.append(with_areas(entry))
        progress("reading reports", position + 1, len(found))
    return entries, outside


def why_not(entry: Entry, cache: Path | None = None, verifying: Callable[[], None] = lambda: None) -> str:
    """Return why a report is not let in, empty where it holds. `verifying` is called before long work."""
    if entry.report.private:
        return "scored on a host's private test split: numbers are rounded, and no draws are shown to rank by"
    if reason := _without_a_look(entry):
        return reason
    if entry.released:
        return ""
    first = entry.report.results[0]
    try:
        matrix, other = matrix_of(first.suite_digest), suite_trained_on(entry.report)
    except (CatbenchError, OSError) as error:
        return str(error)
    made_of = [__version__, first.suite_digest, other.digest if other else ""]
    made_of += [entry.digests[name] for name in ("report", *TABLES)]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]
    path = (cache or cache_folder() / "leaderboard") / "verified" / f"{key}.json"
    if (known := _recall(path)) is not None:
        return known
    verifying()
    reason = ""
    try:
        tables = {name: entry.table(name) for name in TABLES}
        verify_report(entry.report.model_copy(update=tables), matrix, "it", other)
    except CatbenchError as error:
        reason = str(error)
    except (OSError, MemoryError) as error:  # that is this machine's fault, and may pass
        return f"it could not be verified here: {type(error).__name__}: {error}"
    except Exception as error:  # a stranger's file may lead the libraries to anything
        reason = f"it cannot be verified: {type(error).__name__}: {error}"
    _keep(path, reason)
    return reason


def _without_a_look(entry: Entry) -> str:
    """Return why a report cannot be ranked whatever its numbers are."""
    for name in TABLES:
        if not entry.digests[name]:
            return f"its {name} do not lie beside it: keep the .{name}.parquet"
    drawn = entry.report.bootstrap
    if drawn != vars(COMMON):
        return (
            f"its intervals are of {drawn.get('replicates', 0):,} replicates with seed {drawn.get('seed')}; "
            f"ranks need the common {COMMON.replicates:,} with seed {COMMON.seed}: evaluate again without "
            "--replicates"
        )
    return ""


def _recall(path: Path) -> str | None:
    """Return what was found before, None where nothing whole is kept."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["why_not"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, reason: str) -> None:
    """Keep what was found; in a place that cannot be written, it is found again the next time."""
    with suppress(OSError, UsageError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"why_not": reason}))
