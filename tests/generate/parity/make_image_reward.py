"""Makes `image_reward.json` anew: builds image-reward's own environment and scores the case in it.

    python tests/generate/parity/make_image_reward.py ENVIRONMENT

ENVIRONMENT is a folder for the virtual environment, made if it is not there. It takes 2 GB of packages, 6 GB
of memory, 2 GB of temporary disk and some ten minutes, and of the network a package index alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHARED = ("numpy", "pillow", "torch", "torchvision")
"""Packages whose versions are the same on both sides; the others are as image-reward wants them."""


def main(environment: Path) -> None:
    """Build the environment, install the extra, and run `original.py`."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write(
            "\n".join(line for line in pins if line.startswith(tuple(f"{n}==" for n in SHARED)))
        )
        constraints.flush()
        install = [python, "-m", "pip", "install", "--quiet", "--constraint", constraints.name]
        subprocess.run([*install, "--editable", f"{ROOT}[image-reward]"], check=True)
    command = [python, HERE / "original.py", HERE / "image_reward.json"]
    there = {**os.environ, "PYTHONPATH": str(HERE), "HF_HUB_OFFLINE": "1"}
    subprocess.run(command, check=True, env=there)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
