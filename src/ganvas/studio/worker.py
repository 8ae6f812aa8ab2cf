"""One piece of work in a process of its own: `python -m ganvas.studio.worker KIND`, started by working.py.

The request comes as one line of JSON on stdin, which stays open as long as somebody waits. Progress, and at the end the
result or the problem, go out as lines of JSON on stdout.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganvas.errors import GanvasError
from ganvas.files import disk_failure
from ganvas.studio.problems import Problem

NICENESS = 5  # whoever trains goes first
PATIENCE_SECONDS = 5.0  # to clear away what is half done
TOLD_SECONDS = 0.1  # between two lines of progress, at least
Told = Callable[[str, int, int | None], None]
Request = Mapping[str, Any]


def _look(request: Request, told: Told) -> dict[str, Any]:
    from ganvas.studio.sets.looking import look_over

    return look_over(request, told)


def _frames(request: Request, told: Told) -> dict[str, Any]:
    from ganvas.data.video import write_frames

    files, near = write_frames(Path(request["video"]), Path(request["out"]), float(request["every"]), told)
    return {"files": files, "near": near}


def _score(request: Request, told: Told) -> dict[str, Any]:
    from ganvas.studio.results.scoring import score_run

    return score_run(request, told)


def _walk(request: Request, told: Told) -> dict[str, Any]:
    from ganvas.studio.results.walks import write_walk

    return write_walk(request, told)


def _publish(request: Request, told: Told) -> dict[str, Any]:
    from ganvas.studio.results.publishing import publish_run

    return publish_run(request, told)


def _explore(request: Request, told: Told) -> dict[str, Any]:
    from ganvas.studio.results.exploring import write_page

    return write_page(request, told)


WORK: dict[str, Callable[[Request, Told], dict[str, Any]]] = {
    "look": _look,
    "frames": _frames,
    "score": _score,
    "walk": _walk,
    "publish": _publish,
    "explore": _explore,
}


def main() -> None:
    """Do the work that is asked for on stdin."""
    said, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no result
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # what is half done is cleared away
    with suppress(OSError, AttributeError):
        os.nice(NICENESS)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with_stdin, daemon=True).start()
    lock, last = threading.Lock(), 0.0

    def write(line: Mapping[str, Any]) -> None:
        with lock:
            said.write(json.dumps(line) + "\n")
            said.flush()

    def told(text: str, done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > TOLD_SECONDS or done == total:
            last = time.monotonic()
            write({"text": text, "done": done, "total": total})

    write(outcome(sys.argv[1], request, told))


def outcome(kind: str, request: Request, told: Told) -> dict[str, Any]:
    """What comes of a piece of work: {"result": {...}}, or {"problem": a sentence}."""
    try:
        return {"result": WORK[kind](request, told)}
    except (GanvasError, Problem) as error:
        return {"problem": str(error)}
    except OSError as error:
        traceback.print_exc()
        where = f"{error.filename}: " if error.filename else ""
        return {"problem": f"{where}{disk_failure(error) or error.strerror or error}"}
    except MemoryError:
        return {"problem": "there is not enough memory for this"}
    except Exception as error:  # noqa: BLE001 - whoever waits is told, and the log says more
        traceback.print_exc()
        return {"problem": f"this failed here, and is a fault of Ganvas: {type(error).__name__}: {error}"[:500]}


def _leave_with_stdin() -> None:
    """End where nobody waits any more, however the studio ended."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os._exit(128 + signal.SIGTERM)  # where what it does listens to nobody


if __name__ == "__main__":
    main()
