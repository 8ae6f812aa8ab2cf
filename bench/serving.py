"""How much of the bare runtime's speed the server keeps, how long its slowest answers take, and whether it leaks.

    python -m bench.serving EXPORTED_MODEL [--requests 100000]

The load comes from this machine too, on the same cores: wrk (Debian's package) for the peak, this script for a steady
rate. Everything is a ratio to onnxruntime alone on as many threads, measured in turns with it; medians of the turns.
"""

import argparse
import asyncio
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganvas.serving.engine import Engine

PORT, AT_ONCE, SECONDS, TURNS = 8917, 32, 10, 3
SECONDS_KEPT = 3  # that a connection is used again; the server closes what is idle for longer
ADDRESS = f"http://127.0.0.1:{PORT}"
SEEDS_SCRIPT = 'request = function() return wrk.format("GET", "/v1/images/" .. math.random(0, 2^31) .. ".png") end\n'
SHEETS_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  local body = '{"format": "webp", "count": 32, "seed": ' .. math.random(0, 2^31) .. "}"
  return wrk.format(nil, "/v1/images", nil, body)
end
"""


def bare(model: Path, seconds: float = 8.0) -> float:
    """Pictures a second of onnxruntime alone, AT_ONCE at a time, on all cores."""
    engine = Engine(model)
    z = engine.latents(range(AT_ONCE))
    labels = engine.labels(range(AT_ONCE))
    for _ in range(3):
        engine.draw(z, labels)
    started, drawn = time.perf_counter(), 0
    while (taken := time.perf_counter() - started) < seconds:
        engine.draw(z, labels)
        drawn += AT_ONCE
    return drawn / taken


def started(model: Path) -> tuple[subprocess.Popen[bytes], float]:
    """The server, and the seconds until it answered."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "ganvas", "serve", str(model), "--port", str(PORT)])
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"{ADDRESS}/healthz", timeout=1).read()
            taken = time.perf_counter() - begun
            time.sleep(0.1)  # where the port is taken, another one answered, and this one ends
            if process.poll() is None:
                return process, taken
        except urllib.error.URLError:
            time.sleep(0.01)
    raise RuntimeError(f"the server ended with {process.returncode}")


def peak(script: str, connections: int) -> tuple[float, str]:
    """Requests a second, and wrk's own words."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", file.name, ADDRESS]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"not every request was answered:\n{said}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None
    return float(found[1]), said


async def steady(rate: float, seconds: float) -> list[float]:
    """Milliseconds of each answer, asked for at a steady rate whether or not the last one came."""
    taken: list[float] = []
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def ask() -> None:
        begun = time.perf_counter()
        is_fresh = idle and begun - idle[-1][2] < SECONDS_KEPT
        reader, writer = idle.pop()[:2] if is_fresh else await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(f"GET /v1/images/{random.getrandbits(31)}.png HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        taken.append(1e3 * (time.perf_counter() - begun))
        idle.append((reader, writer, time.perf_counter()))

    begun, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(begun + number / rate - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(ask()))
    await asyncio.gather(*tasks)
    for _, writer, _ in idle:
        writer.close()
    return taken


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Memory that the process holds."""
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--requests", type=int, default=100_000, help="that memory is watched over")
    asked = parser.parse_args(arguments)
    process, start_up = started(asked.model)
    turns, said = [], ""
    try:
        for _ in range(TURNS):  # the server does nothing while onnxruntime is measured alone
            alone = bare(asked.model)
            one_by_one, said = peak(SEEDS_SCRIPT, 64)
            sheets = AT_ONCE * peak(SHEETS_SCRIPT, 4)[0]
            median, slowest = np.percentile(asyncio.run(steady(one_by_one / 2, SECONDS)), [50, 99])
            turns.append((alone, one_by_one, one_by_one / alone, sheets, sheets / alone, median, slowest / median))
        memory, answered = [resident_mb(process)], 0
        while answered < asked.requests:
            answered += int(SECONDS * peak(SEEDS_SCRIPT, 64)[0])
            memory.append(resident_mb(process))
            print(f"{answered:,} requests: {memory[-1]:.0f} MB", flush=True)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(30)
    alone, singly, single_share, sheets, sheet_share, median, tail = (
        statistics.median(each) for each in zip(*turns, strict=True)
    )
    print(said)
    print("| what | figure |\n|---|---|")
    print(f"| onnxruntime alone, {AT_ONCE} at a time | {alone:.0f} pictures/s |")
    print(f"| 64 clients, a picture each, PNG | {singly:.0f} pictures/s, {single_share:.0%} of it |")
    print(f"| 4 clients, sheets of {AT_ONCE}, WebP | {sheets:.0f} pictures/s, {sheet_share:.0%} of it |")
    print(f"| at half the peak of single ones | median {median:.1f} ms, p99 {tail:.1f} times that |")
    print(f"| memory before and after {answered:,} requests | {memory[0]:.0f} MB, {memory[-1]:.0f} MB |")
    print(f"| from the command to the first answer | {start_up:.2f} s |")
    print(f"| exit status after SIGTERM | {ended} |")


if __name__ == "__main__":
    main()
