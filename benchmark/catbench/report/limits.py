"""What one run of a submission may use. The whole record is part of every report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

SECONDS_PER_PROMPT = 0.02
"""Wall time granted for each prompt of a suite, on top of the limit."""
MIB = 1024 * 1024


class Limits(BaseModel):
    """Upper bounds for one process of a submission, with all that it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_seconds: PositiveFloat = 60.0
    """From start to end: importing, fitting and answering on all metrics."""
    cpu_seconds: PositiveInt = 600
    """Of one process; cores count each."""
    memory_bytes: PositiveInt = 4096 * MIB
    """Resident memory of all processes together."""
    processes: PositiveInt = 64
    threads: PositiveInt = 1024
    """Tasks that the kernel lets exist at once (bubblewrap only)."""
    output_bytes: PositiveInt = MIB
    """What it may print."""
    scratch_bytes: PositiveInt = 512 * MIB
    """Size of its private temporary folder, of one file, and of all that its requirements install."""
    scratch_files: PositiveInt = 20_000
    open_files: PositiveInt = 512

    def for_prompts(self, prompts: int) -> Limits:
        """Return these limits with the wall time that a suite of so many prompts warrants."""
        return self.model_copy(update={"wall_seconds": self.wall_seconds + SECONDS_PER_PROMPT * prompts})
