"""Another project is called catbench on the package index, and writes into the same folder."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

import catbench
import catbench_command

ROOT = Path(__file__).parent.parent
PACKAGE = Path(catbench.__file__).parent
RUN = "import sys; sys.argv = ['catbench', '--version']; import catbench_command; catbench_command.main()"


@pytest.fixture
def site(tmp_path):
    """A folder as pip leaves it: our two packages, and what a test adds."""
    for name in ("catbench", "catbench_command"):
        ignored = shutil.ignore_patterns("data", "__pycache__")
        shutil.copytree(PACKAGE.parent / name, tmp_path / name, ignore=ignored)
    return tmp_path


def other(site, entries=""):
    place = site / "catbench-1.1.6.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: catbench\nVersion: 1.1.6\n")
    (place / "entry_points.txt").write_text(entries)


def run(site, code=RUN, flags=()):
    """Run code where `site` comes first; return the exit code and both streams."""
    start = f"import sys; sys.path.insert(0, {str(site)!r});"
    found = subprocess.run(
        [sys.executable, *flags, "-c", start + code], capture_output=True, text=True, check=False
    )
    return found.returncode, found.stdout, found.stderr


def test_the_command_says_that_the_other_is_there_and_goes_on_with_our_files(site):
    assert run(site) == (0, f"catbench {catbench.__version__}\n", "")
    other(site)
    code, said, error = run(site)
    assert (code, said) == (0, f"catbench {catbench.__version__}\n")
    assert re.fullmatch(r"catbench: another project, catbench 1\.1\.6 .*pip install \.\n", error)


def overwritten(folder):
    (folder / "__init__.py").write_text("raise SystemExit('the other was imported')\n")


def uninstalled(folder):
    (folder / "__init__.py").unlink()


def replaced(folder):
    shutil.rmtree(folder)
    folder.mkdir()
    overwritten(folder)


@pytest.mark.parametrize(
    ("harm", "says"),
    [(overwritten, "were overwritten"), (uninstalled, "or removed"), (replaced, "is another project's")],
)
def test_the_command_stops_in_one_line_where_our_files_do_not_survive(site, harm, says):
    other(site)
    harm(site / "catbench")
    code, said, error = run(site, flags=("-E", "-S"))  # without the catbench of this environment
    assert (code, said) == (2, "")
    assert re.fullmatch(rf"catbench: .*{says}.*, with catbench 1\.1\.6; .*\n", error)


THEIRS = "[console_scripts]\ncatbench = catbench.run:main\n"
SCRIPT = """
import sys
sys.argv = ["/bin/catbench", "evaluate"]
from catbench.run import main
main()
"""


def test_a_command_of_the_other_that_finds_our_files_is_one_line(site):
    """As pip leaves it where theirs came last and has no __init__.py of its own, or one that was mended."""
    other(site, THEIRS)
    code, said, error = run(site, SCRIPT)
    assert (code, said) == (1, "")
    assert re.fullmatch(
        r"catbench: the command is another project's \(catbench-1\.1\.6.*catbench_command\n", error
    )
    module = "runpy.run_module('catbench_command', None, '__main__')"
    found = run(site, f"import runpy; sys.argv = ['catbench', '--version']; {module}")
    assert found[:2] == (0, f"catbench {catbench.__version__}\n"), found


def noted(site):
    """Write what pip notes of our own files."""
    place = site / "catbench_t2i-0.1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: catbench-t2i\nVersion: 0.1.0\n")
    rows = []
    for path in (site / "catbench").rglob("*.py"):
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip("=")
        rows.append(f"{path.relative_to(site).as_posix()},sha256={digest},{path.stat().st_size}")
    (place / "RECORD").write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("name", ["errors.py", "cli/__init__.py", "suite/store.py"])
@pytest.mark.parametrize("harm", [lambda path: path.write_text("main = 3\n"), Path.unlink])
def test_a_file_within_that_the_other_wrote_over_is_one_line(site, name, harm):
    other(site, THEIRS)
    noted(site)
    assert run(site)[0] == 0
    harm(site / "catbench" / name)
    code, said, error = run(site)
    assert (code, said) == (2, "")
    assert re.fullmatch(rf"catbench: .*{name} of catbench-t2i was overwritten or removed, with.*\n", error)


def test_a_file_that_was_written_over_where_nothing_is_noted_is_one_line(site):
    other(site, THEIRS)
    (site / "catbench" / "errors.py").write_text("")
    (site / "catbench" / "terminal.py").write_text("")
    code, said, error = run(site)
    assert (code, said) == (2, "")
    assert re.fullmatch(
        r"catbench: files of catbench-t2i do not go with catbench 1\.1\.6's: cannot import.*\n", error
    )


def test_importing_warns_beside_the_other_and_not_beside_our_own_older_name(site):
    code = "import warnings; warnings.simplefilter('error'); import catbench"
    assert run(site, code)[0] == 0
    other(site, "[catbench.routers]\nknn = catbench_baselines.knn:make_router\n")
    assert run(site, code)[0] == 0
    assert run(site) == (0, f"catbench {catbench.__version__}\n", "")
    (site / "catbench-1.1.6.dist-info" / "entry_points.txt").unlink()
    assert "another project called catbench is installed into the same folder" in run(site, code)[2]


def test_no_install_line_names_what_another_project_has():
    """Lines are for a clone; each extra that they name is one of ours."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == catbench_command.DISTRIBUTION
    assert project["scripts"] == {"catbench": "catbench_command:main"}
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "Dockerfile"]
    files += [
        path for room in ("benchmark", "baselines", "leaderboard") for path in (ROOT / room).rglob("*.py")
    ]
    lines = [line for path in files for line in re.findall(r"pip install [^\n`]*", path.read_text("utf-8"))]
    assert [line for line in lines if line.startswith("pip install catbench")] == ["pip install catbench"]
    assert not [line for line in lines if re.search(r"catbench\[", line)]
    named = {
        extra
        for line in lines
        for found in re.findall(r"\.\[([a-z,-]+)\]", line)
        for extra in found.split(",")
    }
    assert named
    assert named <= set(project["optional-dependencies"])


def test_what_is_imported_here_is_ours():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert catbench_command.what_is_broken() == ""
    assert (Path(importlib.util.find_spec("catbench").origin).parent / catbench_command.MARKER).is_file()
