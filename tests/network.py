"""What a command sends, recorded: it runs in a network of its own, whose only way out ends in a file here.

Linux only, and only where a process may have a network of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

RECORDER = Path(__file__)
PACKET_BYTES = 65_536
QUIET_SECONDS = 0.2  # in which nothing more leaves


def sent_by(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 300) -> list[str]:
    """Where a command sent packets to, loopback left out: "udp 10.0.0.1 53" and the like, each once, in order.

    Raises:
        AssertionError: the command failed.
    """
    for needed in ("unshare", "ip"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    own_network = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*own_network, "test", "-c", "/dev/net/tun"], check=False, capture_output=True).returncode:
        pytest.skip("a process may not have a network of its own here")
    with tempfile.NamedTemporaryFile() as told:
        inside = [*own_network, sys.executable, str(RECORDER), told.name, *command]
        done = subprocess.run(inside, cwd=cwd, env=env, timeout=timeout, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return list(dict.fromkeys(Path(told.name).read_text(encoding="utf-8").splitlines()))


def _record(told: Path, command: Sequence[str]) -> int:
    """Run a command while a thread writes down every packet that leaves; its exit status."""
    import fcntl
    import select
    import struct
    import threading

    set_interface, kind_tun, plain_packets = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
    wire = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(wire, set_interface, struct.pack("16sH22x", b"wire", kind_tun | plain_packets))
    for setting in (
        "link set lo up",
        "link set wire up",
        "addr add 10.77.0.1/24 dev wire",
        "route add default dev wire",
    ):
        subprocess.run(["ip", *setting.split()], check=True)

    is_over = threading.Event()

    def listen() -> None:
        with told.open("a", encoding="utf-8", buffering=1) as file:
            while True:
                waiting = is_over.is_set()
                if select.select([wire], [], [], QUIET_SECONDS)[0]:
                    if place := _destination(os.read(wire, PACKET_BYTES)):
                        file.write(place + "\n")
                elif waiting:  # nothing came since the command ended
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        is_over.set()
        listener.join()


def _destination(packet: bytes) -> str:
    """Protocol, address and port of an IPv4 packet; "" for what the system itself says to its neighbours in IPv6."""
    if packet[0] >> 4 != 4:
        return ""
    kind = {6: "tcp", 17: "udp"}.get(packet[9], str(packet[9]))
    ports = (packet[0] & 15) * 4
    return f"{kind} {'.'.join(map(str, packet[16:20]))} {int.from_bytes(packet[ports + 2 : ports + 4], 'big')}"


if __name__ == "__main__":
    sys.exit(_record(Path(sys.argv[1]), sys.argv[2:]))
