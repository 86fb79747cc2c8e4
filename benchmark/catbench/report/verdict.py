"""What a router is worth, in a sentence: against the best single candidate, with how sure that is."""

from __future__ import annotations

from catbench.report.numbers import Estimate
from catbench.report.result import Result
from catbench.report.spelling import spell, spell_value

UNSURE = " (not certain)"


def verdict(result: Result) -> str:
    """Return the sentence of a result.

    The best single candidate is chosen by training means, and no number is a maximum over test scores. What
    an interval does not settle is called so, and so is a saving that may come without reading the prompt.
    """
    at_best, unlimited = (gain_in_words(result.estimate(name)) for name in ("gain_at_best", "unlimited_gain"))
    if result.best_single.cost <= min(result.costs):
        return f"{saves(result)}; with no limit on cost {unlimited}"
    gains = (
        f"at its cost, and with no limit on cost, {at_best}"
        if at_best == unlimited
        else f"at its cost {at_best}; with no limit on cost {unlimited}"
    )
    return f"{saves(result)}; {gains}{_reading(result)}"


def _reading(result: Result) -> str:
    """Return what is to be added where a router saves: that reading the prompt may not be why."""
    saved, gain = result.estimate("match_best"), result.estimate("gain")
    if gain.low is None or gain.high is None:
        return "; no interval says how surely"
    if saved.value is None or saved.value >= 1 or gain.low > 0 or not gain.value:  # 0: it is the mixture
        return ""
    return "; but not surely better than not reading the prompt"


def reachable(result: Result) -> str:
    """Return how much of the headroom is shown to be within reach; empty where nothing surely is."""
    share = result.references.get("oracle_shrunk", {}).get("headroom")
    if share is None or share.value is None:
        return ""
    if share.value <= 0 or (share.low is not None and share.low <= 0):
        return ""
    return f"at least {spell(share, percent=True)} of that can be reached"


def headroom_of(result: Result, reference: str, *, linear: bool = False) -> Estimate | None:
    """Return the share of the headroom that a reference captures; None where it has no area.

    Without an interval on the linear axis, and for the mixture and the oracle, which are 0 and 1.
    """
    if not linear and (known := result.references.get(reference, {}).get("headroom")):
        return known
    area = "audc_linear" if linear else "audc"
    areas = [result.references.get(name, {}).get(area) for name in (reference, "mixture", "oracle")]
    own, mixture, oracle = (None if found is None else found.value for found in areas)
    if own is None or mixture is None or oracle is None or oracle == mixture:
        return None
    return Estimate(value=(own - mixture) / (oracle - mixture))


def compared(first: str, second: str, gain: Estimate) -> str:
    """Return what a paired difference of two routers' areas says, first less second, positive is better."""
    if gain.value is None:
        return f"{first} and {second} cannot be compared: one of them has no area"
    if not gain.value and not gain.low and not gain.high:
        return f"{first} and {second} are equally good: they have the same area"
    size = spell(_turned(gain) if gain.value < 0 else gain)
    better, worse = (second, first) if gain.value < 0 else (first, second)
    if gain.low is None or gain.high is None:
        return f"{better} gains {size} more area than {worse}; how surely, no interval tells"
    if _unsure(gain):
        return f"{first} and {second} cannot be distinguished: {better} gains {size} more area"
    return f"{better} gains {size} more area than {worse}, surely"


def saves(result: Result) -> str:
    """Return what a router does to the cost of the best single candidate."""
    best, match = result.best_single, result.estimate("match_best")
    always = f"always drawing with {best.candidate}"
    if best.cost <= min(result.costs):
        return f"nothing to save: {best.candidate} is the best single candidate and the cheapest"
    if match.value is None:
        near = ""
        if match.low is not None:
            share = spell_value(Estimate(value=match.low), percent=True)
            near = f" (not certain: perhaps at {share} of its cost)"
        return f"never as good as {always}{near}"
    if match.value == 1 and match.low in (None, 1) and match.high in (None, 1):
        return f"as good as {always}, at the same cost"
    share = spell(match, percent=True, missing="never")
    return f"as good as {always} {'for' if match.value <= 1 else 'only at'} {share} of its cost"


def gain_in_words(gain: Estimate) -> str:
    """Return `better by ...`, `worse by ...` or `no better and no worse`, with how sure that is."""
    if gain.value is None:
        return "no quality is known"
    if not gain.value:
        return f"no better and no worse{_between(gain)}"
    size = spell(_turned(gain) if gain.value < 0 else gain)
    return f"{'worse' if gain.value < 0 else 'better'} by {size}{UNSURE if _unsure(gain) else ''}"


def _between(gain: Estimate) -> str:
    """Return the interval of a gain of 0, empty where it is one too."""
    text = spell(gain)
    return f" {text[text.index('[') :]}{UNSURE if _unsure(gain) else ''}" if "[" in text else ""


def _turned(gain: Estimate) -> Estimate:
    """Return the estimate of the same difference taken the other way round."""
    value, low, high = (None if end is None else -end for end in (gain.value, gain.high, gain.low))
    return Estimate(value=value, low=low, high=high)


def _unsure(gain: Estimate) -> bool:
    return gain.low is not None and gain.high is not None and not gain.sure
