"""What playing a published page live costs, in a headless Chromium on this machine.

    python -m bench.playing SITE_FOLDER [latency memory sound] [--minutes MINUTES]

SITE_FOLDER is what `ganvas publish --to site` wrote.

latency: from a key, and from a message of MIDI, to the frame that shows the picture it asked for.
memory: MINUTES of a noise loop; what lives in the heap after each tenth of them, and what the browser holds.
sound: a file of MINUTES is analysed while it plays and moves what is drawn; frames that came late.
"""

import argparse
import functools
import http.server
import shutil
import statistics
import tempfile
import threading
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.page import QUIET, Host

MEASURES = ("latency", "memory", "sound")
PRESSES = 40
FRAME_MS = 1000 / 60
LATE_FRAMES = 1.5  # times a frame's length, after which one was dropped
RATE, CLICK_SECONDS, CLICKS_PER_SECOND = 48_000, 0.005, 2
# A MIDI input of our own; when the frame began that came after each picture which differs from the one before it: that
# one was shown by then.
BEFORE = """
const input = (globalThis.midiInput = { name: "A knob" });
navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", input]]) });
globalThis.shown = [];
globalThis.frames = [];
globalThis.pictures = 0;
const put = CanvasRenderingContext2D.prototype.drawImage;
let before = "";
CanvasRenderingContext2D.prototype.drawImage = function (...given) {
  put.apply(this, given);
  if (this.canvas.id !== "picture") return;
  globalThis.pictures += 1;
  if (!globalThis.compares) return;
  const { width, height } = this.canvas;
  const now = this.getImageData(width / 4, height / 2, width / 2, 1).data.join();
  if (now !== before) requestAnimationFrame(() => shown.push(performance.now()));
  before = now;
};
const beat = (now) => (frames.push(now), requestAnimationFrame(beat));
requestAnimationFrame(beat);
addEventListener("keydown", ({ timeStamp }) => (globalThis.pressedAt = timeStamp), { capture: true });
"""
CHANGED = "() => shown.some((at) => at > pressedAt)"
TURN = (
    "(value) => { pressedAt = performance.now(); midiInput.onmidimessage({ data: new Uint8Array([0xb0, 7, value]) }); }"
)
WAITED = "shown.find((at) => at > pressedAt) - pressedAt"
GAPS = "frames.splice(0).map((at, number, all) => at - all[Math.max(number - 1, 0)]).slice(1)"


def clicks(path: Path, seconds: float) -> Path:
    """A sound file with two clicks a second over faint noise."""
    length = int(CLICK_SECONDS * RATE)
    click = np.sin(np.arange(length) * 0.26) * np.linspace(1, 0, length)
    second = np.random.default_rng(0).normal(0, 0.001, RATE)
    for start in range(RATE // 4, RATE, RATE // CLICKS_PER_SECOND):
        second[start : start + length] = 0.8 * click
    stored = (second * 32_767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for _ in range(round(seconds)):
            file.writeframes(stored)
    return path


def opened(browser: Browser, address: str) -> Page:
    """The page with its playing and its controls unfolded."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    page.add_init_script(BEFORE)
    page.goto(f"{address}#seed=7")
    page.locator("#grid button").nth(15).wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.locator("#control button").first.wait_for()
    return page


def learn(page: Page, target: str) -> None:
    """The next key or knob that is moved is bound to a target."""
    page.get_by_label("What is moved").select_option(label=target)
    page.get_by_role("button", name="Learn").click()


def latencies(browser: Browser, address: str) -> dict[str, list[float]]:
    """Milliseconds from a key, and from MIDI, to the frame that shows what it did; what is played stands still."""
    page = opened(browser, address)
    page.locator("#perform-radius-typed").fill("0")
    page.locator("#perform-radius-typed").press("Enter")
    page.evaluate("[pressedAt, compares] = [Infinity, true]")
    page.locator("#perform-play").click()
    learn(page, "Boldness")
    page.keyboard.press("k")
    waits: dict[str, list[float]] = {"key": [], "MIDI": []}
    for _ in range(PRESSES):
        page.wait_for_timeout(100)
        page.keyboard.down("k")
        page.wait_for_function(CHANGED)
        waits["key"].append(page.evaluate(WAITED))
        page.evaluate("pressedAt = performance.now()")
        page.keyboard.up("k")
        page.wait_for_function(CHANGED)
    page.get_by_role("button", name="Use MIDI").click()
    learn(page, "Boldness")
    page.evaluate("for (const value of [3, 9, 40]) midiInput.onmidimessage({ data: new Uint8Array([0xb0, 7, value]) })")
    for number in range(PRESSES):
        page.wait_for_timeout(100)
        page.evaluate(TURN, 127 if number % 2 else 0)
        page.wait_for_function(CHANGED)
        waits["MIDI"].append(page.evaluate(WAITED))
    page.close()
    return waits


def heap_mb(session: CDPSession) -> float:
    """What lives in the heap of scripts after all else was collected."""
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize") / 1e6


def held_mb(marker: str) -> float:
    """What the processes of the browser hold that was started with `marker` among its arguments."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if marker.encode() in (status.parent / "cmdline").read_bytes():
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                total += int(lines["VmRSS"].split()[0])
        except (OSError, KeyError):  # it ended meanwhile
            continue
    return total / 1e3


def memory(browser: Browser, address: str, minutes: float, marker: str) -> list[tuple[float, float, float]]:
    """(minutes, MB of the heap, MB of the browser) at the beginning and after each tenth of a noise loop."""
    page = opened(browser, address)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.locator("#perform-play").click()
    page.wait_for_timeout(10_000)  # what is compiled and kept once
    begun, found = time.monotonic(), []
    for tenth in range(11):
        wait = begun + 6 * minutes * tenth - time.monotonic()
        page.wait_for_timeout(1000 * max(wait, 0))
        page.evaluate("pictures = frames.length = 0")
        found.append(((time.monotonic() - begun) / 60, heap_mb(session), held_mb(marker)))
    page.close()
    return found


def sound(browser: Browser, address: str, minutes: float, folder: Path) -> dict[str, float]:
    """How frames came while a file was analysed and moved the picture; gaps between frames in milliseconds."""
    page = opened(browser, address)
    page.get_by_label("What is moved").select_option(label="Boldness")
    page.get_by_label("What moves it").select_option(label="sound: onsets")
    page.locator("#perform-play").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a sound file").click()
    chooser.value.set_files(clicks(folder / "clicks.wav", 60 * minutes))
    page.wait_for_timeout(1000)
    page.evaluate("pictures = frames.length = 0")
    gaps: list[float] = []
    for _ in range(max(round(4 * minutes), 1)):
        page.wait_for_timeout(15_000 if minutes > 0.25 else 60_000 * minutes)
        gaps += page.evaluate(GAPS)
    pictures = page.evaluate("pictures")
    page.close()
    late = [gap for gap in gaps if gap > LATE_FRAMES * FRAME_MS]
    return {
        "frames": len(gaps),
        "late": len(late),
        "longest_ms": max(gaps),
        "pictures": pictures,
        "seconds": sum(gaps) / 1000,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []], default=[])
    parser.add_argument("--minutes", type=float, default=10.0, help="of `memory` and `sound`")
    asked = parser.parse_args(arguments)
    wanted = asked.measures or MEASURES
    host = functools.partial(Host, directory=str(asked.site))
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as scratch,
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), host) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        marker = f"--ganvas-bench={server.server_port}"
        told = [*QUIET, marker, "--enable-precise-memory-info", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=executable, args=told)
        print("| what | figure |\n|---|---|")
        if "latency" in wanted:
            for name, waits in latencies(browser, address).items():
                median, longest = statistics.median(waits), max(waits)
                print(f"| from {name} to pixels | {median:.0f} ms, {longest:.0f} at most of {len(waits)} |")
        if "memory" in wanted:
            rows = memory(browser, address, asked.minutes, marker)
            heap = ", ".join(f"{mb:.1f}" for _, mb, _ in rows)
            print(f"| heap over {rows[-1][0]:.0f} minutes | {heap} MB |")
            print(f"| the browser at its beginning and end | {rows[0][2]:.0f}, {rows[-1][2]:.0f} MB |")
        if "sound" in wanted:
            found = sound(browser, address, asked.minutes, Path(scratch))
            came = f"{found['frames']:,.0f}, {found['late']:,.0f} late, the longest gap {found['longest_ms']:.0f} ms"
            rate = found["pictures"] / found["seconds"]
            print(f"| frames of {found['seconds'] / 60:.1f} minutes of sound | {came}; {rate:.0f} pictures/s |")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
