"""The picture alone: how it fills the window, what keeps the screen on, and its pixels."""

import base64
import io
import json

import numpy as np
import pytest
from pages import hosted, performed, stored, written
from PIL import Image

import ganvas
from ganvas.explore.points import latent_of
from ganvas.publishing import site


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as address:
        yield address


def covering(page):
    """The ids of what lies on top at places all over the window."""
    return set(
        page.evaluate(
            "[0.02, 0.3, 0.6, 0.98].flatMap((x) => [0.02, 0.5, 0.98].map((y) => "
            "document.elementFromPoint(x * innerWidth, y * innerHeight).id))"
        )
    )


def address_of(preset, **page):
    """What an address ends with that opens a preset, shown in some way, which stays where it is."""
    shown = preset.model_copy(update={"page": {"kind": "noise", "radius": 0, **page}})
    return f"#perform&preset={base64.urlsafe_b64encode(shown.to_json().encode()).decode().rstrip('=')}"


def drawn_on(page):
    """Wait until something is drawn on the canvas of what is played."""
    canvas = "document.getElementById('performed')"
    page.wait_for_function(f"() => {canvas}.getContext('2d').getImageData(9, 9, 1, 1).data[3]")


def moved(page):
    """Wait until what is played looks otherwise than now."""
    now = json.dumps(stored(page))
    page.wait_for_function(f"() => document.getElementById('performed').toDataURL() !== {now}")


def edges(picture):
    """Where columns, and where rows, of an (H, W, C) picture are other than those before them."""
    return [np.flatnonzero(np.abs(np.diff(picture, axis=axis)).max((1 - axis, 2))) for axis in (1, 0)]


def test_only_the_picture_is_there_and_it_moves(opened, address, preset):
    end = address_of(preset, kind="tour", columns=3, rows=2)
    page = opened(f"{address}{end}&seed=7", shows="#performed")
    page.locator("#performed[width='96']").wait_for()
    assert covering(page) <= {"performance", "performed"}
    assert page.evaluate("getComputedStyle(document.getElementById('performance')).cursor") == "none"
    assert page.url == f"{address}#perform"
    first = performed(page)
    assert first.shape == (48, 96, 3)
    moved(page)
    page.keyboard.press("Escape")
    page.locator("#grid button").nth(15).wait_for()
    assert page.locator("#performance").is_hidden()
    assert "perform" not in page.url


def test_a_page_made_to_perform_opens_so_also_from_disk(opened, published, tmp_path):
    things = written(published, tmp_path, perform=True)
    page = opened(f"{(things / site.ONE_FILE).as_uri()}#seed=7", shows="#performed")
    page.locator("#performed[width='32']").wait_for()
    assert covering(page) <= {"performance", "performed"}
    assert page.url.endswith("#perform&seed=7")
    assert (things / "index.html").read_text().count('data-perform="true"') == 1


WAKE_LOCK = """
globalThis.locks = []; // that were given, in order
globalThis.granted = Promise.resolve();
Object.defineProperty(navigator, "wakeLock", { value: { request: async (kind) => {
  await granted;
  const lock = { kind, isHeld: true, release: async () => (lock.isHeld = false) };
  locks.push(lock);
  return lock;
} } });
"""  # as a browser that lets pages keep the screen on, which a headless one may not
SLOW = """
granted = new Promise((done) => (globalThis.grant = done));
globalThis.changes = 0; // of whether the screen is filled
document.addEventListener("fullscreenchange", () => (changes += 1));
const fill = Element.prototype.requestFullscreen;
Element.prototype.requestFullscreen = async function (options) {
  await granted;
  return fill.call(this, options);
};
"""  # as a browser that asks a person first
REFUSED = "Object.defineProperty(navigator, 'wakeLock', { value: { request: () => Promise.reject(new Error('no')) } });"
LOCKLESS = "delete Navigator.prototype.wakeLock;"


def visited(browser, address, script):
    """A page where a script was run before its own, and the list of what it complains of."""
    page, faults = browser.new_page(), []
    page.add_init_script(script)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    page.locator("#grid button").nth(15).wait_for()
    page.locator("#perform > summary").click()
    return page, faults


def test_the_screen_is_kept_on_while_the_picture_is_there_alone_and_no_longer(browser, address):
    page, faults = visited(browser, f"{address}#seed=7", WAKE_LOCK)
    page.locator("#perform-play").click()
    page.locator("#perform-play[aria-pressed=true]").wait_for()
    assert page.evaluate("locks") == []  # what plays within the page keeps nothing on
    for leave in (lambda: page.keyboard.press("Escape"), lambda: page.locator("#performance").dblclick()):
        page.locator("#perform-open").click()
        page.wait_for_function("() => locks.at(-1)?.isHeld && document.fullscreenElement")
        assert page.evaluate("locks.at(-1).kind") == "screen"
        leave()
        page.locator("#performance").wait_for(state="hidden")
        page.wait_for_function("() => !locks.at(-1).isHeld")
    assert page.evaluate("locks.length") == 2
    assert page.locator("#perform-note").inner_text() == ""
    page.close()
    assert faults == []


def test_what_a_browser_grants_after_the_picture_was_left_is_given_back(browser, address):
    page, faults = visited(browser, f"{address}#seed=7", WAKE_LOCK + SLOW)
    page.locator("#perform-open").click()
    page.locator("#performance").wait_for()
    page.keyboard.press("Escape")
    page.locator("#performance").wait_for(state="hidden")
    page.evaluate("grant()")
    page.wait_for_function("() => locks.length === 1 && !locks[0].isHeld")
    page.wait_for_function("() => changes === 2 && !document.fullscreenElement")
    page.locator("#perform-open").click()
    page.wait_for_function("() => locks.length === 2 && locks[1].isHeld && document.fullscreenElement")
    page.close()
    assert faults == []


@pytest.mark.parametrize(
    ("script", "said"),
    [(LOCKLESS, "lets no page keep the screen on"), (REFUSED, "did not let the page keep the screen")],
)
def test_where_the_screen_cannot_be_kept_on_that_is_said_and_all_else_works(script, said, browser, address):
    page, faults = visited(browser, f"{address}#seed=7", script)
    page.locator("#perform-open").click()
    page.locator("#perform-note", has_text=said).wait_for(state="attached")
    first = performed(page)
    moved(page)
    assert first.shape == (24, 32, 3)
    page.keyboard.press("Escape")
    page.locator("#performance").wait_for(state="hidden")
    page.locator("#perform-note", has_text=said).wait_for()
    page.close()
    assert faults == []


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("dots", [1, 1.5, 2])  # of the screen to a pixel of the page
def test_clean_edges_make_blocks_of_equal_pixels_and_smooth_ones_none(dots, is_mirrored, opened, address, preset):
    found = {}
    for is_smooth in (False, True):
        end = address_of(preset, isSmooth=is_smooth, isMirrored=is_mirrored, columns=2, rows=2)
        size = {"width": 811, "height": 611}
        page = opened(address + end, shows="#performed[width='64']", viewport=size, device_scale_factor=dots)
        drawn_on(page)
        found[is_smooth] = edges(np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int))
    scale = (np.ceil if is_mirrored else np.floor)(np.array([811 * dots / 64, 611 * dots / 48]))
    scale = scale.max() if is_mirrored else scale.min()
    for clean, smooth in zip(*found.values(), strict=True):
        assert set(np.diff(clean[2:-2]) % scale) == {0}  # at the rim a dot may be half of what is around
        assert len(clean) > 40
        assert len(smooth) > 5 * len(clean)


def test_mirrored_tiles_are_one_picture_whose_neighbours_meet_as_mirror_images(opened, address, published, preset):
    page = opened(address + address_of(preset, isMirrored=True, columns=3, rows=2), shows="#performed[width='96']")
    drawn_on(page)
    whole = performed(page)
    assert whole.shape == (48, 96, 3)
    tile = whole[:24, :32]
    generator = ganvas.load(published.folder)
    (drawn,) = generator.draw(latent_of(generator.model, preset.points[0]))
    assert np.abs(tile - drawn).max() <= 1
    np.testing.assert_array_equal(whole[:24], np.concatenate([tile, tile[:, ::-1], tile], axis=1))
    np.testing.assert_array_equal(whole[24:], whole[23::-1])
    assert np.abs(tile - tile[:, ::-1]).max() > 5
    apart = opened(address + address_of(preset, columns=3, rows=2), shows="#performed[width='96']")
    drawn_on(apart)
    assert np.abs(performed(apart)[:24, 32:64] - tile[:, ::-1]).max() > 5
