"""What `ganvas studio` costs and how soon it answers, in a headless Chromium on this machine.

    python -m bench.studio WORK [listed opened seen slowed dropped] [--runs 200] [--files 5000] [--seconds 60]

WORK is a folder for made homes; it is emptied first.

listed: a home of many runs, over HTTP: the time of one answer and of the processor.
opened: from going to the address until the first words and the first pictures of those runs are painted.
seen: from a line that a run writes into its log until the page that watches it shows it.
slowed: images a second of a training while nobody watches and while three pages do, in turns of so many seconds; and
what the studio and the browser take of the processor meanwhile, which other programs do not blur.
dropped: so many files, in batches, into a set: files a second, and what the server holds before and after.
"""

import argparse
import contextlib
import io
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import ganvas
from bench.page import QUIET
from ganvas.run.folder import RunFolder

MEASURES = ("listed", "opened", "seen", "slowed", "dropped")
TURNS = 7
WATCHERS = 3
BATCH_FILES = 64
_STARTING_SECONDS = 120.0


@dataclass(frozen=True)
class Running:
    """A studio that runs.

    process: its number. address: with the token.
    """

    process: int
    address: str

    @property
    def root(self) -> str:
        """The address without the token."""
        return self.address.partition("?")[0]

    def ask(
        self, path: str, body: bytes | None = None, kind: str = "application/json", *, method: str | None = None
    ) -> bytes:
        """An answer of the API; a body is posted, unless another method is named."""
        token = urlsplit(self.address).query.removeprefix("token=")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.root}api/{path}", body, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    @property
    def cpu_seconds(self) -> float:
        """Of the processor, so far."""
        return _cpu_seconds(_stat(self.process))

    @property
    def held_mb(self) -> float:
        """What it holds in memory."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process}/status").read_text())
        assert found is not None
        return int(found[1]) / 1e3


def _stat(process: int | str) -> list[str]:
    """Fields of /proc/PROCESS/stat from the third on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _cpu_seconds(fields: Sequence[str]) -> float:
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def browser_cpu_seconds(running: Running) -> float:
    """Of the processor, so far, by all processes that come from this one, but for the studio and what it started."""
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found[int(path.name)] = _stat(path.name)

    def with_children(process: int) -> float:
        children = [one for one, fields in found.items() if int(fields[1]) == process and one != running.process]
        return _cpu_seconds(found[process]) + sum(map(with_children, children))

    return with_children(os.getpid())


@contextlib.contextmanager
def studio(home: Path) -> Generator[Running, None, None]:
    """One of that home, while the block lasts."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ganvas", "studio", str(home), "--port", "0", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None, "the studio did not say where it is"
            running = Running(process.pid, found[0])
            _until_it_answers(running)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)


def _until_it_answers(running: Running) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < _STARTING_SECONDS:
        with contextlib.suppress(OSError):
            running.ask("home")
            return
        time.sleep(0.1)
    raise TimeoutError("the studio does not answer")


def one_run(path: Path, images: int = 64) -> Path:
    """A short run, trained for real."""
    ganvas.train("avatars", size=16, images=images, recipe="mlp", out=path, progress=False)
    return path


def many_runs(home: Path, count: int) -> None:
    """Copies of one short run."""
    first = one_run(home / "runs" / "run 000")
    for number in range(1, count):
        shutil.copytree(first, home / "runs" / f"run {number:03d}")


def listed(running: Running) -> dict[str, float]:
    """Milliseconds of one answer, and of the processor for it; the first one, which reads all, and the later ones."""
    times, costs = [], []
    for _ in range(TURNS):
        before, begun = running.cpu_seconds, time.perf_counter()
        running.ask("runs")
        times.append(1000 * (time.perf_counter() - begun))
        costs.append(1000 * (running.cpu_seconds - before))
    return {"first": times[0], "later": statistics.median(times[1:]), "cpu": statistics.median(costs[1:])}


def opened(browser: Browser, running: Running) -> dict[str, float]:
    """Seconds until the first words, and until the first picture of a run, each time with nothing kept from before."""
    words, pictures = [], []
    for _ in range(TURNS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(running.address, wait_until="commit")
        page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length", polling="raf")
        words.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
        page.wait_for_function(
            "() => [...document.images].some((one) => one.complete && one.naturalWidth)", polling="raf"
        )
        pictures.append(page.evaluate("performance.now()") / 1000)
        context.close()
    return {"words": statistics.median(words), "picture": statistics.median(pictures)}


def watching(browser: Browser, running: Running, name: str) -> Page:
    """A page that watches a run."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(running.address)
    page.goto(f"{running.root}#/runs/{quote(name)}")
    page.locator("main img").first.wait_for()
    return page


def seen(browser: Browser, running: Running, home: Path) -> list[float]:
    """Milliseconds from a line in a log to the frame that shows its images."""
    run = one_run(home / "runs" / "seen")
    with RunFolder(run).locked():  # as by whoever trains
        return _seen(browser, running, run)


def _seen(browser: Browser, running: Running, run: Path) -> list[float]:
    page = watching(browser, running, run.name)
    waits = []
    for number in range(1, 2 * TURNS):
        page.wait_for_timeout(1500)  # what there was before is shown
        images = 100_000 + 1000 * number
        said = f"{images:,}"
        waiting = page.evaluate_handle(
            """(said) => ({ done: new Promise((done) => {
              const isShown = () => document.body.textContent.includes(said);
              const look = () => isShown() ? done(Date.now()) : requestAnimationFrame(look);
              look();
            }) })""",
            said,
        )
        line = {"images": images, "seconds": number, "generator_loss": 1.0, "discriminator_loss": 1.0}
        begun = 1000 * time.time()
        with (run / "log.jsonl").open("a") as log:
            log.write(f"{json.dumps(line)}\n")
        waits.append(waiting.evaluate("(one) => one.done") - begun)
    page.close()
    return waits


def slowed(browser: Browser, running: Running, home: Path, seconds: float) -> list[tuple[float, float, float]]:
    """(images a second alone, while three pages watch, cores that studio and browser take meanwhile), in turns."""
    request = {"source": "avatars", "size": 64, "name": "slowed", "seconds": 20 * TURNS * seconds}
    running.ask("runs", json.dumps(request).encode())
    log = home / "runs" / "slowed" / "log.jsonl"
    while not log.is_file() or log.stat().st_size < 2000:
        time.sleep(0.5)

    def rate() -> float:
        def reached() -> tuple[float, float]:
            lines = [json.loads(line) for line in log.read_text().splitlines() if '"generator_loss"' in line]
            return lines[-1]["images"], lines[-1]["seconds"]

        before = reached()
        time.sleep(seconds)
        after = reached()
        return (after[0] - before[0]) / (after[1] - before[1])

    turns = []
    for _ in range(TURNS):
        alone = rate()
        pages = [watching(browser, running, "slowed") for _ in range(WATCHERS)]
        before, begun = running.cpu_seconds + browser_cpu_seconds(running), time.perf_counter()
        watched = rate()
        spent = running.cpu_seconds + browser_cpu_seconds(running) - before
        turns.append((alone, watched, spent / (time.perf_counter() - begun)))
        for page in pages:
            page.close()
    running.ask("runs/slowed/stop", b"")
    return turns


def batches(count: int) -> list[bytes]:
    """Bodies of requests that hold JPEGs of 256 px, all of them different."""
    numbers, bodies = np.random.default_rng(0), []
    for start in range(0, count, BATCH_FILES):
        parts = []
        for number in range(start, min(start + BATCH_FILES, count)):
            stored = io.BytesIO()
            Image.fromarray(numbers.integers(0, 256, (8, 8, 3), np.uint8)).resize((256, 256)).save(stored, "JPEG")
            head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{number:05d}.jpg"\r\n\r\n'
            parts.append(head.encode() + stored.getvalue() + b"\r\n")
        bodies.append(b"".join(parts) + b"--b--\r\n")
    return bodies


def dropped(running: Running, count: int) -> dict[str, float]:
    """Files a second, and megabytes that the server holds before and after."""
    running.ask("sets", json.dumps({"name": "many"}).encode())
    bodies = batches(count)
    kind = "multipart/form-data; boundary=b"
    running.ask("sets/many/files", bodies[0], kind)  # what is loaded once, is by now
    before, begun = running.held_mb, time.perf_counter()
    for body in bodies[1:]:
        running.ask("sets/many/files", body, kind)
    rate = max(count - BATCH_FILES, 0) / (time.perf_counter() - begun)
    return {"rate": rate, "before": before, "after": running.held_mb}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []], default=[])
    parser.add_argument("--runs", type=int, default=200, help="of the home that is listed")
    parser.add_argument("--files", type=int, default=5000, help="that are dropped")
    parser.add_argument("--seconds", type=float, default=60.0, help="of a turn of `slowed`")
    asked = parser.parse_args(arguments)
    wanted = asked.measures or MEASURES
    home = asked.work / "home"
    shutil.rmtree(home, ignore_errors=True)
    if {"listed", "opened"} & {*wanted}:
        many_runs(home, asked.runs)
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with studio(home) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        print("| what | figure |\n|---|---|")
        if "listed" in wanted:
            found = listed(running)
            print(
                f"| {asked.runs} runs listed | {found['later']:.0f} ms, {found['cpu']:.0f} of them of the processor; "
                f"{found['first']:.0f} ms the first time |"
            )
        if "opened" in wanted:
            found = opened(browser, running)
            print(f"| first words, first picture of a run | {found['words']:.2f} s, {found['picture']:.2f} s |")
        if "seen" in wanted:
            waits = seen(browser, running, home)
            print(f"| from a line of the log to pixels | {statistics.median(waits):.0f} ms, {max(waits):.0f} at most |")
        if "slowed" in wanted:
            turns = slowed(browser, running, home, asked.seconds)
            shares = [100 * (1 - watched / alone) for alone, watched, _ in turns]
            cores = statistics.median(100 * spent for *_, spent in turns)
            each = ", ".join(f"{share:.1f}" for share in shares)
            print(f"| slower with {WATCHERS} pages | {statistics.median(shares):.1f}% in the median ({each}) |")
            print(f"| of one core, by the studio and the browser | {cores:.1f}% |")
        if "dropped" in wanted:
            found = dropped(running, asked.files)
            held = f"{found['before']:.0f} to {found['after']:.0f} MB"
            print(f"| {asked.files:,} files dropped | {found['rate']:.0f} a second; the server holds {held} |")
        browser.close()


if __name__ == "__main__":
    main()
