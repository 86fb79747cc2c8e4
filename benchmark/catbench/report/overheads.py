"""What routing one prompt costs in the unit of the candidates' costs, where the two can be added."""

from __future__ import annotations

from math import nan

from catbench.score.answer import Answer

FLOPS = ("tflops", "tflops_paper")


def overhead(answer: Answer, key: str, hardware: str) -> tuple[float, str]:
    """Return an answer's overhead for one prompt under a cost key, or nan and the reason why there is none.

    `hardware` is what the candidates' costs were measured on. Seconds of one machine say nothing of another,
    so they are added only where the router ran on the same.
    """
    unit = key.partition("@")[0]
    if unit == "seconds":
        if hardware and hardware == answer.hardware:
            return answer.seconds_per_prompt, ""
        here, there = (name or "a machine that is not named" for name in (answer.hardware, hardware))
        return nan, f"the router's seconds were measured on {here}, the candidates' on {there}"
    if unit in FLOPS:
        if answer.flops_per_prompt is None:
            return nan, "the router does not say how many FLOPs it takes"
        return (answer.flops_per_prompt + (answer.encoder_flops_per_prompt or 0)) / 1e12, ""
    return nan, f"a router's work is not known in {unit}"
