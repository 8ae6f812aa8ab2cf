"""The page in a real browser, over http and from disk, against the golden pictures."""

import re

import numpy as np
import pytest
from pages import as_rgba, hosted, shown, status, written
from PIL import Image

from ganvas.files import cache_folder
from ganvas.publishing import site
from ganvas.publishing.packaging import Bundle

ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


@pytest.fixture(scope="module")
def things(published, tmp_path_factory):
    return written(published, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def animals(labelled, tmp_path_factory):
    return written(labelled, tmp_path_factory.mktemp("site"))


PLACES = ["http", pytest.param("isolated", marks=pytest.mark.slow), "file"]
ELSEWHERE = ["http", *(pytest.param(place, marks=pytest.mark.slow) for place in ("isolated", "file"))]


@pytest.fixture(scope="module")
def addresses(things):
    with hosted(things) as plain, hosted(things, ISOLATED) as isolated:
        yield {"http": plain, "isolated": isolated, "file": (things / site.ONE_FILE).as_uri()}


@pytest.mark.parametrize("place", PLACES)
def test_a_link_shows_the_golden_picture(opened, addresses, published, place):
    for seed in (3, 11):
        page = opened(f"{addresses[place]}#seed={seed}")
        assert np.abs(shown(page) - as_rgba(published.golden[seed])).max() <= 1


@pytest.mark.parametrize("place", PLACES)
def test_it_is_drawn_in_a_thread_that_leaves_the_page_free(opened, addresses, place):
    page = opened(addresses[place])
    assert len(page.workers) == 1
    page.evaluate("document.getElementById('more').click()")
    assert page.evaluate("new Promise(requestAnimationFrame)") > 0


@pytest.mark.parametrize(
    "before",
    ["delete globalThis.Worker", "globalThis.Worker = class extends Worker { constructor() { super('nowhere.js'); } }"],
    ids=["no threads", "one that is not there"],
)
@pytest.mark.parametrize("place", ["http", "file"])
def test_without_a_thread_the_page_draws_itself(browser, addresses, published, place, before):
    page = browser.new_page()
    page.add_init_script(before)
    page.goto(f"{addresses[place]}#seed=11")
    status(page, "Seed 11")
    assert np.abs(shown(page) - as_rgba(published.golden[11])).max() <= 1
    page.close()


@pytest.mark.parametrize("place", ELSEWHERE)
def test_every_press_and_every_visit_shows_another(opened, addresses, place):
    page = opened(addresses[place])
    first = page.url
    assert "#seed=" in first
    page.get_by_role("button", name="Another one").click()
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.keyboard.press("n")
    page.wait_for_url(lambda url: url not in {first, second})
    assert opened(addresses[place]).url not in {first, second, page.url}
    third = page.url
    page.reload()
    page.wait_for_url(lambda url: url != third)


@pytest.mark.slow
def test_a_picture_that_was_chosen_stays_after_a_reload(opened, addresses):
    page = opened(f"{addresses['http']}#seed=5")
    page.reload()
    page.locator("#grid button").nth(15).wait_for()
    assert page.url.endswith("#seed=5")


def test_an_address_that_is_edited_by_hand_is_shown(opened, addresses, published):
    page = opened(f"{addresses['http']}#seed=5")
    page.evaluate("location.hash = '#seed=7'")
    status(page, "^Seed 7$")
    page.evaluate("location.hash = '#seed=x'")
    page.wait_for_timeout(200)
    assert page.url.endswith("#seed=7")


@pytest.mark.slow
def test_walks_that_are_started_and_stopped_quickly_leave_one_or_none(opened, addresses):
    page = opened(f"{addresses['http']}#seed=5")
    for _ in range(3):
        page.keyboard.press("w")
    status(page, "Walking")
    page.keyboard.press("w")
    page.wait_for_timeout(300)
    still = shown(page)
    page.wait_for_timeout(300)
    np.testing.assert_array_equal(shown(page), still)
    link = page.url
    assert np.abs(shown(opened(link)) - still).max() <= 1


@pytest.mark.slow
def test_others_shown_twice_in_a_row_are_one_set(opened, addresses):
    page = opened(addresses["http"])
    page.get_by_role("button", name="Show others").dblclick()
    page.wait_for_timeout(1500)
    assert page.locator("#grid button").count() == 16


def test_keys_can_be_switched_off(opened, addresses):
    page = opened(f"{addresses['http']}#seed=5")
    page.get_by_label("Keys").uncheck()
    page.locator("#another").focus()
    page.keyboard.press("n")
    page.wait_for_timeout(200)
    assert page.url.endswith("#seed=5")


def test_a_class_can_be_chosen_and_is_in_the_link(opened, animals, labelled):
    with hosted(animals) as address:
        page = opened(f"{address}#seed=4")
        assert np.abs(shown(page) - as_rgba(labelled.golden[4])).max() <= 1
        page.get_by_label("Kind").select_option("owl")
        status(page, "^Seed 4, owl$")
        assert "label=owl" in page.url


def test_a_slider_moves_the_picture_and_undoing_brings_it_back(opened, addresses, published):
    page = opened(f"{addresses['http']}#seed=2")
    slider = page.locator("#directions input[type=range]").first
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert re.search(r"&1=1\b", page.url)
    moved = shown(page)
    assert np.abs(moved - as_rgba(published.golden[2])).max() > 1
    other = opened(page.url)
    assert np.abs(shown(other) - moved).max() <= 1
    page.get_by_role("button", name="Undo all changes").click()
    page.wait_for_timeout(300)
    assert np.abs(shown(page) - as_rgba(published.golden[2])).max() <= 1


def test_mixing_all_of_another_seed_shows_that_seed(opened, addresses, published):
    page = opened(f"{addresses['http']}#seed=2&mix=5:1")
    assert np.abs(shown(page) - as_rgba(published.golden[5])).max() <= 1


@pytest.mark.slow
def test_a_walk_plays_until_it_is_stopped(opened, addresses):
    page = opened(f"{addresses['http']}#seed=2")
    walk = page.locator("#walk")
    walk.click()
    status(page, "Walking to seed")
    frames = set()
    for _ in range(5):
        page.wait_for_timeout(150)
        frames.add(shown(page).tobytes())
    assert len(frames) >= 4
    walk.click()
    page.wait_for_timeout(200)
    still = shown(page)
    page.wait_for_timeout(300)
    np.testing.assert_array_equal(shown(page), still)


@pytest.mark.slow
def test_moving_a_slider_stops_a_walk_on_what_the_fields_and_the_link_say(opened, addresses):
    page = opened(f"{addresses['http']}#seed=2")
    page.locator("#walk").click()
    status(page, "Walking to seed")
    page.wait_for_timeout(400)
    page.locator("#directions input[type=range]").first.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(600)
    found = re.search(r"seed=(\d+)(?:&mix=(\d+)%3A([\d.]+))?&1=", page.url)  # at the end of a leg nothing is mixed
    assert found is not None
    fields = [page.locator(f"#{name}").input_value() for name in ("seed", "mixed", "mix")]
    assert list(found.groups(default="0")) == fields


def test_the_picture_is_saved_under_its_own_name(opened, addresses, published):
    page = opened(f"{addresses['http']}#seed=6", accept_downloads=True)
    with page.expect_download() as download:
        page.evaluate("location.hash = '#seed=7'; document.getElementById('save').click()")
        page.evaluate("document.getElementById('save').click()")
    assert download.value.suggested_filename in {"seed=6.png", "seed=7.png"}
    seed = int(download.value.suggested_filename[5])
    found = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    assert np.abs(found - published.golden[seed]).max() <= 1


def test_the_picture_is_saved_as_it_was_drawn(opened, addresses, published):
    page = opened(f"{addresses['http']}#seed=6", accept_downloads=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename == "seed=6.png"
    found = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    assert np.abs(found - published.golden[6]).max() <= 1


def test_a_thumbnail_becomes_the_picture(opened, addresses):
    page = opened(f"{addresses['http']}#seed=2")
    name = page.locator("#grid button").nth(3).get_attribute("aria-label")
    page.locator("#grid button").nth(3).click()
    status(page, f"^{re.escape(name)}$")


def test_what_is_no_seed_is_refused_and_the_picture_stays(opened, addresses):
    page = opened(f"{addresses['http']}#seed=2")
    page.get_by_label("Seed", exact=True).fill("minus one")
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('seed').validity.valid") is False
    assert "#seed=2" in page.url


@pytest.mark.parametrize("end", ["#seed=-1", "#nothing"])
def test_a_damaged_link_shows_some_picture(opened, addresses, end):
    assert re.search(r"#seed=\d+$", opened(f"{addresses['http']}{end}").url)


@pytest.mark.slow
def test_on_webgpu_it_is_the_same_picture(launched, published, tmp_path):
    """A graphics processor made of software."""
    site.publish(Bundle(published.folder, cache_folder() / "downloads"), tmp_path, site.SiteOptions(webgpu=True))
    browser = launched("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader")
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2].partition("?")[0]))
    with hosted(tmp_path) as address:
        page.goto(f"{address}#seed=3")
        page.locator("#grid button").nth(15).wait_for()
        assert np.abs(shown(page) - as_rgba(published.golden[3])).max() <= 1
        browser.close()
    assert {"ort.webgpu.js", "ort.webgpu.wasm.gz"} <= set(asked)


def test_it_works_without_a_network_after_the_first_visit(browser, things, published):
    context = browser.new_context()
    page = context.new_page()
    with hosted(things) as address:
        page.goto(f"{address}#seed=1")
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.goto("about:blank")
    page.goto(f"{address}#seed=8")
    page.locator("#grid button").nth(15).wait_for()
    assert np.abs(shown(page) - as_rgba(published.golden[8])).max() <= 1
    context.close()


@pytest.mark.parametrize("place", ELSEWHERE)
def test_the_words_of_the_author_are_words_and_nothing_else(opened, addresses, place):
    page = opened(addresses[place])
    assert page.get_by_role("heading", level=1).inner_text() == "This thing does not exist"
    assert page.get_by_text("Made <by> hand.").is_visible()


def test_nothing_is_asked_of_any_other_host(browser, addresses):
    asked = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(addresses["http"])
    page.locator("#grid button").nth(15).wait_for()
    page.close()
    assert all(url.startswith((addresses["http"], "data:", "blob:")) for url in asked)


@pytest.mark.parametrize("place", PLACES)
def test_the_policy_forbids_a_script_that_is_not_ours(browser, addresses, place):
    page = browser.new_page()
    page.goto(addresses[place])
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    page.evaluate(
        "{const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)}"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    page.close()


def test_on_a_phone_nothing_is_wider_than_the_screen(opened, addresses):
    page = opened(addresses["http"], viewport={"width": 360, "height": 740}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_their_paper_in_light_and_in_dark(opened, addresses, scheme):
    page = opened(addresses["http"], color_scheme=scheme)
    ink, paper = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    assert contrast(ink, paper) >= 7


def contrast(one, other):
    """Of two colours as the browser writes them, by WCAG 2."""

    def luminance(colour):
        levels = np.array([float(level) for level in re.findall(r"[\d.]+", colour)[:3]]) / 255
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_everything_can_be_reached_by_keyboard(opened, addresses):
    page = opened(addresses["http"])
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"another", "walk", "share", "save", "seed", "truncation", "reset", "more"} <= reached


def test_joined_modules_share_no_name():
    """In one file all of them are one scope."""
    text = site.joined(site.MODULES)
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", text, flags=re.MULTILINE)
    names += [name for pair in re.findall(r"^const \[(.*?)\]", text, flags=re.MULTILINE) for name in pair.split(", ")]
    assert len(names) == len(set(names))
    assert "import " not in text.replace("import.meta", "")


def test_large_files_are_split_and_joined_again(browser, published, tmp_path):
    for name, stored in site.page_files(published.folder, cache_folder() / "downloads", most_bytes=1_000_000).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(stored)
        assert len(stored) <= 1_000_000
    page = browser.new_page()
    with hosted(tmp_path) as address:
        page.goto(f"{address}#seed=9")
        page.locator("#grid button").nth(15).wait_for()
        assert np.abs(shown(page) - as_rgba(published.golden[9])).max() <= 1
        page.close()
