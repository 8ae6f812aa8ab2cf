"""`ganvas serve` as a process."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(port, path, **headers):
    """Status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


@pytest.fixture(scope="module")
def port(published, labelled, tmp_path_factory):
    """Two runs with their exports where `ganvas export` puts them, behind a proxy that serves them below a path."""
    runs, port = tmp_path_factory.mktemp("runs"), free_port()
    for name, model in (("cars", published), ("animals", labelled)):
        shutil.copytree(model.folder, runs / name / "exported")
        (runs / name / "exported" / "page").mkdir()
        (runs / name / "exported" / "page" / "index.html").write_text(f"the page of {name}", encoding="utf-8")
    command = [sys.executable, "-m", "ganvas", "serve", runs / "cars" / "exported", runs / "animals" / "exported"]
    command += ["--port", str(port), "--threads", "1", "--rate", "0.01", "--root-path", "/pictures"]
    command += ["--proxy", "127.0.0.2, 10.0.0.0/8", "--proxy", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for _ in range(600):
        try:
            answer(port, "/healthz")
            break
        except urllib.error.URLError:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
    yield port
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert b"Traceback" not in told


def test_two_exports_of_the_default_layout_go_by_their_runs(port):
    status, models = answer(port, "/v1/models", **{"X-Forwarded-For": "192.0.2.1"})
    assert status == 200
    assert [model["model"] for model in json.loads(models)] == ["cars", "animals"]
    for path, words in (("/", b"the page of cars"), ("/models/animals/", b"the page of animals")):
        assert answer(port, path) == (200, words)


def test_its_proxy_is_believed_and_its_prefix_known(port):
    statuses = [answer(port, "/v1/models", **{"X-Forwarded-For": f"198.51.100.{at % 2}"})[0] for at in range(84)]
    assert statuses == [200] * 80 + [429] * 4
    assert b'"url":"/pictures"' in answer(port, "/openapi.json")[1]


@pytest.mark.parametrize("option", [["--proxy", "<script>1"], ["--root-path", "pictures/"], ["--keys", "nowhere"]])
def test_an_option_that_cannot_be_is_one_line(option, published):
    command = [sys.executable, "-m", "ganvas", "serve", published.folder, *option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert option[0] in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
