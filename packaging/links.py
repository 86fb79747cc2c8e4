"""Links of Markdown that leave a page's own place: made absolute, or paths where no repository is known."""

from __future__ import annotations

import re
from collections.abc import Callable

CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", flags=re.DOTALL | re.MULTILINE)


def linked(text: str, address_of: Callable[[str, bool], str | None]) -> str:
    """Return a text with the target of every link replaced, code left alone.

    `address_of` is given the target and whether it is a picture, and returns the new target, or None for a
    link that stays as it is, or a path as code: no link then, but the path beside the words, or instead of
    them where they only name the file. Of such a picture the words stay.
    """

    def found(link: re.Match[str]) -> str:
        picture, words, target = link.groups()
        address = address_of(target, bool(picture))
        if address is None:
            return link[0]
        if not address.startswith("`"):
            return f"{picture}[{words}]({address})"
        if picture:
            return words
        return address if f"/{address.strip('`')}".endswith(f"/{words}") else f"{words} ({address})"

    parts = CODE.split(text)
    return "".join(
        part if part.startswith("`") else re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", found, part)
        for part in parts
    )


def of_repository(repository: str, tag: str, path: str, picture: bool) -> str:
    """Return the address of a file in a repository at a tag, its path as code where none is known."""
    if not repository:
        return f"`{path.partition('#')[0]}`"
    return f"{repository}/{'raw' if picture else 'blob'}/{tag}/{path}"
