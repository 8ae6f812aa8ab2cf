"""Who is let in: token, cookie, password, Host, Origin; and what every answer carries."""

import stat
import sys
from hashlib import sha256

import pytest
from fastapi import APIRouter, Request
from fastapi.testclient import TestClient
from studios import ADDRESS, TOKEN, opened

from ganvas.errors import SettingError
from ganvas.studio.access import TRIES, Access, checked_host_name, kept_token, read_password
from ganvas.studio.app import create_app
from ganvas.studio.limits import BODY_BYTES
from ganvas.studio.problems import Problem
from ganvas.studio.watching import Hub

GUARDED = ("/api/home", "/api/runs", "/api/events", "/files/a", "/explore/a/index.html", "/published/a/")
PASSWORD = "a long password"


def a_router():
    router = APIRouter()

    @router.api_route("/api/thing", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def thing():
        return "thing"

    @router.post("/api/length")
    async def length(request: Request):
        return len(await request.body())

    @router.get("/api/wrong")
    def wrong():
        raise KeyError("wrong")

    @router.get("/api/refused")
    def refused():
        raise Problem(409, "no", "field")

    return router


def page(address=ADDRESS, **access):
    app = create_app(Access(**({"token": TOKEN, "port": 7870} | access)), Hub(), [a_router()])
    return TestClient(app, address, follow_redirects=False)


@pytest.fixture
def inside():
    """A page that has the cookie."""
    with page() as client:
        client.get(f"/?token={TOKEN}")
        yield client


@pytest.mark.parametrize("path", GUARDED)
def test_without_the_token_nothing_is_told(path):
    with page() as stranger:
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert TOKEN not in answer.text


def test_the_token_in_the_address_becomes_a_cookie_that_no_script_and_no_other_site_gets():
    with page() as client:
        answer = client.get(f"/?token={TOKEN}")
        assert (answer.status_code, answer.headers["location"]) == (303, "./")
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert cookie.startswith("ganvas-studio-7870=")
        assert TOKEN not in cookie
        assert client.get("/api/thing").json() == "thing"
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\u00e4"])
def test_a_wrong_token_lets_nobody_in(token):
    with page() as client:
        answer = client.get("/", params={"token": token})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert client.get("/api/thing", headers={"Authorization": f"Bearer {token}".encode()}).status_code == 401
        assert client.get("/api/thing", headers={"Cookie": f"ganvas-studio-7870={token}".encode()}).status_code == 401


def test_programs_give_the_token_in_a_header():
    with page() as client:
        assert client.get("/api/thing", headers={"Authorization": f"Bearer {TOKEN}"}).json() == "thing"


def test_the_cookie_of_another_studio_on_this_machine_does_not_count(inside):
    (cookie,) = inside.cookies.jar
    with page(token="another" * 6) as other:
        assert other.get("/api/thing", headers={"Cookie": f"{cookie.name}={cookie.value}"}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7870", "", "10.0.0.1:7870"]
)
def test_a_name_that_points_here_is_not_a_name_of_the_studio(host, inside):
    """Else a page of the web could ask by a name that it lets point to this machine."""
    for path in ("/", "/api/thing", f"/?token={TOKEN}"):
        answer = inside.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["127.0.0.1:7870", "localhost:7870", "LOCALHOST", "[::1]:7870"])
def test_this_machine_goes_by_its_names(host, inside):
    (cookie,) = inside.cookies.jar
    assert (
        inside.get("/api/thing", headers={"Host": host, "Cookie": f"{cookie.name}={cookie.value}"}).status_code == 200
    )


def test_a_host_name_that_was_given_is_one():
    with page(names=("studio.example.org",)) as client:
        headers = {"Host": "studio.example.org", "Authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/thing", headers=headers).status_code == 200
        assert client.get("/api/thing", headers=headers | {"Host": "10.0.0.1"}).status_code == 421


def test_who_listens_on_every_address_goes_by_every_number_and_by_no_other_name():
    with page(any_address=True, password=sha256(b"x").digest()) as client:
        for host, status in (("192.168.1.5:7870", 200), ("[fe80::1]:7870", 200), ("evil.example", 421)):
            headers = {"Host": host, "Authorization": f"Bearer {TOKEN}"}
            assert client.get("/api/thing", headers=headers).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": ADDRESS}, 200),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://proxy.example"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ADDRESS}, 403),
    ],
)
def test_other_pages_change_nothing_whatever_cookie_comes_along(method, headers, status, inside):
    assert inside.request(method, "/api/thing", headers=headers).status_code == status


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_other_pages_show_nothing_of_it(site, inside):
    assert inside.get("/api/thing", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert inside.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link from elsewhere opens the page


def test_a_page_behind_a_proxy_is_its_own_by_the_name_that_was_given():
    with page(names=("studio.example.org",)) as client:
        headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "https://studio.example.org"}
        assert client.post("/api/thing", headers=headers).status_code == 200
        assert client.post("/api/thing", headers=headers | {"Origin": "https://other.example.org"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/api/thing", "/api/none", "/api/wrong", "/api/refused", "/none.js", f"/?token={TOKEN}"]
)
@pytest.mark.parametrize("is_let_in", [True, False])
def test_every_answer_has_a_strict_policy_and_invites_no_other_site(path, is_let_in, inside):
    if not is_let_in:
        inside.cookies.clear()
    answer = inside.get(path, headers={"Origin": "https://evil.example"})
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_preflight_of_another_page_gets_no_leave(inside):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    answer = inside.options("/api/thing", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_what_fails_here_says_so_and_tells_nothing_of_the_code(inside):
    answer = inside.get("/api/wrong")
    assert answer.status_code == 500
    assert "KeyError" not in answer.text
    assert inside.get("/api/refused").json() == {"detail": "no", "field": "field"}


def test_a_body_is_bounded_with_and_without_a_length(inside):
    assert inside.post("/api/length", content=b"x" * 1000).json() == 1000
    assert inside.post("/api/length", content=b"x" * (BODY_BYTES + 1)).status_code == 413
    pieces = (b"x" * 1_000_000 for _ in range(BODY_BYTES // 1_000_000 + 2))
    assert inside.post("/api/length", content=pieces).status_code == 413


def test_a_password_lets_in_and_a_wrong_one_does_not():
    with page(password=sha256(PASSWORD.encode()).digest()) as client:
        assert client.get("/").status_code == 401
        assert 'type="password"' in client.get("/").text
        assert client.post("/login", data={"password": "wrong"}).status_code == 401
        assert client.get("/api/thing").status_code == 401
        answer = client.post("/login", data={"password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "./")
        assert client.get("/api/thing").status_code == 200


def test_another_password_ends_the_sessions_of_the_one_before():
    sessions = {Access(TOKEN, password=password).session for password in (None, b"one", b"two")}
    assert len(sessions) == 3


def test_guesses_are_slowed_down_the_right_one_too():
    with page(password=sha256(PASSWORD.encode()).digest()) as client:
        statuses = [client.post("/login", data={"password": f"guess {at}"}).status_code for at in range(TRIES + 3)]
        assert statuses == [401] * TRIES + [429] * 3
        late = client.post("/login", data={"password": PASSWORD})
        assert late.status_code == 429
        assert 0 < int(late.headers["retry-after"]) <= 10


def test_the_form_takes_no_password_of_another_page():
    with page(password=sha256(PASSWORD.encode()).digest()) as client:
        answer = client.post("/login", data={"password": PASSWORD}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403


@pytest.mark.parametrize("body", [b"", b"password", b"\xff=\xff", b"password=" + b"x" * 100_000])
def test_a_form_that_is_none_is_no_password(body):
    with page(password=sha256(PASSWORD.encode()).digest()) as client:
        assert client.post("/login", content=body).status_code == 401


def test_without_a_password_there_is_no_form():
    with page() as client:
        assert client.post("/login", data={"password": ""}).status_code == 401


def test_public_lets_everyone_in_and_still_no_other_page():
    with page(public=True) as client:
        assert client.get("/api/thing").status_code == 200
        assert client.post("/api/thing", headers={"Origin": "https://evil.example"}).status_code == 403
        assert client.get("/api/thing", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("is_stripped", [True, False])
def test_it_works_below_a_path_whether_or_not_a_proxy_takes_that_away(is_stripped):
    prefix = "" if is_stripped else "/lab/studio"
    with page(root_path="/lab/studio") as client:
        answer = client.get(f"{prefix}/?token={TOKEN}")
        assert answer.headers["location"] == "./"
        assert "Path=/lab/studio" in answer.headers["set-cookie"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get(f"{prefix}/api/thing", headers=headers).json() == "thing"
        assert client.get(f"{prefix}/", headers=headers).status_code == 200
        client.cookies.clear()
        for path in ("/api/thing", "/api/thing/", "/api/none"):
            assert client.get(f"{prefix}{path}").status_code == 401


@pytest.mark.parametrize("path", ["/lab/studio", "/lab/studiox", "/lab/studioapi/thing", "//api/thing", "/./api/thing"])
def test_no_spelling_of_a_path_goes_around_the_token(path):
    with page(root_path="/lab/studio") as client:
        answer = client.get(path)
        assert answer.json() != "thing" if answer.status_code == 200 else answer.status_code in (401, 404)


def test_a_websocket_is_not_talked_to():
    from starlette.websockets import WebSocketDisconnect

    with page() as client, pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/events"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="has no modes")
def test_the_token_is_kept_where_nobody_else_reads_it(tmp_path):
    path = tmp_path / "studio" / "token"
    token = kept_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_token(path) == token
    path.chmod(0o644)
    assert kept_token(path) != token
    path.write_text("short\n")
    assert len(kept_token(path)) >= 32


@pytest.mark.parametrize("stored", [b"", b"short\n", b"\xff\xfe" * 20, b"x" * 2000])
def test_a_password_file_holds_a_password(stored, tmp_path):
    (tmp_path / "password").write_bytes(stored)
    with pytest.raises(SettingError, match="--password-file"):
        read_password(tmp_path / "password")
    (tmp_path / "password").write_text(f"{PASSWORD}\nand more\n")
    assert read_password(tmp_path / "password") == sha256(PASSWORD.encode()).digest()


@pytest.mark.parametrize("name", ["", "http://x", "a b", "a/b", "x:1", "-x", "é.example"])
def test_a_host_name_is_a_name(name):
    with pytest.raises(SettingError, match="--host-name"):
        checked_host_name(name)
    assert checked_host_name("Studio.Example.org.") == "studio.example.org"


NAMES = ("%2e%2e", "..%2f..%2fsecret", "%2fetc", "a%5cb", "a%00b", ".hidden", "%2e")
READ = (
    "/api/runs/{}",
    "/api/runs/{}/draw",
    "/api/runs/{}/moments/0.png",
    "/api/runs/{}/files/index.html",
    "/api/sets/{}/files",
    "/api/published/{}.zip",
    "/published/{}/index.html",
    "/explore/{}/index.html",
)
CHANGED = (
    ("DELETE", "/api/runs/{}"),
    ("PATCH", "/api/runs/{}"),
    ("POST", "/api/runs/{}/pause"),
    ("POST", "/api/runs/{}/stop"),
    ("POST", "/api/runs/{}/resume"),
    ("POST", "/api/runs/{}/first"),
    ("DELETE", "/api/queue/{}"),
    ("DELETE", "/api/sets/{}"),
)


@pytest.fixture(scope="module")
def beside_a_secret(tmp_path_factory):
    """A studio whose home has runs, beside a folder that is like one."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "home" / "runs" / "a").mkdir(parents=True)
    (folder / "secret" / "samples").mkdir(parents=True)
    for file in ("index.html", "run.toml", "samples/000000000.png"):
        (folder / "secret" / file).write_text("secret")
    with opened(folder / "home") as one:
        yield folder, one.page


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", READ)
def test_no_name_leads_out_of_its_folder(path, name, beside_a_secret):
    answer = beside_a_secret[1].get(path.format(name))
    assert answer.status_code in (404, 422, 200)
    assert "secret" not in answer.text.replace(name, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("method", "path"), CHANGED)
def test_no_name_changes_what_is_outside(method, path, name, beside_a_secret):
    folder, page = beside_a_secret
    before = sorted(folder.rglob("*"))
    assert page.request(method, path.format(name), json={"name": "b"}).status_code in (404, 405, 422)
    assert [path for path in before if not path.exists()] == []
