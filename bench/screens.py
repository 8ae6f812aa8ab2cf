"""Pictures of every screen of `ganvas studio`, as docs/studio.md shows them, in a headless Chromium.

    python -m bench.screens HOME [screen ...] [--looks light dark phone] [--out docs/figures]

HOME is a folder with two runs or more of the avatars:

    ganvas train avatars --size 64 --time 2m --out "HOME/runs/cartoon faces"
    ganvas train avatars --size 64 --time 1m --set pictures.mirror=false --out "HOME/runs/not mirrored"

The runs with the most images are shown. A set of 96 avatars in two folders, of which one is there twice, one small and
one damaged, is dropped there if it is missing; the first run is published if it was not.
"""

import argparse
import contextlib
import io
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.page import QUIET
from bench.studio import Running, studio
from ganvas.data.sources import SOURCES

MOST_BYTES = 60_000  # of a picture; it is looked at in a page with many of them
QUALITIES = (86, 80, 74, 66, 58, 50)  # the first that is small enough
PATIENCE_MS = 120_000  # until the page for exploring is made, on a busy machine
SET = "drawings"
TRAINED = {"small faces": 32, "more faces": 64}  # runs that are begun for a picture -> px
SEEN_IMAGES = 600  # after which the first of them is photographed
COMPLETE = """() => [...document.images].every(
  (one) => one.complete || !one.checkVisibility() || one.getBoundingClientRect().top > innerHeight)"""


@dataclass(frozen=True)
class Screen:
    """What is photographed.

    place: of the page, where {one} and {other} are runs. shows: what is there once it is complete. framed: likewise, in
    the frame. pressed: what is clicked before that, in order. height: of the window, px. is_empty: of a home
    with nothing in it. trains: while one run trains, and another waits.
    """

    place: str
    shows: str
    framed: str = ""
    pressed: tuple[str, ...] = ()
    height: int = 860
    is_empty: bool = False
    trains: bool = False


SCREENS = {
    "first": Screen("", ".first-visit", height=800, is_empty=True),
    "sets": Screen("sets", ".set-card img >> nth=7", height=760),
    "pictures": Screen(f"sets/{SET}", ".finding >> nth=2"),
    "picture": Screen(f"sets/{SET}", ".seen img", pressed=(".tile >> nth=1",)),
    "train": Screen(f"train?set={SET}", "text=/[1-9]\\d* settings/", height=1180),
    "runs": Screen("", ".run-grid img >> nth=1", height=1120, trains=True),
    "watch": Screen("runs/{one}", ".watch", height=1340),
    "extend": Screen("runs/{one}", "dialog .extend", pressed=(".run-title .menu button", "text=Train longer")),
    "settings": Screen("runs/{one}?tab=settings", "text=Nothing: every setting is the recipe's.", height=1000),
    "compare": Screen("compare?runs={one}/{other}", ".pair", height=980),
    "explore": Screen("play/{one}", "iframe", framed="#grid button >> nth=15"),
    "publish": Screen("runs/{one}?tab=publish", ".page-preview img", height=1000),
    "published": Screen("published", ".publication img", height=760),
}


class Look(NamedTuple):
    """How a screen is looked at.

    width: of the window, px. shown: the width of its picture, px. height: of the window, px; None: the screen's.
    """

    width: int
    shown: int
    scheme: Literal["light", "dark"] = "light"
    height: int | None = None


LOOKS = {"light": Look(1200, 1000), "dark": Look(1200, 800, "dark"), "phone": Look(390, 390, height=844)}


def drawings() -> dict[str, bytes]:
    """Files to drop: avatars in two folders by their backgrounds, and what the doctor has something to say of."""
    with SOURCES["avatars"](Path()).open() as avatars:
        pictures = [Image.fromarray(np.asarray(avatars.read(index))) for index in range(97)]
    files = {f"{_ground(picture)}/{number:03d}.png": _png(picture) for number, picture in enumerate(pictures[:96])}
    whole, data = next(iter(files.items()))
    folder = whole.split("/")[0]
    files[f"{folder}/copy of 000.png"] = data
    files[f"{folder}/icon.png"] = _png(pictures[96].resize((24, 24)))
    files[f"{folder}/unfinished.png"] = data[:900]
    return files


def _ground(picture: Image.Image) -> str:
    """The class of an avatar, which anyone can see: the colour of its background, from its upper right corner."""
    red, _, blue = np.asarray(picture.convert("RGB"))[0, -1].tolist()
    return "warm" if red > blue else "cool"


def _png(picture: Image.Image) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()


def drop(running: Running) -> None:
    """The set, unless it is there."""
    if any(one["name"] == SET for one in json.loads(running.ask("sets"))):
        return
    running.ask("sets", json.dumps({"name": SET}).encode())
    for file, data in drawings().items():
        running.ask(f"sets/{SET}/files?path={quote(file)}", data, "application/octet-stream")


def publish(running: Running, run: str) -> None:
    """A site of the run, unless something was published."""
    if json.loads(running.ask("published")):
        return
    asked = {
        "target": "site",
        "title": "Nobody in particular",
        "about": "Cartoon faces, drawn by no one.",
        "licence": "CC0-1.0",
    }
    job = json.loads(running.ask(f"runs/{run}/publish", json.dumps(asked).encode()))
    while json.loads(running.ask(f"jobs/{job['id']}"))["state"] in ("waiting", "working"):
        time.sleep(0.5)


def longest_runs(running: Running) -> dict[str, str]:
    """Names of the two runs with the most images, as in an address."""
    runs = sorted(json.loads(running.ask("runs")), key=lambda run: -run["images"])
    if len(runs) < 2:
        raise SystemExit(f"expected two runs or more in the home's folder runs, found {len(runs)}")
    return {"one": quote(runs[0]["name"]), "other": quote(runs[1]["name"])}


@contextlib.contextmanager
def training(running: Running) -> Generator[None, None, None]:
    """While the block lasts, one run trains and another waits; both are removed at its end."""
    for name, size in TRAINED.items():
        asked = {"source": "avatars", "name": name, "size": size, "seconds": 600}
        running.ask("runs", json.dumps(asked).encode())
    first, *_ = TRAINED

    def until(is_so: Callable[[dict[str, Any]], bool]) -> None:
        limit = time.monotonic() + PATIENCE_MS / 1000
        while not is_so(json.loads(running.ask(f"runs/{quote(first)}"))):
            if time.monotonic() > limit:
                raise TimeoutError(f"{first} does not get on")
            time.sleep(0.5)

    try:
        until(lambda run: run["images"] >= SEEN_IMAGES)
        yield
    finally:
        for name in reversed(TRAINED):
            running.ask(f"runs/{quote(name)}/stop", b"")
        until(lambda run: run["state"] == "finished")
        for name in TRAINED:
            running.ask(f"runs/{quote(name)}", method="DELETE")


def photographed(browser: Browser, running: Running, screen: Screen, look: Look, runs: dict[str, str]) -> Image.Image:
    """A screen as its window shows it."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height or screen.height}, color_scheme=look.scheme, locale="en"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(running.address)
    page.goto(f"{running.root}#/{screen.place.format_map(runs)}")
    for each in screen.pressed:
        page.locator(each).first.click()
    page.locator(screen.shows).first.wait_for(state="attached")  # a phone folds some of it away
    if screen.framed:
        page.frame_locator(screen.shows).locator(screen.framed).wait_for()
    _until_still(page)
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    context.close()
    return shot.resize((look.shown, shot.height * look.shown // shot.width), Image.Resampling.LANCZOS)


def _until_still(page: Page) -> None:
    """Until all pictures are there, and charts are painted."""
    page.wait_for_function(COMPLETE)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def save(shot: Image.Image, path: Path) -> None:
    """As WebP, as good as the size allows."""
    tries = (_webp(shot, quality) for quality in QUALITIES)
    path.write_bytes(next((each for each in tries if len(each) <= MOST_BYTES), _webp(shot, QUALITIES[-1])))


def _webp(shot: Image.Image, quality: int) -> bytes:
    stored = io.BytesIO()
    shot.save(stored, "WEBP", quality=quality, method=6)
    return stored.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("screens", nargs="*", choices=[*SCREENS, []], default=[])
    parser.add_argument("--looks", nargs="*", choices=LOOKS, default=list(LOOKS))
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    asked = parser.parse_args(arguments)
    wanted = {name: SCREENS[name] for name in asked.screens or SCREENS}
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as nothing:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        for is_empty, home in ((True, Path(nothing)), (False, asked.home)):
            screens = {name: one for name, one in wanted.items() if one.is_empty == is_empty}
            if not screens:
                continue
            with studio(home) as running:
                runs = {} if is_empty else longest_runs(running)
                if not is_empty:
                    drop(running)
                    publish(running, runs["one"])
                for name, screen in screens.items():
                    with training(running) if screen.trains else contextlib.nullcontext():
                        for kind in asked.looks:
                            path = asked.out / f"studio-{name}{'' if kind == 'light' else f'-{kind}'}.webp"
                            save(photographed(browser, running, screen, LOOKS[kind], runs), path)
                            print(f"{path} {path.stat().st_size / 1000:.0f} kB", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
