"""What a router is worth, in a sentence: against the best single candidate, with how sure that is."""

from __future__ import annotations

from catbench.report import Estimate, Result
from catbench.spelling import spell


def verdict(result: Result) -> str:
    """Return the sentence of a result.

    The best single candidate is chosen by training means, and no number is a maximum over test scores. What
    an interval does not settle is called so.
    """
    best = result.best_single.candidate
    always = f"always drawing with {best}"
    match, at_best = result.estimate("match_best"), result.estimate("gain_at_best")
    unlimited = f"with no limit on cost {_gain(result.estimate('unlimited_gain'))}"
    if result.best_single.cost <= min(result.costs):
        return f"{best} is the best single candidate and the cheapest, so nothing is to save; {unlimited}"
    if match.value is None:
        saves = f"never as good as {always}"
    elif match.value < 1:
        saves = f"as good as {always} for {spell(match, percent=True, missing='never')} of its cost"
    else:
        saves = f"needs {spell(match, percent=True, missing='never')} of the cost of {best} to be as good"
    return f"{saves}; at its cost {_gain(at_best)}; {unlimited}"


def reachable(result: Result) -> str:
    """Return how much of the headroom is shown to be within reach; empty where that cannot be told."""
    share = result.references.get("oracle_shrunk", {}).get("headroom")
    if share is None or share.value is None or share.value <= 0:
        return ""
    return f"at least {spell(share, percent=True)} of that can be reached"


def _gain(gain: Estimate) -> str:
    if gain.value is None:
        return "no quality is known"
    size = Estimate(value=abs(gain.value), low=gain.low, high=gain.high)
    if gain.value < 0:
        ends = [None if end is None else -end for end in (gain.high, gain.low)]
        size = Estimate(value=-gain.value, low=ends[0], high=ends[1])
    unsure = gain.low is not None and gain.high is not None and gain.low <= 0 <= gain.high
    if not gain.value:
        return "no better and no worse"
    return f"{'worse' if gain.value < 0 else 'better'} by {spell(size)}{' (not certain)' if unsure else ''}"
