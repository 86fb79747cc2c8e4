"""`python screenshots.py ADDRESS FOLDER`: pictures of every page of a served board, for the documents."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from selenium import webdriver

PAGES = {
    "leaderboard": {},
    "router": {"page": "Router", "router": "ridge", "suite": "nano"},
    "two-routers": {"page": "Two routers", "suite": "nano"},
    "suite": {"page": "Suite"},
    "prompts": {"page": "Prompts", "suite": "nano"},
    "enter": {"page": "Enter"},
}
"""Pages with prompts are shown on nano: those of the other suites may not be copied."""
SCREENS = {"": (1280, "light"), "-dark": (1280, "dark"), "-phone": (390, "light")}
COLOURS = 256
DRAWN = """
    const all = name => [...document.querySelectorAll(`[data-testid="${name}"]`)];
    return all("stApp").some(app => app.dataset.testScriptState === "notRunning")
        && !!document.querySelector("h1")
        && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
        && all("stPlotlyChart").every(chart => chart.querySelector(".main-svg"))
"""
HEIGHT = """
    const page = document.querySelector('[data-testid="stMainBlockContainer"]');
    return [...page.children].reduce((end, part) => Math.max(end, part.getBoundingClientRect().bottom), 0);
"""


def main(address: str, folder: Path) -> None:
    """Save every page on every screen."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    flags = ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", "disable-sync")
    for flag in (*flags, f"user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(f"--{flag}")
    # With the driver named, selenium looks for none on the network.
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    for suffix, (width, scheme) in SCREENS.items():
        theme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", theme)
        for name, query in PAGES.items():
            shoot(browser, f"{address}/?{urlencode(query)}", width, folder / f"{name}{suffix}.png")
    browser.quit()


def shoot(browser: webdriver.Chrome, address: str, width: int, path: Path) -> None:
    """Save one page as a picture as high as what stands on it, at least as a screen."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)
    settle(browser)
    size["height"] = max(800, int(browser.execute_script(HEIGHT)) + 16)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    settle(browser)
    picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)


def settle(browser: webdriver.Chrome) -> None:
    """Wait until everything is drawn, and has been for a second."""
    still = 0
    while still < 5:
        still = still + 1 if browser.execute_script(DRAWN) else 0
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
