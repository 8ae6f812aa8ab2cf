"""`ganvas studio` as a process, with trainings that train."""

import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from studios import PX, Listening, until

from ganvas.errors import SettingError
from ganvas.studio.runs.processes import command_of, is_train
from ganvas.studio.server import PORT, address_of, bound_socket

SMALL = {"training.batch": 4, "network.width": 0.1, "measuring.share": 0, "recording.report": False}
SMALL |= {"recording.save_seconds": 1}
ASKED = {"source": "avatars", "size": PX, "recipe": "quick", "images": 1_000_000, "settings": SMALL}


class Page:
    """What a person sees of a studio in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], told: str) -> None:
        self.process, self.told = process, told
        address = re.match(r"(http://127\.0\.0\.1:\d+)/\?token=([\w-]+) ", told)
        assert address, told
        self.client = httpx.Client(base_url=address[1], timeout=120)
        assert self.client.get("/", params={"token": address[2]}, follow_redirects=True).status_code == 200

    def run(self, name: str):
        return next((one for one in self.client.get("/api/runs").json() if one["name"] == name), {"state": "none"})

    def wait(self, name: str, state: str, images: int = 0):
        def is_so():
            found = self.run(name)
            return found["state"] == state and found["images"] >= images

        until(is_so, lambda: f"{self.run(name)}, not {state} with {images}")
        return self.run(name)

    def begin(self, name: str, **more):
        answer = self.client.post("/api/runs", json={**ASKED, "name": name, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["state"]

    def act(self, name: str, verb: str, **body):
        answer = self.client.post(f"/api/runs/{name}/{verb}", json=body)
        assert answer.status_code == 200, answer.text


@contextmanager
def studio(home, *options):
    """A studio, killed at the end."""
    command = [sys.executable, "-m", "ganvas", "studio", str(home), "--no-open", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    page = None
    try:
        page = Page(process, process.stdout.readline())
        yield page
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if page is not None:
            page.client.close()


@pytest.fixture
def home(tmp_path):
    """A home folder, whose trainings are ended with the test."""
    yield tmp_path
    for path in tmp_path.glob("runs/*/training.pid"):
        number = int(path.read_text())
        if is_train(command_of(number)):
            import os

            os.kill(number, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")
def test_trainings_are_begun_paused_gone_on_with_and_outlive_the_studio(home):
    with studio(home) as page:
        assert page.begin("a") == "starting"
        assert page.begin("b") == "queued"
        page.wait("a", "training", images=8)
        page.act("a", "pause")
        paused = page.wait("a", "paused")
        assert paused["images"] >= 8
        page.wait("b", "training", images=8)
        page.process.kill()
        page.process.wait()
    with studio(home) as page:
        seen = page.wait("b", "training")
        page.wait("b", "training", images=seen["images"] + 4)  # it went on alone, and still does
        page.act("a", "resume", images=paused["images"] + 40)
        assert page.run("a")["state"] == "queued"
        page.act("b", "stop")
        page.wait("b", "finished")
        finished = page.wait("a", "finished")
        assert paused["images"] + 40 <= finished["images"] <= paused["images"] + 44
        assert finished["preview"]
        assert page.client.get(f"/{finished['preview']}").status_code == 200
        assert page.client.get("/api/runs/a/draw?seeds=0-3").headers["content-type"] == "image/png"
        events = [one["event"] for one in page.client.get("/api/runs/a").json()["events"]]
        assert [one for one in events if one in ("resumed", "ended")] == ["ended", "resumed", "ended"]


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")
def test_a_run_of_a_terminal_appears_and_is_paused_from_the_page(home):
    words = ["train", "avatars", "--size", str(PX), "--recipe", "quick", "--images", "1000000", "--out", "runs/mine"]
    words += [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}".lower())]
    with studio(home) as page:
        listening = Listening(page.client, "/api/events", {})
        terminal = subprocess.Popen([sys.executable, "-m", "ganvas", *words], cwd=home, stderr=subprocess.DEVNULL)
        listening.wait("run", lambda one: one["name"] == "mine" and one["state"] == "training" and one["images"] > 0)
        assert page.run("mine")["by"] == "terminal"
        page.act("mine", "pause")
        assert terminal.wait(120) == 130
        listening.wait("run", lambda one: one["state"] == "paused")


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")
def test_a_training_that_is_paused_as_it_starts_trains_later(home):
    with studio(home) as page:
        page.begin("a", images=40)
        page.act("a", "pause")
        page.wait("a", "paused")
        page.act("a", "resume")
        assert page.wait("a", "finished")["images"] == 40


def test_a_training_that_fails_says_why(home):
    (home / "empty").mkdir()
    with studio(home) as page:
        page.begin("a", source=str(home / "empty"))
        assert "picture" in page.wait("a", "failed")["problem"]
        page.begin("b", images=8)
        page.wait("b", "finished")
        page.begin("c", images=8, start={"run": "b", "images": None})
        assert page.wait("c", "finished")["start"] == {"run": "b", "images": None}
        page.begin("d", images=8, start={"run": "b", "images": None}, size=32)
        assert "size 16x16, this run would have 32x32" in page.wait("d", "failed")["problem"]


@pytest.mark.skipif(sys.platform == "win32", reason="is ended by a signal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_while_pages_listen(number, home):
    with studio(home) as page:
        every = Listening(page.client, "/api/events", {})
        every.wait("snapshot")
        page.process.send_signal(number)
        assert page.process.wait(60) == 0
        assert page.process.stdout.read() == ""


def test_a_page_goes_on_with_a_studio_that_was_started_anew(home):
    with studio(home) as page:
        cookies = dict(page.client.cookies)
        port = page.client.base_url.port
        page.process.kill()
        page.process.wait()
    ((name, value),) = cookies.items()
    assert name == f"ganvas-studio-{port}"
    with studio(home) as again:
        renamed = {f"ganvas-studio-{again.client.base_url.port}": value}
        assert httpx.get(f"{again.client.base_url}/api/runs", cookies=renamed).status_code == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "--password-file"),
        (["--root-path", "studio/"], "--root-path"),
        (["--host-name", "http://x"], "--host-name"),
        (["--password-file", "nowhere"], "--password-file"),
        (["--host", "203.0.113.1", "--public"], "203.0.113.1"),
    ],
)
def test_an_option_that_cannot_be_is_one_line(options, words, tmp_path):
    command = [sys.executable, "-m", "ganvas", "studio", str(tmp_path), "--no-open", "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("ganvas: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_next_free_port_is_taken_unless_one_was_asked_for():
    with bound_socket("127.0.0.1", None) as one:
        one.listen()
        with bound_socket("127.0.0.1", None) as other:
            assert other.getsockname()[1] > one.getsockname()[1] >= PORT
        with pytest.raises(SettingError, match="--port"):
            bound_socket("127.0.0.1", one.getsockname()[1])


def test_the_address_is_one_that_a_browser_here_can_open():
    assert address_of("127.0.0.1", 7870, "", "abc") == "http://127.0.0.1:7870/?token=abc"
    assert address_of("0.0.0.0", 80, "/lab", "") == "http://127.0.0.1:80/lab/"
    assert address_of("::1", 80, "", "") == "http://[::1]:80/"
