"""The page, with everything on it opened, has no serious fault that axe knows of."""

import pytest
from pages import hosted, written

from browsers import faults


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"), webgpu=False)) as address:
        yield address


def test_a_fault_would_be_found(browser):
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><button></button></main>")
    assert [rule for rule, _ in faults(page)] == ["button-name"]
    page.close()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        (1280, "light"),
        pytest.param(390, "light", marks=pytest.mark.slow),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
    ],
)
def test_everything_on_the_page(opened, address, width, scheme):
    page = opened(f"{address}#seed=7", color_scheme=scheme, viewport={"width": width, "height": 844})
    for part in page.locator("details").all():
        part.evaluate("(part) => (part.open = true)")
    page.locator("#star").click()
    for count in (1, 2, 3):
        page.locator("#keyframes-add").click()
        page.locator("#keyframes canvas").nth(count - 1).wait_for()
    page.locator("#playhead").press("ArrowRight")
    page.locator("#keyframes [aria-current]").wait_for()
    page.locator(".star").first.wait_for()
    assert faults(page) == []


def test_the_picture_alone(opened, address):
    assert faults(opened(f"{address}#perform", shows="#performed")) == []
