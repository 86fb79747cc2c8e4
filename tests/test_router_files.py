"""Routers in files: their helper modules, whose modules are whose, and where an error lies."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from catbench import CatbenchError, Prompts
from catbench.errors import RouterError
from catbench.report.limits import Limits
from catbench.route.router_loader import find_router
from catbench.route.routing import make
from catbench.submit.run import session_of
from catbench.submit.sandbox.launch import Inside
from catbench.suite.simulate import Simulation, simulate

ROOT = Path(__file__).parent.parent
LATE = """
import numpy as np
from helper import VALUE
class Router:
    def fit(self, prompts, quality): self.seen = VALUE
    def predict(self, prompts):
        import helper
        from parts.deep import more
        return np.full((len(prompts), 3), self.seen + 10 * helper.VALUE + 100 * more())
def make_router(pool): return Router()
"""


@pytest.fixture(scope="module")
def pool():
    return simulate(Simulation(prompts=60, candidates=3))[0].pool()


def write(folder, files):
    """Write modules, by their path without ending."""
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return folder


def brought(folder, value):
    """Write a router that adds up what its helpers say, each of which says `value`."""
    deep = "def more():\n    from helper import VALUE\n    return VALUE\n"
    whole = {"whole/__init__": "from . import inner\n", "whole/inner": "from helper import VALUE\n"}
    return write(folder, {"router": LATE, "helper": f"VALUE = {value}\n", "parts/deep": deep, **whole})


def said(router, pool):
    """Return what a router in a file predicts."""
    made = make(find_router(router), pool)
    made.fit(Prompts(["a"]), np.zeros((1, 3)))
    return made, lambda: set(made.predict(Prompts(["a", "b"])).ravel())


def test_routers_with_helpers_of_one_name_get_their_own_at_any_time(pool, tmp_path):
    first, second = brought(tmp_path / "first", 1), brought(tmp_path / "second", 2)
    one, says_one = said(first, pool)
    other, says_other = said(second, pool)
    assert (says_one(), says_other(), says_one()) == ({111}, {222}, {111})
    assert type(one) is not type(other)
    assert not {"helper", "parts"} & sys.modules.keys()
    assert str(tmp_path) not in "".join(sys.path)


def test_a_changed_file_is_read_anew(pool, tmp_path):
    folder = brought(tmp_path / "mine", 1)
    _, before = said(folder, pool)
    (folder / "helper.py").write_text("VALUE = 10 - 6\n")
    _, after = said(folder, pool)
    assert (before(), after()) == ({111}, {444})


@pytest.mark.parametrize("sandbox", ["none", "process"])
def test_the_sandbox_loads_a_router_as_an_evaluation_does(pool, tmp_path, sandbox):
    folder = brought(tmp_path / "mine", 3)
    inside = Inside("mine", folder, "router.py:make_router", sandbox, Limits(wall_seconds=200))
    prompts = Prompts(["a", "b"])
    with session_of(inside) as session:
        router = session.make(pool)
        session.fit(router, (prompts, np.zeros((2, 3))), (prompts, np.zeros((2, 3))))
        answer = session.ask(router, prompts, np.array([0.0]))
    assert set(answer.predicted.ravel()) == {333}
    _, says = said(folder, pool)
    assert says() == {333}


@pytest.mark.parametrize("name", ["word-policy", "scene-net", "tfidf-ridge"])
def test_shipped_submissions_are_routers_for_an_evaluation_too(pool, name):
    if name == "scene-net":
        pytest.importorskip("torch")
    assert make(find_router(ROOT / "submissions" / name), pool).fit


SPELLINGS = {
    "import helper": "helper.VALUE",
    "import helper as other": "other.VALUE",
    "from helper import *": "VALUE",
    "from . import helper": "helper.VALUE",
    "from .helper import VALUE": "VALUE",
    "import parts.deep": "parts.deep.more()",
    "import parts.deep as deep": "deep.more()",
    "from parts import deep": "deep.more()",
    "import whole.inner": "whole.inner.VALUE",
    "from whole import inner": "inner.VALUE",
}


@pytest.mark.parametrize(("line", "value"), SPELLINGS.items())
def test_every_way_to_import_what_lies_beside_a_router(pool, tmp_path, line, value):
    source = f"{line}\nfound = {value}\ndef make_router(pool):\n    raise ValueError(found)\n"
    folder = write(brought(tmp_path / "mine", 7), {"router": source})
    with pytest.raises(RouterError, match="ValueError: 7 "):
        make(find_router(folder), pool)


def test_a_module_beside_the_router_goes_before_an_installed_one_and_no_library_gets_it(pool, tmp_path):
    # `typer` is installed and imports `click`; both have files of that name here.
    router = "import typer, json, catbench\ndef make_router(pool):\n"
    router += "    raise ValueError(typer.__file__, json.__name__, catbench.__name__)\n"
    files = {"router": router, "typer": "", "click": "", "json": "1 / 0\n", "catbench": "1 / 0\n"}
    folder = write(tmp_path / "mine", files)
    with pytest.raises(RouterError) as told:
        make(find_router(folder), pool)
    assert f"('{folder / 'typer.py'}', 'json', 'catbench')" in str(told.value)
    import typer

    assert typer.Typer


def test_a_router_folder_holds_dataclasses_and_names_that_are_no_identifiers(pool, tmp_path):
    source = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\n"
    source += "class Router:\n    pool: object = None\n    def fit(self, prompts, quality): ...\n"
    source += "    def predict(self, prompts): ...\n"
    (tmp_path / "my-router.v2.py").write_text(source)
    assert make(find_router(f"{tmp_path}/my-router.v2.py:Router"), pool).pool is pool


WHERE = {
    "helper, line 2": ("import helper\nmake_router = helper.fail\n", "def fail(pool):\n    {}['x']\n"),
    "router, line 2": ("def make_router(pool):\n    return int('many')\n", ""),
    "router, line 3": ("import numpy as np\ndef make_router(pool):\n    np.zeros(2).reshape(3)\n", ""),
    "helper, line 1": ("import helper\n", "1 / 0\n"),
    "router, line 1": ("import no_such_module\n", ""),
}


def made_in(sandbox, folder, pool):
    if sandbox is None:
        return make(find_router(folder), pool)
    inside = Inside("mine", folder, "router.py:make_router", sandbox, Limits(wall_seconds=200))
    with session_of(inside) as session:
        return session.make(pool)


@pytest.mark.parametrize("place", WHERE)
@pytest.mark.parametrize("sandbox", ["none", "process", None])
def test_an_error_names_the_last_line_of_the_router_s_own_code(pool, tmp_path, place, sandbox):
    source, helper = WHERE[place]
    folder = write(tmp_path / "mine", {"router": source, "helper": helper})
    says = rf"\({place.replace(',', '.py,')}\)$"
    with pytest.raises(CatbenchError, match=says):
        made_in(sandbox, folder, pool)


def test_an_error_of_an_object_s_own_code_is_placed_too(pool):
    class Broken:
        def __init__(self, pool):
            raise KeyError("nope")

    with pytest.raises(RouterError, match=r"KeyError: 'nope' \(test_router_files.py, line \d+\)"):
        make(find_router(Broken), pool)


def test_an_error_that_no_line_of_the_router_raised_has_no_place(pool):
    with pytest.raises(RouterError, match=r"not 'Pool'$"):
        make(find_router(int), pool)


def test_what_is_no_python_file_is_told(pool, tmp_path):
    (tmp_path / "notes.pyx").write_text("")
    with pytest.raises(RouterError, match="is no Python file"):
        find_router(f"{tmp_path}/notes.pyx")
