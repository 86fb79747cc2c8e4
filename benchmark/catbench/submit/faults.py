"""What is wrong with a submission, in one line that no stranger's text can break or forge.

The values of `submission.toml` are judged in TOML's words, each with a line as it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import ErrorDetails

from catbench.errors import unknown_name

LONGEST = 500
"""Characters of a message that are kept."""
SETTINGS = "submission.toml"
AUTHOR = "Your Name"
EXAMPLES = {
    "name": '"My router"',
    "authors": f'["{AUTHOR}"]',
    "paper": '"https://arxiv.org/abs/..."',
    "licence": '"Apache-2.0"',
    "suites": '["nano"]',
    "entry": '"router.py:make_router"',
    "requirements": '["scikit-learn>=1.5"]',
    "needs-gpu": "false",
    "unseen-candidates": "false",
}
"""Setting -> a value that it may have."""
RULES = {
    "missing": "it is missing",
    "string_type": "it must be text, in quotes",
    "tuple_type": "it must be a list, in brackets",
    "bool_type": "it must be true or false, without quotes",
    "bool_parsing": "it must be true or false, without quotes",
    "too_short": "its list is empty",
    "string_too_short": "it is empty",
}
"""Kind of an error -> what the value must be."""
PATTERNS = {
    "paper": "it must be an address that begins with https:// or http://",
    "suites": "a suite is named by small letters, digits and . _ + -, and never by a path",
}


@dataclass(frozen=True)
class Fault:
    """Something wrong with a submission, and how to fix it: one line each, whatever they quote."""

    what: str
    fix: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", escaped(self.what))
        object.__setattr__(self, "fix", escaped(self.fix))

    def __str__(self) -> str:
        return f"{self.what}: {self.fix}"


def escaped(text: str) -> str:
    """Return text with escapes for all that is no printable character, and its end cut off if it is long."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)


def setting_faults(errors: Sequence[ErrorDetails]) -> list[Fault]:
    """Return a problem for each of pydantic's errors; of a list and its parts only the parts count."""
    parts = {error["loc"][:1] for error in errors if len(error["loc"]) > 1}
    return [_problem(error) for error in errors if error["loc"] not in parts]


def _problem(error: ErrorDetails) -> Fault:
    setting, *place = map(str, error["loc"])
    what = f"{SETTINGS}, {setting}" + "".join(f", number {int(number) + 1}" for number in place[:1])
    if error["type"] == "extra_forbidden":
        return Fault(what, str(unknown_name("setting", setting, EXAMPLES)))
    rule = RULES.get(error["type"])
    if error["type"] == "string_pattern_mismatch":
        rule = PATTERNS.get(setting)
    if error["type"] == "string_too_long":
        rule = f"it has more than {error.get('ctx', {}).get('max_length')} characters"
    rule = rule or error["msg"].removeprefix("Value error, ")
    return Fault(what, f"{rule}: write {setting} = {EXAMPLES[setting]}" if setting in EXAMPLES else rule)
