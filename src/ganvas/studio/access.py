"""Who may ask, and by which names: the token in the address, the cookie, the password, Host and Origin."""

import hmac
import ipaddress
import logging
import math
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganvas.errors import SettingError
from ganvas.files import read_small
from ganvas.formats.policy import source_hash
from ganvas.serving.auth import Rate, client_of, host_of, parsed_address
from ganvas.studio.limits import BODY_BYTES

SHORTEST_PASSWORD, MOST_PASSWORD_BYTES = 10, 1000
TRIES, SECONDS_A_TRY = 5, 10.0  # of a password: so many at once, then one each so often, of one address
TRIES_OF_ALL, SECONDS_A_TRY_OF_ALL = 50, 1.0  # likewise, of all addresses together
_log = logging.getLogger(__name__)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_GUARDED = ("api", "files", "explore", "published")  # first parts of paths that need the cookie or the token
_SAFE = ("GET", "HEAD", "OPTIONS")
_UPLOADS = re.compile(r"/api/sets/[^/]+/files")  # which count their own bytes
_TOKEN = re.compile(rb"[\w-]{32,100}")
_MOST_FORM_BYTES = 4000
_LOGIN = "/login"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}"
    "input,button{font:inherit;padding:.4rem .6rem}"
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "media-src 'self' blob:; font-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_DOOR_POLICY = (
    f"default-src 'none'; style-src {source_hash(_STYLE)}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Access:
    """Who may ask.

    token: what the address holds; whoever has it is let in. port: of the address, told apart by in the cookie's name.
    names: that the server may be asked by, in lower case, besides those of this machine. any_address: also by every
    address that is a number, as one that listens on all of them. password: its SHA-256; None: none is asked for.
    public: everyone is let in. root_path: what a proxy puts before every path.
    """

    token: str
    port: int = 0
    names: tuple[str, ...] = ()
    any_address: bool = False
    password: bytes | None = None
    public: bool = False
    root_path: str = ""

    @property
    def cookie(self) -> str:
        """Its name: of one studio, since cookies do not know ports."""
        return f"ganvas-studio-{self.port}"

    @cached_property
    def session(self) -> str:
        """The cookie's value: tells nothing of the token, and is another one where the password is."""
        return hmac.new(self.token.encode(), b"session" + (self.password or b""), sha256).hexdigest()

    def is_named(self, host: str) -> bool:
        """Whether the server goes by the name in a Host header; or any page could ask, by a name that points here."""
        name = host_of(host)
        if name in (*_LOOPBACK, *self.names) or (self.public and not self.names and self.any_address):
            return True
        return self.any_address and parsed_address(name.strip("[]")) is not None

    def is_own(self, headers: Mapping[str, str]) -> bool:
        """Whether a request that changes something comes from the studio's own page, or from no page at all."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            return site in ("same-origin", "none")
        if origin is None:
            return True
        asked = urlsplit(origin)
        return asked.netloc == headers.get("host") or asked.hostname in self.names

    def is_let_in(self, headers: Headers) -> bool:
        """Whether a request has the cookie or the token."""
        if self.public:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(given.strip()):
            return True
        return hmac.compare_digest(_cookie(headers, self.cookie).encode(), self.session.encode())

    def is_token(self, given: str) -> bool:
        """Whether it is the token; takes as long for any, so that time tells nothing."""
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())

    def is_password(self, given: str) -> bool:
        """Whether it is the password; likewise."""
        found = sha256(given.encode(errors="replace")).digest()
        return self.password is not None and hmac.compare_digest(found, self.password)

    def letting_in(self, path: str) -> Response:
        """From a path to the page, with the cookie."""
        response = RedirectResponse(_to_root(path), 303)
        response.set_cookie(
            self.cookie, self.session, path=self.root_path or "/", httponly=True, samesite="strict", max_age=None
        )
        return response


class Guard:
    """ASGI middleware: lets a request through, or answers it."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access
        self._of_one = Rate(1 / SECONDS_A_TRY, TRIES)
        self._of_all = Rate(1 / SECONDS_A_TRY_OF_ALL, TRIES_OF_ALL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = self._access.root_path
        path = scope["path"]
        if path == root or path.startswith(f"{root}/"):
            path = path.removeprefix(root) or "/"
        scope = {**scope, "root_path": root, "method": "GET" if scope["method"] == "HEAD" else scope["method"]}
        headers = Headers(scope=scope)
        answer = await self._answer(scope, path, headers, receive)
        counted = receive if _UPLOADS.fullmatch(path) else _counted(receive)
        sending = _Sending(send)
        try:
            await (answer or self._app)(scope, counted, sending)
        except Exception:  # noqa: BLE001 - whoever asked is told, and the log says more
            _log.exception("%s %s failed", scope["method"], path)
            if not sending.has_begun:
                failed = _refusal(500, "this failed here, and is none of your doing; what the studio printed says more")
                await failed(scope, receive, sending)

    async def _answer(self, scope: Scope, path: str, headers: Headers, receive: Receive) -> Response | None:
        """What is answered in place of what was asked for; None: it is let through."""
        access = self._access
        if not access.is_named(headers.get("host", "")):
            return _refusal(421, "the studio does not go by this name; start it with --host-name NAME if it should")
        is_guarded = path.split("/")[1] in _GUARDED
        if (is_guarded or scope["method"] not in _SAFE) and not access.is_own(headers):
            return _refusal(403, "this was asked by another page; use the studio's own")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or (int(length) > BODY_BYTES and not _UPLOADS.fullmatch(path)):
            return _refusal(413, f"expected at most {BODY_BYTES:,} bytes")
        token = QueryParams(scope["query_string"]).get("token") if scope["method"] == "GET" and not is_guarded else None
        if token is not None and access.is_token(token):
            return access.letting_in(path)
        if path == _LOGIN and scope["method"] == "POST" and access.password is not None:
            return await self._login(scope, receive)
        if access.is_let_in(headers):
            return None
        if is_guarded or scope["method"] != "GET":
            return _refusal(401, "open the address that `ganvas studio` printed, or give its token")
        return None if "." in path.rpartition("/")[2] else _door(path, access.password is not None)

    async def _login(self, scope: Scope, receive: Receive) -> Response:
        body = b""
        while len(body) <= _MOST_FORM_BYTES:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        client = client_of(parsed_address((scope["client"] or ("",))[0]))
        wait = self._of_one.seconds_to_wait(client) or self._of_all.seconds_to_wait("")
        if wait:
            return _door(_LOGIN, True, "Too many tries; wait a little.", 429, {"Retry-After": str(math.ceil(wait))})
        given = parse_qs(body[:_MOST_FORM_BYTES].decode(errors="replace")).get("password", [""])[0]
        if self._access.is_password(given):
            return self._access.letting_in(_LOGIN)
        return _door(_LOGIN, True, "That is not the password.")


def kept_token(path: Path) -> str:
    """The token of a home folder, made once: pages that are open go on when the studio was started anew.

    One that others could read is replaced.
    """
    try:
        mode, stored = path.stat().st_mode, read_small(path, 200).strip()
        is_secret = os.name != "posix" or not mode & (stat.S_IRWXG | stat.S_IRWXO)
        if is_secret and _TOKEN.fullmatch(stored):
            return stored.decode()
        path.unlink()
    except FileNotFoundError:
        pass
    token = token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{token}\n")
    return token


def read_password(path: Path) -> bytes:
    """The SHA-256 of the first line of a file.

    Raises:
        SettingError: it cannot be read, or is too short to be kept secret.
    """
    try:
        lines = read_small(path, MOST_PASSWORD_BYTES).decode().splitlines()
    except (OSError, ValueError) as error:
        raise SettingError(f"--password-file {path}: cannot be read: {error}") from error
    password = lines[0].strip() if lines else ""
    if len(password) < SHORTEST_PASSWORD:
        raise SettingError(
            f"--password-file {path}: expected a password of at least {SHORTEST_PASSWORD} characters in the first line"
        )
    return sha256(password.encode()).digest()


def checked_host_name(name: str) -> str:
    """A name that the studio may be asked by, in lower case; raises SettingError where it is none."""
    plain = name.strip().lower().rstrip(".")
    try:
        ipaddress.ip_address(plain.strip("[]"))
    except ValueError:
        if not re.fullmatch(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?", plain):
            raise SettingError(f"--host-name {name!r}: expected a name as studio.example.org, without a port") from None
    return plain


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _refusal(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail, "field": None}, status)


def _to_root(path: str) -> str:
    """The address of the page, relative to that of a path: a proxy may put a prefix before both."""
    return "../" * (path.count("/") - 1) or "./"


def _door(
    path: str, asks_password: bool, said: str = "", status: int = 401, headers: dict[str, str] | None = None
) -> Response:
    """The page of whoever is not let in yet."""
    form = (
        f'<form method="post" action="{_to_root(path)}login"><label>Password '
        '<input type="password" name="password" autocomplete="current-password" autofocus required></label> '
        "<button>Open</button></form>"
    )
    told = form if asks_password else "<p>Open the address that <code>ganvas studio</code> printed in the terminal.</p>"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Ganvas studio</title><style>{_STYLE}</style>'
        f'<meta name="viewport" content="width=device-width"><h1>Ganvas studio</h1><p role="alert">{said}</p>{told}'
    )
    return HTMLResponse(page, status, {**(headers or {}), "Content-Security-Policy": _DOOR_POLICY})


def _counted(receive: Receive) -> Receive:
    """A body without a length is counted as it comes."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_BYTES:
            raise HTTPException(413, f"expected at most {BODY_BYTES:,} bytes")
        return message

    return counting


class _Sending:
    """Sends an answer with what every answer has; a route may give a policy of its own, as for pages in frames."""

    def __init__(self, send: Send) -> None:
        self._send, self.has_begun = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)
