"""`python screenshots.py ADDRESS FOLDER`: a picture of every page of a served board, for the documents."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote_plus

from selenium import webdriver

PAGES = ("Leaderboard", "Curves", "Compare two", "Prompts", "Suite", "Submit")
DRAWN = """
    const all = name => [...document.querySelectorAll(`[data-testid="${name}"]`)];
    return all("stApp").some(app => app.dataset.testScriptState === "notRunning")
        && !!document.querySelector("h1")
        && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
        && all("stDataFrame").every(table => !table.checkVisibility() || table.querySelector("canvas"))
"""
HEIGHT = """
    const page = document.querySelector('[data-testid="stMainBlockContainer"]');
    return [...page.children].reduce((end, part) => Math.max(end, part.getBoundingClientRect().bottom), 0);
"""


def main(address: str, folder: Path) -> None:
    """Save every page at a desk's width, and the first on a phone in the dark theme."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    flags = ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", "disable-sync")
    for flag in (*flags, f"user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(f"--{flag}")
    # With the driver named, selenium looks for none on the network.
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    for page in PAGES:
        shoot(browser, address, page, 1280, folder / f"{page.lower().replace(' ', '-')}.png")
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    shoot(browser, address, "Leaderboard", 390, folder / "leaderboard-phone.png")
    browser.quit()


def shoot(browser: webdriver.Chrome, address: str, page: str, width: int, path: Path) -> None:
    """Save one page as a picture as high as what stands on it."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"{address}/?page={quote_plus(page)}")
    settle(browser)
    size["height"] = int(browser.execute_script(HEIGHT)) + 24
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    settle(browser)
    browser.save_screenshot(str(path))


def settle(browser: webdriver.Chrome) -> None:
    """Wait until everything is drawn, and has been for a second."""
    still = 0
    while still < 5:
        still = still + 1 if browser.execute_script(DRAWN) else 0
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
