"""What is explored on the page: wandering, a photo, stars, mixing, names."""

import io
import re
import zipfile

import numpy as np
import pytest
from pages import as_rgba, hosted, shown, status, written
from PIL import Image

import ganvas
from exported_models import publish_model
from ganvas.explore.project import project
from ganvas.formats.images import save_png
from ganvas.formats.point import point_of
from ganvas.model.weights import load_model


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as plain:
        yield plain


def opened_part(page, name):
    page.locator(f"#{name} summary").click()


def noted(page, text):
    """Wait until it is said beside the photo."""
    page.locator("#photo-note", has_text=text).wait_for()


def point_on(page):
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")  # the page's own clock: its address rests then
    return point_of(page.url)


def test_a_click_on_the_sheet_around_a_picture_goes_there_and_undo_comes_back(opened, address, published):
    page = opened(f"{address}#seed=2")
    opened_part(page, "wandering")
    page.locator("#around button").nth(8).wait_for()
    here = page.locator("#around button").nth(4)
    assert here.get_attribute("aria-current") == "true"
    page.locator("#around button").nth(0).click()
    there = point_on(page)
    assert (there.seed, len(there.mix)) == (2, 1)
    assert there.mix[0][1] == pytest.approx(0.25)
    page.locator("#undo").click()
    assert point_on(page) == point_of("2")
    assert np.abs(shown(page) - as_rgba(published.golden[2])).max() <= 1
    page.locator("#redo").click()
    assert point_on(page) == there


def test_the_sheet_is_walked_by_keyboard(opened, address):
    page = opened(f"{address}#seed=2")
    opened_part(page, "wandering")
    page.locator("#around button").nth(8).wait_for()
    page.locator("#around button").nth(4).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert len(point_on(page).mix) == 1


def test_a_photo_is_seen_as_the_command_sees_it(opened, address, published, tmp_path):
    described = load_model(published.folder).description
    photo = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    save_png(tmp_path / "photo.png", photo, scale=1)
    (expected,) = ganvas.project(published.folder, tmp_path / "photo.png", steps=0, progress=False)
    page = opened(address)
    opened_part(page, "photos")
    page.locator("#photo-file").set_input_files(tmp_path / "photo.png")
    noted(page, "as this generator sees it")
    page.locator("#photo-show").click()
    found = point_on(page)
    np.testing.assert_allclose(found.latent(described), expected.z, atol=1e-4)
    assert np.abs(shown(page)[..., :3] - expected.guess).max() <= 1
    before = page.locator("#photo-error").inner_text()
    page.locator("#photo-closer").click()
    noted(page, "nearer")
    after = page.locator("#photo-error").inner_text()
    assert int(after.split()[0]) <= int(before.split()[0])


def test_what_is_no_picture_is_said_to_be_none(opened, address, tmp_path):
    (tmp_path / "words.png").write_text("this is not a picture")
    page = opened(address)
    opened_part(page, "photos")
    page.locator("#photo-file").set_input_files(tmp_path / "words.png")
    noted(page, "words.png is no picture")


HANDED = {
    "dropped": "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })",
    "pasted": "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })",
}


@pytest.mark.parametrize("way", HANDED)
def test_a_photo_may_be_dropped_or_pasted_and_walked_to(way, opened, address, published, tmp_path):
    save_png(tmp_path / "me.png", published.golden[5], scale=1)
    (expected,) = ganvas.project(published.folder, tmp_path / "me.png", steps=0, progress=False)
    page = opened(f"{address}#seed=2")

    def hand(files, words):
        """Let go of files or of words over the page, or paste them."""
        page.evaluate(
            f"""([files, words]) => {{
                const data = new DataTransfer();
                if (words) data.setData("text/plain", words);
                for (const {{ name, type, bytes }} of files) {{
                    data.items.add(new File([Uint8Array.from(bytes)], name, {{ type }}));
                }}
                document.body.dispatchEvent({HANDED[way]});
            }}""",
            [files, words],
        )

    hand([], "a few words")
    assert page.locator("#photos").get_attribute("open") is None
    hand([{"name": "me.png", "type": "image/png", "bytes": list((tmp_path / "me.png").read_bytes())}], "")
    noted(page, "as this generator sees it")
    assert page.locator("#photos").get_attribute("open") is not None
    page.locator("#photo-walk").click()
    status(page, "A picture of its own")
    page.wait_for_function("() => location.hash.includes('z=')")
    found = point_of(page.url)
    np.testing.assert_allclose(found.latent(load_model(published.folder).description), expected.z, atol=1e-4)
    assert np.abs(shown(page)[..., :3] - expected.guess).max() <= 1


PAINTED = """
globalThis.painted = []; // on the page's picture, in order
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (image, ...place) {
  if (this.canvas.id === "picture") painted.push([...image.data]);
  return put.call(this, image, ...place);
};
"""


def test_a_walk_to_a_photo_of_another_class_begins_at_the_picture_that_is_shown(browser, make_model, tmp_path):
    animals = publish_model(tmp_path / "animals", make_model(classes=("cat", "dog")))
    save_png(tmp_path / "me.png", animals.golden[5], scale=1)
    with hosted(written(animals, tmp_path / "site")) as address:
        page = browser.new_page()
        page.add_init_script(PAINTED)
        page.goto(f"{address}#seed=2&label=dog")
        page.locator("#grid button").nth(15).wait_for()
        page.locator("#photo-file").set_input_files(tmp_path / "me.png")
        page.locator("#photo-note", has_text="sees it").wait_for(state="attached")
        page.evaluate("location.hash = '#seed=2&label=cat'")
        status(page, "Seed 2, cat")
        before = shown(page)
        page.evaluate("painted.length = 0")
        page.locator("#photo-walk").dispatch_event("click")
        page.wait_for_function("() => painted.length > 0")
        first = np.array(page.evaluate("painted[0]")).reshape(before.shape)
        page.close()
    assert np.abs(first - before).max() <= 1


@pytest.mark.slow
def test_a_photo_may_be_taken_and_the_camera_is_closed_again(launched, address):
    browser = launched("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    page = browser.new_page()
    page.goto(address)
    page.locator("#grid button").nth(15).wait_for()
    opened_part(page, "photos")
    page.locator("#photo-camera").click()
    page.locator("#photo-shooting").wait_for()
    page.wait_for_timeout(500)
    page.locator("#photo-shoot").click()
    noted(page, "as this generator sees it")
    assert page.evaluate(
        "document.getElementById('photo-live').srcObject.getTracks().every((t) => t.readyState === 'ended')"
    )
    browser.close()


def test_without_a_camera_it_says_so_in_place(opened, address):
    page = opened(address)
    opened_part(page, "photos")
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.locator("#photo-camera").click()
    noted(page, "no camera")


def test_stars_last_and_are_handed_over_with_their_links(opened, address, published, tmp_path):
    page = opened(f"{address}#seed=2", accept_downloads=True)
    page.locator("#star").click()
    page.goto(f"{address}#seed=3")
    page.wait_for_timeout(200)
    page.keyboard.press("f")
    page.reload()
    page.locator(".star").nth(1).wait_for()
    page.locator("#stars-scale").fill("2")
    with page.expect_download() as download:
        page.locator("#stars-zip").click()
    download.value.save_as(tmp_path / "stars.zip")
    with zipfile.ZipFile(tmp_path / "stars.zip") as stars:
        assert stars.testzip() is None
        pictures = [Image.open(io.BytesIO(stars.read(name))) for name in stars.namelist()]
    assert [point_of(picture.info["Ganvas"]).seed for picture in pictures] == [2, 3]
    enlarged = np.asarray(pictures[0].convert("RGB")).astype(int)
    golden = as_rgba(published.golden[2])[..., :3].repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(enlarged - golden).max() <= 1
    with page.expect_download() as download:
        page.locator("#stars-sheet").click()
    with Image.open(download.value.path()) as sheet:
        assert sheet.width >= 2 * published.golden[2].shape[1]
    page.locator(".star button").nth(1).click()
    assert point_on(page).seed == 2
    page.locator("#star").click()
    assert page.locator(".star").count() == 1


def test_ten_thousand_stars_are_shown_a_few_at_a_time(opened, address, published):
    sha256 = load_model(published.folder).description.published.sha256
    page = opened(address)
    links = [f"seed={seed}" for seed in range(10_000)]
    page.evaluate(
        "([key, value]) => localStorage.setItem(key, value)",
        [f"ganvas:{sha256[:16]}:stars", str(links).replace("'", '"')],
    )
    page.reload()
    page.locator(".star").first.wait_for()
    assert page.locator("#stars-count").inner_text() == "10,000"
    assert page.locator(".star").count() == 60
    page.locator("#stars-more").click()
    assert page.locator(".star").count() == 120
    page.locator("#another").click()
    page.locator("#star").click()
    assert page.locator("#stars-count").inner_text() == "10,001"


def test_two_stars_are_compared(opened, address, published):
    page = opened(f"{address}#seed=2")
    page.locator("#star").click()
    page.goto(f"{address}#seed=3")
    page.wait_for_timeout(200)
    page.locator("#star").click()
    for number in (0, 1):
        page.locator(".star input").nth(number).check()
    page.locator("#compared figcaption", has_text="Seed 2").wait_for()
    page.locator("#compared figcaption", has_text="Seed 3").wait_for()


def test_a_name_of_ones_own_lasts_and_a_number_may_be_typed(opened, address):
    page = opened(f"{address}#seed=2")
    name = page.locator("#directions .name").first
    name.fill("smile")
    name.press("Tab")
    number = page.locator("#directions input[type=number]").first
    number.fill("1.5")
    number.press("Enter")
    assert point_on(page).steps == {1: 1.5}
    page.locator("#direction-1").dblclick(position={"x": 1, "y": 10})
    assert point_on(page).steps == {}
    page.reload()
    page.locator("#grid button").nth(15).wait_for()
    assert page.locator("#directions .name").first.input_value() == "smile"


def test_the_fine_parts_come_from_another_seed(opened, address, published):
    page = opened(f"{address}#seed=2")
    opened_part(page, "mixing")
    page.locator("#fine").fill("5")
    page.locator("#fine").press("Enter")
    found = point_on(page)
    assert found.fine[0] == 5
    model = load_model(published.folder)
    picture = ganvas.load(published.folder).draw(found.latent(model.description))[0]
    assert np.abs(shown(page)[..., :3] - picture).max() <= 1


def test_a_saved_picture_says_what_it_was_drawn_from(opened, address):
    page = opened(f"{address}#seed=6&mix=3:0.5", accept_downloads=True)
    with page.expect_download() as download:
        page.locator("#save").click()
    assert re.fullmatch(r"[\w.= -]+\.png", download.value.suggested_filename)
    with Image.open(download.value.path()) as picture:
        assert point_of(picture.info["Ganvas"]) == point_of("seed=6&mix=3:0.5")


def test_the_page_and_the_command_project_alike_without_a_file(published):
    """The golden pictures are found again."""
    model = load_model(published.folder)
    found = project(model, published.golden[3], steps=0)
    assert found.before.pixels < 60
