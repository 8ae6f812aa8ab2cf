"""What a packet of Open Sound Control says. Source: Wright 2002, The Open Sound Control 1.0 Specification.

Messages and bundles, with the arguments i, f, s, T and F. Time tags are not waited for: what plays, plays now.
"""

import math
import re
import struct
from dataclasses import dataclass

MOST_PACKET_BYTES = 8192
MOST_DEPTH = 8  # of bundles in bundles
_ADDRESS = re.compile(r"/[^\s#*,?\[\]{}\x00-\x1f\x7f]{0,255}", re.ASCII)
_BUNDLE = b"#bundle\0"
_TIME_TAG_BYTES = 8

Argument = int | float | bool | str


@dataclass(frozen=True)
class Message:
    """address: begins with "/"; printable ASCII. arguments: numbers are finite."""

    address: str
    arguments: tuple[Argument, ...]


def read_packet(packet: bytes) -> tuple[Message, ...] | None:
    """The messages of a packet in their order; None if it is damaged, too large, or holds other kinds of arguments."""
    if len(packet) > MOST_PACKET_BYTES:
        return None
    try:
        return tuple(_messages(packet, MOST_DEPTH))
    except (ValueError, struct.error):
        return None


def _messages(packet: bytes, depth: int) -> list[Message]:
    if not packet.startswith(_BUNDLE):
        return [_message(packet)]
    if not depth:
        raise ValueError("bundles in bundles in bundles")
    found, at = [], len(_BUNDLE) + _TIME_TAG_BYTES
    if len(packet) < at:
        raise ValueError("a bundle without its time")
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size <= 0 or at + size > len(packet):
            raise ValueError("a part that is longer than its bundle")
        found += _messages(packet[at : at + size], depth - 1)
        at += size
    return found


def _message(packet: bytes) -> Message:
    address, at = _text(packet, 0)
    kinds, at = _text(packet, at)
    if not _ADDRESS.fullmatch(address) or not kinds.startswith(","):
        raise ValueError("no address, or no kinds of arguments")
    arguments: list[Argument] = []
    for kind in kinds[1:]:
        if kind in "TF":
            arguments.append(kind == "T")
        elif kind in "if":
            (number,) = struct.unpack_from(f">{kind}", packet, at)
            if not math.isfinite(number):
                raise ValueError("a number that is none")
            arguments.append(number)
            at += 4
        elif kind == "s":
            text, at = _text(packet, at)
            arguments.append(text)
        else:
            raise ValueError("another kind of argument")
    if at != len(packet):
        raise ValueError("more than its arguments")
    return Message(address, tuple(arguments))


def _text(packet: bytes, at: int) -> tuple[str, int]:
    """A text, which ends with a zero byte and is filled up with more to a multiple of 4, and what comes after it."""
    end = packet.index(b"\0", at)
    after = end + 4 - end % 4
    if packet[end:after].strip(b"\0") or after > len(packet):
        raise ValueError("a text that is not filled up as it must be")
    return packet[at:end].decode("ascii"), after
