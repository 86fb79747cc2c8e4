"""Attacks by what lies in the folder: found before anything runs, every one with how to fix it."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from catbench.errors import SubmissionError
from catbench.submit.folder import folder_faults, stage


def archive(path, name, content=b""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)


def array(values):
    written = io.BytesIO()
    np.save(written, values, allow_pickle=True)
    return written.getvalue()


def entry(folder, text):
    settings = folder / "submission.toml"
    settings.write_text(settings.read_text() + f'entry = "{text}"\n')


def requirement(folder, text):
    settings = folder / "submission.toml"
    settings.write_text(settings.read_text() + f'requirements = ["{text}"]\n')


def bomb(folder):
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000,), }"
    archive(folder / "w.npz", "a.npy", header + text.ljust(117) + b"\n" + bytes(150 * 2**20))


def linked_settings(folder, target):
    (folder / "submission.toml").unlink()
    (folder / "submission.toml").symlink_to(target)


def piped_settings(folder):
    os.mkfifo(folder.parent / "pipe")
    linked_settings(folder, folder.parent / "pipe")


FOLDERS = {
    "submission.toml a link to what never ends": (
        lambda f: linked_settings(f, "/dev/zero"),
        "cannot be read",
    ),
    "submission.toml a link to a pipe": (piped_settings, "cannot be read"),
    "submission.toml a pipe": (
        lambda f: ((f / "submission.toml").unlink(), os.mkfifo(f / "submission.toml")),
        "cannot be read: it is no regular file",
    ),
    "settings of a gigabyte": (lambda f: os.truncate(f / "submission.toml", 2**30), "more than 16,384 bytes"),
    "settings that no parser ends with": (
        lambda f: (f / "submission.toml").write_text("name = " + "[" * 8000),
        "nested too deeply",
    ),
    "a key that forges a line": (
        lambda f: (f / "submission.toml").write_text('"x\\n::error::forged" = 1\n'),
        "submission.toml, x\\n::error::forged",
    ),
    "a name that forges a line": (
        lambda f: (f / "submission.toml").write_text('name = "a\\n::error::forged"\n'),
        "submission.toml, name: it has control characters",
    ),
    "a module that takes its parser minutes": (
        lambda f: (f / "router.py").write_text("x = [" + "0," * 10**6 + "]"),
        "router.py has 2,000,006 bytes: at most 262,144",
    ),
    "many such modules": (
        lambda f: [(f / f"m{n}.py").write_text("0;" * 130_000) for n in range(9)],
        "its Python files have 2,340,",
    ),
    "a link out of the folder": (lambda f: (f / "w.npz").symlink_to("/etc/passwd"), "is a link"),
    "a link to a folder": (lambda f: (f / "all").symlink_to("/"), "is a link"),
    "router.py itself a link": (
        lambda f: ((f / "router.py").unlink(), (f / "router.py").symlink_to("/etc/passwd")),
        "is a link",
    ),
    "a pipe that never ends": (lambda f: os.mkfifo(f / "weights.npz"), "no regular file"),
    "a zip-slip": (lambda f: archive(f / "w.npz", "../../router.npy", array(np.zeros(3))), "leads out of it"),
    "an absolute path in a zip": (lambda f: archive(f / "w.npz", "/tmp/x.npy"), "leads out of it"),
    "a zip bomb": (bomb, "unpacks to more than"),
    "pickled objects in an npz": (
        lambda f: archive(f / "w.npz", "a.npy", array(np.array([object()]))),
        "pickled objects",
    ),
    "a broken archive": (lambda f: (f / "w.npz").write_bytes(b"PK\x03\x04 no archive"), "no npz archive"),
    "a pickle": (lambda f: (f / "weights.pkl").write_bytes(b"\x80\x04."), "a pickle"),
    "a torch file": (lambda f: (f / "weights.pt").write_bytes(b"PK"), "a pickle"),
    "a shared library": (lambda f: (f / "fast.so").write_bytes(b"\x7fELF"), "unknown ending"),
    "safetensors with something behind": (
        lambda f: (f / "w.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}" + b"hidden"),
        "something behind",
    ),
    "safetensors with a header of 2 MiB": (
        lambda f: (f / "w.safetensors").write_bytes((2**21).to_bytes(8, "little") + b" " * 2**21),
        "header of 2,097,152 bytes",
    ),
    "safetensors with a header of 2^60 bytes": (
        lambda f: (f / "w.safetensors").write_bytes((2**60).to_bytes(8, "little")),
        "no safetensors",
    ),
    "a ../ entry": (lambda f: entry(f, "../router.py:make_router"), "leads nowhere"),
    "an absolute entry": (lambda f: entry(f, "/usr/lib/python3/x.py:make_router"), "leads nowhere"),
    "an entry that is code": (lambda f: entry(f, "router.py:__import__('os').system('x')"), "leads nowhere"),
    "no factory behind a byte order mark": (
        lambda f: (f / "router.py").write_bytes(b"\xef\xbb\xbfx = 1\n"),
        "router.py defines no make_router",
    ),
    "100,000 files": (lambda f: [(f / f"{n}.txt").touch() for n in range(200)], "more than 100 files"),
    "a large file": (
        lambda f: os.truncate(os.open(f / "w.npz", os.O_CREAT | os.O_RDWR), 10 * 2**30),
        "w.npz has 10,737,418,240 bytes: at most 20,971,520",
    ),
    "a module named like a standard one": (lambda f: (f / "json.py").write_text(""), "module of Python"),
    "a package named like a standard one": (
        lambda f: ((f / "random").mkdir(), (f / "random" / "__init__.py").write_text("")),
        "module of Python",
    ),
    "code that no parser ends with": (
        lambda f: (f / "router.py").write_text("x = " + "(" * 100_000),
        "is not Python",
    ),
    "a requirement from an address": (
        lambda f: requirement(f, "x @ https://evil.example/x"),
        "addresses",
    ),
    "a requirement with an option": (
        lambda f: requirement(f, "x==1 --index-url=https://evil.example"),
        "requirement",
    ),
    "a hash followed by an option": (
        lambda f: requirement(f, f"x==1 --hash=sha256:{'0' * 64} --index-url=https://evil.example"),
        "64 hex digits",
    ),
    "a requirement without its hash": (lambda f: requirement(f, "left-pad==1.0"), "pin it as"),
    "a suite by path": (
        lambda f: (f / "submission.toml").write_text(
            (f / "submission.toml").read_text().replace('["simulated"]', '["../../suite"]')
        ),
        "suites",
    ),
    "a name with control characters": (lambda f: (f / "a\x1b[2J.txt").touch(), "control characters"),
}


@pytest.mark.parametrize(("put", "says"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_is_refused_before_anything_runs(put, says, folder, tmp_path):
    put(folder)
    tracemalloc.start()
    problems = folder_faults(folder)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20  # nothing large was read to find out
    tracemalloc.stop()
    assert any(says in str(problem) for problem in problems), problems
    assert all(str(problem).isprintable() and problem.fix for problem in problems)
    target = tmp_path / "copy"
    target.mkdir()
    with pytest.raises(SubmissionError):
        stage(folder, target)
    assert not any(target.iterdir())


def test_everything_wrong_is_told_at_once(folder):
    for name in ("a zip-slip", "a module named like a standard one", "a requirement without its hash"):
        FOLDERS[name][0](folder)
    assert len(folder_faults(folder)) == 3


def test_one_wrong_line_of_its_settings_hides_none_of_the_others(folder):
    entry(folder, "gone.py:make_router")
    requirement(folder, "left-pad==1.0")
    settings = folder / "submission.toml"
    settings.write_text(settings.read_text().replace('licence = "Apache-2.0"', 'license = "Apache-2.0"'))
    assert [problem.what.split(",")[-1].split("=")[0].strip() for problem in folder_faults(folder)] == [
        *("licence", "license", "entry 'gone.py:make_router' leads nowhere"),
        "requirement 'left-pad",
    ]


@pytest.mark.parametrize("wrong", ["entry = 1", "requirements = 1", "requirements = [1]", "entry = [[]]"])
def test_settings_of_another_kind_are_a_problem_and_no_crash(folder, wrong):
    settings = folder / "submission.toml"
    settings.write_text(f"{settings.read_text()}{wrong}\n")
    (problem,) = folder_faults(folder)
    assert f"submission.toml, {wrong.split()[0]}" in problem.what


def test_a_copy_holds_what_runs_and_nothing_that_an_evaluation_left(folder, tmp_path):
    for name in (
        "report.json",
        "report.predictions.parquet",
        "report-other.json",
        "report.verification.json",
    ):
        (folder / name).write_text("{}")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "router.cpython-311.pyc").write_bytes(b"old code")
    target = tmp_path / "copy"
    target.mkdir()
    assert list(stage(folder, target)) == ["router.py", "submission.toml"]
    assert sorted(path.name for path in target.iterdir()) == ["router.py", "submission.toml"]
