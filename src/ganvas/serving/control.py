"""What comes in by OSC over UDP on this machine, passed on over a WebSocket to pages that know the token.

The server hears nothing of what a page says there. A message is {"name": "/address", "value": 0 to 1} as JSON; of an
address with several numbers the second is "/address/2", and so on.
"""

import asyncio
import hmac
import json
import secrets
import socket
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.websockets import WebSocket, WebSocketDisconnect

from ganvas.errors import SettingError
from ganvas.serving.auth import host_of
from ganvas.serving.osc import Message, read_packet

PATH = "/control"
OSC_HOST = "127.0.0.1"
MOST_WAITING = 256  # messages of a client; of one that is slower than they come, the oldest are lost
MOST_CLIENTS = 8
SECONDS_TO_TAKE = 30.0  # a message
MOST_NAME_LETTERS = 64  # as many as the page takes
TOKEN_BYTES = 16
_REFUSED, _UNHEARD = 1008, 1003  # RFC 6455, 7.4.1: against the policy; of a kind that is not taken


class Control(asyncio.DatagramProtocol):
    """Hears OSC and passes it on.

    Args:
        heard: what `osc_socket` gave.
        hosts: names that the page's address may have.
    """

    def __init__(self, heard: socket.socket, hosts: Sequence[str]):
        self.token = secrets.token_hex(TOKEN_BYTES)
        self.port: int = heard.getsockname()[1]
        self.taken = self.dropped = 0
        self._heard, self._hosts = heard, hosts
        self._clients: set[_Client] = set()

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[None]:
        """Hear OSC while the block lasts."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=self._heard)
        try:
            yield
        finally:
            transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass a packet on; one that is damaged is counted and dropped."""
        messages = read_packet(data)
        if messages is None:
            self.dropped += 1
            return
        self.taken += 1
        for name, value in (pair for message in messages for pair in values_of(message)):
            told = json.dumps({"name": name, "value": value})
            for client in self._clients:
                client.tell(told)

    async def attend(self, page: WebSocket) -> None:
        """Send to a page what comes, until it goes; refused with 403 where it lacks the token or is of elsewhere."""
        if not self.lets_in(page) or len(self._clients) >= MOST_CLIENTS:
            await page.close(_REFUSED)
            return
        await page.accept()
        client = _Client(page)
        self._clients.add(client)
        sending, leaving = asyncio.create_task(client.send_on()), asyncio.create_task(page.receive())
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and leaving.result()["type"] != "websocket.disconnect":
                await page.close(_UNHEARD)
        finally:
            self._clients.discard(client)
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    def lets_in(self, page: WebSocket) -> bool:
        """Whether a page is this server's own, under a name of this machine, and knows the token."""
        host, origin = page.headers.get("host", ""), page.headers.get("origin", "")
        is_own = host_of(host) in self._hosts and origin == f"http://{host}"
        given = page.query_params.get("token", "")
        return hmac.compare_digest(given.encode(), self.token.encode()) and is_own


class _Client:
    """A page, and what it has not been sent yet."""

    def __init__(self, page: WebSocket):
        self._page = page
        self._waiting = deque[str](maxlen=MOST_WAITING)
        self._has_some = asyncio.Event()

    def tell(self, told: str) -> None:
        self._waiting.append(told)
        self._has_some.set()

    async def send_on(self) -> None:
        """Send what comes, one after another, until the page is gone or takes nothing for too long."""
        try:
            while True:
                await self._has_some.wait()
                self._has_some.clear()
                while self._waiting:
                    async with asyncio.timeout(SECONDS_TO_TAKE):
                        await self._page.send_text(self._waiting.popleft())
        except (WebSocketDisconnect, TimeoutError):
            return


def values_of(message: Message) -> list[tuple[str, float]]:
    """The numbers of a message by the names they go by, clipped to 0 to 1; texts move nothing."""
    numbers = [float(each) for each in message.arguments if not isinstance(each, str)]
    names = [message.address, *(f"{message.address}/{place}" for place in range(2, len(numbers) + 1))]
    pairs = zip(names, numbers, strict=False)  # a message without numbers has an address all the same
    return [(name, min(max(number, 0.0), 1.0)) for name, number in pairs if len(name) <= MOST_NAME_LETTERS]


def osc_socket(port: int) -> socket.socket:
    """The socket that OSC comes in by. port: 0 for any.

    Raises:
        SettingError: the port cannot be had.
    """
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        heard.bind((OSC_HOST, port))
    except OSError as error:
        heard.close()
        raise SettingError(f"--osc-port {port}: {error.strerror}; choose another, or 0 for any that is free") from error
    return heard
