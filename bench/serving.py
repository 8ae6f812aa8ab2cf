"""How much of the bare runtime's speed the server keeps, how long its slowest answers take, and whether it leaks.

    python -m bench.serving EXPORTED_MODEL [--requests 100000]
    python -m bench.serving EXPORTED_MODEL --walks
    python -m bench.serving EXPORTED_MODEL --workers 1 2

The load comes from this machine too, on the same cores: wrk (Debian's package) for the peak, this script for a steady
rate. Everything is a ratio to onnxruntime alone on as many threads, measured in turns with it; medians of the turns.

With --walks: how long single pictures take while the dearest walks and sheets are asked for without a pause, in turns
with the same pictures alone. Each turn is a line of the results, so that it goes on where it was stopped; 40 s a turn.

With --workers: the peak of single pictures and of sheets with so many processes behind the port, in turns.
"""

import argparse
import asyncio
import contextlib
import json
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

from bench.lines import keep, kept
from ganvas.serving.engine import Engine

PORT, AT_ONCE, SECONDS, TURNS = 8917, 32, 10, 3
SECONDS_TO_BEGIN = 5
SINGLES_PER_SECOND, SECONDS_OF_WALKS = 10, 20
RESULTS = Path("bench/results/walks.jsonl")
DEAREST = (  # asked for at once and again and again: what shut everyone out
    ("GET", "/v1/walk?seeds=1,2&frames=480&format=gif", b""),
    ("GET", "/v1/walk?seeds=3,4&frames=480&format=gif", b""),
    ("POST", "/v1/images", b'{"count": 64}'),
)
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


def started(model: Path, *options: str) -> tuple[subprocess.Popen[bytes], float]:
    """The server, and the seconds until it answered."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "ganvas", "serve", str(model), "--port", str(PORT), *options]
    process = subprocess.Popen(command)
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


async def asked(method: str, path: str, body: bytes, source: str) -> int:
    """The status of an answer that is read to its end. source: this machine's address that it is asked from."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, local_addr=(source, 0))
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        return int((await reader.read()).split(b" ", 2)[1])
    finally:
        writer.close()


async def beside_walks(rate: float, seconds: float) -> tuple[list[float], list[int]]:
    """As `steady`, while other clients ask for the dearest without a pause; and the statuses that they got."""
    statuses: list[int] = []

    async def again_and_again(number: int, method: str, path: str, body: bytes) -> None:
        while True:
            statuses.append(await asked(method, path, body, f"127.0.0.{number}"))
            await asyncio.sleep(0.1)

    others = [asyncio.create_task(again_and_again(2 + at, *request)) for at, request in enumerate(DEAREST)]
    await asyncio.sleep(1)
    try:
        return await steady(rate, seconds), statuses
    finally:
        for other in others:
            other.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await other


def walks_turn(seconds: float = SECONDS_OF_WALKS) -> dict[str, object]:
    """Single pictures alone, then beside walks: percentiles in ms, and how many of the others were answered."""
    alone = asyncio.run(steady(SINGLES_PER_SECOND, seconds))
    beside, statuses = asyncio.run(beside_walks(SINGLES_PER_SECOND, seconds))
    alone_50, alone_99 = np.percentile(alone, [50, 99])
    beside_50, beside_99 = np.percentile(beside, [50, 99])
    return {
        "singles": len(beside),
        "alone": [round(alone_50, 1), round(alone_99, 1)],
        "beside": [round(beside_50, 1), round(beside_99, 1)],
        "ratio": round(beside_99 / alone_99, 2),
        "others": {str(status): statuses.count(status) for status in sorted(set(statuses))},
    }


def measure_walks(model: Path) -> None:
    """Measure the turns that are still missing, and print a table."""
    done = [line for line in kept(RESULTS) if line["model"] == model.name]
    if len(done) < TURNS:
        process, _ = started(model)
        try:
            for _ in range(TURNS - len(done)):
                keep(RESULTS, {"model": model.name, **walks_turn()})
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    print("| single pictures | alone, median and p99 | beside walks | p99, times | the others' answers |")
    print("|---|---|---|---|---|")
    for line in kept(RESULTS):
        if line["model"] == model.name:
            alone, beside = (" and ".join(f"{each:.1f} ms" for each in line[name]) for name in ("alone", "beside"))
            print(f"| {line['singles']} | {alone} | {beside} | {line['ratio']} | {json.dumps(line['others'])} |")


def measure_workers(model: Path, counts: Sequence[int]) -> None:
    """Peaks by the number of workers, medians of the turns, as a table."""
    found: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
    for _ in range(TURNS):
        for count, peaks in found.items():
            process, _ = started(model, "--workers", str(count))
            try:
                time.sleep(SECONDS_TO_BEGIN)  # the first worker has answered; the others begin at about the same time
                peaks.append((peak(SEEDS_SCRIPT, 64)[0], AT_ONCE * peak(SHEETS_SCRIPT, 4)[0]))
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)
    print("| workers | a picture each, pictures/s | sheets, pictures/s |\n|---|---|---|")
    for count, peaks in found.items():
        singly, sheets = (statistics.median(each) for each in zip(*peaks, strict=True))
        print(f"| {count} | {singly:.0f} | {sheets:.0f} |")


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
    parser.add_argument("--walks", action="store_true", help="single pictures beside walks, and nothing else")
    parser.add_argument("--workers", type=int, nargs="+", help="peaks by so many processes, and nothing else")
    asked_for = parser.parse_args(arguments)
    if asked_for.workers:
        measure_workers(asked_for.model, asked_for.workers)
        return
    if asked_for.walks:
        measure_walks(asked_for.model)
        return
    process, start_up = started(asked_for.model)
    turns, said = [], ""
    try:
        for _ in range(TURNS):  # the server does nothing while onnxruntime is measured alone
            alone = bare(asked_for.model)
            one_by_one, said = peak(SEEDS_SCRIPT, 64)
            sheets = AT_ONCE * peak(SHEETS_SCRIPT, 4)[0]
            median, slowest = np.percentile(asyncio.run(steady(one_by_one / 2, SECONDS)), [50, 99])
            turns.append((alone, one_by_one, one_by_one / alone, sheets, sheets / alone, median, slowest / median))
        memory, answered = [resident_mb(process)], 0
        while answered < asked_for.requests:
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
