"""What documentation and comments name is there: modules, what is in them, files."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import catbench

ROOT = Path(__file__).parent.parent
ROOMS = ("benchmark", "baselines", "leaderboard")
PACKAGES = [path.parent for room in ROOMS for path in ROOT.glob(f"{room}/*/__init__.py")]
MODULES = {
    ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in package.rglob("*.py")
}
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
PAGES = [
    path for where in (".", "docs", "submissions", "benchmark/**") for path in ROOT.glob(f"{where}/*.md")
]
PAGES.remove(ROOT / "CHANGELOG.md")  # it names what is gone
CODE = [*MODULES.values(), *ROOT.glob("docs/*.py")]


def is_there(name):
    """Whether a dotted name is a module's, a group's of entry points, or that of something in a module."""
    if name in GROUPS:
        return True
    parts = name.split(".")
    module = next(m for n in range(len(parts), 0, -1) if (m := ".".join(parts[:n])) in MODULES)
    within = name.removeprefix(module).split(".")[1:]
    if module == "catbench" and within and within[0] in catbench.__all__:
        module = f"catbench.{catbench._HOME[within[0]]}"
    text = MODULES[module].read_text(encoding="utf-8")
    return all(
        re.search(
            rf"(?m)^{'    ' * depth}(?:(?:def |class )?{part}(?: =|[:(\[])|from .* import .*\b{part}\b)", text
        )
        for depth, part in enumerate(within)
    )


def test_every_dotted_name_is_something():
    packages = "|".join(package.name for package in PACKAGES)
    dotted = re.compile(rf"(?<![\w./-])(?:{packages})(?:\.[a-zA-Z]\w*)+")
    named = [
        (name, path) for path in (*PAGES, *CODE) for name in dotted.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 1000
    assert [f"{path}: {name}" for name, path in named if not is_there(name)] == []


def test_every_path_of_a_script_leads_to_one():
    """In pages and docstrings, from the repository or from where it is named; `./mine.py` is the reader's."""
    script = re.compile(r"(?<![\w./:~-])(?!\./)[\w./-]*/[\w-]+\.(?:py|sh)\b")
    named = []
    for path in (*PAGES, *CODE):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            nodes = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr))
            text = "\n".join(str(node.value) for node in nodes if isinstance(node, ast.Constant))
        named += [(name, path) for name in script.findall(text)]
    assert len(named) > 40
    assert [f"{p}: {n}" for n, p in named if not ((ROOT / n).is_file() or (p.parent / n).is_file())] == []


def test_a_name_that_is_gone_is_found_out():
    assert is_there("catbench.FittedRouter.load")
    assert is_there("catbench.score.measures.MEASURES")
    assert not is_there("catbench.FittedRouter.lead")
    assert not is_there("catbench.score.measure")
    assert not is_there("catbench.store")
