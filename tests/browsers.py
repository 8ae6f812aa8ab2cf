"""Fixtures of tests that drive a page in a real browser, and what is asked of every page.

A folder of tests takes them by importing them into its conftest.
"""

import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

BROWSERS = "chromium", "chromium-browser", "google-chrome"
QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
QUIET += ["--js-flags=--liftoff-only"]  # no second compilation, for speed, of a runtime that draws a few pictures
SERIOUS = "serious", "critical"
TOO_WIDE = """async (patience) => {
  const isCut = (element) => {
    for (let above = element.parentElement; above && above !== document.body; above = above.parentElement) {
      if (getComputedStyle(above).overflowX !== "visible") return true;
    }
    return false;
  };
  const isWide = (element) => element.getBoundingClientRect().right > innerWidth + 1 && !isCut(element);
  for (const begun = performance.now(); ; await new Promise(requestAnimationFrame)) {
    const wide = [...document.body.querySelectorAll("*")].filter(isWide).map((one) => one.outerHTML.slice(0, 120));
    if (document.documentElement.scrollWidth > innerWidth) wide.unshift("the whole page");
    if (!wide.length || performance.now() - begun > patience) return wide;
  }
}"""


@pytest.fixture(scope="module")
def launched():
    """A function: what the browser is told -> the browser."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(f"none of {', '.join(BROWSERS)} is installed; the page cannot be tested without a browser")
    with sync_playwright() as playwright:
        yield lambda *told: playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *QUIET, *told])


@pytest.fixture(scope="module")
def browser(launched):
    browser = launched("--disable-gpu")
    yield browser
    browser.close()


@pytest.fixture
def opened(browser):
    """A function: an address -> the page there, once it shows what it has to. Complaints of it fail the test.

    expects: a pattern of complaints that belong to what is tested.
    """
    complaints, contexts = [], []

    def open_page(address, *, shows="#grid button >> nth=15", expects=None, **options):
        def complain(text):
            if expects is None or not re.search(expects, text):
                complaints.append(text)

        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda said: complain(f"{said.text} {said.location}") if said.type == "error" else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.goto(address)
        page.locator(shows).wait_for()
        return page

    yield open_page
    heard = list(complaints)  # a script that is still on its way when its page is closed complains of that
    for context in contexts:
        context.close()
    if heard:
        pytest.fail("\n".join(["the page complained:", *heard]))


def faults(page):
    """What axe finds, as its rule and the first place."""
    found = Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in SERIOUS]


def too_wide(page, patience_ms=20_000):
    """What is wider than the window, though it does not scroll within itself, and stays so for that long."""
    return page.evaluate(TOO_WIDE, patience_ms)
