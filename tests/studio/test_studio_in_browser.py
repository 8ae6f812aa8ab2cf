"""The studio as a person meets it: a browser, the real process, and one short real training."""

import base64
import io
import json
import re
import sys
from urllib.parse import quote

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from process import Process
from studios import held, make_run

from browsers import faults, too_wide
from ganvas.studio.home import Home
from ganvas.studio.runs.notes import Note, write_note

PATIENCE_MS = 120_000  # for what is trained and drawn, where the machine is busy
NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}
ENDLESS = 1_000_000  # images; it is stopped
NO_SIGN_OF_A_BROKEN_PICTURE = "() => [...document.images].every((one) => !one.complete || one.naturalWidth > 0)"
GONE = r"net::ERR_"  # what a browser says of a studio that does not answer
DROP = """(zone, files) => {
  const dropped = new DataTransfer();
  for (const { name, data } of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    dropped.items.add(new File([bytes], name));
  }
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""

PASTE = """(data) => {
  const copied = new DataTransfer();
  copied.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], "image.png"));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: copied, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(autouse=True)
def patience():
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5000)


@pytest.fixture
def visit(opened):
    """A function: a studio, a place in it -> the page there. options: of `opened`."""

    def open_page(studio, place="", *, shows="main h1", **options):
        page = opened(studio.address, shows="main", reduced_motion="reduce", **options)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(studio.at(place))
        page.locator(shows).first.wait_for()
        return page

    return open_page


def drawn(number, px=48):
    """A picture of its own colours."""
    numbers = np.random.default_rng(number)
    small = Image.fromarray(numbers.integers(0, 256, (4, 4, 3), np.uint8))
    stored = io.BytesIO()
    small.resize((px, px)).save(stored, "PNG")
    return stored.getvalue()


def files(count):
    """Pictures, one of them twice, one that is damaged, and a file that is none."""
    good = {f"{number:02d}.png": drawn(number) for number in range(count)}
    return {**good, "again.png": good["00.png"], "cut off.png": good["01.png"][:60], "words.jpg": b"no picture"}


def drop(page, given):
    """Drop files onto the page, as from a folder's window."""
    dropped = [{"name": name, "data": base64.b64encode(data).decode()} for name, data in given.items()]
    page.locator(".dropzone").evaluate(DROP, dropped)


def check(page):
    """What every screen has to be: free of faults that axe calls serious, and no wider than a phone's window.

    Nor does the browser's own sign stand where a picture is missing.
    """
    expect(page.locator("[aria-busy=true]")).to_have_count(0)  # what is old is paler
    page.wait_for_function(NO_SIGN_OF_A_BROKEN_PICTURE)
    assert faults(page) == []
    before = page.viewport_size
    page.set_viewport_size(NARROW)
    assert too_wide(page) == []
    page.set_viewport_size(before)


def images_shown(page):
    """Of the run that is watched."""
    said = page.locator(".vitals-images").inner_text()
    return int(re.match(r"[\d,]+", said)[0].replace(",", ""))


def wait_for_images(page, least):
    """Until the run that is watched has been shown so many."""
    shown = "document.querySelector('.vitals-images')?.textContent.replaceAll(',', '')"
    page.wait_for_function(f"(least) => parseInt({shown}) >= least", arg=least)


def made_home(folder):
    """A home of runs as they lie there after some days."""
    home = Home(folder)
    make_run(home, "first", measured=True)
    make_run(home, "second", images=128, measured=True, training__batch=8)
    make_run(home, "died", ended=None)
    return home


def test_what_is_too_wide_is_found(browser):
    page = browser.new_page(viewport=NARROW)
    page.set_content("<main style='width: 500px'>x</main>")
    assert too_wide(page, patience_ms=0)[0] == "the whole page"
    page.close()


def test_a_first_visit_takes_pictures_and_says_what_is_wrong_with_them(visit, tmp_path):
    with Process(tmp_path).running() as studio:
        page = visit(studio, expects=r"thumbnail/cut%20off")  # which shows nothing
        expect(page.get_by_role("button", name="Try it with cartoon faces")).to_be_visible()
        check(page)
        drop(page, files(8))
        expect(page.get_by_text("1 file was left out")).to_be_visible()
        findings = page.locator(".doctor .finding h3")
        expect(findings.filter(has_text="1 file cannot be used and is left out")).to_be_visible()
        expect(findings.filter(has_text="1 picture is there twice and used once")).to_be_visible()
        check(page)
        studio.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_can_be_read_by_all_and_on_a_phone(visit, tmp_path, scheme):
    made_home(tmp_path)
    with Process(tmp_path).running() as studio:
        without_model = "status of 404 .*/runs/first/draw"
        page = visit(studio, shows=".run-card", viewport=WIDE, color_scheme=scheme, expects=without_model)
        check(page)
        for place, shows in (
            ("runs/first", ".film img"),
            ("runs/first?tab=settings", "h2"),
            ("runs/first?tab=publish", ".page-preview [role=img]"),  # it has no model to draw with
            ("runs/died", ".judgement"),
            ("compare?runs=first/second", ".pair"),
            ("train", ".train-choices"),
            ("sets", "h1"),
            ("published", "h1"),
            ("nothing here", "h1"),
        ):
            page.goto(studio.at(place))
            page.locator(f"main {shows}").first.wait_for()
            check(page)
        page.goto(studio.at("compare?runs=first/second"))
        page.get_by_role("button", name="Same score").click()
        expect(page.locator(".pair")).to_contain_text("KD 0.02")
        expect(page.locator(".pair img")).to_have_count(2)  # each where it first had that score
        check(page)


def test_the_page_says_that_the_studio_is_gone_and_goes_on_when_it_is_back(visit, tmp_path):
    made_home(tmp_path)
    with Process(tmp_path).running() as studio:
        page = visit(studio, shows=".run-card", expects=GONE)
        address = studio.address
        studio.kill()
        expect(page.locator(".connection.gone")).to_contain_text("does not answer")
        make_run(Home(tmp_path), "made meanwhile")
        studio.start()
        assert studio.address == address
        expect(page.locator(".connection.gone")).to_have_count(0)
        expect(page.locator(".run-card", has_text="made meanwhile")).to_be_visible()


def test_what_one_window_does_is_seen_in_the_other(visit, tmp_path):
    made_home(tmp_path)
    with Process(tmp_path).running() as studio:
        one, other = (visit(studio, shows=".run-card") for _ in range(2))
        one.get_by_role("button", name="More for second").click()
        one.get_by_role("menuitem", name="Rename").click()
        one.get_by_role("textbox", name="Name").fill("renamed")
        one.get_by_role("button", name="Save").click()
        expect(other.locator(".run-card", has_text="renamed")).to_be_visible()
        expect(other.locator(".run-card", has_text="second")).to_have_count(0)


def test_pictures_are_pasted_framed_and_dragged_into_classes(visit, tmp_path):
    with Process(tmp_path).running() as studio:
        page = visit(studio, viewport=WIDE)
        drop(page, {f"{number}.png": drawn(number) for number in range(8)})
        tiles = page.locator(".tile")
        expect(tiles).to_have_count(8)
        page.evaluate(PASTE, base64.b64encode(drawn(8)).decode())
        expect(tiles).to_have_count(9)

        tiles.nth(0).drag_to(page.get_by_role("button", name="New class…"))
        page.get_by_role("dialog").get_by_role("textbox").fill("squares")
        page.get_by_role("dialog").get_by_role("button", name="Move").click()
        squares = page.locator(".class-bar .chip", has_text="squares")
        expect(squares).to_have_text("squares1")
        tiles.nth(1).drag_to(squares)
        expect(squares).to_have_text("squares2")

        tiles.nth(2).click()
        frame = page.get_by_role("dialog").get_by_role("application")
        frame.press("-")
        frame.press("ArrowLeft")
        expect(page.get_by_role("button", name="Back to the middle")).to_be_visible()
        page.reload()
        expect(page.locator(".tile .mark")).to_have_count(1)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
def test_runs_that_wait_are_put_into_order_by_dragging(visit, tmp_path):
    home = Home(tmp_path)
    names = ["one", "two", "three"]
    for name in names:
        (home.runs / name).mkdir(parents=True)
        write_note(home.runs / name, Note(arguments=("train", "avatars", "--out", f"runs/{name}"), asked=1.0))
    home.studio.mkdir()
    (home.studio / "queue.json").write_text(json.dumps(names))
    with held(make_run(home, "first", ended=None), "ganvas", "train"), Process(tmp_path).running() as studio:
        page = visit(studio, shows=".queue .grip", viewport=WIDE)
        rows = page.locator(".queue li")
        rows.nth(2).locator(".grip").drag_to(rows.nth(0), steps=10)
        expect(page.locator(".queue-name")).to_have_text(["three", "one", "two"])
        rows.nth(0).locator(".grip").press("ArrowDown")
        expect(page.locator(".queue-name")).to_have_text(["one", "three", "two"])
        page.reload()
        expect(page.locator(".queue-name")).to_have_text(["one", "three", "two"])


def test_a_check_up_that_failed_is_said_on_a_phone_too(visit, tmp_path):
    with Process(tmp_path).running() as studio:
        page = visit(studio, viewport=NARROW)
        doctor = page.locator(".doctor summary")
        drop(page, {f"{number}.png": drawn(number) for number in range(3)})
        expect(doctor).to_contain_text("too few pictures")
        drop(page, {f"{number}.png": drawn(number)[:-99] for number in range(3, 12)})
        expect(doctor).to_contain_text("failed")


def test_a_set_that_is_too_small_is_said_to_be_and_where_more_come_it_is_looked_over(visit, tmp_path):
    with Process(tmp_path).running() as studio:
        page = visit(studio, viewport=WIDE)
        drop(page, {f"{number}.png": drawn(number) for number in range(3)})
        few = "These are too few to train with."
        expect(page.locator(".doctor")).to_contain_text(few)
        check(page)
        page.get_by_role("link", name="Train with these").click()
        expect(page.locator(".sets-choice")).to_contain_text(few)
        expect(page.get_by_role("button", name="Start training")).to_be_disabled()
        page.go_back()
        drop(page, {f"{number}.png": drawn(number) for number in range(3, 9)})
        expect(page.locator(".doctor")).to_contain_text("9 of 9 pictures are used")
        expect(page.locator(".doctor")).not_to_contain_text(few)


def test_a_damaged_picture_is_a_sign_among_those_of_its_set(visit, tmp_path):
    with Process(tmp_path).running() as studio:
        page = visit(studio, expects="status of 422 .*/thumbnail/1.png")
        good = drawn(1)
        drop(page, {"0.png": drawn(0), "1.png": good[: len(good) // 2]})
        page.get_by_text("2 pictures were added").wait_for()
        page.goto(studio.at("sets"))
        expect(page.locator(".mosaic .broken")).to_have_count(1)
        check(page)


def test_from_an_address_of_nothing_one_gets_to_the_runs(visit, tmp_path):
    made_home(tmp_path)
    with Process(tmp_path).running() as studio:
        page = visit(studio, "nothing here")
        page.get_by_role("main").get_by_role("link", name="Runs").click()
        expect(page.locator(".run-card").first).to_be_visible()


def test_long_names_that_are_compared_can_be_read_on_a_phone(visit, tmp_path):
    home = Home(tmp_path)
    names = [f"{word} of a name with many words in it as the studio lets one give" for word in ("one", "another")]
    for name in names:
        make_run(home, name, measured=True)
    with Process(tmp_path).running() as studio:
        place = "compare?runs=" + "/".join(quote(name) for name in names)
        page = visit(studio, place, shows=".wipe-caption", viewport=NARROW)
        for caption in page.locator(".wipe-caption p").all():
            assert caption.bounding_box()["width"] > 0.4 * NARROW["width"]


def test_what_was_published_is_deleted_once_that_is_meant(visit, tmp_path):
    folder = made_home(tmp_path).published / "first-server"
    folder.mkdir(parents=True)
    with Process(tmp_path).running() as studio:
        page = visit(studio, "published", shows=".publication")
        page.get_by_role("button", name="Delete first-server").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".publication")).to_be_visible()
        page.get_by_role("button", name="Delete first-server").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_text("Nothing was published yet")).to_be_visible()
    assert not folder.exists()


@pytest.mark.slow
def test_the_whole_way_from_pictures_to_a_page(visit, tmp_path, web_runtime_fetched_once):
    with Process(tmp_path / "home").running() as studio:
        page = visit(studio, expects=r"thumbnail/cut%20off", viewport=WIDE)
        drop(page, files(24))
        mend(page)
        page.get_by_role("link", name="Train with these").click()
        choose(page, size="32 px", amount=ENDLESS)
        check(page)
        page.get_by_role("textbox", name="Name of the run").fill("mine")
        page.get_by_role("button", name="Start training").click()
        wait_for_images(page, 1)
        see_a_picture(page)
        check(page)

        page.get_by_role("button", name="Pause").click()
        expect(page.locator(".run-title .status")).to_have_text("paused")
        page.close()
        studio.kill()
        studio.start()

        page = visit(studio, "runs/mine", expects=rf"{GONE}|fetching the script", viewport=WIDE)
        expect(page.locator(".run-title .status")).to_have_text("paused")
        reached = images_shown(page)
        page.get_by_role("button", name="Resume").click()
        wait_for_images(page, reached + 1)
        studio.kill()
        expect(page.locator(".connection.gone")).to_be_visible()
        address = studio.address
        studio.start()
        assert studio.address == address
        expect(page.locator(".connection.gone")).to_have_count(0)
        expect(page.locator(".run-title .status")).to_have_text("training")
        wait_for_images(page, images_shown(page) + 1)
        other = visit(studio, "runs/mine", viewport=NARROW)
        stop(other)
        expect(page.locator(".run-title .status")).to_have_text("finished")
        fork(page, "forked")
        compare(page, studio)
        walk(page, studio)
        explore(page, studio)
        publish(page, studio)
        studio.stop()


def mend(page):
    """Do what the doctor proposes of the picture that is there twice."""
    found = page.locator(".doctor .finding", has_text="is there twice")
    found.get_by_role("button", name="Leave it out").click()
    expect(found).to_have_count(0)
    expect(page.get_by_role("button", name="Left out 1")).to_be_visible()


def choose(page, *, size, amount):
    """The three choices of a training: pictures are chosen already, then the size, then how many images."""
    page.get_by_role("radio", name=size).check(force=True)
    page.get_by_role("radio", name="Other an amount").check(force=True)
    page.get_by_role("combobox", name="Unit").select_option("images")
    page.get_by_role("spinbutton", name="How much").fill(str(amount))


def see_a_picture(page):
    """Until what was drawn is shown."""
    page.wait_for_function("document.querySelector('.film img')?.naturalWidth > 0")


def stop(page):
    """End a training for good."""
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()


def fork(page, name):
    """Begin another run from the moment that is shown, and wait until it is finished."""
    page.get_by_role("link", name="Fork from here").click()
    page.locator(".start-from").wait_for()
    page.get_by_role("radio", name="Other an amount").check(force=True)
    page.get_by_role("combobox", name="Unit").select_option("images")
    page.get_by_role("spinbutton", name="How much").fill("128")
    page.get_by_role("textbox", name="Name of the run").fill(name)
    check(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.locator(".run-title .status")).to_have_text("finished")


def compare(page, studio):
    """Choose both runs, and lay their pictures over each other."""
    page.goto(studio.at(""))
    for name in ("mine", "forked"):
        page.get_by_role("checkbox", name=f"Compare {name}").check(force=True)
    page.locator(".picked").get_by_role("link", name="Compare").click()
    page.get_by_role("slider", name="Divider between").wait_for()
    page.get_by_role("slider", name="Divider between").press("ArrowRight")
    expect(page.get_by_role("row", name="limits.images")).to_contain_text("128")
    check(page)


def walk(page, studio):
    """Draw a film from seed to seed, save it, and look at its frames."""
    page.goto(studio.at("runs/mine"))
    page.get_by_role("button", name="Film…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("spinbutton", name="Seconds").fill("1")
    dialog.get_by_role("button", name="Draw the film").click()
    saved = dialog.get_by_role("link", name="Download")
    saved.wait_for()
    check(page)
    with page.expect_download() as download:
        saved.click()
    with av.open(download.value.path()) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) >= 12
    assert (frames[0] != frames[len(frames) // 2]).any()


def explore(page, studio):
    """Play with a moment on the page of its own that is framed there."""
    page.goto(studio.at("play/mine"))
    page.frame_locator("iframe").locator("#grid button").nth(15).wait_for()
    check(page)


def publish(page, studio):
    """Make a web page, open it, and see it draw."""
    page.goto(studio.at("runs/mine?tab=publish"))
    page.get_by_role("textbox", name="Title").fill("These squares do not exist")
    page.get_by_role("button", name="See the page").click()
    preview = page.frame_locator(".page-preview iframe")
    preview.locator("#grid button").nth(15).wait_for()
    expect(preview.get_by_role("heading", level=1)).to_have_text("These squares do not exist")
    check(page)
    page.get_by_role("button", name="Publish", exact=True).click()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open it").first.click()
    published = popup.value
    published.locator("#grid button").nth(15).wait_for()
    assert published.title() == "These squares do not exist"
    page.goto(studio.at("published"))
    page.locator(".publication").wait_for()
    check(page)
