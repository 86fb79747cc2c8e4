"""The board in a real browser: first screens, silence, selectors, history, accessibility, strangers."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote_plus

import pytest

pytest.importorskip("streamlit", reason="needs the extra: pip install '.[leaderboard]'")
webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

from catbench.terminal import one_line  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")
ROOT = Path(__file__).parents[2]
PAGES = ("Leaderboard", "Router", "Two routers", "Suite", "Prompts", "Enter")
LATER = [page if page in PAGES[:1] else pytest.param(page, marks=pytest.mark.slow) for page in PAGES]
"""The pages, all but the first of them opened with the slow tests only."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
)
PATIENCE = 240
DRAWN = """
    const all = name => [...document.querySelectorAll(`[data-testid="${name}"]`)];
    return all("stApp").some(app => app.dataset.testScriptState === "notRunning")
        && !!document.querySelector("h1")
        && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
        && all("stPlotlyChart").every(chart => chart.querySelector(".main-svg"))
"""


@pytest.fixture(scope="module")
def serve(home):
    """Return a function that serves folders of reports, as a user does, and returns its address."""
    started = []

    def start(*folders, home=home):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        run = "from catbench_command import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", run, "leaderboard", *map(str, folders), "--port", str(port), "--headless"],
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
    """Wait until the script has run, no element is stale, and figures are drawn."""
    held = []

    def still():
        held.append(bool(browser.execute_script(DRAWN)))
        return held[-3:] == [True] * 3

    until(still)


def screen(browser, width=1280, height=800, scheme="light"):
    """Give the browser a screen: a laptop's, or a phone's, and its theme."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    theme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", theme)


def cells(browser, place="table"):
    """Return the text of a table, row by row."""
    read = (
        "return [...document.querySelector(arguments[0]).rows].map(r => [...r.cells].map(c => c.textContent))"
    )
    return browser.execute_script(read, place)


def choose(browser, label, value):
    """Pick a suite, or an option of a filter, as a visitor does."""
    if label == "Suite":
        group = '[data-testid="stButtonGroup"] button'
        buttons = browser.find_elements(By.CSS_SELECTOR, group)
        next(button for button in buttons if button.text == value).click()
        settle(browser)
        return
    name = f"//*[@data-testid='stSelectbox'][.//label[normalize-space()='{label}']]//input"
    if not browser.find_element(By.XPATH, name).is_displayed():
        browser.find_element(By.CSS_SELECTOR, '[data-testid="stExpander"] summary').click()
        until(lambda: browser.find_element(By.XPATH, name).is_displayed())
    box = browser.find_element(By.XPATH, name)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    found = []

    def listed():
        options = browser.find_elements(By.CSS_SELECTOR, '[role="option"]')
        found[:] = [option for option in options if option.text == value]
        return bool(found)

    until(listed)
    found[0].click()
    settle(browser)


@pytest.fixture(scope="module")
def serve_reports(serve, reports, board, home):
    """The address of the reports that hold; with `board`, they are verified already."""
    from catbench.report.index import write_index

    write_index(home / "verified.json", sorted(reports.rglob("report.json")), reports)
    yield serve(reports)
    (home / "verified.json").unlink()


@pytest.fixture(scope="module")
def serve_shipped(serve, tmp_path_factory):
    """The address of the shipped reports, without any suite but nano."""
    folders = (ROOT / "submissions", ROOT / "baselines" / "reports")
    return serve(*folders, home=tmp_path_factory.mktemp("empty-home"))


@pytest.mark.parametrize("page", LATER)
def test_each_page_opens_cold_on_the_shipped_reports_without_a_word_in_the_console(
    serve_shipped, browser, page
):
    open_page(browser, serve_shipped, page=page)
    assert browser.find_element(By.TAG_NAME, "h1").text in (page, "catbench leaderboard")
    assert browser.title == f"{'guarded · ' * (page == 'Router')}{page} · catbench"  # each tab its own
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(found => found.name)"
    )
    assert all(name.startswith((serve_shipped, "data:", "blob:")) for name in fetched)  # nobody is told
    assert not browser.find_elements(By.CSS_SELECTOR, '[data-testid="stException"]')
    assert browser.get_log("browser") == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_first_screen_answers_the_four_questions(serve_shipped, browser, width, height):
    """All of it lies above the fold: worth it, which router, on what, how to get in."""
    screen(browser, width, height)
    open_page(browser, serve_shipped)
    seen = browser.execute_script(
        """
        const low = part => part.getBoundingClientRect().bottom;
        const above = [...document.querySelectorAll(".cb p, .cb tbody tr, button")].filter(
            part => low(part) <= window.innerHeight && part.checkVisibility());
        return above.map(part => part.innerText.replace(/\\s+/g, " "));
        """
    )
    text = "\n".join(seen)
    assert re.search(r"Is routing worth it\? Yes: on 3,698 COCO captions, the router \w+ draws images", text)
    assert re.search(r"for \d+% \[\d+, \d+\] of its cost", text)
    rows = [one for one in seen if re.match(r"\d+ \[\d+, \d+\] ", one)]
    assert len(rows) >= (5 if width > 640 else 2)
    chart = browser.find_element(By.CSS_SELECTOR, ".stPlotlyChart")
    assert chart.rect["y"] + chart.rect["height"] < height
    assert {"COCO", "DiffusionDB", "CEMS", "nano"} <= set(seen)
    assert "Real images." in text
    assert "catbench submit new my-router" in text
    assert "How to enter" in text


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_scrolls_sideways_in_either_theme(serve_shipped, browser, width, scheme):
    screen(browser, width, 860, scheme)
    for page in PAGES:
        open_page(browser, serve_shipped, page=page, router="ridge", suite="nano")
        wide, inner, paper = browser.execute_script(
            "const main = document.querySelector('[data-testid=\"stMain\"]');"
            "return [document.documentElement.scrollWidth, main.scrollWidth,"
            " getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor]"
        )
        assert max(wide, inner) <= width, page
        assert paper == {"dark": "rgb(18, 21, 27)", "light": "rgb(255, 255, 255)"}[scheme]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_no_fault(serve_shipped, browser, page, scheme):
    """Labels, roles, names, contrast: all of axe-core's rules for WCAG 2.1 A and AA."""
    axe = pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python, for its axe-core")
    screen(browser, 1280, 1400, scheme)
    open_page(browser, serve_shipped, page=page, router="ridge", suite="nano")
    browser.execute_script(files(axe).joinpath("axe.min.js").read_text(encoding="utf-8"))
    tags = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    given = json.dumps({"runOnly": tags})
    run = "axe.run(document, JSON.parse(arguments[0])).then(arguments[arguments.length - 1])"
    found = browser.execute_async_script(run, given)
    faults = [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found["violations"]]
    assert faults == []
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}


def test_selectors_change_the_table_and_the_address_and_back_goes_back(serve_reports, browser, board, view):
    from catbench_leaderboard.leaderboard_table import leaderboard_table

    open_page(browser, serve_reports)
    given = {"suite": "sim-one", "pool": "sim+", "cost": "tflops", "metric": "simulated_score", "axis": "log"}
    seen = []
    for label, value in (
        ("Suite", "sim-two"),
        ("Suite", "sim-one"),
        ("Pool", "sim"),
        ("Cost", "seconds"),
        ("Metric", "simulated_error"),
        ("Cost axis", "linear"),
    ):
        choose(browser, label, value)
        name = "axis" if label == "Cost axis" else label.casefold()
        given[name] = value
        expected = leaderboard_table(board, view(**given))
        heads, *rows = cells(browser, ".front table")
        assert [row[heads.index("Router")] for row in rows] == expected["router"].tolist()
        gains = [row[heads.index("Gain over not reading the prompt")].split()[0] for row in rows]
        assert [float(gain) for gain in gains] == pytest.approx(expected["gain"].tolist(), abs=6e-3)
        assert label == "Cost" or not seen or gains != seen[-1]  # prices differ, but in the same proportions
        at_first = value == "sim-one"  # what is shown at first needs no word in the address
        assert at_first or f"{name}={quote_plus(value)}" in re.split(r"[?&]", browser.current_url)
        seen.append(gains)
    browser.back()
    until(lambda: "axis=linear" not in browser.current_url)
    settle(browser)
    heads, *rows = cells(browser, ".front table")
    assert [row[heads.index("Gain over not reading the prompt")].split()[0] for row in rows] == seen[-2]


@pytest.mark.parametrize("width", [1280, 400])
def test_pages_are_a_click_away(serve_reports, browser, width):
    screen(browser, width, 860, "light")
    open_page(browser, serve_reports)
    for page in ("Router", "Suite", "Enter"):
        buttons = browser.find_elements(By.CSS_SELECTOR, "[data-testid=stButtonGroup] button")
        next(one for one in buttons if one.text == page).click()  # refused where something lies over it
        until(lambda said=page: f"page={said}" in browser.current_url)
        settle(browser)


@pytest.mark.parametrize("place", [0, 1])
def test_back_from_a_router_is_the_front_page(serve_reports, browser, place):
    open_page(browser, serve_reports)
    link = browser.find_elements(By.CSS_SELECTOR, ".front tbody a")[place]
    name = link.text
    link.click()
    until(lambda: "page=Router" in browser.current_url)
    settle(browser)
    assert f"router={quote_plus(name)}" in browser.current_url  # whoever is first tomorrow
    browser.back()
    until(lambda: "page=Router" not in browser.current_url)
    settle(browser)
    assert browser.find_element(By.TAG_NAME, "h1").text == "catbench leaderboard"


def test_a_router_s_name_leads_to_its_page_by_keyboard(serve_reports, browser):
    open_page(browser, serve_reports)
    link = browser.find_element(By.CSS_SELECTOR, ".front tbody a")
    name = link.text
    link.send_keys("\n")
    until(lambda: "page=Router" in browser.current_url)
    settle(browser)
    assert browser.find_element(By.TAG_NAME, "h1").text == "Router"
    chosen = browser.find_element(By.XPATH, "//*[@data-testid='stSelectbox']//input").get_attribute("value")
    assert chosen == name


@pytest.mark.slow
def test_names_of_strangers_are_text(serve, browser, troubled, hostile):
    address = serve(troubled)
    for page in PAGES[:-1]:
        open_page(browser, address, page=page)
        assert not browser.find_elements(By.CSS_SELECTOR, '[data-testid="stException"]')
        assert browser.get_log("browser") == []
        count = "return document.querySelectorAll('.cb b, a[href=\"http://b\"], .cb script').length"
        assert browser.execute_script(count) == 0
    open_page(browser, address, suite="sim-one")
    names = {cell for row in cells(browser, ".front table") for cell in row}
    assert any(name.startswith("<script>alert(1)</script><b>bold</b>") for name in names)
    assert hostile["emoji"] in names
    assert one_line(hostile["rtl"]) in names
    assert hostile["rtl"] not in names
    browser.execute_script("document.querySelector('.cb details').open = true")
    heads, *rows = cells(browser, ".cb details table")
    assert heads[1] == "Not on the board because"
    assert "foreign" in {row[0] for row in rows}


@pytest.mark.slow
def test_images_are_sharp_and_as_large_as_they_can_be_seen(serve_shipped, browser):
    screen(browser)
    open_page(browser, serve_shipped, page="Prompts", suite="nano")
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('.tiles img')].map("
        "image => [image.getBoundingClientRect().width, getComputedStyle(image).imageRendering])"
    )
    assert len(sizes) > 10
    assert all(wide >= 128 and how == "pixelated" for wide, how in sizes)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_exported_pages_work_without_a_server(browser, pair, tmp_path, width, scheme):
    from catbench_leaderboard.export import export

    export([pair], tmp_path / "out")
    screen(browser, width, 860, scheme)
    for page in sorted((tmp_path / "out").glob("*.html")):
        browser.get(page.as_uri())
        until(lambda: browser.execute_script("return document.readyState") == "complete")
        figures = browser.find_elements(By.CSS_SELECTOR, ".figure")
        until(lambda drawn=figures: all(one.find_elements(By.CSS_SELECTOR, ".main-svg") for one in drawn))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page.name
        assert browser.get_log("browser") == []
        if page.name == "index.html":
            assert len(figures) == 2
            heads, *rows = cells(browser, ".front table")
            assert {row[heads.index("Router")] for row in rows} == {"ridge", "mixture"}
