"""How soon the page draws its first picture, and how fast its walk plays, in a headless Chromium on this machine.

    python -m bench.page SITE_FOLDER [--picture FILE]

SITE_FOLDER is what `ganvas publish --to site` wrote. Loads are cold: a new profile each time, over http and from disk.
The walk is drawn on one thread, and held against onnxruntime in Python on one thread, in turns.
"""

import argparse
import functools
import http.server
import io
import shutil
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from ganvas.publishing.site import ONE_FILE

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
WALK = """async (frames) => {
  const { loadGenerator } = await import("./generator.js");
  const { latent } = await import("./latents.js");
  const { between } = await import("./paths.js");
  const generator = await loadGenerator();
  const { z_dim: size, z_distribution: kind, classes } = generator.description;
  const [from, to] = [latent(1n, size, kind), latent(2n, size, kind)];
  const draw = (at) => generator.drawLatents([between(from, to, at / frames)], classes.length ? [0] : null);
  for (let at = 0; at < 5; at += 1) await draw(at);
  const begun = performance.now();
  for (let at = 0; at < frames; at += 1) await draw(at);
  return (1000 * frames) / (performance.now() - begun);
}"""

PAINTED = """() => {
  const paint = CanvasRenderingContext2D.prototype.putImageData;
  globalThis.painted = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    globalThis.painted += this.canvas.id === "picture"; // not its preview beside the sliders
    return paint.apply(this, given);
  };
}"""


class Host(http.server.SimpleHTTPRequestHandler):
    """Files, in silence."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def first_picture(browser: Browser, address: str) -> float:
    """Seconds from going there until a picture is shown, with nothing kept from before."""
    context = browser.new_context()
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator("#status", has_text="Seed").wait_for()
    taken = time.perf_counter() - begun
    context.close()
    return taken


def played(page: Page, seconds: float) -> float:
    """Pictures a second of a walk that is watched: drawn, painted, and no more of them than the screen shows."""
    page.locator("#grid button").nth(15).wait_for()
    page.evaluate(PAINTED)
    page.locator("#walk").click()
    page.wait_for_timeout(500)
    before, begun = page.evaluate("globalThis.painted"), time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    rate = (page.evaluate("globalThis.painted") - before) / (time.perf_counter() - begun)
    page.locator("#walk").click()
    return rate


def write_picture(browser: Browser, address: str, out: Path) -> None:
    """The page as a screen of 1280x900 shows it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.locator("#grid button").nth(15).wait_for()
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shot.save(out, quality=82, method=6)


def python_rate(site: Path, frames: int) -> float:
    """Pictures a second of onnxruntime in Python, one at a time on one thread."""
    import gzip

    import numpy as np
    import onnxruntime

    from ganvas.formats.latents import latents, seed_labels
    from ganvas.formats.manifest import read_description

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    stored = gzip.decompress((site / "model.onnx.gz").read_bytes())
    session = onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
    described = read_description(site)
    feed: dict[str, np.ndarray] = {"z": latents([1], described.z_dim, described.z_distribution)}
    if (labels := seed_labels(described.classes, [1])) is not None:
        feed["label"] = labels
    for _ in range(5):
        session.run(["image"], feed)
    begun = time.perf_counter()
    for _ in range(frames):
        session.run(["image"], feed)
    return frames / (time.perf_counter() - begun)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("--picture", type=Path, help="write the page with seed 7 as a picture, and measure nothing")
    parser.add_argument("--loads", type=int, default=5, help="of the page, over http and from disk each")
    parser.add_argument("--frames", type=int, default=60, help="of the walk that are drawn in a turn")
    parser.add_argument("--turns", type=int, default=3, help="of the browser and of Python")
    parser.add_argument("--seconds", type=float, default=5.0, help="that the walk is watched for")
    asked = parser.parse_args(arguments)
    site = asked.site
    host = functools.partial(Host, directory=str(site))
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), host) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        if asked.picture is not None:
            write_picture(browser, f"{address}#seed=7", asked.picture)
            server.shutdown()
            return
        loads = {
            name: [first_picture(browser, f"{place}#seed={seed}") for seed in range(asked.loads)]
            for name, place in (("http", address), ("from disk", (site / ONE_FILE).resolve().as_uri()))
        }
        page = browser.new_page()
        page.goto(address)
        page.locator("#status", has_text="Seed").wait_for()
        seen = played(page, asked.seconds)
        turns = [(page.evaluate(WALK, asked.frames), python_rate(site, asked.frames)) for _ in range(asked.turns)]
        browser.close()
        server.shutdown()
    sizes = {name: (site / name).stat().st_size / 1e6 for name in ("model.onnx.gz", "vendor/ort.wasm.gz", ONE_FILE)}
    print("| what | figure |\n|---|---|")
    for name, seconds in loads.items():
        slowest = f"slowest of {asked.loads}: {max(seconds):.2f} s"
        print(f"| first picture, {name} | {statistics.median(seconds):.2f} s ({slowest}) |")
    browser_rate, ratio = (statistics.median(each) for each in zip(*[(a, a / b) for a, b in turns], strict=True))
    print(f"| walk as it is watched, at most 60 | {seen:.0f} pictures/s |")
    print(f"| its drawing alone, one thread | {browser_rate:.0f} pictures/s, {ratio:.2f} of onnxruntime in Python |")
    print(f"| sizes | {', '.join(f'{name} {size:.1f} MB' for name, size in sizes.items())} |")


if __name__ == "__main__":
    main()
