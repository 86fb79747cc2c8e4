"""The site builds, strictly, and fetches nothing; a dead link and a missing docstring stop it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("mkdocstrings")
ROOT = Path(__file__).parents[2]
CUT_OFF = """
    const scrolls = box => box.tagName !== "ARTICLE"
        && (/auto|scroll/.test(getComputedStyle(box).overflowX) || scrolls(box.parentElement));
    return [...document.querySelectorAll("article *")]
        .filter(part => part.getBoundingClientRect().right > arguments[0] + 1)
        .filter(part => !scrolls(part.parentElement)).map(part => part.tagName);
"""
"""What stands beyond the right edge and in no box that scrolls: the theme lets no page scroll sideways."""
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


def build(root, out):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    built = build(ROOT, out)
    assert built.returncode == 0, built.stdout + built.stderr
    return out


class Page(HTMLParser):
    """What a page names, and what it leads to."""

    def __init__(self, path):
        super().__init__()
        self.names, self.targets = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = {name: value for name, value in attrs if value}
        self.names |= {found[name] for name in ("id", "name") if name in found}
        self.targets += [found[name] for name in ("href", "src") if name in found]


def dead(site):
    """Return what is linked to within a site and is not there: (page, target)."""
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    found = []
    for path, page in pages.items():
        listed = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
        if path == (site / "index.html").resolve():
            page.targets += [entry["location"] for entry in listed]  # what the search leads to
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            start = site if parts.path.startswith("/") else path.parent
            to = (start / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            to = to / "index.html" if to.is_dir() else to
            anchor = unquote(parts.fragment)
            if not to.is_file() or (anchor and to in pages and anchor not in pages[to].names):
                found.append((str(path.relative_to(site.resolve())), target))
    return found


def test_every_link_anchor_and_picture_of_the_site_is_there(site, tmp_path):
    assert dead(site) == []
    broken = shutil.copytree(site, tmp_path / "broken")
    (broken / "leaderboard" / "suite-dark.png").unlink()
    home = broken / "cite" / "index.html"
    home.write_text(home.read_text(encoding="utf-8") + '<a href="../faq/#no-such-anchor">x</a>')
    assert set(dead(broken)) == {
        ("leaderboard/index.html", "suite-dark.png"),
        ("cite/index.html", "../faq/#no-such-anchor"),
    }


def test_links_of_the_pages_lead_somewhere_in_the_repository_too():
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_links_to_definitions_lead_to_the_concept_and_no_sentence_of_the_commands_is_cut(site):
    said = (site / "faq" / "index.html").read_text(encoding="utf-8")
    assert 'href="../definitions/dull-opponents/"' in said
    commands = (site / "reference" / "commands" / "index.html").read_text(encoding="utf-8")
    assert '<a href="#catbench-import-table">' in commands
    assert "Check every digest and rule of a suite, or derive every number of a report again." in commands
    assert not re.findall(r"\w\.\.\.</li>", commands)


@pytest.fixture
def copy(tmp_path):
    """A copy of what a site is built from, to be broken."""
    for name in ("docs", "packaging", "benchmark/catbench", "benchmark/catbench_make", "leaderboard"):
        ignored = shutil.ignore_patterns("data", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for path in (path for path in ROOT.iterdir() if path.is_file()):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_pages_are_made_of_code_and_of_sections(site):
    commands = (site / "reference" / "commands" / "index.html").read_text(encoding="utf-8")
    for words in ("catbench evaluate", "catbench import table", "--i-have-the-right"):
        assert words in commands
    python = (site / "reference" / "python" / "index.html").read_text(encoding="utf-8")
    assert 'id="catbench.ScoreMatrix"' in python or 'id="catbench.suite.matrix.ScoreMatrix"' in python
    assert 'aria-label="C(' in (site / "definitions" / "deferral-curve" / "index.html").read_text(
        encoding="utf-8"
    )
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "flasheval-coco" in home
    assert "from README.md" not in home


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")
def test_nothing_is_cut_off_on_a_phone(site):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as browser:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        for page in sorted(site.rglob("index.html")):
            browser.get(page.as_uri())
            assert browser.execute_script(CUT_OFF, phone["width"]) == [], page
        browser.execute_script("document.querySelector('article p').style.width = '500px'")
        assert "P" in browser.execute_script(CUT_OFF, phone["width"])


def test_no_page_fetches_anything_from_elsewhere(site):
    """Links may lead elsewhere; scripts, styles, fonts and pictures may not."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="?(?:https?:)?//[^"\s>]*', text), page
        assert not re.findall(
            r'<link[^>]*rel="?(?:stylesheet|preload)[^>]*href="?(?:https?:)?//[^"\s>]*', text
        ), page


def test_no_page_names_this_machine(site):
    for page in site.rglob("*.html"):
        assert str(ROOT) not in page.read_text(encoding="utf-8"), page


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("no_such_page.md", "no_such_page.md"),
        ("definitions.md#no-such-heading", "no-such-heading"),
        ("../nowhere.txt", "nowhere.txt"),
    ],
)
def test_a_dead_link_stops_the_build(target, says, copy, tmp_path):
    page = copy / "docs" / "cite.md"
    page.write_text(page.read_text(encoding="utf-8") + f"\n[nowhere]({target})\n", encoding="utf-8")
    built = build(copy, tmp_path / "out")
    assert built.returncode != 0
    assert says in built.stdout + built.stderr


def test_a_missing_docstring_stops_the_build(copy, tmp_path):
    path = copy / "benchmark" / "catbench" / "suite" / "pool.py"
    said = '        """Candidate ids in the pool\'s order."""\n'
    text = path.read_text(encoding="utf-8")
    assert said in text
    path.write_text(
        text.replace(
            '"""The candidates that a router chooses from, with the price of one image of each."""', ""
        )
    )
    built = build(copy, tmp_path / "out")
    assert built.returncode != 0
    assert "no docstring: catbench.suite.pool.Pool" in built.stdout + built.stderr
