import shutil

import pytest
from playwright.sync_api import sync_playwright

from ganvas.formats.manifest import read_description
from ganvas.formats.preset import Keyframe, Preset

BROWSERS = "chromium", "chromium-browser", "google-chrome"
QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
QUIET += ["--js-flags=--liftoff-only"]  # no second compilation, for speed, of a runtime that draws a few pictures


@pytest.fixture(scope="session", autouse=True)
def the_page_can_be_made(web_runtime_fetched_once) -> None:
    """onnxruntime-web is there before any test asks for a page."""


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
    """A function: an address -> the page there, once it shows what it has to. Complaints of it fail the test."""
    complaints, contexts = [], []

    def open_page(address, *, shows="#grid button >> nth=15", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.locator(shows).wait_for()
        return page

    yield open_page
    heard = list(complaints)  # a script that is still on its way when its page is closed complains of that
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture
def preset(published):
    """Three keyframes in two seconds, as a stranger may have saved them, that the page plays at a tempo of its own."""
    keyframes = [
        Keyframe(point="seed=3&1=0.5", seconds=0.5, ease="linear"),
        Keyframe(point="seed=5&mix=9:0.5", seconds=1, ease="smooth"),
        Keyframe(point="seed=8&truncation=0.7", seconds=0.5, ease="hold"),
    ]
    model = read_description(published.folder).published.sha256
    return Preset(model=model, name="Dusk", keyframes=tuple(keyframes), page={"kind": "tour", "tempo": 90})
