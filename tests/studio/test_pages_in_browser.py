"""Pages that the studio made, opened from it: they draw under its policy, and can use nothing else of it."""

import shutil

import pytest
from playwright.sync_api import sync_playwright
from rooms import TOKEN, opened
from trained import NAME, home, trained_once  # noqa: F401 - fixtures

from ganvas.studio.results import exploring, publishing
from served import running

BROWSERS = "chromium", "chromium-browser", "google-chrome"
DRAWN = "#grid button >> nth=15"


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(f"none of {', '.join(BROWSERS)} is installed; pages cannot be tested without a browser")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture
def studio(home, web_runtime_fetched_once):  # noqa: F811
    """The rooms, and their address as a browser has it."""
    published = lambda rooms: publishing.routes(rooms.home, rooms.jobs)  # noqa: E731
    with (
        opened(home, published, lambda rooms: exploring.routes(rooms.home, rooms.jobs)) as rooms,
        running(rooms.page.app) as (host, port),
    ):
        yield rooms, f"http://{host}:{port}"


@pytest.mark.parametrize("what", ["explore", "publish"])
def test_a_page_draws_in_a_frame_of_the_studio_and_asks_for_nothing_outside_its_folder(studio, browser, what):
    rooms, address = studio
    asked = {"target": "site", "scored": False} if what == "publish" else {}
    made = rooms.result(rooms.page.post(f"/api/runs/{NAME}/{what}", json=asked))
    url = f"{address}/{made['url'] if what == 'explore' else made['open']}"
    context = browser.new_context()
    page, complaints = context.new_page(), []

    def hear(message):
        if message.type == "error" and "/api/events" not in message.location["url"]:  # which these rooms have not
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/?token={TOKEN}", wait_until="networkidle")
    complaints.clear()
    page.evaluate("url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))", url)
    frame = page.frame_locator("iframe")
    frame.locator(DRAWN).wait_for(timeout=120_000)
    heard = list(complaints)
    inside = next(one for one in page.frames if one.url.startswith(url))
    tried = "async address => fetch(address).then(() => 'answered', () => 'refused')"
    assert inside.evaluate(tried, f"{address}/api/sets") == "refused"
    assert inside.evaluate(tried, f"{url}index.html") == "answered"
    context.close()
    assert heard == []
