"""The timeline: keyframes are dragged along it, by mouse, finger and keyboard, and its playhead is scrubbed."""

import json
import time
import zipfile

import numpy as np
import pytest
from pages import as_rgba, hosted, shown, written
from PIL import Image

import ganvas
from ganvas.formats.manifest import read_description
from ganvas.formats.point import point_of
from ganvas.formats.preset import Keyframe, Preset, read_preset
from ganvas.model.weights import load_model
from ganvas.workflows.walk import WalkOptions, tour

SEEDS = [3, 5, 8, 9]
SECONDS = [2.0, 1.0, 2.0, 1.0]
MOVED = """async (cases) => {
  const timeline = await import(document.querySelector('link[href^="timeline.js"]').href);
  return cases.map(({ seconds, from, time, step }) => {
    const keyframes = seconds.map((each, at) => ({ point: `${at}`, seconds: each, ease: "smooth" }));
    const { keyframes: found, at } = step
      ? timeline.nudged(keyframes, from, step)
      : timeline.movedTo(keyframes, from, time);
    return [found.map(({ point }) => Number(point)), found.map((each) => each.seconds), at];
  });
}"""
STEPPED = """async ([cases, times]) => {
  const timeline = await import(document.querySelector('link[href^="timeline.js"]').href);
  return cases.map(({ seconds, from, step }) => {
    let [keyframes, at] = [seconds.map((each) => ({ point: "", seconds: each, ease: "smooth" })), from];
    for (let time = 0; time < times; time += 1) ({ keyframes, at } = timeline.nudged(keyframes, at, step));
    return [at, keyframes.length];
  });
}"""


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as address:
        yield address


@pytest.fixture
def preset(published):
    """Four keyframes: at 0, 2, 3 and 5 s of a loop of 6 s."""
    keyframes = [
        Keyframe(point=f"seed={seed}", seconds=seconds, ease="linear")
        for seed, seconds in zip(SEEDS, SECONDS, strict=True)
    ]
    model = read_description(published.folder).published.sha256
    return Preset(model=model, keyframes=tuple(keyframes), page={"kind": "tour"})


@pytest.fixture
def opened_with(opened, address, preset):
    """A function: options of the browser -> the page with the preset on its timeline."""

    def open_page(**options):
        page = opened(f"{address}#seed=2", viewport={"width": 900, "height": 900}, **options)
        page.locator("#perform").evaluate("(panel) => (panel.open = true)")
        given = {"name": "given.json", "mimeType": "application/json", "buffer": preset.to_json().encode()}
        page.locator("#preset-file").set_input_files(given)
        page.locator("#keyframes canvas").nth(3).wait_for()
        page.locator("#timeline").scroll_into_view_if_needed()
        return page

    return open_page


def until(page, is_so):
    """Wait until something is so, which may take long where much else is done."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        page.wait_for_timeout(30)


def kept(page):
    """The seeds and seconds of the keyframes that the page would share."""
    with page.expect_download() as download:
        page.locator("#preset-export").click()
    stored = json.loads(download.value.path().read_text(encoding="utf-8"))["keyframes"]
    return [point_of(each["point"]).seed for each in stored], [each["seconds"] for each in stored]


def thumb(page, number):
    return page.locator("#keyframes .seen").nth(number)


def middle(page, number):
    box = thumb(page, number).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pixels_per_second(page):
    return page.locator("#keyframes").evaluate("(line) => line.clientWidth - line.firstChild.offsetWidth") / sum(
        SECONDS
    )


def dragged(page, number, seconds):
    """Drag a keyframe so many seconds along the timeline."""
    x, y = middle(page, number)
    way = seconds * pixels_per_second(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + way / 2, y + 3)
    page.mouse.move(x + way, y)
    page.mouse.up()


def focused(page):
    return page.evaluate("[...document.querySelectorAll('#keyframes .seen')].indexOf(document.activeElement)")


def random_cases(**more):
    random = np.random.default_rng(0)
    for _ in range(300):
        seconds = np.round(random.uniform(0.1, 5, random.integers(2, 9)), 1).tolist()
        case = {"seconds": seconds, "from": int(random.integers(len(seconds)))}
        yield case | {name: make(random) for name, make in more.items()}


def test_whatever_is_moved_the_others_stay_and_the_loop_stays_as_long(opened, address):
    cases = list(random_cases(time=lambda random: float(random.uniform(-2, 25))))
    for case, (order, seconds, at) in zip(cases, opened(address).evaluate(MOVED, cases), strict=True):
        assert sorted(order) == list(range(len(case["seconds"])))
        assert order[at] == case["from"]
        assert sum(seconds) == pytest.approx(sum(case["seconds"]), abs=1e-4)
        assert min(seconds) > 0
        before = np.cumsum([0, *case["seconds"]])
        starts = dict(zip(order, np.cumsum([0, *seconds[:-1]]), strict=True))
        firsts = {0, order[0]}
        for other in set(order) - firsts - {case["from"]}:
            assert starts[other] == pytest.approx(before[other], abs=1e-4)
        others = np.delete(before, case["from"]) if case["from"] else before[1:]
        if at and np.abs(others - case["time"]).min() >= 0.1 and case["time"] < before[-1]:
            assert starts[order[at]] == pytest.approx(case["time"], abs=1e-4)


@pytest.mark.parametrize(("step", "last"), [(-0.1, False), (1, True)])
def test_steps_of_a_key_lead_past_every_neighbour(opened, address, step, last):
    page = opened(address)
    found = page.evaluate(STEPPED, [list(random_cases(step=lambda _: step))[::3], 300])
    assert all(at == (count - 1 if last else 0) for at, count in found)


def test_a_keyframe_that_is_dragged_comes_at_another_time(opened_with):
    page = opened_with(accept_downloads=True)
    dragged(page, 1, 0.5)
    assert kept(page) == (SEEDS, [2.5, 0.5, 2, 1])
    assert page.locator("#keyframe-name").inner_text() == "Keyframe 2 of 4, at 2.5 s"
    dragged(page, 3, 10)
    assert kept(page) == (SEEDS, [2.5, 0.5, 2.9, 0.1])


def test_keyframes_that_are_dragged_past_others_come_in_another_order(opened_with):
    page = opened_with(accept_downloads=True)
    dragged(page, 1, 2)
    assert kept(page) == ([3, 8, 5, 9], [3, 1, 1, 1])
    assert thumb(page, 2).get_attribute("aria-label") == "Keyframe 3, Seed 5"
    dragged(page, 3, -9)
    assert kept(page) == ([9, 3, 8, 5], [1.5, 1.5, 1, 2])
    dragged(page, 0, 2)
    assert kept(page) == ([3, 9, 8, 5], [2, 1, 1, 2])


def test_a_dragged_keyframe_is_walked_by_the_command_as_the_page_plays_it(opened_with, published, preset, tmp_path):
    page = opened_with(accept_downloads=True)
    dragged(page, 1, 2)
    page.locator("#keyframe-seconds").fill("0.5")
    page.locator("#keyframe-seconds").press("Tab")
    with page.expect_download() as download:
        page.locator("#preset-export").click()
    saved = tmp_path / "dragged.json"
    download.value.save_as(saved)
    assert [each.seconds for each in read_preset(saved, [preset.model]).keyframes] == [3, 1, 0.5, 1]
    ganvas.walk(published.folder, tmp_path / "walk", preset=saved, fps=4, scale=1, progress=False)
    walked = [np.asarray(Image.open(each)).astype(int) for each in sorted((tmp_path / "walk").glob("*.png"))]
    page.locator("#record-fps").fill("4")
    page.locator("#record-scale").fill("1")
    page.locator("#record-as").select_option("png")
    with page.expect_download() as download:
        page.locator("#record-loop").click()
    with zipfile.ZipFile(download.value.path()) as stored:
        frames = [np.asarray(Image.open(stored.open(name)).convert("RGB")).astype(int) for name in stored.namelist()]
    assert len(frames) == len(walked) == 22
    assert max(np.abs(one - other).max() for one, other in zip(frames, walked, strict=True)) <= 2


def test_keys_move_keyframes_and_take_them_away(opened_with):
    page = opened_with(accept_downloads=True)
    thumb(page, 1).focus()
    for key in ("ArrowRight", "ArrowUp", "PageDown"):
        page.keyboard.press(key)
    assert thumb(page, 1).get_attribute("aria-valuetext") == "at 1.2 of 6 seconds"
    assert kept(page) == (SEEDS, [1.2, 1.8, 2, 1])
    thumb(page, 1).focus()
    page.keyboard.press("End")
    assert focused(page) == 3
    assert kept(page) == ([3, 8, 9, 5], [3, 2, 0.9, 0.1])
    thumb(page, 3).focus()
    for key in ("Home", "ArrowRight"):
        page.keyboard.press(key)
    assert focused(page) == 1
    page.keyboard.press("Delete")
    assert focused(page) == 1
    assert kept(page)[0] == [3, 8, 9]
    for _ in range(3):
        thumb(page, 0).focus()
        page.keyboard.press("Backspace")
    assert page.locator("#keyframe").is_hidden()
    assert point_of(page.url).seed == 2


def test_a_keyframe_that_is_taken_away_leaves_the_others_when_they_came(opened_with):
    page = opened_with(accept_downloads=True)
    thumb(page, 1).focus()
    page.locator("#keyframe-remove").click()
    assert kept(page) == ([3, 8, 9], [3, 2, 1])
    thumb(page, 2).focus()
    page.locator("#keyframe-remove").click()
    assert kept(page) == ([3, 8], [3, 2])


def test_without_dragging_two_are_exchanged_and_the_loop_is_stretched(opened_with):
    page = opened_with(accept_downloads=True)
    thumb(page, 1).focus()
    page.locator("#keyframe-ease").select_option("hold")
    page.locator("#keyframe-later").click()
    assert kept(page) == ([3, 8, 5, 9], SECONDS)
    page.locator("#keyframe-later").click()
    assert page.evaluate("document.activeElement.id") == "keyframe-earlier"
    assert kept(page)[0] == [3, 8, 9, 5]
    page.locator("#perform-seconds").fill("12")
    page.locator("#perform-seconds").press("Tab")
    assert kept(page)[1] == [4, 2, 4, 2]


def test_a_finger_drags_a_keyframe_and_scrolls_nothing(opened_with):
    page = opened_with(has_touch=True, accept_downloads=True)
    x, y = middle(page, 1)
    way = -pixels_per_second(page)
    before = page.evaluate("scrollY")
    session = page.context.new_cdp_session(page)
    points = [[{"x": x + way * share, "y": y + 40 * share}] for share in (0, 0.3, 0.7, 1)] + [[]]
    kinds = ["touchStart", "touchMove", "touchMove", "touchMove", "touchEnd"]
    for kind, touches in zip(kinds, points, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    until(page, lambda: "at 1 s" in page.locator("#keyframe-name").inner_text())
    assert page.evaluate("scrollY") == before
    assert kept(page) == (SEEDS, [1, 2, 2, 1])


def test_a_press_without_a_slide_goes_to_the_keyframe(opened_with):
    page = opened_with()
    page.mouse.click(*middle(page, 1))
    until(page, lambda: point_of(page.url).seed == 5)
    assert focused(page) == 1
    page.locator("#perform-seconds").fill("600")  # so that it does not come there by itself
    page.locator("#perform-seconds").press("Tab")
    page.locator("#perform-play").click()
    page.mouse.click(*middle(page, 3))
    until(page, lambda: float(page.locator("#playhead").input_value()) > 5 / 6)


def test_a_moment_that_is_sought_is_that_of_the_walk_and_stays(opened_with, published, preset):
    page = opened_with()
    model = load_model(published.folder)
    way = tour(model, WalkOptions(None, preset.keyframes), 0)

    def is_at(share):
        picture = ganvas.load(published.folder).draw(way.at(share).z)[0]
        return np.abs(shown(page) - as_rgba(picture)).max() <= 2

    for share in (0.25, 0.6):
        page.locator("#playhead").evaluate(
            "(range, share) => { range.value = share; range.dispatchEvent(new Event('input')); }", share
        )
        until(page, lambda share=share: is_at(share))
    page.wait_for_timeout(300)  # while it would go on, if it played
    assert is_at(0.6)
    assert page.locator("#moment").inner_text() == "3.6 of 6.0 s"
    assert page.locator("#perform-play").get_attribute("aria-pressed") == "false"
    page.locator("#keyframes-add").click()
    assert page.locator("#keyframes li").count() == 5
    np.testing.assert_allclose(point_of(page.url).z, way.at(0.6).z, atol=1e-5)


def test_a_playhead_that_is_held_waits_and_goes_on_from_there(opened_with):
    page = opened_with()
    page.locator("#perform-play").click()
    box = page.locator("#playhead").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, lambda: page.locator("#moment").inner_text() == "3.0 of 6.0 s")
    page.wait_for_timeout(300)  # while it would go on, if nobody held it
    assert page.locator("#moment").inner_text() == "3.0 of 6.0 s"
    page.mouse.up()
    until(page, lambda: float(page.locator("#playhead").input_value()) > 0.52)


def test_the_timeline_is_there_again_at_the_next_visit(opened_with):
    page = opened_with(accept_downloads=True)
    dragged(page, 1, 2)
    until(page, lambda: page.evaluate("Object.values(localStorage).some((each) => each.includes('seed=8'))"))
    page.reload()
    page.locator("#perform").evaluate("(panel) => (panel.open = true)")
    page.locator("#keyframes canvas").nth(3).wait_for()
    assert kept(page) == ([3, 8, 5, 9], [3, 1, 1, 1])


def test_a_walk_without_keyframes_is_there_at_the_next_visit_too(opened_with):
    page = opened_with()
    keeps = "Object.values(localStorage).some((each) => each.includes('seed=8'))"
    until(page, lambda: page.evaluate(keeps))
    page.locator("#keyframes-clear").click()
    until(page, lambda: not page.evaluate(keeps))
    page.reload()
    page.locator("#grid button").nth(15).wait_for()
    page.locator("#perform").evaluate("(panel) => (panel.open = true)")
    assert page.locator("#perform-kind").input_value() == "tour"
    assert page.locator("#keyframes li").count() == 0
    page.locator("#perform-play").click()
    until(page, lambda: float(page.locator("#playhead").input_value()) > 0)


def test_the_next_keyframe_after_the_beginning_is_the_second(opened_with):
    page = opened_with()
    page.evaluate("for (const part of document.querySelectorAll('#perform')) part.open = true")
    page.locator("#control select").first.focus()
    page.locator("#control select").first.select_option("keyframe:next")
    page.locator("#control").get_by_role("button", name="Learn").click()
    page.locator("#playhead").evaluate("(range) => { range.value = 0; range.dispatchEvent(new Event('input')); }")
    page.locator("#keyframes li").first.locator("xpath=self::*[@aria-current]").wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("x")  # it is learnt, and does what it is to do at once
    page.locator("#keyframes li").nth(1).locator("xpath=self::*[@aria-current]").wait_for()
