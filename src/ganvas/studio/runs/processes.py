"""Trainings as processes of their own: whatever happens to the studio, they go on.

A process is signalled only if it is a `ganvas train`, and holds the lock of the run folder or was started for it.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from ganvas.files import is_running, read_small
from ganvas.studio.problems import Problem
from ganvas.studio.runs.notes import OUTPUT_FILE, Note, read_note

PROMPT = "$ ganvas "  # begins what a process printed in studio.log
FAULT = "ganvas: "  # begins a line of a command that failed
_LOCK, _HOLDER = "training.lock", "training.pid"
_READ_FROM_END_BYTES = 64_000
_MOST_FAULT_LETTERS = 600
_PS_SECONDS = 5.0
_ours: dict[int, "subprocess.Popen[bytes]"] = {}  # processes that this studio started, so that none stays a zombie
_ours_lock = threading.Lock()


def start(home: Path, run: Path, arguments: Sequence[str]) -> int:
    """Start `ganvas ARGUMENTS` in `home`, with what it prints in the run's studio.log; its process.

    Raises:
        OSError: the log cannot be written, or no process be made.
    """
    with (run / OUTPUT_FILE).open("ab") as output:
        output.write(f"{PROMPT}{shlex.join(arguments)}\n".encode(errors="surrogateescape"))
        output.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "ganvas", *arguments],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0,
        )
    with _ours_lock:
        _ours[process.pid] = process
    return process.pid


def trainer(run: Path, note: Note | None) -> tuple[int, bool] | None:
    """The process that trains in a run folder, and whether it holds its lock, which it does from a few seconds after
    its start; None: none does.
    """
    if (held := holder(run)) is not None:
        return held, True
    if note is not None and note.process is not None and note.started and _is_command(note.process, note):
        return note.process, False
    return None


def holder(run: Path) -> int | None:
    """The process that holds a run's lock; None: none."""
    try:
        process = int(read_small(run / _HOLDER, 20))
    except (OSError, ValueError):
        return None
    return process if is_alive(process) and is_locked(run / _LOCK) else None


def is_alive(process: int) -> bool:
    """Whether there is such a process."""
    with _ours_lock:
        mine = _ours.get(process)
        if mine is not None and mine.poll() is not None:
            del _ours[process]
            return False
    if sys.platform == "win32":
        return mine is not None or bool(command_of(process))
    return is_running(process)


def is_locked(path: Path) -> bool:
    """Whether some process holds a lock; asked in a way that keeps no other from taking it, but on Windows."""
    if sys.platform == "win32":
        return _is_taken(path)
    import fcntl

    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(opened)
    return False


def _is_taken(path: Path) -> bool:
    try:
        with FileLock(path, blocking=False):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def interrupt(run: Path) -> int:
    """Ask the process that trains in a run folder to save its state and end; its number.

    Raises:
        Problem: none does, or it is no `ganvas train` and is left alone.
    """
    note = read_note(run)
    found = trainer(run, note)
    if found is None:
        raise Problem(409, f"{run.name} is not training")
    process, is_held = found
    if is_held and not (is_train(command_of(process)) and _has_open(process, run / _LOCK)):
        raise Problem(
            409, f"{run.name} is trained by process {process}, which is no `ganvas train`; stop it where it was begun"
        )
    try:
        os.kill(process, signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGTERM)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise Problem(409, f"{run.name} is trained by another user's process {process}; stop it there") from error
    return process


def is_train(command: Sequence[str]) -> bool:
    """Whether the words of a command line are those of a `ganvas train`, however it was called."""
    for at, word in enumerate(command):
        path = Path(word)
        is_ganvas = path.name.lower() in ("ganvas", "ganvas.exe") or path.parts[-2:] == ("ganvas", "__main__.py")
        if is_ganvas:
            rest = [one for one in command[at + 1 :] if one != "--debug"]
            return rest[:1] == ["train"]
    return False


def command_of(process: int) -> list[str]:
    """The words of a process's command line; [] where it is gone or cannot be seen."""
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return []
        return [os.fsdecode(word) for word in words[:-1]]
    if sys.platform == "win32":
        asked = f"(Get-CimInstance Win32_Process -Filter 'ProcessId={process}').CommandLine"
        return shlex.split(_output(["powershell", "-NoProfile", "-Command", asked]), posix=False)
    return _output(["ps", "-ww", "-o", "command=", "-p", str(process)]).split()


def last_fault(run: Path) -> str:
    """Why the process that was started last failed, in the words that it printed; "" where it printed none."""
    try:
        with (run / OUTPUT_FILE).open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _READ_FROM_END_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    begins = [at for at, line in enumerate(lines) if line.startswith(PROMPT)]
    printed = lines[begins[-1] + 1 :] if begins else lines
    faults = [line.removeprefix(FAULT) for line in printed if line.startswith(FAULT)]
    return faults[-1][:_MOST_FAULT_LETTERS] if faults else ""


def _is_command(process: int, note: Note) -> bool:
    """Whether a process is the one that was started for a run, and no later one of the same number."""
    if not is_alive(process):
        return False
    with _ours_lock:
        if process in _ours:
            return True
    return command_of(process)[-len(note.started) :] == list(note.started)


def _has_open(process: int, path: Path) -> bool:
    """Whether a process has a file open; True where the system does not tell."""
    if sys.platform != "linux":
        return True
    wanted = os.path.realpath(path)
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{process}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{process}/fd/{name}") == wanted:
                    return True
    return False


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_PS_SECONDS, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
