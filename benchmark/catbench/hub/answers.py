"""What a hub's refusals mean, in one line each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from catbench.errors import CatbenchError, UsageError, first_line

LOG_IN = "`hf auth login` stores a token, and HF_TOKEN names one"


@contextmanager
def told(doing: str, repository: str) -> Generator[None]:
    """Turn what huggingface_hub raises while it is `doing` something with a repository into a UsageError."""
    from huggingface_hub import errors

    known: Any = errors
    try:
        yield
    except CatbenchError:
        raise
    except known.GatedRepoError as error:
        raise UsageError(
            f"cannot {doing} {repository}: its owner grants access on request ({LOG_IN})"
        ) from error
    except known.RepositoryNotFoundError as error:
        raise UsageError(
            f"cannot {doing} {repository}: there is no such dataset repository, or it is private ({LOG_IN})"
        ) from error
    except known.RevisionNotFoundError as error:
        raise UsageError(f"cannot {doing} {repository}: it has no such revision") from error
    except known.OfflineModeIsEnabled as error:
        raise UsageError(f"cannot {doing} {repository}: HF_HUB_OFFLINE is set") from error
    except known.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        hint = f" ({LOG_IN})" if status in (401, 403) else ""
        raise UsageError(f"cannot {doing} {repository}: {first_line(error)}{hint}") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"cannot {doing} {repository}: {first_line(error)}; run again to go on where it stopped"
        ) from error
    except Exception as error:
        if not _is_of_the_connection(error):
            raise
        raise UsageError(
            f"cannot {doing} {repository}: no connection to the hub ({first_line(error)}); run again to go "
            "on where it stopped"
        ) from error


def _is_of_the_connection(error: Exception) -> bool:
    """Whether an error is the HTTP library's own, whichever huggingface_hub uses."""
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return not libraries.isdisjoint(("httpx", "httpx2", "requests"))
