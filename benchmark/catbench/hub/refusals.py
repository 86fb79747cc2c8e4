"""What a hub's refusals mean, in one line each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from catbench.errors import CatbenchError, UsageError, first_line
from catbench.hub.address import Address

LOG_IN = "`hf auth login` stores a token, and HF_TOKEN names one"
REFUSED = {
    401: "the hub does not know the token, or there is none",
    403: "the token does not allow that, or OWNER is neither you nor an organisation that lets you",
}
"""Status of an answer -> what it means."""


@contextmanager
def refusals_explained(doing: str, address: Address) -> Generator[None]:
    """Turn what huggingface_hub raises while it is `doing` something with a repository into a UsageError."""
    from huggingface_hub import errors

    known: Any = errors
    try:
        yield
    except CatbenchError:
        raise
    except known.GatedRepoError as error:
        raise UsageError(
            f"cannot {doing} {address}: its owner grants access on request: ask for it at {address.page} "
            f"({LOG_IN})"
        ) from error
    except known.RepositoryNotFoundError as error:
        raise UsageError(
            f"cannot {doing} {address}: there is no such dataset repository, or it is private ({LOG_IN})"
        ) from error
    except known.RevisionNotFoundError as error:
        raise UsageError(f"cannot {doing} {address}: it has no such revision") from error
    except known.OfflineModeIsEnabled as error:
        raise UsageError(f"cannot {doing} {address}: HF_HUB_OFFLINE is set") from error
    except known.HfHubHTTPError as error:
        refused = REFUSED.get(getattr(error.response, "status_code", 0))
        says = f"{refused} ({LOG_IN})" if refused else first_line(error)
        raise UsageError(f"cannot {doing} {address}: {says}") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"cannot {doing} {address}: {first_line(error)}; run again to go on where it stopped"
        ) from error
    except Exception as error:
        if not _is_of_the_connection(error):
            raise
        raise UsageError(
            f"cannot {doing} {address}: no connection to the hub ({first_line(error)}); run again to go "
            "on where it stopped"
        ) from error


def _is_of_the_connection(error: Exception) -> bool:
    """Whether an error is the HTTP library's own, whichever huggingface_hub uses."""
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return not libraries.isdisjoint(("httpx", "httpx2", "requests"))
