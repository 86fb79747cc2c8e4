"""What a worker raises, as it is sent to the run's process; and what of it is a device's fault."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from catbench.errors import CatbenchError, GenerationError, SuiteError, UsageError, first_line


class DeviceFaultError(GenerationError):
    """A GPU fails a worker, whose process can no longer use it."""


_FAULTS = re.compile(r"CUDA error|CUDNN_STATUS_|CUBLAS_STATUS_")
"""What a RuntimeError of a device says; full memory, which says the same, is no fault."""


def _is_device_fault(error: BaseException | None) -> bool:
    """Return whether an error, or one that led to it, is a device's."""
    while error is not None:
        if isinstance(error, RuntimeError) and _FAULTS.search(str(error)):
            from catbench_make.pipelines.memory import is_out_of_memory

            return not is_out_of_memory(error)
        error = error.__cause__
    return False


@contextmanager
def sendable() -> Generator[None]:
    """Raise an error of ours, or of a device, as one that can be sent: made of its message alone."""
    try:
        yield
    except Exception as error:
        if _is_device_fault(error):
            raise DeviceFaultError(first_line(error)) from None
        if not isinstance(error, CatbenchError):
            raise
        kind = type(error) if type(error) in (SuiteError, UsageError) else GenerationError
        raise kind(str(error)) from None
