"""What the page does again and again takes no more memory: frames that are played, and everything that hands do."""

import json

import pytest
from pages import hosted, status, written
from PIL import Image

from ganvas.formats.manifest import read_description

UNLIMITED = "--disable-frame-rate-limit", "--disable-gpu-vsync"  # frames as fast as they are drawn
COUNT_FRAMES = """() => {
  const paint = CanvasRenderingContext2D.prototype.putImageData;
  globalThis.frames = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    globalThis.frames += this.canvas.id === "performed" && given[1] === 0 && given[2] === 0;
    return paint.apply(this, given);
  };
}"""
COUNT_ADDRESSES = """() => {
  const { createObjectURL: make, revokeObjectURL: revoke } = URL;
  globalThis.addresses = new Set();
  URL.createObjectURL = (given) => (addresses.add(make(given)), [...addresses].at(-1));
  URL.revokeObjectURL = (address) => (addresses.delete(address), revoke(address));
}"""
WARM_FRAMES, FRAMES = 1000, 2000
WARM_ROUNDS, ROUNDS = 3, 6
BYTES_PER_FRAME = 100  # a latent that each left behind would be 250


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as address:
        yield address


@pytest.fixture
def quick(launched, address):
    """The page with everything opened, in a browser that draws as many frames as it can."""
    browser = launched("--disable-gpu", *UNLIMITED)
    page = browser.new_page(accept_downloads=True)
    page.goto(f"{address}#seed=2")
    page.locator("#grid button").nth(15).wait_for()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    yield page
    browser.close()


def living(page):
    """The nodes, listeners and bytes of scripts that there are once nothing more can be freed."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    turns = []
    for _ in range(4):  # what finalizers held goes in a later turn, and what a frame under way holds is not in each
        session.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        turns.append([found[name] for name in ("Nodes", "JSEventListeners", "JSHeapUsedSize")])
    session.detach()
    return [min(counts) for counts in zip(*turns, strict=True)]


def preset_of(published, **page):
    keyframes = [{"point": f"seed={seed}", "seconds": 1.0} for seed in range(1, 6)]
    model = read_description(published.folder).published.sha256
    return json.dumps({"ganvas_preset": 1, "model": model, "keyframes": keyframes, "page": page}).encode()


@pytest.mark.parametrize(
    "played",
    [pytest.param({"kind": "tour", "columns": 2, "rows": 2}, marks=pytest.mark.slow), {"kind": "noise"}],
    ids=["tour", "noise"],
)
def test_thousands_of_frames_leave_nothing_behind(quick, published, played):
    given = {"name": "p.json", "mimeType": "application/json", "buffer": preset_of(published, **played)}
    quick.locator("#preset-file").set_input_files(given)
    quick.evaluate(COUNT_FRAMES)
    quick.locator("#perform-play").click()

    def after(frames):
        quick.wait_for_function("(frames) => globalThis.frames >= frames", arg=frames, timeout=300_000)
        return living(quick)

    nodes, listeners, heap = after(WARM_FRAMES)
    more_nodes, more_listeners, more_heap = after(WARM_FRAMES + FRAMES)
    assert more_nodes <= nodes
    assert more_listeners <= listeners
    assert more_heap - heap < BYTES_PER_FRAME * FRAMES


def test_what_hands_do_again_and_again_leaves_nothing_behind(quick, published, tmp_path):
    Image.new("L", (40, 30), 90).save(tmp_path / "photo.png")
    given = {"name": "p.json", "mimeType": "application/json", "buffer": preset_of(published, kind="tour")}
    quick.on("dialog", lambda dialog: dialog.accept())

    def round_of_everything():
        quick.locator("#preset-file").set_input_files(given)
        quick.locator("#keyframes canvas").nth(4).wait_for()
        for button in (
            "preset-save",
            "preset-load",
            "preset-delete",
            "perform-tap",
            "keyframe-later",
            "keyframe-remove",
        ):
            quick.locator(f"#{button}").click()
        quick.locator("#perform-open").click()
        quick.locator("#performed").wait_for()
        quick.keyboard.press("Escape")
        quick.locator("#performance").wait_for(state="hidden")
        quick.locator("#record-live").click()
        quick.locator("#record-note", has_text="Recording").wait_for()
        with quick.expect_download():
            quick.locator("#record-live").click()
        quick.locator("#keyframes-clear").click()
        for seed in (3, 4):
            quick.evaluate(f"location.hash = '#seed={seed}'")
            status(quick, f"Seed {seed}")
            quick.locator("#star").click()
        quick.locator(".star").nth(1).wait_for()
        quick.locator("#stars-clear").click()
        quick.locator("#photo-file").set_input_files(tmp_path / "photo.png")
        quick.locator("#photo-note", has_text="as this generator sees it").wait_for()
        quick.locator("#around button").first.click()
        quick.locator("#photo-file").set_input_files([])

    def after(rounds):
        for _ in range(rounds):
            round_of_everything()
        return living(quick)

    nodes, listeners, _ = after(WARM_ROUNDS)
    more_nodes, more_listeners, _ = after(ROUNDS)  # the states that undo goes back to are bytes, and wanted
    assert more_nodes - nodes < ROUNDS
    assert more_listeners - listeners < ROUNDS


def test_what_was_handed_over_is_let_go(opened, address):
    page = opened(f"{address}#seed=2", accept_downloads=True)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    page.evaluate(COUNT_ADDRESSES)
    page.clock.install()
    for button in ("save", "preset-export"):
        with page.expect_download():
            page.locator(f"#{button}").click()
    assert page.evaluate("addresses.size") == 2
    page.clock.fast_forward(61_000)
    assert page.evaluate("addresses.size") == 0
