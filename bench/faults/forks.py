"""Commands with a disk and a clock that fail on order: each in a fork of one process, which disk.c is loaded into.

Linux only. The process imports PyTorch once; what it forks imports nothing heavy and has no threads to inherit.
"""

import contextlib
import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import TracebackType

# Third-party only, and what starts no thread: what is forked has the packages, and imports Ganvas itself.
HEAVY = [
    "torch",
    "torch._meta_registrations",
    "torch.fx.experimental.symbolic_shapes",
    "safetensors.torch",
    "numpy",
    "PIL.Image",
    "pydantic",
    "rich.live",
    "typer",
    "tomli_w",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "av",
    "onnx",
    "onnxscript.function_libs.torch_lib.ops",
    "torch.export._trace",
    "torch.onnx._internal.exporter._core",
]


class Fault(IntEnum):
    """As in disk.c. The point that each takes counts from 1, over the calls that it concerns."""

    NONE = 0
    NOSPACE = 1  # from the point on, whose write is cut short, there is no room
    FAILING = 2  # one call that changes something fails with EIO, but for one that removes
    SHORT = 3  # one write does half; at the point 0 every one
    KILLED = 4  # before a call that changes something, or after half of a write
    DENIED = 5  # from the point on nothing may be made, renamed or removed
    UNREADABLE = 6  # one opening for reading, or one read, fails with EIO
    CLOCK = 7  # from the point on, counted in looks at the clock, it shows another time


@dataclass(frozen=True)
class Ended:
    """A command that ended: its status, negative for a signal; what it said; and how often it called the disk."""

    status: int
    out: str
    err: str
    changes: int = 0
    reads: int = 0
    clock_calls: int = 0


def run_main(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    """Be the command `ganvas` from here on, with its words in two files; for a process that was forked for it."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    if threads := environment.get("OMP_NUM_THREADS"):  # which PyTorch read when the server imported it
        import torch

        torch.set_num_threads(int(threads))
    sys.argv = ["ganvas", *arguments]
    from ganvas.cli.main import main

    main()


class Forks:
    """Runs commands in forks of a process with disk.c, which it compiles into `folder`.

    Raises:
        subprocess.CalledProcessError, FileNotFoundError: there is no C compiler called `cc`, or it failed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library = (folder / "disk.so").resolve()
        source = Path(__file__).with_name("disk.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        environment = os.environ | {"LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.faults.forks"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.__exit__(kind, error, at)  # which closes its pipes and waits

    def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        *,
        fault: Fault = Fault.NONE,
        point: int = 0,
        jump_seconds: int = 0,
        kill_after: float | None = None,
        timeout: float = 120,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """The command, ended. Files below `cwd` alone meet the fault.

        Args:
            kill_after: seconds, after which it is killed.
            environment: what is added to this process's own.
        Raises:
            TimeoutError: it took longer.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {
            "arguments": list(arguments),
            "cwd": str(cwd.resolve()),
            "fault": [int(fault), point, jump_seconds],
            "kill_after": kill_after,
            "timeout": timeout,
            "environment": {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **(environment or {})},
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        if told is None:
            raise TimeoutError(f"{arguments} with {fault.name} at {point} did not end within {timeout:.0f} s")
        return Ended(**told)


def _answer(asked: dict, folder: Path) -> dict | None:
    """Fork for one command, and what became of it; None if it had to be ended."""
    out, err, counts = (folder / name for name in ("out", "err", "counts"))
    for path in (out, err, counts):
        path.unlink(missing_ok=True)
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _command(asked, out, err, counts)
    ended, status = 0, 0
    kill_after = asked["kill_after"]
    while not ended:
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            passed = time.monotonic() - started
            if passed > asked["timeout"] or (kill_after is not None and passed > kill_after):
                os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
                if passed > asked["timeout"]:
                    return None
                break
            time.sleep(0.002)
    said = [path.read_text(encoding="utf-8", errors="replace") if path.exists() else "" for path in (out, err)]
    counted = json.loads(counts.read_text()) if counts.exists() else [0, 0, 0]
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": said[0],
        "err": said[1],
        "changes": counted[0],
        "reads": counted[1],
        "clock_calls": counted[2],
    }


def _command(asked: dict, out: Path, err: Path, counts: Path) -> None:
    """In the fork: the command, its counts, and the end, without what the server would do at its own end."""
    status = 1
    try:
        disk = ctypes.CDLL(None)
        kind, point, jump = asked["fault"]
        disk.faults_arm(asked["cwd"].encode(), kind, ctypes.c_long(point), ctypes.c_long(jump))
        try:
            run_main(asked["arguments"], Path(asked["cwd"]), asked["environment"], out, err)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError):
                    stream.flush()
            numbers = [disk.faults_count(0), disk.faults_count(1), disk.faults_clock_calls()]
            disk.faults_arm(b"", 0, ctypes.c_long(0), ctypes.c_long(0))
            counts.write_text(json.dumps(numbers))
    finally:
        os._exit(status)


def _serve() -> None:
    os.environ.pop("LD_PRELOAD", None)  # what a command starts itself has a sound disk
    for name in HEAVY:
        importlib.import_module(name)
    importlib.import_module("ganvas.cli.main")
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            print(json.dumps(_answer(json.loads(line), Path(folder))), flush=True)


if __name__ == "__main__":
    _serve()
