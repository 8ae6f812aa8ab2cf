"""Pushing and pulling, by the Hub's own library, against a server here that speaks the Hub's API."""

import base64
import hashlib
import http.server
import json
import os
import re
import threading
from urllib.parse import unquote, urlsplit

import pytest

from forked import run_ganvas
from ganvas.model.weights import load_model

TOKEN = "hf_thisTokenMustNotBeSeenAnywhere"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(http.server.ThreadingHTTPServer):
    """Repositories by (type, name): path -> bytes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.repositories = {}
        self.objects = {}
        self.authorised = 0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, value, status=200, headers=()):
        stored = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, each in headers:
            self.send_header(name, each)
        self.send_header("Content-Length", str(len(stored)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(stored)

    def is_authorised(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer({"error": "Invalid credentials"}, 401)
            return False
        self.server.authorised += 1
        return True

    def do_POST(self):
        path, body = unquote(urlsplit(self.path).path), self.body()
        if not self.is_authorised():
            return
        if path == "/api/repos/create":
            asked = json.loads(body)
            kind = asked.get("type") or "model"
            name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
            self.server.repositories.setdefault((kind, name), {})
            prefix = "" if kind == "model" else f"{kind}s/"
            self.answer({"url": f"{self.server.address}/{prefix}{name}"})
        elif path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif re.fullmatch(r"/api/\w+/[^/]+/[^/]+/preupload/main", path):
            files = json.loads(body)["files"]
            large = (".safetensors", ".onnx", ".gz", ".png")
            self.answer(
                {
                    "files": [
                        {
                            "path": file["path"],
                            "uploadMode": "lfs" if file["path"].endswith(large) else "regular",
                            "shouldIgnore": False,
                        }
                        for file in files
                    ]
                }
            )
        elif path.endswith(".git/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            made = [
                {**each, "actions": {"upload": {"href": f"{self.server.address}/lfs/{each['oid']}", "header": {}}}}
                for each in objects
            ]
            lfs = [("Content-Type", "application/vnd.git-lfs+json")]
            self.answer({"transfer": "basic", "objects": made}, headers=lfs)
        elif found := re.fullmatch(r"/api/(\w+)s/([^/]+/[^/]+)/commit/main", path):
            repository = self.server.repositories[found[1], found[2]]
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    repository[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    repository[value["path"]] = self.server.objects[value["oid"]]
            url = f"{self.server.address}/{found[2]}/commit/{COMMIT}"
            self.answer({"success": True, "commitUrl": url, "commitOid": COMMIT})
        else:
            self.answer({"error": f"{path} is not known"}, 404)

    def do_PUT(self):
        stored = self.body()
        oid = self.path.rsplit("/", 1)[1]
        assert hashlib.sha256(stored).hexdigest() == oid
        self.server.objects[oid] = stored
        self.answer(b"")

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        missing = [("X-Error-Code", "RepoNotFound")]
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/\w+)?", path):
            repository = self.server.repositories.get(("model", found[1]))
            if repository is None:
                self.answer({"error": "Repository not found"}, 404, missing)
                return
            files = [{"rfilename": name} for name in repository]
            self.answer({"id": found[1], "modelId": found[1], "sha": COMMIT, "private": False, "siblings": files})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/\w+", path):
            repository = self.server.repositories["model", found[1]]
            listed = [
                {"type": "file", "path": name, "size": len(stored), "oid": hashlib.sha1(stored).hexdigest()}
                for name, stored in repository.items()
            ]
            self.answer(listed)
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/\w+/(.+)", path):
            stored = self.server.repositories["model", found[1]].get(found[2])
            if stored is None:
                self.answer({"error": "Entry not found"}, 404, [("X-Error-Code", "EntryNotFound")])
                return
            tag = f'"{hashlib.sha256(stored).hexdigest()}"'
            self.answer(stored, headers=[("ETag", tag), ("X-Repo-Commit", COMMIT)])
        else:
            self.answer({"error": f"{path} is not known"}, 404)

    do_HEAD = do_GET


@pytest.fixture
def hub():
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def ganvas(hub, tmp_path):
    """The command, in a process of its own, which knows the address and the token as a person's shell would."""

    def run(*arguments, token=TOKEN):
        environment = os.environ | {
            "HF_ENDPOINT": hub.address,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "hf"),
        }
        environment |= {"HF_HUB_DISABLE_TELEMETRY": "1"} | ({"HF_TOKEN": token} if token else {})
        return run_ganvas([str(argument) for argument in arguments], cwd=tmp_path, env=environment)

    return run


def test_a_model_and_its_page_are_pushed_and_the_model_comes_back(hub, ganvas, published, tmp_path):
    done = ganvas("publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things")
    assert done.returncode == 0, done.stderr
    model, space = hub.repositories["model", "ada/things"], hub.repositories["space", "ada/things"]
    assert {"generator.safetensors", "model.onnx", "model.json", "README.md", "preview.png"} <= set(model)
    assert model["README.md"].startswith(b"---\nlibrary_name: ganvas\n")
    assert {"index.html", "app.js", "model.onnx.gz", "vendor/ort.wasm.gz"} <= set(space)
    assert b"sdk: static" in space["README.md"]
    assert hub.authorised
    drawn = ganvas("generate", "hf:ada/things", "--count", "2", "--out", "drawn", token=None)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "drawn" / "000001.png").exists()
    assert model["generator.safetensors"] == (published.folder / "generator.safetensors").read_bytes()
    assert load_model(published.folder).description.published is not None


@pytest.mark.slow
def test_a_token_is_never_printed_or_written(hub, ganvas, published, tmp_path):
    for token in (TOKEN, TOKEN + "x"):
        done = ganvas(
            "publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things", token=token
        )
        assert token not in done.stdout + done.stderr
        debugged = ganvas(
            "publish", published.folder, "--to", "hub", "--out", "out", "--repository", "a/b", "--debug", token=token
        )
        assert token not in debugged.stdout + debugged.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(TOKEN.encode() in path.read_bytes() for path in written)


def test_a_refusal_says_how_to_log_in(ganvas, published):
    done = ganvas(
        "publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things", token="hf_wrong"
    )
    assert done.returncode == 2
    assert "hf auth login" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_repository_without_an_owner_is_refused_before_anything_is_made(hub, ganvas, published):
    done = ganvas("publish", published.folder, "--to", "hub", "--out", "out", "--repository", "things")
    assert done.returncode == 2
    assert "OWNER/NAME" in done.stderr
    assert hub.repositories == {}


def test_only_what_was_written_is_pushed(hub, ganvas, published, tmp_path):
    for part in ("model", "space"):
        (tmp_path / "out" / part).mkdir(parents=True)
        (tmp_path / "out" / part / "diary.txt").write_text("mine", encoding="utf-8")
    done = ganvas("publish", published.folder, "--to", "hub", "--out", "out", "--repository", "ada/things")
    assert done.returncode == 0, done.stderr
    assert not any("diary.txt" in files for files in hub.repositories.values())


def test_without_a_repository_it_is_only_written(hub, ganvas, published, tmp_path):
    assert ganvas("publish", published.folder, "--to", "hub", "--out", "out").returncode == 0
    assert (tmp_path / "out" / "model" / "model.onnx").exists()
    assert (tmp_path / "out" / "space" / "index.html").exists()
    assert hub.repositories == {}


def test_a_model_that_is_not_there_is_said_to_be_missing(ganvas):
    done = ganvas("generate", "hf:ada/nothing", "--count", "1")
    assert done.returncode == 2
    assert "no such repository" in done.stderr
