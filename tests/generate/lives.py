"""A process that generates over and over, each time in a child that it kills after a given while.

Everything is imported before the first child is forked, so that a kill falls into the work and not into
imports. `python lives.py PLAN` takes a pickled plan; each line of its input, `seconds folder`, is a life,
and is answered by the child's exit status: 0 for work that was finished, -9 for a kill.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from pathlib import Path

import diffusers
import transformers

from catbench_make.drawing import worker
from catbench_make.drawing.generation import Plan, generate
from catbench_make.packages import prepare

prepare()
NEEDED = (
    diffusers.StableDiffusionXLPipeline,
    transformers.CLIPTextModelWithProjection,
    transformers.CLIPTokenizer,
    worker.Worker,
)


def live(plan: Plan, out: Path, seconds: float) -> int:
    """Generate in a child for some seconds at most; returns its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            generate(plan, out, keep_images=True)
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    plan = pickle.loads(Path(sys.argv[1]).read_bytes())
    for line in sys.stdin:
        seconds, folder = line.rstrip("\n").split(" ", 1)
        sys.stdout.write(f"{live(plan, Path(folder), float(seconds))}\n")
        sys.stdout.flush()
