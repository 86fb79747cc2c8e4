"""The board's speed in a browser (`make benchmark`): seconds of a visitor, until the last cell is drawn."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from catbench import evaluate, load
from catbench.report.index import write_index
from catbench.suite.simulate import Simulation, simulate
from catbench.suite.store import save

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")
webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")

SUITES, DISTINCT, REPORTS, FEW = 5, 5, 500, 25
"""Suites, different reports on each, reports in all (the others differ by name only), and a few of them."""
QUIET = 1.3
"""Seconds that an app of two tables takes where nothing else holds the machine."""
DRAWN = """
    const all = name => [...document.querySelectorAll(`[data-testid="${name}"]`)];
    return all("stApp").some(app => app.dataset.testScriptState === "notRunning")
        && (all("stDataFrame").length > 1 || !!document.querySelector(".front table"))
        && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
        && all("stDataFrame").every(table => !table.checkVisibility() || table.querySelector("canvas"))
        && all("stPlotlyChart").every(chart => chart.querySelector(".main-svg"))
"""


WATCH = f"""
    window.taken = window.clicked = null;
    let changed = false;
    const drawn = () => {{ {DRAWN} }};
    const look = () => {{
        if (changed && drawn()) window.taken = performance.now() - window.clicked;
        else requestAnimationFrame(look);
    }};
    new MutationObserver(() => {{ changed = true; }}).observe(document.querySelector('[data-testid="stApp"]'),
        {{attributes: true, attributeFilter: ["data-test-script-state"]}});
    document.addEventListener("mousedown", () => {{ window.clicked = performance.now(); look(); }},
        {{capture: true, once: true}});
"""
"""Takes the time in the page itself, as its visitor does: from the button's going down until all is drawn."""


class Noisy:
    """A router of its own quality: ridge on the words, and noise drawn by its number."""

    def __init__(self, number):
        self._number = number
        self._model = Ridge(alpha=10 ** (number % 5 - 1))

    def fit(self, prompts, quality):
        self._model.fit(prompts.features["words"], quality)

    def predict(self, prompts):
        predicted = self._model.predict(prompts.features["words"])
        noise = np.random.default_rng(self._number).normal(size=predicted.shape)
        return predicted + self._number / 2000 * noise


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    """A home with five suites, and folders of 500 and of 25 reports on them that are verified and indexed."""
    home = tmp_path_factory.mktemp("home")
    many, few = home / "many", home / "few"
    few.mkdir()
    originals = []
    for suite in range(SUITES):
        matrix, _ = simulate(Simulation(prompts=400, candidates=8, samples=2, seed=suite))
        info = matrix.suite.model_copy(update={"id": f"suite-{suite}"})
        folder = home / "suites" / f"suite-{suite}"
        save(replace(matrix, suite=info), folder)
        originals += [evaluate(Noisy(7 * k + suite), load(folder), pool="sim+") for k in range(DISTINCT)]
    for number in range(REPORTS):
        report = originals[number % len(originals)]
        place = many / f"router-{number:03d}"
        place.mkdir(parents=True)
        router = report.router.model_copy(update={"name": f"router-{number:03d}"})
        report.model_copy(update={"router": router}).save(place / "report.json")
        if number < FEW:
            shutil.copytree(place, few / place.name)
    start = time.perf_counter()
    write_index(home / "verified.json", sorted(many.rglob("report.json")), many)
    run = [*command(), str(few), "--export", str(home / "out")]
    subprocess.run(run, env=environment(home), check=True, stdout=subprocess.DEVNULL)
    print(f"\nindex of {REPORTS} reports, export of {FEW}: {time.perf_counter() - start:.0f} s")
    return home


def command():
    return [sys.executable, "-c", "from catbench_command import main; main()", "leaderboard"]


def environment(home):
    return {**os.environ, "CATBENCH_HOME": str(home)}


@pytest.fixture
def served(boards, request):
    """The address of a served folder, and its process."""
    with serving([*command(), str(boards / request.param), "--headless", "--port"], boards) as found:
        yield found


@pytest.fixture
def bare(tmp_path):
    """The address of an app of two small tables: what Streamlit itself takes on this machine, now."""
    app = tmp_path / "bare.py"
    app.write_text("import streamlit as st\nst.dataframe({'a': [1]})\nst.dataframe({'a': [2]})\n")
    streamlit = str(Path(sys.executable).parent / "streamlit")
    run = [streamlit, "run", str(app), "--server.headless=true", "--browser.gatherUsageStats=false"]
    with serving([*run, "--server.port"], tmp_path) as (address, _):
        yield address


@contextmanager
def serving(run, home):
    """Start a server, and yield its address and process."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*run, str(port)], env=environment(home), stdout=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                break
        except OSError:
            time.sleep(0.1)
    try:
        yield address, process
    finally:
        process.terminate()
        process.wait(30)


def open_browser(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.page_load_strategy = "none"
    flags = ["headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"]
    for flag in (*flags, "disable-component-update", "disable-sync", f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


def until_drawn(browser, start):
    while not browser.execute_script(DRAWN):
        assert time.perf_counter() - start < 120
        time.sleep(0.02)
    return time.perf_counter() - start


def memory(process):
    """Return the resident bytes of a process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def first_pages(address, folder, visits=4):
    """Return the seconds until the page stands, of visits by browsers that know nothing of it."""
    taken = []
    for visit in range(visits):
        browser = open_browser(folder / str(visit))
        start = time.perf_counter()
        browser.get(address)
        taken.append(until_drawn(browser, start))
        browser.quit()
    return taken


@pytest.mark.parametrize(("served", "limit"), [("many", 1.0), ("few", 0.5)], indirect=["served"])
def test_the_first_page_cold(benchmark, served, bare, limit, tmp_path):
    """Seconds beyond those of an app of two tables, measured in turn: other work slows both."""
    address, process = served
    taken, least = [], []
    for visit in range(5):
        least += first_pages(bare, tmp_path / f"bare-{visit}", 1)
        taken += first_pages(address, tmp_path / f"board-{visit}", 1)
    benchmark.pedantic(lambda: None)
    print(f"\nfirst page, cold browser: {min(taken):.2f} s of {[f'{t:.2f}' for t in taken]}")
    print(f"an app of two small tables: {min(least):.2f} s of {[f'{t:.2f}' for t in least]}")
    print(f"server's memory: {memory(process) / 1e6:.0f} MB")
    assert min(taken) < min(least) + limit * max(1.0, min(least) / QUIET)
    assert memory(process) < 1e9


@pytest.mark.parametrize("served", ["many"], indirect=True)
def test_a_change_of_selector(benchmark, served, bare, tmp_path):
    address, _ = served
    least = min(first_pages(bare, tmp_path / "bare", 2))
    browser = open_browser(tmp_path / "profile")
    browser.get(address)
    until_drawn(browser, time.perf_counter())
    taken = {}
    for label, steps in {"Metric": 3, "Ranked by": 2, "Cost axis": 3}.items():
        for step in range(steps):
            taken[f"{label} {step}"] = change(browser, label)
    browser.quit()
    benchmark.pedantic(lambda: None)
    median = np.median(list(taken.values()))
    print(
        f"\nchange of selector: {median:.2f} s;",
        {name: f"{seconds:.2f} s" for name, seconds in taken.items()},
    )
    assert median < 0.35 * max(1.0, least / QUIET)


def change(browser, label):
    """Pick another option of a selectbox; return the seconds from the click until all is drawn (WATCH)."""
    name = f"//*[@data-testid='stSelectbox'][.//label[normalize-space()='{label}']]//input"
    if not browser.find_element("xpath", name).is_displayed():
        browser.find_element("css selector", '[data-testid="stExpander"] summary').click()
        time.sleep(1)
    box = browser.find_element("xpath", name)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    shown = box.get_attribute("value")
    box.click()
    other, start = [], time.perf_counter()
    while not other:
        assert time.perf_counter() - start < 60
        listed = browser.find_elements("css selector", '[role="option"]')
        other = [option for option in listed if option.text and option.text != shown]
        time.sleep(0.05)
    browser.execute_script(WATCH)
    start = time.perf_counter()
    other[0].click()
    while (taken := browser.execute_script("return window.taken")) is None:
        assert time.perf_counter() - start < 60
        time.sleep(0.02)
    return taken / 1000
