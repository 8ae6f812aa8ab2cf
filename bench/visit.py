"""A new user's way from nothing to a published page: clicks and seconds in the studio, words and seconds of commands.

    python -m bench.visit WORK

WORK is a folder for what is made; it is emptied first. Both ways train on the cartoon faces that Ganvas brings, for the
two minutes at 32 px that the studio's first button asks for, and publish the web page. What is installed is installed
already; the web runtime is fetched before the clock starts. Seconds count from the command that opens the studio, and
from the first command of the other way; a person who reads takes longer.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, sync_playwright

from bench.page import QUIET
from bench.studio import studio
from ganvas.files import cache_folder
from ganvas.publishing.web_runtime import web_runtime

PATIENCE_MS = 300_000
PICTURE = "document.querySelector('.film img')?.naturalWidth > 0"
ASKED = ("avatars", "--size", "32", "--time", "2m")  # as the first button does


@dataclass
class Way:
    """What one way took: steps of the person, and seconds at which each thing was there."""

    steps: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.perf_counter)

    def reached(self, what: str) -> None:
        """Note that it is there now."""
        self.seconds[what] = time.perf_counter() - self.begun

    def click(self, target: Locator) -> None:
        """A click of the person, once the target is there."""
        target.wait_for()
        self.steps.append(target.inner_text().strip())
        target.click()


def by_studio(browser: Browser, home: Path) -> Way:
    """From `ganvas studio` until the published page has drawn."""
    way = Way()
    with studio(home) as running:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(running.address)
        way.click(page.get_by_role("button", name="Try it with cartoon faces"))
        page.wait_for_function(PICTURE)
        way.reached("face")
        page.locator(".run-title .status", has_text="finished").wait_for()
        way.reached("trained")
        way.click(page.locator(".tabs").get_by_role("link", name="Publish"))
        way.click(page.get_by_role("button", name="Publish", exact=True))
        with page.expect_popup() as popup:
            way.click(page.get_by_role("link", name="Open it").first)
        popup.value.locator("#grid button").nth(15).wait_for()
        way.reached("page")
    return way


def by_commands(browser: Browser, folder: Path) -> Way:
    """The same with two commands, and a look at the files that they write."""
    way = Way()
    run, site = folder / "runs" / "avatars", folder / "site"

    def start(*words: str) -> "subprocess.Popen[bytes]":
        way.steps.append(" ".join(("ganvas", *(word.replace(f"{folder}/", "") for word in words))))
        command = [sys.executable, "-m", "ganvas", *words]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    with start("train", *ASKED, "--out", str(run)) as process:
        while not any((run / "samples").glob("*.png")):
            time.sleep(0.02)
        way.reached("face")
        assert process.wait() == 0
    way.reached("trained")
    with start("publish", str(run), "--to", "site", "--out", str(site)) as process:
        assert process.wait() == 0
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto((site / "page.html").resolve().as_uri())
    page.locator("#grid button").nth(15).wait_for()
    way.reached("page")
    return way


def main(arguments: Sequence[str] | None = None) -> None:
    """Go both ways, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    asked = parser.parse_args(arguments)
    shutil.rmtree(asked.work, ignore_errors=True)
    web_runtime(cache_folder() / "downloads")
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        ways = {
            "studio": by_studio(browser, asked.work / "studio"),
            "commands": by_commands(browser, asked.work / "commands"),
        }
        browser.close()
    print("| way | steps | first face | trained | page |\n|---|---|---|---|---|")
    for name, way in ways.items():
        seconds = " | ".join(f"{way.seconds[what]:.0f} s" for what in ("face", "trained", "page"))
        print(f"| {name} | {len(way.steps)}: {'; '.join(way.steps)} | {seconds} |")


if __name__ == "__main__":
    main()
