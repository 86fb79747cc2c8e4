"""The container's recipe: linted; built where a daemon is, else its steps are run in a plain root.

The root is bubblewrap's: the system read-only, /board, /etc, /python and /tmp of its own, users as the recipe
makes them. What Docker's layers, caches and base image would add is not tried so.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "Dockerfile"
ANSWERS = """
{command} > /tmp/said 2>&1 &
for second in $(seq 60); do
    sleep 1
    if {health} > /dev/null 2>&1; then echo healthy; exit 0; fi
done
cat /tmp/said
exit 1
"""


def steps():
    """Return the instructions of the recipe in order: (word, rest)."""
    text = re.sub(r"^#.*\n", "", RECIPE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def values(word):
    return [rest for name, rest in steps() if name == word]


def program(rest):
    """Return the words of an instruction in JSON form, as a shell would have them."""
    return shlex.join(json.loads(rest[rest.index("[") :]))


def a_daemon():
    docker = shutil.which("docker")
    return docker and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


def test_the_linter_finds_nothing():
    hadolint = shutil.which(
        "hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    if hadolint is None:
        pytest.skip("hadolint is not installed: the extra release")
    ran = subprocess.run([hadolint, "--no-color", RECIPE], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_everything_that_is_copied_is_there_and_nobody_is_root():
    for rest in values("COPY"):
        *sources, _ = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
    assert values("USER") == ["10001"]
    assert f"--uid {values('USER')[0]}" in " ".join(values("RUN"))
    assert steps()[-1][0] == "CMD"


class PlainRoot:
    """A root of its own for the recipe's steps."""

    def __init__(self, place):
        self.place = place
        for name in ("board", "etc", "python", "tmp"):
            (place / name).mkdir()
        for name in ("passwd", "group", "shadow", "login.defs", "nsswitch.conf", "hosts", "resolv.conf"):
            if (found := Path("/etc", name)).is_file():
                shutil.copy(found, place / "etc" / name)
        for name in ("ssl", "alternatives", "ld.so.conf.d", "pki", "ca-certificates"):
            if (found := Path("/etc", name)).is_dir():
                shutil.copytree(found, place / "etc" / name, symlinks=True, dirs_exist_ok=True)
        for name in ("ld.so.cache", "pip.conf"):
            if (found := Path("/etc", name)).is_file():
                shutil.copy(found, place / "etc" / name)
        self.environment = {
            "PATH": "/python/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/tmp",
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))},
        }

    def run(self, command, *, user="0", writable=True, network=True, timeout=900):
        """Run a shell command in it as a user; return what subprocess.run does."""
        base, system = Path(sys.base_prefix).resolve(), ("bin", "lib", "lib64", "sbin")
        links = [(name, os.readlink(f"/{name}")) for name in system if Path(f"/{name}").is_symlink()]
        kept = [path for path in ("/usr", "/opt", str(base)) if Path(path).is_dir()]
        words = ["bwrap", "--unshare-all", *(["--share-net"] if network else []), "--die-with-parent"]
        words += ["--uid", user, "--gid", user, "--tmpfs", "/", "--dev", "/dev", "--proc", "/proc"]
        for path in kept:
            words += ["--ro-bind", path, path]
        for name, target in links:
            words += ["--symlink", target, f"/{name}"]
        bind = "--bind" if writable else "--ro-bind"
        for inside, name in (("/board", "board"), ("/etc", "etc"), ("/python", "python")):
            words += [bind, str(self.place / name), inside]
        words += ["--bind", str(self.place / "tmp"), "/tmp", "--chdir", "/board", "--clearenv"]
        for name, value in self.environment.items():
            words += ["--setenv", name, value]
        return subprocess.run(
            [*words, "sh", "-e", "-c", command], capture_output=True, text=True, check=False, timeout=timeout
        )


@pytest.mark.slow
@pytest.mark.skipif(bool(a_daemon()), reason="there is a daemon: the image itself is built")
def test_the_steps_run_in_a_plain_root(tmp_path):
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    root = PlainRoot(tmp_path)
    made = root.run(f"{Path(sys.base_prefix).resolve()}/bin/python3 -m venv --copies /python")
    assert made.returncode == 0, made.stderr
    for word, rest in steps():
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                place = tmp_path / "board" / target / ("" if (ROOT / source).is_dir() else source)
                if (ROOT / source).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / source, place, dirs_exist_ok=True, ignore=ignored)
                else:
                    shutil.copy(ROOT / source, place)
        elif word == "ENV":
            root.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "RUN":
            ran = root.run(rest)
            assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "board:x:10001:" in (tmp_path / "etc" / "passwd").read_text()
    command = f"{program(values('ENTRYPOINT')[0])} {program(values('CMD')[0])}"
    health = program(values("HEALTHCHECK")[0])
    (tmp_path / "tmp").chmod(0o1777)
    script = ANSWERS.format(command=command, health=health)
    served = root.run(script, user=values("USER")[0], writable=False, network=False, timeout=120)
    assert served.returncode == 0, served.stdout + served.stderr
    assert served.stdout.splitlines()[-1] == "healthy"


@pytest.mark.slow
@pytest.mark.skipif(not a_daemon(), reason="there is no daemon: the steps are run in a plain root")
def test_the_image_is_built_and_healthy():
    image = "catbench-board-test"
    subprocess.run(["docker", "build", "--tag", image, ROOT], check=True)
    try:
        health = program(values("HEALTHCHECK")[0])
        script = ANSWERS.format(command=f"catbench {program(values('CMD')[0])}", health=health)
        run = [
            "docker",
            "run",
            "--rm",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--entrypoint",
            "sh",
            image,
            "-c",
            script,
        ]
        assert "healthy" in subprocess.run(run, check=True, capture_output=True, text=True).stdout
    finally:
        subprocess.run(["docker", "image", "rm", image], check=False)
