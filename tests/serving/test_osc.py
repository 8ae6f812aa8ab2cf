"""OSC on this machine, passed on to pages that know the token: packets, who is let in, and what slow pages cost."""

import asyncio
import json
import math
import socket
import struct
import time
from contextlib import contextmanager

import pytest
import wsproto
from hypothesis import given
from hypothesis import strategies as st
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage

import ganvas.serving.control
import ganvas.serving.server
from ganvas.errors import SettingError
from ganvas.serving.api import create_app
from ganvas.serving.auth import read_networks
from ganvas.serving.control import MOST_CLIENTS, MOST_WAITING, Control, osc_socket, values_of
from ganvas.serving.middleware import Limits
from ganvas.serving.osc import MOST_PACKET_BYTES, Message, read_packet
from ganvas.serving.server import LOOPBACK, configured, serve
from served import running


def text(value):
    stored = value.encode() + b"\0"
    return stored + b"\0" * (-len(stored) % 4)


def message(address, kinds="", *arguments):
    parts = [
        text(each) if isinstance(each, str) else struct.pack(">f" if kind == "f" else ">i", each)
        for kind, each in zip(kinds.translate({ord("T"): None, ord("F"): None}), arguments, strict=True)
    ]
    return text(address) + text(f",{kinds}") + b"".join(parts)


def bundle(*parts):
    return b"#bundle\0" + bytes(8) + b"".join(struct.pack(">i", len(part)) + part for part in parts)


# The two examples of the specification, byte by byte.
OSCILLATOR = bytes.fromhex("2f6f7363696c6c61746f722f342f6672657175656e6379002c66000043dc0000")
FOO = bytes.fromhex("2f666f6f000000002c69697366660000000003e8ffffffff68656c6c6f0000003f9df3b640b5b22d")


def test_the_packets_of_the_specification_are_read():
    assert read_packet(OSCILLATOR) == (Message("/oscillator/4/frequency", (440.0,)),)
    (found,) = read_packet(FOO)
    assert found.address == "/foo"
    assert found.arguments == (1000, -1, "hello", pytest.approx(1.234, abs=1e-6), pytest.approx(5.678, abs=1e-6))


def test_bundles_are_read_in_their_order():
    packet = bundle(message("/a", "TF"), bundle(message("/b", "i", 7)), bundle())
    assert read_packet(packet) == (Message("/a", (True, False)), Message("/b", (7,)))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"/a",
        text("/a"),  # of senders older than the specification: its arguments could be anything
        text("a") + text(",i") + bytes(4),
        message("/a b"),
        text("/ä") + text(","),
        message("/a", "i", 7) + bytes(4),
        message("/a", "i", 7)[:-1],
        text("/a") + text(",b") + bytes(4),
        text("/a") + text(",s") + b"abc",
        text("/a") + b",\0x\0",
        message("/a", "f", math.nan),
        message("/a", "f", math.inf),
        b"#bundle\0" + bytes(7),
        b"#bundle\0" + bytes(8) + struct.pack(">i", 0),
        b"#bundle\0" + bytes(8) + struct.pack(">i", -4) + bytes(4),
        b"#bundle\0" + bytes(8) + struct.pack(">i", 2**31 - 1),
        bundle(message("/a"), b"/b"),
        message("/" + "a" * 300),
        text("/a") + text("," + "T" * MOST_PACKET_BYTES),
    ],
)
def test_a_damaged_packet_is_none(packet):
    assert read_packet(packet) is None


def test_bundles_are_not_followed_for_ever():
    packet = message("/a")
    while len(bundle(packet)) <= MOST_PACKET_BYTES:
        packet = bundle(packet)
    assert read_packet(packet) is None


@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.binary(max_size=99), st.sampled_from([FOO, bundle(FOO)])).map(
            lambda pair: pair[1][: len(pair[1]) - len(pair[0]) % 40] + pair[0]
        ),
    )
)
def test_whatever_comes_is_messages_or_none(packet):
    found = read_packet(packet)
    assert found is None or all(
        math.isfinite(value) and 0 <= value <= 1 for each in found for _, value in values_of(each)
    )


def test_numbers_go_by_their_address_and_place_and_are_clipped():
    assert values_of(Message("/xy", (0.25, "words", 3, True, -1.0))) == [
        ("/xy", 0.25),
        ("/xy/2", 1.0),
        ("/xy/3", 1.0),
        ("/xy/4", 0.0),
    ]
    assert values_of(Message("/none", ())) == []
    assert values_of(Message("/" + "a" * 64, (1,))) == []


class Page:
    """A page at the other end of a WebSocket, as far as one is needed."""

    def __init__(self, address, token, *, host=None, origin=None, path="/control", room=None):
        host = host or f"localhost:{address[1]}"
        self.connection = socket.socket()
        if room:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.connection.settimeout(5)
        self.connection.connect(address)
        self.ws = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        headers = [] if origin == "" else [("Origin", origin or f"http://{host}")]
        query = "" if token is None else f"?token={token}"
        self.say(Request(host=host, target=f"{path}{query}", extra_headers=headers))
        self.answer = self.next()

    def say(self, event):
        self.connection.sendall(self.ws.send(event))

    def next(self):
        while True:
            for event in self.ws.events():
                return event
            self.ws.receive_data(self.connection.recv(65536) or None)

    def told(self):
        return json.loads(self.next().data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


@contextmanager
def controlled():
    """The address of a server that passes OSC on, and its Control."""
    control = Control(osc_socket(0), LOOPBACK)
    with running(create_app({}, Limits(hosts=LOOPBACK), control=control), with_control=True) as address:
        yield address, control


@pytest.fixture(scope="module")
def server():
    with controlled() as pair:
        yield pair


def sent(control, *packets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", control.port))


def test_what_comes_by_osc_arrives_at_every_page_within_a_frame(server):
    address, control = server
    with Page(address, control.token) as one, Page(address, control.token, host=f"127.0.0.1:{address[1]}") as other:
        assert isinstance(one.answer, AcceptConnection)
        started = time.perf_counter()
        sent(control, bundle(message("/knob/1", "f", 0.25), message("/go", "i", 5)))
        for page in (one, other):
            assert page.told() == {"name": "/knob/1", "value": 0.25}
            assert page.told() == {"name": "/go", "value": 1.0}
        assert time.perf_counter() - started < 1  # 2 ms where nothing else runs


def test_damaged_packets_are_counted_and_do_no_harm(server):
    address, control = server
    dropped = control.dropped
    with Page(address, control.token) as page:
        sent(control, b"", b"\xff" * 100, bytes(20_000), message("/after", "T"))
        assert page.told() == {"name": "/after", "value": 1.0}
    assert control.dropped == dropped + 3


@pytest.mark.parametrize(
    "page",
    [
        {"token": None},
        {"token": ""},
        {"token": "0" * 32},
        {"token": "é"},
        {"origin": ""},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "https://localhost:{port}"},
        {"origin": "http://localhost:1"},
        {"host": "evil.example:{port}"},
        {"host": "evil.example", "origin": "http://localhost:{port}"},
        {"path": "/other"},
        {"path": "/v1/control"},
    ],
)
def test_other_pages_and_those_without_the_token_are_refused(server, page):
    address, control = server
    named = {name: value and value.replace("{port}", str(address[1])) for name, value in page.items()}
    token = named.pop("token", control.token)
    with Page(address, token if token is None else token.replace("é", "%C3%A9"), **named) as refused:
        assert isinstance(refused.answer, RejectConnection)
        assert refused.answer.status_code == 403


def test_only_a_few_pages_are_let_in_and_one_that_leaves_makes_room(server):
    address, control = server
    pages = [Page(address, control.token) for _ in range(MOST_CLIENTS)]
    assert all(isinstance(page.answer, AcceptConnection) for page in pages)
    with Page(address, control.token) as one_more:
        assert isinstance(one_more.answer, RejectConnection)
    for page in pages:
        page.connection.close()
    for _ in range(100):
        with Page(address, control.token) as later:
            if isinstance(later.answer, AcceptConnection):
                return
        time.sleep(0.02)
    pytest.fail("nobody is let in any more")


def test_a_page_has_nothing_to_say(server):
    address, control = server
    with Page(address, control.token) as page:
        page.say(TextMessage("let me in"))
        closed = page.next()
    assert isinstance(closed, CloseConnection)
    assert closed.code == 1003


class SlowPage:
    """A page that takes one message, and then nothing until it is told to."""

    def __init__(self, token):
        self.headers = {"host": "localhost:8000", "origin": "http://localhost:8000"}
        self.query_params = {"token": token}
        self.taken, self.goes_on = [], asyncio.Event()

    async def accept(self):
        pass

    async def receive(self):
        await asyncio.Event().wait()

    async def send_text(self, told):
        self.taken.append(json.loads(told)["value"])
        await self.goes_on.wait()


def test_a_page_that_takes_nothing_loses_what_is_old_and_no_memory():
    async def work(control):
        page = SlowPage(control.token)
        attending = asyncio.create_task(control.attend(page))
        await asyncio.sleep(0)
        for number in range(10_000):
            control.datagram_received(message("/n", "f", number / 16_384), None)
            if not number:
                await asyncio.sleep(0.01)  # it takes the first
        page.goes_on.set()
        await asyncio.sleep(0.1)
        attending.cancel()
        return page.taken

    with osc_socket(0) as heard:
        taken = asyncio.run(work(Control(heard, LOOPBACK)))
    assert taken == [0.0, *(number / 16_384 for number in range(10_000 - MOST_WAITING, 10_000))]


def test_a_page_that_takes_nothing_for_too_long_is_let_go(monkeypatch):
    monkeypatch.setattr(ganvas.serving.control, "SECONDS_TO_TAKE", 0.05)

    async def work(control):
        attending = asyncio.create_task(control.attend(SlowPage(control.token)))
        await asyncio.sleep(0)
        control.datagram_received(message("/n", "T"), None)
        await asyncio.wait_for(attending, 2)

    with osc_socket(0) as heard:
        asyncio.run(work(Control(heard, LOOPBACK)))


def test_a_silent_page_stays_connected(monkeypatch):
    monkeypatch.setattr(ganvas.serving.server, "SECONDS_OF_SILENCE", 0.1)
    with controlled() as (address, control), Page(address, control.token) as page:
        time.sleep(0.4)
        sent(control, message("/late", "T"))
        assert page.told() == {"name": "/late", "value": 1.0}


def test_without_control_there_are_no_websockets():
    with running(create_app({}, Limits(hosts=LOOPBACK))) as address, socket.create_connection(address, 5) as asked:
        asked.sendall(
            b"GET /control?token=x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b"101" not in asked.recv(65536).splitlines()[0]
    assert configured(create_app({}, Limits())).ws == "none"


OPTIONS = {"port": 0, "threads": 1, "make_page": lambda folder: {}, "limits": Limits(), "public": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "0.0.0.0", "public": True},
        {"host": "127.0.0.1", "public": True},
        {"host": "127.0.0.1", "root_path": "/pictures"},
        {"host": "127.0.0.1", "limits": Limits(proxies=read_networks(["10.0.0.7"]))},
        {"host": "::", "limits": Limits(keys=(b"x" * 32,))},
        {"host": "127.0.0.1", "workers": 2},
    ],
)
def test_control_is_refused_where_others_may_come_in(changes):
    with pytest.raises(SettingError, match="--control is for this machine and one process alone"):
        serve({}, **(OPTIONS | changes), control=True)


def test_a_port_for_osc_that_is_taken_is_one_line():
    with osc_socket(0) as taken, pytest.raises(SettingError, match=f"--osc-port {taken.getsockname()[1]}: "):
        serve({}, host="127.0.0.1", **OPTIONS, control=True, osc_port=taken.getsockname()[1])
