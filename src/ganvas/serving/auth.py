"""Who may ask, and how often."""

import base64
import binascii
import hmac
import ipaddress
import logging
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from ganvas.errors import SettingError
from ganvas.files import read_small

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORTEST_KEY, MOST_KEY_BYTES = 16, 1_000_000
FEWEST_LETTERS = 5  # different ones of a key: 16 random digits have fewer once in 11,000 times
_MOST_CLIENTS = 10_000
_log = logging.getLogger(__name__)


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The SHA-256 of each key of a file with one key a line; empty lines and those that begin with # do not count.

    Warns of a file that others may write, and of a key that is easily guessed.

    Raises:
        SettingError: the file cannot be read, holds no key, or one that is too short to be kept secret.
    """
    try:
        lines = [line.strip() for line in read_small(path, MOST_KEY_BYTES).decode().splitlines()]
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise SettingError(f"--keys {path}: cannot be read: {error}") from error
    keys = {number: line for number, line in enumerate(lines, 1) if line and not line.startswith("#")}
    if not keys or min(map(len, keys.values())) < SHORTEST_KEY or not all(key.isascii() for key in keys.values()):
        raise SettingError(f"--keys {path}: expected one key a line, each of at least {SHORTEST_KEY} ASCII characters")
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and os.name == "posix":
        _log.warning("--keys %s: others may write this file, and let themselves in; chmod go-w takes that away", path)
    for number in [number for number, key in keys.items() if is_easily_guessed(key)]:
        _log.warning("--keys %s: the key of line %d is easily guessed; `openssl rand -hex 16` makes one", path, number)
    return tuple(sha256(key.encode()).digest() for key in keys.values())


def is_easily_guessed(key: str) -> bool:
    """Whether a key is made of a few letters, or of one part again and again."""
    return len(set(key)) < FEWEST_LETTERS or key in (key + key)[1:-1]


def is_known(keys: tuple[bytes, ...], given: str | None) -> bool:
    """Whether a key is among those of `read_keys`; takes as long for any key, so that time tells nothing."""
    found = sha256((given or "").encode()).digest()
    return sum(hmac.compare_digest(found, key) for key in keys) > 0  # not any(), which stops at the first


def given_key(headers: Mapping[str, str]) -> str | None:
    """The key of a request: `X-API-Key`, `Authorization: Bearer KEY`, or the password of `Authorization: Basic`.

    Args:
        headers: by their names in lower case.
    """
    if "x-api-key" in headers:
        return headers["x-api-key"]
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The addresses and networks of `--proxy`, each of which may be several with commas between them.

    Raises:
        SettingError: one is neither, or is every address there is.
    """
    networks = []
    for text in [part.strip() for each in texts for part in each.split(",")]:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise SettingError(
                f"--proxy {text!r}: expected an address or a network, as 10.0.0.7 or 10.0.0.0/8"
            ) from error
        if not network.prefixlen:
            raise SettingError(f"--proxy {text}: would believe everyone; give the addresses of the proxies alone")
        networks.append(network)
    return tuple(networks)


def client_address(peer: str, forwarded: str, proxies: Sequence[Network]) -> Address | None:
    """Whom a request comes from; None if its connection has no address.

    Each proxy adds the address that it was asked from to the end of X-Forwarded-For, so that the list is believed from
    its end as long as a proxy of ours wrote it, and no further than it is an address.

    Args:
        peer: the address at the other end of the connection.
        forwarded: X-Forwarded-For, as it came.
        proxies: whose word is believed.
    """
    client = parsed_address(peer)
    for entry in reversed(forwarded.split(",")):
        if client is None or not any(client in network for network in proxies):
            break
        if (before := parsed_address(_without_port(entry.strip()))) is None:
            break
        client = before
    return client


def parsed_address(text: str) -> Address | None:
    """An address, IPv4 where it is IPv4 written as IPv6, without the name of an interface; None if it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return found
    return found.ipv4_mapped or ipaddress.IPv6Address(int(found))


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def client_of(address: Address | None) -> str:
    """Who is counted as one client: an IPv4 address, or the /64 that an IPv6 one was given; "" for no address."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return "" if address is None else str(address)


def host_of(header: str) -> str:
    """The name in a `Host` header, without its port."""
    name, colon, port = header.strip().lower().rpartition(":")
    return name if colon and port.isdecimal() else header.strip().lower()


class Rate:
    """A bucket of tokens for each client, filled at a steady rate; as many clients as may be are remembered.

    Args:
        per_second: requests; a client may be as many as `burst` ahead.
        clock: seconds, from anywhere.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic):
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, client: str) -> float:
        """0 if the client may go on, which takes a token; else the seconds until it may."""
        now = self._clock()
        tokens, then = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - then) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return wait
