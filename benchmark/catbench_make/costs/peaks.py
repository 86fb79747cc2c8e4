"""What a device can do at most: dense bfloat16 matrix products, in TFLOP/s, by the vendors' data sheets.

NVIDIA's sheets print the figure with sparsity for most; it is halved here. FLOPs are 2 a multiply-add there
as everywhere in catbench.
"""

from __future__ import annotations

PEAK_TFLOPS = {
    "A10": 125.0,
    "A100": 312.0,
    "B200": 2250.0,
    "H100": 989.4,
    "H100 NVL": 835.5,
    "H100 PCIe": 756.5,
    "H200": 989.4,
    "L4": 121.0,
    "L40S": 362.0,
    "RTX 4090": 165.2,
}
"""Part of the name that a device gives itself -> TFLOP/s. `H100` is the SXM5 board, as it calls itself
`NVIDIA H100 80GB HBM3`."""

ATTAINED_SHARE = 1 / 3
"""Of a device's peak, by pipelines of diffusers at batch 8: assumed, not measured."""


def peak_tflops(hardware: str) -> float | None:
    """Return the peak of a device by what it calls itself (`NVIDIA H200`); None where it is not known."""
    words = hardware.replace("-", " ").split()
    fitting = [name for name in PEAK_TFLOPS if set(name.split()) <= set(words)]
    return PEAK_TFLOPS[max(fitting, key=len)] if fitting else None
