"""The board in a real browser: a silent console, the reports' values, addresses, names of strangers."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import quote_plus

import pytest

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")
webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

from catbench_leaderboard.text import one_line  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")
ROOT = Path(__file__).parents[2]
PAGES = ("Leaderboard", "Curves", "Compare two", "Prompts", "Suite", "Submit")
LATER = [page if page in PAGES[:2] else pytest.param(page, marks=pytest.mark.slow) for page in PAGES]
"""The pages, all but two of them opened with the slow tests only."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)
PATIENCE = 240


@pytest.fixture(scope="module")
def serve(home):
    """Return a function that serves folders of reports, as a user does, and returns its address."""
    started = []

    def start(*folders, home=home):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        command = Path(sys.executable).parent / "catbench"
        process = subprocess.Popen(
            [command, "leaderboard", *map(str, folders), "--port", str(port), "--headless"],
            env={**os.environ, "CATBENCH_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        address = f"http://localhost:{port}"
        until(lambda: healthy(address))
        return address

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


@pytest.fixture
def browser(tmp_path):
    """A cold browser: nothing in its cache, everything in its console kept."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.page_load_strategy = "none"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.quit()


def until(condition):
    """Wait until a condition holds."""
    WebDriverWait(None, PATIENCE, ignored_exceptions=(OSError,)).until(lambda _: condition())


def healthy(address):
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
        return answer.read() == b"ok"


def open_page(browser, address, **query):
    """Open an address and wait until everything on it is drawn."""
    given = "&".join(f"{name}={quote_plus(value)}" for name, value in query.items())
    browser.get(f"{address}/?{given}")
    settle(browser)


def settle(browser):
    """Wait until the script has run, no element is stale, and tables and figures are drawn."""
    drawn = """
        const all = name => [...document.querySelectorAll(`[data-testid="${name}"]`)];
        return all("stApp").some(app => app.dataset.testScriptState === "notRunning")
            && !!document.querySelector("h1")
            && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
            && all("stDataFrame").every(table => !table.checkVisibility() || table.querySelector("canvas"))
            && all("stPlotlyChart").every(chart => chart.querySelector(".main-svg"))
    """
    held = []

    def still():
        held.append(bool(browser.execute_script(drawn)))
        return held[-3:] == [True] * 3

    until(still)


def cells(browser, number=0):
    """Return the text of a table, row by row: what a screen reader is told."""
    return browser.execute_script(
        """
        const table = document.querySelectorAll('[data-testid="stDataFrame"]')[arguments[0]];
        const cells = row => [...row.querySelectorAll('[role="columnheader"], [role="gridcell"]')];
        return [...table.querySelectorAll('[role="row"]')].map(row => cells(row).map(c => c.textContent));
        """,
        number,
    )


def choose(browser, label, value):
    """Pick an option of a selectbox, as a visitor does."""
    name = f"//*[@data-testid='stSelectbox'][.//label[normalize-space()='{label}']]//input"
    box = browser.find_element(By.XPATH, name)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    found = []

    def listed():
        found[:] = [
            option
            for option in browser.find_elements(By.CSS_SELECTOR, '[role="option"]')
            if option.text == value
        ]
        return bool(found)

    until(listed)
    found[0].click()
    settle(browser)


def traces(browser):
    """Return name -> heights of the curves that are drawn."""
    return browser.execute_script(
        """
        const drawn = document.querySelector(".js-plotly-plot")._fullData;
        const named = drawn.filter(trace => trace.mode === "lines" && trace.fill !== "toself");
        return Object.fromEntries(named.map(trace => [trace.name.slice(1, -1), Array.from(trace.y)]));
        """
    )


def chosen(browser, label):
    """Return what a selectbox shows."""
    name = f"//*[@data-testid='stSelectbox'][.//label[normalize-space()='{label}']]//input"
    return browser.find_element(By.XPATH, name).get_attribute("value")


@pytest.fixture(scope="module")
def serve_reports(serve, reports, board, home):
    """The address of the reports that hold; with `board`, they are verified already."""
    from catbench.report.index import write_index

    write_index(home / "verified.json", sorted(reports.rglob("report.json")), reports)
    yield serve(reports)
    (home / "verified.json").unlink()


@pytest.fixture(scope="module")
def serve_shipped(serve, tmp_path_factory):
    """The address of the shipped reports, whose board is made anew."""
    folders = (ROOT / "submissions", ROOT / "baselines" / "reports")
    return serve(*folders, home=tmp_path_factory.mktemp("empty-home"))


def opens_in_silence(browser, address, page):
    """Open a page; nothing may stand in the console, be fetched from elsewhere, or have failed."""
    open_page(browser, address, page=page)
    assert browser.find_element(By.TAG_NAME, "h1").text == page
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(found => found.name)"
    )
    assert all(name.startswith((address, "data:", "blob:")) for name in fetched)  # nothing is told to anybody
    assert not browser.find_elements(By.CSS_SELECTOR, '[data-testid="stException"]')
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("page", LATER)
def test_each_page_opens_cold_without_a_word_in_the_console(serve_reports, browser, page):
    opens_in_silence(browser, serve_reports, page)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_cold_on_the_shipped_reports(serve_shipped, browser, page):
    opens_in_silence(browser, serve_shipped, page)
    assert page == "Submit" or chosen(browser, "Suite") == "nano"


def test_selectors_change_the_table_and_the_address(serve_reports, browser, board, view):
    from catbench_leaderboard import leaderboard

    open_page(browser, serve_reports)
    given = {label: chosen(browser, label) for label in ("Suite", "Pool", "Cost", "Metric", "Cost axis")}
    assert list(given.values()) == ["sim-one", "sim+", "tflops", "simulated_score", "log"]
    shown = None
    for label, value in (
        ("Suite", "sim-two"),
        ("Suite", "sim-one"),
        ("Pool", "sim"),
        ("Cost", "seconds"),
        ("Metric", "simulated_error"),
        ("Cost axis", "linear"),
    ):
        before = shown
        choose(browser, label, value)
        given[label] = value
        expected = leaderboard.leaderboard(board, view(*list(given.values())[:4], axis=given["Cost axis"]))
        heads, *rows = cells(browser)
        assert [row[heads.index("Router")] for row in rows[:3]] == expected["router"].tolist()
        gain = f"Gain, {given['Metric']}{'' if given['Cost axis'] == 'log' else ', linear'}"
        for head, column in {"Mean rank": "mean_rank", gain: "gain"}.items():
            shown = [float(row[heads.index(head)]) for row in rows[:3]]
            assert shown == pytest.approx(expected[column].tolist(), rel=1e-12)
        assert label == "Cost" or shown != before  # prices in another unit, but in the same proportions
    for word in ("pool=sim", "cost=seconds", "metric=simulated_error", "axis=linear"):
        assert word in re.split(r"[?&]", browser.current_url)


@pytest.mark.slow
def test_the_curves_are_the_reports_and_follow_the_selectors(serve_reports, browser, report):
    open_page(browser, serve_reports, page="Curves", suite="sim-one", pool="sim+", metric="simulated_error")
    heights = []
    for pool, metric in (("sim+", "simulated_error"), ("sim", "simulated_error"), ("sim", "simulated_score")):
        if pool != chosen(browser, "Pool"):
            choose(browser, "Pool", pool)
        if metric != chosen(browser, "Metric"):
            choose(browser, "Metric", metric)
        result = report(pool=pool, cost=chosen(browser, "Cost")).result(metric)
        drawn = traces(browser)
        assert drawn["ridge"] == pytest.approx(result.curve.quality)
        assert drawn["mixture (reference)"] == pytest.approx(result.reference_curves["mixture"])
        heights.append(drawn["ridge"])
    assert heights[0] != heights[1] != heights[2]


@pytest.mark.slow
def test_a_shared_address_restores_the_view(serve_reports, browser):
    given = {"suite": "sim-one", "pool": "sim", "cost": "seconds", "metric": "simulated_error"}
    open_page(browser, serve_reports, page="Compare two", first="mixture", second="ridge", **given)
    for label, value in {**given, "first": "mixture", "second": "ridge"}.items():
        assert chosen(browser, label.capitalize()) == value


@pytest.mark.slow
def test_names_of_strangers_are_text(serve, browser, troubled, hostile):
    address = serve(troubled)
    for page in PAGES[:-1]:
        open_page(browser, address, page=page)
        assert not browser.find_elements(By.CSS_SELECTOR, '[data-testid="stException"]')
        assert browser.get_log("browser") == []
        assert (
            browser.execute_script("return document.querySelectorAll('b, a[href=\"http://b\"]').length") == 0
        )
    open_page(browser, address, suite="sim-one")
    names = {cell for row in cells(browser) for cell in row}
    assert hostile["markup"] in names
    assert hostile["emoji"] in names
    assert hostile["long"] in names
    assert hostile["rtl"] not in names
    assert one_line(hostile["rtl"]) in names
    browser.find_element(By.CSS_SELECTOR, '[data-testid="stExpander"] summary').click()
    last = len(browser.find_elements(By.CSS_SELECTOR, '[data-testid="stDataFrame"]')) - 1
    until(lambda: "foreign" in {cell for row in cells(browser, last) for cell in row})
    assert browser.execute_script("return document.querySelectorAll('b').length") == 0


@pytest.mark.slow
def test_a_phone_and_the_dark_theme(serve_reports, browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    for page in PAGES:
        open_page(browser, serve_reports, page=page)
        wide, paper = browser.execute_script(
            "return [document.documentElement.scrollWidth,"
            " getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor]"
        )
        assert wide <= 390, page
        assert paper == "rgb(18, 21, 27)"


@pytest.mark.slow
def test_the_exported_page_works_without_a_server(browser, pair, tmp_path, as_submission):
    from catbench_leaderboard.export import export

    shutil.copytree(pair, tmp_path / "reports")
    as_submission(tmp_path / "reports" / "mixture" / "report.json", prompt_only=False)
    as_submission(tmp_path / "reports" / "ridge" / "report.json", prompt_only=True)
    export([tmp_path / "reports"], tmp_path / "out")
    browser.get((tmp_path / "out" / "index.html").as_uri())
    until(lambda: browser.find_elements(By.CSS_SELECTOR, "#figure .main-svg"))
    heads, *rows = (
        [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        for row in browser.find_elements(By.CSS_SELECTOR, "#leaderboard tr")
    )
    said = {row[heads.index("router")]: row[heads.index("prompt only")] for row in rows}
    assert said == {"● ridge": "yes", "mixture": "no"}
    gains = []
    for axis in ("linear", "log"):
        Select(browser.find_element(By.ID, "axis")).select_by_value(axis)
        first = browser.find_elements(By.CSS_SELECTOR, "#leaderboard tr")[1]
        gains.append(first.find_elements(By.CSS_SELECTOR, "td")[heads.index("gain")].text)
    assert gains[0] != gains[1] == rows[0][heads.index("gain")]
    assert browser.get_log("browser") == []
