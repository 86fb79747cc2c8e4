"""What is wrong with the values of `submission.toml`, in TOML's words, each with a line as it should be."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import ErrorDetails

from catbench.errors import unknown_name
from catbench.submit.faults import Fault

SETTINGS = "submission.toml"
EXAMPLES = {
    "name": '"My router"',
    "authors": '["Your Name"]',
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
