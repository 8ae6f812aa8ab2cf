"""A server here that speaks the Hub's API, for pushing and pulling by the Hub's own library."""

import base64
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

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


@contextmanager
def served_hub() -> Generator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
