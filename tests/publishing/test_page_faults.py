"""What strangers, other pages, full browsers and hasty hands do to the page: nothing is lost or fails in silence.

`opened` fails a test where anything was thrown that nobody caught.
"""

import base64
import io
import json

import numpy as np
import pytest
from pages import hosted, status, written
from PIL import Image

from ganvas.formats.manifest import read_description
from ganvas.formats.point import point_of

JUNK = "5", '"abc"', '{"keyframes": {"length": 0}}', '[1, null, {}, "x", []]'
FULL = """
for (let size = 1 << 20; size; size >>= 1) {
  try {
    for (let at = 0; ; at += 1) localStorage.setItem(`full:${size}:${at}`, "x".repeat(size));
  } catch {}
}
"""
SEEN_AT = "((x, y) => document.getElementById('photo-seen').getContext('2d').getImageData(x, y, 1, 1).data[0])"
COUNT_BITMAPS = """() => {
  globalThis.bitmaps = { open: 0, most: 0 };
  const make = globalThis.createImageBitmap;
  globalThis.createImageBitmap = async (...given) => {
    bitmaps.most = Math.max(bitmaps.most, (bitmaps.open += 1));
    const bitmap = await make(...given);
    const close = bitmap.close.bind(bitmap);
    bitmap.close = () => ((bitmaps.open -= 1), close());
    return bitmap;
  };
}"""
SLOW_SCREEN = """() => {
  const { requestFullscreen } = Element.prototype;
  Element.prototype.requestFullscreen = async function (options) {
    await new Promise((done) => {
      globalThis.fillScreen = async () => {
        done();
        await new Promise((filled) => document.addEventListener("fullscreenchange", filled, { once: true }));
      };
    });
    return requestFullscreen.call(this, options);
  };
}"""
REFUSED_PADS = "navigator.getGamepads = () => { throw new DOMException('not in this frame', 'SecurityError'); };"
ODD_DEVICES = """
globalThis.midiInput = { name: null };
navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", midiInput]]) });
const pad = (index, axes) => ({ connected: true, index, axes, buttons: [] });
navigator.getGamepads = () => [null, pad(1, []), pad(2, Array(40).fill(NaN)), pad(7, [1])];
"""
MIDI_OF_EVERY_KIND = """
for (let status = 0; status < 256; status += 1) {
  for (const more of [[], [1], [1, 127], [255, 255], [1, 2, 3]]) {
    midiInput.onmidimessage({ data: Uint8Array.of(status, ...more) });
  }
}
for (const data of [new Uint8Array(), null]) midiInput.onmidimessage({ data });
"""


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as address:
        yield address


@pytest.fixture(scope="module")
def sha256(published):
    words = read_description(published.folder).published
    assert words is not None
    return words.sha256


def keep(page, sha256, **kept):
    """Put texts where the browser keeps what is of this model."""
    for name, stored in kept.items():
        page.evaluate("([key, stored]) => localStorage.setItem(key, stored)", [f"ganvas:{sha256[:16]}:{name}", stored])


def opened_parts(page):
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")


def playhead(page):
    return page.locator("#playhead").input_value()


def chosen(page, field, *files):
    for name, stored in files:
        page.locator(field).set_input_files({"name": name, "mimeType": "", "buffer": stored})


def seen_at(page, x, y):
    """The level of a pixel of the photo as it was taken in."""
    return page.evaluate(f"{SEEN_AT}({x}, {y})")


def dropped(page, name, *stored):
    """Drop files on the page, one after another, without a pause."""
    page.evaluate(
        """([name, files]) => {
          for (const letters of files) {
            const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type: `image/${name.split(".")[1]}` }));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
          }
        }""",
        [name, [base64.b64encode(each).decode() for each in stored]],
    )


def saved_as(picture, kind, **options):
    stored = io.BytesIO()
    picture.save(stored, kind, **options)
    return stored.getvalue()


def test_what_others_wrote_where_the_browser_keeps_things_is_left_out(opened, address, sha256):
    page = opened(f"{address}#seed=2")
    for junk in JUNK:
        keep(page, sha256, **dict.fromkeys(("stars", "presets", "names", "bindings", "performance"), junk))
        page.reload()
        page.locator("#grid button").first.wait_for()
        assert page.locator(".star").count() == 0
        assert page.locator("#preset-list option").all_text_contents() == ["none yet"]
    keep(page, sha256, stars='["seed=3", null, "no seed"]', names='{"1": "smile", "2": 7}')
    page.reload()
    page.locator(".star").first.wait_for()
    assert page.locator(".star").count() == 1
    names = [name.input_value() for name in page.locator("#directions .name").all()]
    assert names[0] == "smile"
    assert "7" not in names


def test_a_browser_without_room_says_that_it_keeps_nothing(opened, address):
    page = opened(f"{address}#seed=2")
    page.evaluate(FULL)
    page.locator("#star").click()
    status(page, "no room to keep it")
    assert page.locator(".star").count() == 1
    opened_parts(page)
    page.locator("#preset-save").click()
    page.locator("#preset-note", has_text="no room to keep it").wait_for()


def test_two_pages_of_a_model_keep_the_stars_and_presets_of_both(opened, address):
    one = opened(f"{address}#seed=2")
    other = one.context.new_page()
    other.goto(f"{address}#seed=3")
    other.locator("#grid button").first.wait_for()
    for page, seed in ((one, 2), (other, 3)):
        page.locator("#star").click()
        status(page, "Starred")
        opened_parts(page)
        page.locator("#preset-name").fill(f"of {seed}")
        page.locator("#preset-save").click()
        page.wait_for_timeout(200)
    for page in (one, other):
        assert page.locator("#stars-count").inner_text() == "2"
        assert page.locator("#preset-list option").all_text_contents() == ["of 2", "of 3"]
    one.on("dialog", lambda dialog: dialog.accept())
    one.locator("#stars-clear").click()
    for page in (one, other):
        page.locator("#starred").wait_for(state="hidden")
        assert page.locator("#star").get_attribute("aria-pressed") == "false"


def test_a_file_that_is_no_photo_is_named_in_place_and_odd_ones_are_seen(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    frames = [Image.new("RGB", (50, 40), colour) for colour in ("red", "blue")]
    bad = [("words.txt", b"hello"), ("empty.png", b""), ("drawn.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")]
    for name, stored in bad:
        chosen(page, "#photo-file", (name, stored))
        page.locator("#photo-note", has_text=f"{name} is no picture").wait_for()
    assert page.locator("#photo-found").is_hidden()
    moving = saved_as(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for name, stored in (("moving.gif", moving), ("line.png", saved_as(Image.new("L", (9000, 1), 90), "PNG"))):
        chosen(page, "#photo-file", ("words.txt", b"hello"))
        page.locator("#photo-note", has_text="words.txt is no picture").wait_for()
        chosen(page, "#photo-file", (name, stored))
        page.locator("#photo-note", has_text="as this generator sees it").wait_for()


@pytest.mark.parametrize("kind", [pytest.param("PNG", marks=pytest.mark.slow), "JPEG"])
def test_a_photo_of_240_million_pixels_is_seen_and_the_page_goes_on(opened, address, kind):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    large = Image.new("L", (20_000, 12_000), 200)
    large.paste(40, (0, 0, 10_000, 12_000))
    page.locator("#perform-play").click()
    dropped(page, f"large.{kind.lower()}", saved_as(large, kind))
    page.locator("#photo-note", has_text="as this generator sees it").wait_for(timeout=120_000)
    assert [seen_at(page, x, 12) for x in (0, 31)] == pytest.approx([40, 200], abs=2)
    at = playhead(page)
    page.wait_for_function("(value) => document.getElementById('playhead').value !== value", arg=at)


def test_a_photo_that_is_too_large_is_refused_before_it_is_opened(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    dropped(page, "poster.png", saved_as(Image.new("1", (20_000, 13_000)), "PNG"))
    page.locator("#photo-note", has_text="poster.png has 260 million pixels; up to 250 million are opened").wait_for()


def test_of_photos_that_come_while_one_is_opened_the_last_is_seen(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    page.evaluate(COUNT_BITMAPS)
    photos = [saved_as(Image.new("L", (3000, 2000), level), "PNG") for level in (10, 60, 110, 160, 210)]
    dropped(page, "photo.png", *photos)
    page.locator("#photo-note", has_text="as this generator sees it").wait_for()
    page.wait_for_function(f"() => {SEEN_AT}(9, 9) > 205")
    assert page.evaluate("bitmaps.most") == 1
    assert page.evaluate("bitmaps.open") == 0


def test_a_large_photo_lies_as_its_camera_was_held(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    photo = Image.new("L", (3200, 2000), 200)
    photo.paste(40, (0, 0, 1600, 2000))
    turned = Image.Exif()
    turned[0x0112] = 6  # what is on its left belongs at the top
    dropped(page, "turned.jpg", saved_as(photo, "JPEG", exif=turned))
    page.locator("#photo-note", has_text="as this generator sees it").wait_for()
    assert [seen_at(page, 16, y) for y in (0, 23)] == pytest.approx([40, 200], abs=3)


def test_a_camera_that_is_refused_or_closed_is_let_go(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    refuse = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }"
    page.evaluate(f"() => {{ {refuse} }}")
    page.locator("#photo-camera").click()
    page.locator("#photo-note", has_text="not allowed").wait_for()
    page.evaluate(
        """() => {
          globalThis.streams = [];
          navigator.mediaDevices.getUserMedia = async () => {
            streams.push(document.createElement("canvas").captureStream());
            return streams.at(-1);
          };
        }"""
    )
    page.evaluate("for (let press = 0; press < 2; press += 1) document.getElementById('photo-camera').click()")
    page.locator("#photo-camera", has_text="Close the camera").click()
    page.locator("#photo-shooting").wait_for(state="hidden")
    ended = "streams.flatMap((each) => each.getTracks()).every(({ readyState }) => readyState === 'ended')"
    page.wait_for_function(ended)
    assert page.evaluate("streams.length") == 1


def test_presets_at_the_edge_play_and_stay_presets(opened, address, sha256):
    page = opened(f"{address}#seed=2", accept_downloads=True)
    opened_parts(page)
    bindings = {"version": 1, "bindings": [{"target": {"toString": 5}}]}
    given = {
        "ganvas_preset": 1,
        "model": sha256,
        "name": "no time",
        "keyframes": [{"point": "seed=1", "seconds": 1e-300}],
    }
    given["page"] = {"tempo": 20, "toString": 1, "bindings": bindings}
    chosen(page, "#preset-file", ("odd.json", json.dumps(given).encode()))
    page.locator("#control-note", has_text="is nothing that can be moved").wait_for()
    page.locator("#perform-play").click()
    page.wait_for_timeout(200)
    page.locator("#perform-play").click()
    status(page, "A picture of its own")
    page.wait_for_timeout(300)
    found = point_of(page.url).z
    assert found is not None
    assert np.isfinite(found).all()
    given |= {"keyframes": [{"point": "seed=1", "seconds": 3600}], "page": {"tempo": 300}}
    chosen(page, "#preset-file", ("long.json", json.dumps(given).encode()))
    page.locator("#perform-tempo-typed").fill("20")
    page.locator("#perform-tempo-typed").press("Enter")
    with page.expect_download() as download:
        page.locator("#preset-export").click()
    page.locator("#preset-file").set_input_files(download.value.path())
    page.locator("#preset-note", has_text="One keyframe loaded").wait_for()


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(f"seed=7&mix={','.join(['1:0.5'] * 5000)}", marks=pytest.mark.slow),
        pytest.param(f"seed=7&z={'A' * 300_000}", marks=pytest.mark.slow),
        "seed=7&1=1e999&2=NaN&fine=1:1e9&truncation=-0&%E0%A4%A",
        f"perform&preset={'A' * 40_000}",
        "perform&seed=-1&preset=%",
    ],
    ids=["mixes", "latent", "numbers", "preset", "nothing"],
)
def test_a_link_of_any_end_opens(opened, address, end):
    page = opened(f"{address}#{end}", shows="#performed" if "perform" in end else "#grid button >> nth=0")
    page.keyboard.press("Escape")
    page.locator("#grid button").first.wait_for()
    assert point_of(page.url).seed >= 0


def test_devices_that_say_anything_or_nothing_move_nothing_else(browser, address):
    faults = []
    for before in (ODD_DEVICES, REFUSED_PADS):
        context = browser.new_context()
        page = context.new_page()
        page.add_init_script(before)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{address}#seed=2")
        page.locator("#grid button").first.wait_for()
        opened_parts(page)
        page.locator("#perform-play").click()
        page.wait_for_function("() => Number(document.getElementById('playhead').value) > 0")
        before_that = playhead(page)
        if before == ODD_DEVICES:
            page.get_by_role("button", name="Use MIDI").click()
            page.get_by_text("MIDI: a controller").wait_for()
            page.get_by_role("button", name="Learn").click()
            page.evaluate(MIDI_OF_EVERY_KIND)
            assert page.locator("#control li").count() == 1
            for kind in ("keydown", "keyup"):  # as a browser that fills fields in has them
                page.evaluate("(kind) => document.body.dispatchEvent(new Event(kind, { bubbles: true }))", kind)
        page.wait_for_function("(value) => document.getElementById('playhead').value !== value", arg=before_that)
        context.close()
    assert faults == []


def test_a_recording_outlives_resizing_leaving_and_pressing_twice(opened, address):
    page = opened(f"{address}#seed=2", accept_downloads=True, viewport={"width": 900, "height": 700})
    opened_parts(page)
    page.locator("#record-live").click()
    page.locator("#record-note", has_text="Recording").wait_for()
    page.set_viewport_size({"width": 500, "height": 500})
    page.locator("#perform-columns").fill("2")
    page.locator("#perform-columns").press("Tab")
    page.locator("#perform-open").click()
    page.locator("#performed[width='64']").wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    page.locator("#performance").wait_for(state="hidden")
    with page.expect_download():
        page.evaluate("for (let press = 0; press < 2; press += 1) document.getElementById('record-live').click()")
    page.locator("#record-live", has_text="Record live").wait_for()


def test_playing_before_a_picture_is_drawn_takes_its_place(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    page.evaluate("for (const id of ['another', 'perform-play']) document.getElementById(id).click()")
    status(page, "Playing")
    page.wait_for_function("(value) => document.getElementById('playhead').value !== value", arg=playhead(page))


def test_a_screen_that_is_filled_after_it_was_left_is_given_back(opened, address):
    page = opened(f"{address}#seed=2")
    opened_parts(page)
    page.evaluate(SLOW_SCREEN)
    page.locator("#perform-open").click()
    page.keyboard.press("Escape")
    page.locator("#performance").wait_for(state="hidden")
    page.evaluate("() => fillScreen()")
    page.wait_for_function("() => document.fullscreenElement === null")
    page.locator("#perform-play").click()
    status(page, "Playing")


def test_the_way_back_leaves_the_full_window_to_the_picture_before(opened, address):
    page = opened(f"{address}#seed=2")
    page.evaluate("location.hash = '#seed=3'")
    page.wait_for_timeout(200)
    opened_parts(page)
    page.locator("#perform-open").click()
    page.locator("#performance").wait_for()
    page.go_back()
    page.locator("#performance").wait_for(state="hidden")
    page.wait_for_timeout(300)
    assert point_of(page.url) == point_of("2")


def test_wandering_stays_at_the_sheet(opened, address):
    page = opened(f"{address}#seed=2", viewport={"width": 900, "height": 600}, has_touch=True)
    page.locator("#wandering summary").click()
    page.locator("#around button").nth(8).wait_for()
    page.evaluate("document.getElementById('wandering').scrollIntoView()")
    before = page.locator("#around").bounding_box()
    page.locator("#around button").nth(1).tap()
    page.wait_for_timeout(300)
    assert page.locator("#around").bounding_box() == pytest.approx(before, abs=2)
    page.locator("#temperature-typed").fill("0.4")
    page.locator("#temperature-typed").press("Enter")
    page.wait_for_timeout(500)
    page.locator("#around button").nth(0).click()
    assert point_of(page.url).mix[-1][1] == pytest.approx(0.4)
