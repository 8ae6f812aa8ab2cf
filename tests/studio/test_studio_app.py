"""What all answers have in common: the page, errors, addresses that there are not."""

import errno

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from pydantic import Field
from studios import ADDRESS, TOKEN

from ganvas.errors import DiskError, ModelError, PicturesError, SettingError
from ganvas.settings import Settings
from ganvas.studio.access import Access
from ganvas.studio.app import STATIC, create_app
from ganvas.studio.problems import Problem, missing
from ganvas.studio.watching import Hub

ERRORS = {
    "problem": (Problem(409, "busy", "name"), 409, "busy"),
    "missing": (missing("run", "cats"), 404, "there is no run 'cats' here"),
    "setting": (SettingError("a setting is wrong"), 422, "a setting is wrong"),
    "pictures": (PicturesError("no pictures"), 422, "no pictures"),
    "model": (ModelError("no model"), 422, "no model"),
    "disk": (DiskError("the disk is full"), 507, "the disk is full"),
    "full": (OSError(errno.ENOSPC, "No space left on device", "/a"), 507, "the disk is full"),
    "quota": (OSError(errno.EDQUOT, "Quota exceeded", "/a"), 507, "the disk is full"),
    "vanished": (FileNotFoundError(errno.ENOENT, "No such file", "/a/b"), 404, "/a/b is gone"),
    "forbidden": (PermissionError(errno.EACCES, "Permission denied", "/a/b"), 422, "/a/b: Permission denied"),
}


class Body(Settings):
    size: int = Field(ge=1)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    router = APIRouter()

    @router.get("/api/fail/{kind}")
    def fail(kind: str):
        raise ERRORS[kind][0]

    @router.post("/api/body")
    def body(body: Body, many: int = 0):
        return body.size + many

    static = tmp_path_factory.mktemp("static")
    (static / "index.html").write_text("the page")
    (static / "assets").mkdir()
    (static / "assets" / "app.js").write_text("script")
    app = create_app(Access(TOKEN, public=True), Hub(), [router], static=static)
    with TestClient(app, ADDRESS) as client:
        yield client


@pytest.mark.parametrize("kind", ERRORS)
def test_what_goes_wrong_is_a_status_and_a_sentence(kind, page):
    error, status, words = ERRORS[kind]
    answer = page.get(f"/api/fail/{kind}")
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(words)
    assert answer.json()["field"] == getattr(error, "field", None)


@pytest.mark.parametrize(
    ("body", "query", "field"),
    [
        (b'{"size": 0}', "", "size"),
        (b"{}", "", "size"),
        (b'{"size": 1, "other": 1}', "", "other"),
        (b'{"size": 1}', "?many=few", "many"),
        (b"{", "", None),
        (b"[]", "", None),
    ],
)
def test_a_request_that_is_wrong_names_the_field(body, query, field, page):
    answer = page.post(f"/api/body{query}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/index.html", "/runs/cats", "/a/b/c"])
def test_every_other_address_is_the_page(path, page):
    answer = page.get(path)
    assert (answer.status_code, answer.text) == (200, "the page")
    assert answer.headers["cache-control"] == "no-cache"


def test_files_of_the_page_are_sent_and_asked_for_again_only_when_they_changed(page):
    answer = page.get("/assets/app.js")
    assert answer.text == "script"
    assert "javascript" in answer.headers["content-type"]
    assert page.get("/assets/app.js", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert page.head("/assets/app.js").status_code == 200


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/none.png", "/api/none", "/api", "/files/a", "/explore/none", "/published/none"]
)
def test_what_is_not_there_is_not_the_page(path, page):
    assert page.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_changed_at_an_address_that_there_is_not(method, page):
    for path in ("/api/none", "/runs/cats", "/"):
        assert page.request(method, path).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/..%2f..%2fapp.py", "/%2e%2e/app.py", "/assets/..%2f..%2fapp.py", "/%00"])
def test_no_file_beside_the_page_is_sent(path, page):
    assert "create_app" not in page.get(path).text


def test_nothing_moves_without_an_end_but_the_bar_of_work_whose_length_is_unknown():
    """What moves has the browser draw sixty times a second, which a training on the same machine pays for."""
    endless = [rule for rule in (STATIC / "index.css").read_text().split("}") if "infinite" in rule]
    assert [rule.rpartition("{")[0] for rule in endless] == [".progress:indeterminate"]
