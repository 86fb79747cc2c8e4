"""What MkDocs does to the pages of docs/ beside rendering them.

- The definitions become a page a concept, and their formulas are drawn, as pictures that need no font.
- The reference is made from code: commands from the command line itself, Python from docstrings.
- `<!-- from README.md: NAME -->` is replaced by what stands between the README's two comments of that name.
- Links that leave docs/ lead into the repository (`CATBENCH_REPOSITORY`), or are paths where it is not known.

What is not documented stops the build.
"""

from __future__ import annotations

import io
import os
import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import griffe
from links import linked, of_repository
from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent
REPOSITORY = os.environ.get("CATBENCH_REPOSITORY", "").rstrip("/")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made, and leave out the scripts that make others."""
    made = {**definitions(), "reference/commands.md": commands(), "reference/python.md": python()}
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Fill in what comes from the README, draw formulas, and lead links that leave docs/ home."""
    folder = posixpath.dirname(page.file.src_uri)
    text = re.sub(r"<!-- from README\.md: (\w+) -->", lambda found: of_readme(found[1]), markdown)
    text = re.sub(r"^\$\$\n(.*?)\n\$\$$", formula, text, flags=re.DOTALL | re.MULTILINE)

    def address(target: str, picture: bool) -> str | None:
        path = posixpath.normpath(posixpath.join("docs", folder, target.partition("#")[0]))
        if "://" in target or target.startswith("#"):
            return None
        if path == "docs/definitions.md":
            return posixpath.relpath(page_of_definition(target), folder or ".")
        if path.startswith("docs/") and not path.endswith(".py"):  # scripts are left out of the site
            return None
        if not (ROOT / path).exists():
            raise PluginError(f"{page.file.src_uri} links to {target}, which is not there")
        return of_repository(REPOSITORY, "main", path, picture)

    return linked(text, address)


def of_readme(name: str) -> str:
    """Return what stands between the README's comments of a name."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name}: [^\n]*-->\n(.*?)\n<!-- end of {name} -->", text, flags=re.DOTALL)
    if not found:
        raise PluginError(f"the README has no comments of the name {name!r}")
    return found[1]


def formula(found: re.Match[str]) -> str:
    """Return a formula as a picture, in a box that scrolls where a screen is narrow."""
    drawn = io.StringIO()
    drawing = {"mathtext.fontset": "stix", "svg.fonttype": "path", "svg.hashsalt": "catbench"}
    with rc_context({**drawing, "savefig.transparent": True}):
        math_to_image(f"${' '.join(found[1].split())}$", drawn, prop=FontProperties(size=13), format="svg")
    picture = drawn.getvalue()[drawn.getvalue().index("<svg") :]
    picture = " ".join(re.sub(r"<metadata>.*?</metadata>", "", picture, flags=re.DOTALL).split())
    picture = re.sub(r' id="(?:figure|patch|text)_\d+"', "", picture)  # a page may have several formulas
    said = f'<svg role="img" aria-label="{escape(" ".join(found[1].split()))}"'
    return f'<div class="formula">{picture.replace("<svg", said, 1)}</div>'


def definitions() -> dict[str, str]:
    """Return a page a concept, and a first one that lists them."""
    text = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    pages, lines = {}, []
    for section in sections:
        title, _, body = section.partition("\n")
        slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
        pages[f"definitions/{slug}.md"] = f"# {title}\n{re.sub(r'[(](?=[a-z_]+[.]md)', '(../', body)}"
        lines.append(f"- [{title}]({slug}.md)")
    return {"definitions/index.md": "\n".join([head, *lines]) + "\n", **pages}


def page_of_definition(target: str) -> str:
    """Return the page that a link to definitions.md leads to; raise PluginError where there is none."""
    slug = target.partition("#")[2]
    path = f"definitions/{slug or 'index'}.md"
    if path not in definitions():
        raise PluginError(f"definitions.md has no heading for #{slug}")
    return path


def commands() -> str:
    """Return the reference of every command, from the command line itself; lists of commands are links."""
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from catbench.cli import app

    command = get_command(app)
    uncut(command)
    text = get_docs_for_click(obj=command, ctx=command.context_class(command), name="catbench")
    head, *parts = re.split(r"^(#+ `(.*)`)$", text, flags=re.MULTILINE)
    for heading, name, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        above, at, listed = body.partition("**Commands**:")
        slug = name.replace(" ", "-")
        links = re.sub(r"^\* `(\S+)`", rf"* [`\1`](#{slug}-\1)", listed, flags=re.MULTILINE)
        head += heading + above + at + links
    return head


def uncut(command: Any) -> None:
    """Let a command, and those below it, be listed with the first paragraph of their help, whole."""
    command.short_help = (command.help or "").partition("\n\n")[0].replace("\n", " ")
    for below in getattr(command, "commands", {}).values():
        uncut(below)


def python() -> str:
    """Return the page of the public names, each with its docstring; raise PluginError where one has none."""
    package: Any = griffe.load("catbench", search_paths=[str(ROOT / "benchmark")], resolve_aliases=True)
    names = [str(name).strip("'\"") for name in package.exports]
    lacking = [path for name in names for path in without_docstring(package[name])]
    if lacking:
        raise PluginError(f"no docstring: {', '.join(lacking)}")
    parts = ["# Python\n\nEverything that `import catbench` has.\n"]
    return "\n".join([*parts, *(f"::: catbench.{name}\n" for name in names)])


def without_docstring(thing: Any) -> list[str]:
    """Return the paths of a public thing and of its public methods that have no docstring."""
    thing = thing.final_target if thing.is_alias else thing
    found = [] if thing.has_docstring else [thing.path]
    members = thing.members.values() if thing.is_class else ()
    named = (member for member in members if not (member.is_alias or member.name.startswith("_")))
    return found + [member.path for member in named if member.is_function and not member.has_docstring]
