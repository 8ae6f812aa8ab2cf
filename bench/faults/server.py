"""A server that is killed while it draws, and started again at once."""

import hashlib
import http.client
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.faults.forks import Forks
from bench.faults.trials import VERBS, contents, furnish

SERVE = "serve"
START_SECONDS = 60  # in which a server must answer, on a slow machine
CLIENTS = 4


def killed_servers(work: Path, forks: Forks, kills: int) -> Iterator[dict[str, Any]]:
    """Kill a server so often, each time while it draws; the next one must answer on the same port as if nothing had
    been, and the model must be untouched.
    """
    tried = work / "tried"
    if not (tried / "exported").exists():
        furnish(tried, work / "downloads")
        for command in VERBS["publish a server"].before:
            if (ended := forks.run(command, tried, environment={"GANVAS_CACHE": "cache"})).status:
                raise RuntimeError(ended.err)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    before, numbers, golden = contents(tried / "exported"), random.Random(kills), ""
    for _ in range(kills):
        command = [sys.executable, "-m", "ganvas", "serve", "exported", "--port", str(port)]
        server = subprocess.Popen(command, cwd=tried, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        point, wrong = round(numbers.uniform(0, 0.5), 3), ""
        drawn = _picture(address, server)
        golden = golden or drawn
        if not drawn:
            wrong = "it did not answer"
        elif drawn != golden:
            wrong = "it drew another picture"
        clients = [threading.Thread(target=_ask, args=(address, seed), daemon=True) for seed in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(point)
        server.kill()
        _, told = server.communicate()
        for client in clients:
            client.join()
        if "Traceback" in told:
            wrong = "a traceback: " + told.strip().splitlines()[-1]
        elif contents(tried / "exported") != before:
            wrong = "the model was changed"
        yield {"point": point, "wrong": wrong}


def _picture(address: str, server: subprocess.Popen[str]) -> str:
    """The checksum of the first picture that a server draws; "" if it ended or was too slow."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/v1/images/7.png", timeout=5) as answer:
            return hashlib.sha256(answer.read()).hexdigest()
        time.sleep(0.05)
    return ""


def _ask(address: str, seed: int) -> None:
    """Ask for walks until the server is gone."""
    with suppress(OSError, http.client.HTTPException):
        while True:
            path = f"/v1/walk?seeds={seed},{seed + 1}&frames=30"
            with suppress(urllib.error.HTTPError), urllib.request.urlopen(address + path, timeout=5) as answer:
                answer.read()
