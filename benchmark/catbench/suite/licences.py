"""Licences that allow a suite to be handed on, and how catalogues and dataset hubs write them."""

from __future__ import annotations

from typing import NamedTuple


class Licence(NamedTuple):
    """A licence under which anybody may hand a suite on."""

    spdx: str
    """Its identifier in the SPDX list."""

    @property
    def url(self) -> str:
        """Where its text is."""
        return f"https://spdx.org/licenses/{self.spdx}"

    @property
    def hub(self) -> str:
        """How the front matter of a dataset card writes it."""
        return self.spdx.lower()


_KNOWN = {
    spdx.lower().replace("-", " "): Licence(spdx)
    for spdx in (
        "Apache-2.0",
        "BSD-3-Clause",
        "CC-BY-4.0",
        "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0",
        "CC-BY-SA-4.0",
        "CC0-1.0",
        "MIT",
        "ODC-By-1.0",
        "PDDL-1.0",
    )
}


def known_licence(text: str) -> Licence | None:
    """Return the licence that a manifest's words name, None where they name none that is known here.

    `CC BY 4.0` and `cc-by-4.0` are one; `none stated` and `CC BY 4.0, but for two files` are none.
    """
    return _KNOWN.get(" ".join(text.lower().replace("-", " ").split()))
