"""The house holds: one wall, rooms in one order, no cycle, one name a file; documentation is true.

The order of rooms is that of the map in CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import pytest

import catbench

ROOT = Path(__file__).parent.parent
HOUSES = {"catbench": ROOT / "benchmark" / "catbench", "catbench_make": ROOT / "benchmark" / "catbench_make"}
MAKING = ("torch", "minilm", "generate", "infinity", "image-reward", "ray")
"""The extras that make scores: catbench imports nothing of what they bring."""
IMPORTED_AS = {
    "clip-anytorch": "clip",
    "image-reward": "ImageReward",
    "nvidia-ml-py": "pynvml",
    "open_clip_torch": "open_clip",
}
"""What is not imported by its own name."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BROUGHT = {
    re.split(r"[^\w-]", line)[0] for extra in MAKING for line in PROJECT["optional-dependencies"][extra]
}
HEAVY = {name: IMPORTED_AS.get(name, name.replace("-", "_")) for name in BROUGHT}
"""Distribution that these extras bring -> the name that it is imported by."""
SMALL = {"pytz", "setuptools", "tqdm"}
"""What libraries that catbench may use import, so that it cannot be kept out when they are run."""
ABOVE = {
    "catbench": (
        "catbench_make",
        "catbench_command",
        "catbench_baselines",
        "catbench_leaderboard",
        "nano_training",
    ),
    "catbench_make": ("catbench_command", "catbench_baselines", "catbench_leaderboard", "nano_training"),
}
"""Package -> packages that it must not know."""
BY_NAME = {"catbench.cli.leaderboard_command": "catbench_leaderboard"}
"""File -> the one package that it imports all the same, when its verb is used."""
DOOR = ("catbench.__version__", "catbench.__file__")
"""What a file of catbench may take from `catbench` itself, which re-exports, late, what is public."""
LONGEST = 9
"""Files in the longest chain of imports within catbench: it may only fall."""
LONGEST_FILE = 300
"""Lines of a file of code."""


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path):
    """Return the modules, and the names in them, that a file imports, wherever in it.

    A relative one begins with a dot. What is looked up in a house counts (`catbench.load`), and so does what
    `import_module` is given as a text: all of it, or as far as it is constant.
    """
    found, called = [], {house: house for house in HOUSES}
    nodes = list(ast.walk(tree_of(path)))
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
            called |= {alias.asname: alias.name for alias in node.names if alias.name in HOUSES}
        elif isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args:
            text = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            function = ast.unparse(node.func).rpartition(".")[2]
            if function in ("import_module", "__import__") and isinstance(text, ast.Constant):
                found.append(text.value.rstrip("."))
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            found.append(f"{called[node.value.id]}.{node.attr}")
    return found


@cache
def modules():
    """Return the path of every module of both packages, by its dotted name."""
    found = {}
    for house in HOUSES.values():
        for path in house.rglob("*.py"):
            parts = path.relative_to(house.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def arrows():
    """Return the modules that each module imports, but for the houses' own doors, which lead everywhere."""
    known = modules()
    return {
        module: {
            name if name in known else name.rpartition(".")[0]
            for name in imported(path)
            if name in known or name.rpartition(".")[0] in known
        }
        - {module, *HOUSES}
        for module, path in known.items()
        if module not in HOUSES
    }


@cache
def lines_of_the_map():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.split("```text\n")[1].split("```")[0].splitlines()


@cache
def the_map():
    """Return the ground's modules and the rooms of each package, in the order of CONTRIBUTING's map."""
    ground, rooms, house = {}, {}, ""
    for line in lines_of_the_map():
        first = line.split()[0]
        if not line.startswith(" "):
            house = first.strip("/").rpartition("/")[2]
        elif first.endswith("/"):
            rooms.setdefault(house, []).append(first.strip("/"))
        else:
            ground[house] = re.split(r"\s{2,}", line.strip())[0].split()
    return ground, rooms


def floor_of(module):
    """Return the place of a module's room in the order of its package; -1 for the ground."""
    house, room = module.split(".")[:2]
    ground, rooms = the_map()
    return -1 if room in ground[house] else rooms[house].index(room)


@pytest.mark.parametrize("house", HOUSES)
def test_the_map_is_the_tree(house):
    ground, rooms = the_map()
    stands = [path for path in HOUSES[house].iterdir() if path.name != "__pycache__"]
    assert sorted(ground[house]) == sorted(
        path.stem for path in stands if path.suffix == ".py" and path.stem != "__init__"
    )
    assert sorted(rooms[house]) == sorted(path.name for path in stands if (path / "__init__.py").is_file())


def test_what_a_line_of_the_map_names_stands_where_it_says():
    """Its first words: in the repository, or in the package above it; others: in the line's own folder."""
    house = ROOT
    for line in lines_of_the_map():
        names, says = re.split(r"\s{2,}|(?<=/) ", line.strip(), maxsplit=1)
        if not line.startswith(" "):
            house = folder = ROOT / names
            assert folder.is_dir() if names.endswith("/") else folder.is_file(), line
        else:
            folder = house / names if names.endswith("/") else house
            for name in names.split():
                assert (house / name).is_dir() or (house / f"{name}.py").is_file(), line
        for name in re.findall(r"[\w*]+(?:/|\.py\b|\.sh\b)", says):
            found = [path.is_dir() for path in folder.glob(name.strip("/"))]
            assert found, f"{line}: no {name} in {folder}"
            assert all(found) == name.endswith("/"), line


def test_every_folder_with_code_is_a_package_that_says_what_it_holds():
    for module, path in modules().items():
        assert (path.parent / "__init__.py").is_file(), module
        if path.name == "__init__.py":
            assert ast.get_docstring(tree_of(path)), module


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_file_imports_from_its_room_and_from_rooms_before_it(module):
    house = module.split(".")[0]
    for name in imported(modules()[module]):
        package = name.split(".")[0]
        assert package, f"{module} imports by a relative path: {name}"
        assert package not in ABOVE[house] or package == BY_NAME.get(module), name
        if house == "catbench":
            assert package not in HEAVY.values(), name
            through_the_door = name.rpartition(".")[0] == "catbench" and name not in modules()
            assert not through_the_door or name in DOOR, f"{module} imports {name} through the door"
    for other in arrows().get(module, ()):
        if other.split(".")[0] == house:
            assert floor_of(other) <= floor_of(module), f"{module} imports {other}"


def test_what_making_brings_is_imported_by_the_names_given_here():
    for distribution, name in HEAVY.items():
        try:
            version(distribution)
        except PackageNotFoundError:
            continue
        assert find_spec(name), f"{distribution} is not imported as {name}: IMPORTED_AS says how"


def test_no_two_files_need_each_other_and_no_chain_grows():
    chains = {}

    def longest(module, within=()):
        assert module not in within, f"a cycle: {' -> '.join([*within[within.index(module) :], module])}"
        if module not in chains:
            below = [longest(other, (*within, module)) for other in sorted(arrows()[module])]
            chains[module] = (module, *max(below, key=len, default=()))
        return chains[module]

    found = {
        house: max((longest(m) for m in arrows() if m.split(".")[0] == house), key=len) for house in HOUSES
    }
    for house, chain in found.items():
        print(f"{house}: {len(chain)} files: {' -> '.join(chain)}")
    assert len(found["catbench"]) <= LONGEST


def test_the_walks_are_what_they_say():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    walks = re.findall(r"```walk\n(.*?)\n(.*?)```", text, flags=re.DOTALL)
    assert len(walks) == 3
    for title, lines in walks:
        rooms, files = [], []
        for line in lines.splitlines():
            room, *names = line.split()
            rooms.append(room)
            files += [ROOT / room / f"{name}.py" for name in names]
        assert [path for path in files if not path.is_file()] == []
        returns = len(rooms) - len(set(rooms))
        counted = (
            f"{len(files)} files, {len(set(rooms))} rooms, {returns} return{'s' if returns != 1 else ''}"
        )
        assert title.endswith(f": {counted}"), f"{title}: {counted}"


def test_catbench_is_imported_whole_where_nothing_heavy_and_no_other_package_can_be():
    names = sorted(module for module in modules() if module.split(".")[0] == "catbench")
    blocked = (*({*HEAVY.values()} - SMALL), *ABOVE["catbench"])
    code = f"""
import importlib, sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Wall())
for name in {names!r}:
    importlib.import_module(name)
sys.stdout.write(str(len(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert int(found.stdout) > len(names)


def sources():
    """Yield the Python files that have names of their own: all but tests, docs and submissions."""
    for folder in ("benchmark", "baselines", "leaderboard"):
        yield from (ROOT / folder).rglob("*.py")


def shared(names):
    """Return the names that several files have, with the files."""
    return {
        name: sorted(str(path.relative_to(ROOT)) for path in paths)
        for name, paths in names.items()
        if len(paths) > 1
    }


def test_a_file_name_is_its_own():
    names = defaultdict(list)
    for path in sources():
        if path.name not in ("__init__.py", "__main__.py"):
            names[path.name].append(path)
    assert shared(names) == {}


def test_a_class_name_is_its_own():
    names = defaultdict(list)
    for path in sources():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                names[node.name].append(path)
    assert shared(names) == {}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), r"pip install (-e )?'\.\[minilm\]'"),
        (ImportError("no such thing"), "far_off:verb cannot be imported: no such thing"),
    ],
)
def test_a_verb_that_cannot_be_imported_says_why_when_it_is_used(monkeypatch, error, says):
    import typer
    from typer.testing import CliRunner

    from catbench import cli

    def load(point):
        raise error

    app = typer.Typer()
    app.callback()(lambda: None)
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setitem(cli._groups, "", app)
    monkeypatch.setattr(EntryPoint, "load", load)
    names = ("far-off", "far-off.verb")  # a group, and a verb of it
    cli._add_commands({name: EntryPoint(name, "far_off:verb", "catbench.commands") for name in names})
    ran = CliRunner().invoke(app, ["far-off", "--with", "words"])
    assert ran.exit_code == 1
    assert re.search(says, str(ran.exception))
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


def test_every_verb_of_this_package_can_be_imported():
    from catbench import cli

    for name, where in cli.OWN.items():
        assert EntryPoint(name, f"catbench.cli.{where}", "catbench.commands").load(), name


@pytest.mark.parametrize("path", sorted((ROOT / "baselines").rglob("*.py")), ids=lambda path: path.stem)
def test_baselines_use_only_public_names(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in HOUSES:
            names = {alias.name for alias in node.names}
            assert node.module in ("catbench", "catbench_make.encoders")
            assert names <= (
                {*catbench.__all__} if node.module == "catbench" else {"Encoder", "load_encoder"}
            )


def test_a_package_that_lists_its_files_lists_all_of_them():
    """The list is what stands before two or more blanks: names of files and folders, nothing else's."""
    listed = 0
    for path in (
        p for root in ("benchmark", "leaderboard", "baselines") for p in (ROOT / root).rglob("__init__.py")
    ):
        text = ast.get_docstring(tree_of(path)) or ""
        columns = re.findall(r"(?m)^ *((?:[a-z0-9_]+/?,? )*[a-z0-9_]+/?)  +\S", text)
        first = {name.strip("/,") for column in columns for name in column.split()}
        here = {one.stem for one in path.parent.glob("*.py")} - {"__init__", "__main__"}
        here |= {one.parent.name for one in path.parent.glob("*/__init__.py")}
        if len(first & here) > 1:
            listed += 1
            assert first <= here, (path, first - here)
            assert here <= first, (path, here - first)
    assert listed > 10


def test_no_file_is_longer_than_can_be_held():
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for root in ("benchmark", "leaderboard", "baselines", "docs", "packaging", "submissions")
        for path in (ROOT / root).rglob("*.py")
    }
    assert len(lengths) > 300
    assert {str(path): length for path, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("room", ["benchmark", "baselines", "leaderboard"])
def test_only_packages_stand_in_the_import_roots(room):
    if not (ROOT / room).is_dir():
        pytest.skip(f"{room}/ is not there yet")
    for path in (ROOT / room).iterdir():
        assert path.suffix != ".py", f"{path} would become a global module"


def test_importing_catbench_and_its_help_brings_in_nothing_heavy():
    code = (
        "import sys, catbench, catbench.cli, json;"
        "heavy = ('torch', 'pandas', 'numpy', 'sklearn', 'pydantic', 'pyarrow', 'diffusers');"
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []


def test_every_public_name_resolves_and_is_documented():
    for name in catbench.__all__:
        assert getattr(catbench, name).__doc__, name
    with pytest.raises(AttributeError):
        catbench.no_such_name  # noqa: B018


def commands(text):
    """Yield every `catbench ...` command line in a Markdown file's code blocks."""
    for block in re.findall(r"```(?:bash|sh)\n(.*?)```", text, flags=re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip().startswith("catbench "):
                yield line.strip()


SITE = sorted(path for path in (ROOT / "docs").glob("*.md") if "```sh" in path.read_text(encoding="utf-8"))
"""Pages that show commands."""


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in SITE)])
def test_commands_and_options_in_the_documents_exist(name):
    from typer.main import get_command

    from catbench.cli import app

    root = get_command(app)
    for line in commands((ROOT / name).read_text(encoding="utf-8")):
        words = line.split("#")[0].split()[1:]
        command = root
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        for word in words:
            if word.startswith("--"):
                assert word.split("=")[0] in options, f"{line}: no option {word}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_python_in_the_documents_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(
        r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL
    ):
        exec(compile(block, name, "exec"), names)  # the documents' own code, in order


def test_links_between_documents_lead_somewhere():
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_nothing_of_a_single_machine_is_committed():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile("/" + "work/|/" + "root/|/tmp/" + r"\w+/site|" + "h200" + "-node", re.IGNORECASE)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".txt", ".cff", ".json", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not pattern.search(text), f"{name}: {pattern.search(text)}"
