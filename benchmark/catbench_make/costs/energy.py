"""Energy that a GPU draws, from NVML's own counter (package nvidia-ml-py), where there is one.

The counter is the board's total since the driver was loaded, in millijoules; whatever else runs on the board
is counted too. A CPU has no such counter here, and no joules are reported for it.
"""

from __future__ import annotations

import importlib
from typing import Any

MILLI = 1e-3


class EnergyMeter:
    """Reads the energy counter of one GPU."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle

    def joules(self) -> float:
        """Return the counter's reading; only differences mean anything."""
        return self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) * MILLI


def energy_meter(device: str, uuid: str = "", nvml: Any = None) -> EnergyMeter | None:
    """Return the meter of a CUDA device, or None where there is no NVML, no counter, or no GPU.

    `uuid` is the device's as torch tells it, without the prefix `GPU-`: NVML's numbering is another than
    CUDA's. `nvml` is the module to ask, by default pynvml.
    """
    if not device.startswith("cuda"):
        return None
    try:
        nvml = nvml or importlib.import_module("pynvml")
    except ModuleNotFoundError:
        return None
    try:
        nvml.nvmlInit()
        meter = EnergyMeter(nvml, nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}"))
        meter.joules()
    except nvml.NVMLError:
        return None
    return meter
