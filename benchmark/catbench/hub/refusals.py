"""What a hub's refusals mean, in one line each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from catbench.errors import UsageError, first_line
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
    try:
        yield
    except Exception as error:
        meaning = _meaning(error, address)
        if not meaning:
            raise
        raise UsageError(f"cannot {doing} {address}: {meaning}") from error


def _meaning(error: Exception, address: Address) -> str:
    """Return what an error means, empty for one that is none of the hub's, of the connection or of a file."""
    from huggingface_hub import errors

    known: Any = errors
    again = "run again to go on where it stopped"
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    if isinstance(error, known.GatedRepoError):
        return f"its owner grants access on request: ask for it at {address.page} ({LOG_IN})"
    if isinstance(error, known.RepositoryNotFoundError):
        return f"there is no such dataset repository, or it is private ({LOG_IN})"
    if isinstance(error, known.RevisionNotFoundError):
        return "it has no such revision"
    if isinstance(error, known.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set"
    if isinstance(error, known.HfHubHTTPError):
        refused = REFUSED.get(getattr(getattr(error, "response", None), "status_code", 0))
        return f"{refused} ({LOG_IN})" if refused else first_line(error)
    if isinstance(error, (OSError, RuntimeError, ValueError)):
        return f"{first_line(error)}; {again}"
    if not libraries.isdisjoint(("httpx", "httpx2", "requests")):  # whichever huggingface_hub uses
        return f"no connection to the hub ({first_line(error)}); {again}"
    return ""
