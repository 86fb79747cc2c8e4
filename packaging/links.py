"""Links of Markdown that leave a page's own place: made absolute, or plain text where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Callable

CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", flags=re.DOTALL | re.MULTILINE)


def linked(text: str, address_of: Callable[[str, bool], str | None]) -> str:
    """Return a text with the target of every link replaced, code left alone.

    `address_of` is given the target and whether it is a picture, and returns the new one, "" for no link at
    all (the words stay), or None for a link that stays as it is.
    """

    def found(link: re.Match[str]) -> str:
        picture, words, target = link.groups()
        address = address_of(target, bool(picture))
        if address is None:
            return link[0]
        return f"{picture}[{words}]({address})" if address else words

    parts = CODE.split(text)
    return "".join(
        part if part.startswith("`") else re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", found, part)
        for part in parts
    )


def of_repository(repository: str, tag: str, path: str, picture: bool) -> str:
    """Return the address of a file in a repository at a tag, "" where the repository is not known."""
    return f"{repository}/{'raw' if picture else 'blob'}/{tag}/{path}" if repository else ""
