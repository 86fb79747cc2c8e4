"""What a check has measured, as records, JSON and Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TimedCall:
    """Whole calls of one candidate's pipeline, text to pixels."""

    candidate: str
    batch: int
    """Images at once; less than asked for where memory ran out."""
    compiled: bool
    seconds: float
    """Per image, of the median call."""
    tflops: float
    """Per image, in the convention `tflops`."""
    tflops_per_second: float
    share_of_peak: float | None
    """None where the device's peak is not known."""


@dataclass(frozen=True)
class Loop:
    """`catbench generate` beside what it cannot be faster than."""

    candidate: str
    batch: int
    images_per_second: float
    of_bare_unet: float
    """Its share of the images per second of UNet forwards alone; 0.95 is aimed at, with many steps."""
    ceiling: float
    """That share if nothing but the FLOPs of text and decoder were added to the UNet's, at the same speed."""
    of_calls: float
    """Its share of the images per second of whole calls, which encode and decode as well."""


@dataclass(frozen=True)
class GpuCheck:
    """A whole check."""

    hardware: str
    tiny: bool
    versions: dict[str, str]
    peak_tflops: float | None
    calls: tuple[TimedCall, ...]
    loops: tuple[Loop, ...]
    parts: dict[str, dict[int, float]]
    """Part of a call -> batch size that fits -> seconds an image, at the pixels of the largest candidate."""
    left_out: tuple[str, ...]
    """What was not measured, and why."""
    seconds: float
    """Of the whole check."""


GOAL = 0.95


def markdown(check: GpuCheck) -> str:
    """Return the check as a Markdown page."""
    peak = f"peak {check.peak_tflops:g} TFLOP/s (bf16, dense)" if check.peak_tflops else "peak not known"
    lines = [
        f"# {check.hardware}",
        "",
        f"{peak}; {_versions(check)}; random weights; {check.seconds:.0f} s in all",
    ]
    if check.tiny:
        lines += [
            "",
            "**Tiny models: this shows that the check runs, and says nothing of any device's speed.**",
        ]
    lines += ["", "| candidate | batch | s/image | TFLOPs | TFLOP/s | of peak |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {call.candidate}{', compiled' if call.compiled else ''} | {call.batch} | {call.seconds:.4g} | "
        f"{call.tflops:.4g} | {call.tflops_per_second:.4g} | {_share(call.share_of_peak)} |"
        for call in check.calls
    ]
    lines += [
        "",
        f"`catbench generate`, and its share of UNet forwards alone (goal {GOAL} with many steps; the "
        "ceiling is the UNet's part of the FLOPs) and of whole calls:",
        "",
    ]
    lines += [
        "| candidate | batch | images/s | of bare UNet | ceiling | of calls |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {loop.candidate} | {loop.batch} | {loop.images_per_second:.4g} | {loop.of_bare_unet:.3f} | "
        f"{loop.ceiling:.3f} | {loop.of_calls:.3f} |"
        for loop in check.loops
    ]
    sizes = sorted({size for times in check.parts.values() for size in times})
    lines += ["", "Milliseconds an image by batch size (`--text-batch`, `--batch`, `--decode-batch`):", ""]
    lines += [f"| part | {' | '.join(map(str, sizes))} |", f"|---{'|---' * len(sizes)}|"]
    lines += [
        f"| {part} | {' | '.join(_milliseconds(times.get(size)) for size in sizes)} |"
        for part, times in check.parts.items()
    ]
    lines += ["", *(f"Left out: {what}." for what in check.left_out)]
    return "\n".join(lines).rstrip() + "\n"


def _versions(check: GpuCheck) -> str:
    return ", ".join(f"{name} {version}" for name, version in check.versions.items())


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.4g}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
