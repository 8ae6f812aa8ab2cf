"""Hasty hands press, drag and type all over the page, by a seed: nothing is thrown, and it still draws."""

import random

import numpy as np
import pytest
from pages import hosted, shown, written

KEYS = [
    *"nwfurcs 17",
    "Enter",
    "Tab",
    "Shift+Tab",
    "Escape",
    "Delete",
    "Backspace",
    "Home",
    "End",
    "PageUp",
    "PageDown",
]
KEYS += ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Control+z", "Control+Shift+z"]
PLACE = """(share) => {
  const all = [...document.querySelectorAll("button, summary, canvas, input, [role=slider]")];
  const there = all.filter((each) => each.checkVisibility() && !each.disabled);
  const found = there[Math.floor(share * there.length)];
  found.scrollIntoView({ block: "center" });
  const { left, top, width, height } = found.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}"""  # of something that can be pressed
SET = """([share, value]) => {
  const all = [...document.querySelectorAll("input:not([type=file], [type=checkbox]), select")];
  const fields = all.filter((each) => each.checkVisibility());
  if (!fields.length) return; // the picture alone is there
  const field = fields[Math.floor(share * fields.length)];
  if (field.matches("select")) field.selectedIndex = Math.floor(value * field.options.length);
  else if (field.min !== "") field.value = Number(field.min) + value * (field.max - field.min);
  else field.value = `${Math.floor(value * 1000)}`;
  for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
}"""


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as address:
        yield address


def press_all_over(page, hand, presses):
    """So many random acts of a `random.Random`: presses, drags, keys and values."""

    def press():
        page.mouse.click(*page.evaluate(PLACE, hand.random()), click_count=hand.choice([1, 1, 1, 2]))

    def drag():
        x, y = page.evaluate(PLACE, hand.random())
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + hand.uniform(-300, 300), y + hand.uniform(-30, 30), steps=3)
        page.mouse.up()

    def key():
        page.keyboard.press(hand.choice(KEYS))

    def value():
        page.evaluate(SET, [hand.random(), hand.random()])

    for act in hand.choices([press, drag, key, value], [5, 1, 3, 2], k=presses):
        act()


@pytest.mark.parametrize(
    ("seed", "presses"), [(1, 150), *[pytest.param(seed, 800, marks=pytest.mark.slow) for seed in (2, 3)]]
)
def test_the_page_still_draws_after_hasty_hands(opened, address, seed, presses):
    hand = random.Random(seed)
    page = opened(f"{address}#seed=2", accept_downloads=True, viewport={"width": 1000, "height": 800})
    page.on("dialog", lambda dialog: dialog.accept() if hand.random() < 0.5 else dialog.dismiss())
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    press_all_over(page, hand, presses)
    page.keyboard.press("Escape")
    page.locator("#performance").wait_for(state="hidden")
    before = shown(page)
    page.evaluate("location.hash = '#seed=424242'")
    page.locator("#status", has_text="Seed 424242").wait_for()
    assert np.abs(shown(page) - before).max() > 5
    at = page.locator("#playhead").input_value()
    page.locator("#perform").evaluate("(panel) => (panel.open = true)")
    page.locator("#perform-play").click()
    page.wait_for_function("(at) => document.getElementById('playhead').value !== at", arg=at)
