"""`ganvas serve --workers`: several processes behind one port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from ganvas.errors import GanvasError
from ganvas.serving import workers
from ganvas.serving.workers import serve_by

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc for a process's children")


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as found:
        return found.read()


def until(condition, seconds=300):
    """What the condition gives as soon as that counts as true."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def children(process):
    """The workers of a server, by their command line; multiprocessing keeps a process of its own beside them."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(one) for one in listed if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def is_there(process):
    return Path(f"/proc/{process}/stat").exists() and " Z " not in Path(f"/proc/{process}/stat").read_text()


def answers(port):
    try:
        return get(port, "/healthz")
    except (urllib.error.URLError, ConnectionError):
        return None


@pytest.fixture
def served(published, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ganvas", "serve", published.folder, "--port", str(port), "--workers", "2"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
    until(lambda: answers(port))
    yield process, port
    process.kill()
    process.wait()


def test_two_workers_answer_the_same_and_end_with_exit_status_0(served):
    process, port = served
    assert len(until(lambda: len(found := children(process.pid)) == 2 and found)) == 2
    pictures = {get(port, "/v1/images/3.png") for _ in range(12)}
    assert len(pictures) == 1
    assert json.loads(get(port, "/v1/models"))
    begun = children(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    until(lambda: not any(is_there(one) for one in begun))


def test_a_worker_that_was_killed_is_begun_again_and_the_other_answers_meanwhile(served):
    process, port = served
    first, second = until(lambda: len(found := children(process.pid)) == 2 and found)
    until(lambda: answers(port))
    os.kill(first, signal.SIGKILL)
    found = until(lambda: len(now := children(process.pid)) == 2 and first not in now and now)
    assert second in found
    until(lambda: answers(port))


def test_workers_end_with_the_process_that_began_them_also_where_it_was_killed(served):
    process, _ = served
    begun = until(lambda: len(found := children(process.pid)) == 2 and found)
    process.kill()
    process.wait()
    until(lambda: not any(is_there(one) for one in begun))


def ending_at_once(bound):
    raise SystemExit(3)


def test_workers_that_end_as_soon_as_they_begin_are_not_begun_for_ever():
    with socket.socket() as bound, pytest.raises(GanvasError, match="status 3"):
        serve_by(2, ending_at_once, bound, grace_seconds=1)
    assert workers.MOST_SOON < 10


@pytest.mark.parametrize(
    ("options", "said"), [(["--workers", "1000"], "--workers 1000"), (["--workers", "2", "--control"], "--workers")]
)
def test_workers_that_cannot_be_are_one_line(options, said, published):
    done = subprocess.run(
        [sys.executable, "-m", "ganvas", "serve", published.folder, *options],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
