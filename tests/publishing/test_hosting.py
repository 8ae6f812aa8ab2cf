"""The server's folder and the container's: their steps, run without a container; a server as a process."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from ganvas.files import cache_folder
from ganvas.publishing import docker, hosting
from ganvas.publishing.packaging import Bundle, NoOptions


@pytest.fixture(scope="module")
def folder(published, tmp_path_factory):
    out = tmp_path_factory.mktemp("docker")
    docker.publish(Bundle(published.folder, cache_folder() / "downloads"), out, NoOptions())
    return out


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`python -m ganvas serve` in the folder that was written, from nothing but its own modules."""

    def __init__(self, folder, *arguments):
        self.port = free_port()
        self.started = time.perf_counter()
        command = [sys.executable, "-P", "-m", "ganvas", "serve", "model", "--port", str(self.port), *arguments]
        environment = os.environ | {"PYTHONPATH": str(folder)}
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as response:
            return response.read()

    def wait(self):
        while self.process.poll() is None:
            try:
                return self.get("/healthz")
            except urllib.error.URLError:
                time.sleep(0.02)
        raise AssertionError(self.process.stderr.read())


@pytest.fixture
def server(folder):
    server = Server(folder)
    server.wait()
    yield server
    server.process.kill()
    server.process.wait()
    server.process.stderr.close()


def test_the_folder_serves_from_its_own_modules(server, folder):
    assert json.loads(server.get("/v1/models"))[0]["title"] == "This thing does not exist"
    assert server.get("/v1/images/3.png")[:4] == b"\x89PNG"
    assert b"This thing does not exist" in server.get("/")
    assert server.get("/vendor/ort.wasm.gz")[:2] == b"\x1f\x8b"
    modules = Path(f"/proc/{server.process.pid}/maps")
    if modules.exists():
        assert "torch" not in modules.read_text()


def test_what_was_begun_is_finished_when_it_is_asked_to_stop(server):
    request = "GET /v1/walk?seeds=1,2,3&frames=480 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request.encode())
        assert select.select([connection], [], [], 0.1)[0] == []  # it is at work
        server.process.send_signal(signal.SIGTERM)
        found = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = found.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert f"content-length: {len(body)}" in head.decode().lower()
    assert server.process.wait(20) == 0


def test_others_are_not_let_in_without_keys_or_a_word(folder):
    server = Server(folder, "--host", "0.0.0.0")
    assert server.process.wait(20) == 2
    assert "--public" in server.process.stderr.read()
    server.process.stderr.close()


def test_a_port_that_is_taken_is_one_line(server, folder):
    other = Server(folder, "--port", str(server.port))
    assert other.process.wait(20) == 2
    lines = [line for line in other.process.stderr.read().splitlines() if "choose another" in line]
    assert len(lines) == 1
    other.process.stderr.close()


def test_the_dockerfile_is_one_that_the_linter_accepts(folder):
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, folder / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_requirements_are_those_that_are_installed_here(folder):
    """Its packages are this environment's, so that what is tested here is what the container would run."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--quiet",
            "--no-index",
            "-r",
            folder / "requirements.txt",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_container_runs_as_nobody_and_is_asked_for_its_health(folder):
    text = (folder / "Dockerfile").read_text(encoding="utf-8")
    assert "\nUSER 10001\n" in text
    assert "HEALTHCHECK" in text
    assert "read_only: true" in (folder / "compose.yaml").read_text(encoding="utf-8")


def composed(folder, name):
    return yaml.safe_load((folder / name).read_text(encoding="utf-8"))["services"]


def test_two_servers_stand_behind_nginx_which_waits_until_they_are_well(folder):
    services = composed(folder, "compose.replicas.yaml")
    pictures, proxy = services["pictures"], services["proxy"]
    assert pictures["deploy"]["replicas"] == 2
    assert "ports" not in pictures  # nginx alone is reached, so that it may be believed
    assert "/readyz" in pictures["healthcheck"]["test"][-1]
    assert proxy["depends_on"] == {"pictures": {"condition": "service_healthy"}}
    assert "/healthz" in proxy["healthcheck"]["test"][-1]
    source, target, _ = proxy["volumes"][0].split(":")
    assert (folder / source).is_file()
    assert target == "/etc/nginx/conf.d/default.conf"
    nginx = (folder / "nginx.conf").read_text(encoding="utf-8")
    assert f"listen {proxy['ports'][0].split(':')[1]};" in nginx
    assert "set $servers pictures;" in nginx


@pytest.mark.parametrize("name", ["compose.yaml", "compose.replicas.yaml"])
def test_every_service_is_fenced_in_and_begun_again(name, folder):
    for service in composed(folder, name).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["restart"] == "unless-stopped"
        assert service["mem_limit"]


def test_the_servers_behind_nginx_take_the_options_that_they_are_given(folder):
    command = composed(folder, "compose.replicas.yaml")["pictures"]["command"]
    server = Server(folder, *command)
    try:
        server.wait()
        assert server.get("/readyz")
    finally:
        server.process.kill()
        server.process.wait()
        server.process.stderr.close()


def test_a_server_without_a_container_needs_nothing_else(published, tmp_path):
    hosting.publish(Bundle(published.folder, cache_folder() / "downloads"), tmp_path, NoOptions())
    assert {"ganvas", "model", "requirements.txt", "README.md"} == {path.name for path in tmp_path.iterdir()}
