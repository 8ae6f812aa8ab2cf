"""Training in several processes: what starts them, and what each of them does. The launcher is that of torchrun.

`launch` starts them as `ganvas train --config FILE`, and an environment variable tells them of a folder: there they
find what is asked, and answer how it ended. Where others start them (torchrun, Slurm, Kubernetes) there is none.
"""

import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import torch

from ganvas.config import RunConfig, to_toml
from ganvas.errors import (
    DiskError,
    DivergedError,
    GanvasError,
    ModelError,
    PicturesError,
    ProcessError,
    SettingError,
)
from ganvas.files import read_json, replace_text
from ganvas.launched import FOLDER, launched, rank_here
from ganvas.ranks import joined
from ganvas.run.events import Finished
from ganvas.run.folder import RunFolder
from ganvas.training.checkpoint import saved_images
from ganvas.wording import counted
from ganvas.workflows.ask import WantedRun
from ganvas.workflows.progress import Interruption, show_looking, show_training
from ganvas.workflows.train import assist, check_out, check_parts, check_split, train

_CONFIG, _ASKED, _ANSWER = "run.toml", "asked.json", "answer-{}.json"
# That torch's launcher waits for processes which it asked to end: they write the film and the page first.
_ENDING, _ENDING_SECONDS = "TORCH_ELASTIC_SHUTDOWN_TIMEOUT", 120
_LAST_PORT = 65535
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
_ERRORS = {
    kind.__name__: kind for kind in (DiskError, DivergedError, GanvasError, ModelError, PicturesError, SettingError)
}


def check_processes(config: RunConfig, asked: int | None, nodes: int) -> None:
    """Raises SettingError if so many processes were not started, or cannot be."""
    there = launched()
    if there is not None and asked is not None and asked * nodes != there:
        raise SettingError(f"--processes {asked}: {there} were started; leave it out where a launcher starts them")
    check_split(config, there or config.processes or 1)


def train_here(wanted: WantedRun, began: float, *, progress: bool) -> Finished:
    """Train in this process: the only one, or one of those that a launcher started.

    Args:
        began: when the command did, in seconds of perf_counter(), which is one clock for all processes of a machine.
        progress: show on stderr how it goes; that of rank 0 does.
    """
    folder = os.environ.get(FOLDER)
    with _answering(folder) as answer, joined() as ranks:
        config = wanted.config.model_copy(update={"processes": ranks.count if ranks.count > 1 else None})
        if ranks.leads:
            if folder is not None:
                asked = read_json(Path(folder) / _ASKED)
                began, progress = float(asked["began"]), bool(asked["progress"])
            interruption = Interruption(patient=ranks.count > 1)
            happening = train(
                config,
                wanted.out,
                plan=wanted.plan,
                spent_seconds=perf_counter() - began,
                interrupted=interruption.happened,
                looking=show_looking if progress else None,
                ranks=ranks,
            )
            with closing(happening):  # which lets the others end, while they can still be told
                finished = show_training(happening, interruption, quiet=not progress)
        else:
            interruption = Interruption(patient=True)
            interruption.listen()  # rank 0 is told, and says when to end
            end = assist(config, ranks, interrupted=interruption.happened)
            page = wanted.out / "index.html"
            finished = Finished(wanted.out, page, end.images, end.seconds, end.interrupted, ())
        answer(finished)
    return finished


def launch(wanted: WantedRun, began: float, *, nodes: int, rendezvous: str | None, progress: bool) -> Finished:
    """Start the processes that train a run together, on this machine, and wait for them.

    Args:
        wanted: of which config.processes is more than one.
        nodes: machines, on each of which the same command is given.
        rendezvous: HOST:PORT of one of them, where they meet; None for one machine.
        began, progress: as `train_here`.
    Raises:
        GanvasError: what one of them raised; or one was killed.
        KeyboardInterrupt: they were told to end before there was something to save.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    here = _processes_here(wanted.config, nodes, rendezvous)
    check_parts(wanted.config)
    check_out(wanted.config.pictures.source, RunFolder(wanted.out))
    with TemporaryDirectory(prefix="ganvas-") as temporary:
        folder = Path(temporary)
        replace_text(folder / _CONFIG, to_toml(wanted.config, wanted.plan))
        replace_text(folder / _ASKED, json.dumps({"began": began, "progress": progress}))
        settings = LaunchConfig(
            min_nodes=nodes,
            max_nodes=nodes,
            nproc_per_node=here,
            run_id=f"ganvas-{wanted.out.name}",
            rdzv_backend="c10d",
            rdzv_endpoint=rendezvous or "localhost:0",
            max_restarts=0,
            local_addr=None if rendezvous else "localhost",
            logs_specs=DefaultLogsSpecs(log_dir=str(folder / "output")),
        )
        arguments = ["-m", "ganvas", "train", "--config", str(folder / _CONFIG), "--out", str(wanted.out)]
        with _environment(folder, here), _as_before():
            try:
                elastic_launch(settings, sys.executable)(*arguments)
            except SignalException as error:
                _raise_answered(folder)
                if (finished := _finished(folder, wanted.out)) is None:
                    raise KeyboardInterrupt from error
                return finished
            except ChildFailedError as error:
                _raise_answered(folder)
                exits = {rank: failure.exitcode for rank, failure in error.failures.items()}
                raise _lost(wanted, exits) from error
            except RendezvousError as error:
                raise SettingError(
                    f"--rendezvous {rendezvous}: {error}; expected HOST:PORT of one machine, and the "
                    "same command on all of them"
                ) from error
        finished = _finished(folder, wanted.out)
        assert finished is not None
        return finished


def _processes_here(config: RunConfig, nodes: int, rendezvous: str | None) -> int:
    """Of each machine."""
    if nodes > 1 and rendezvous is None:
        raise SettingError(
            f"--nodes {nodes}: where do they meet? Give --rendezvous HOST:PORT, of one of them, on all of them"
        )
    found = None if rendezvous is None else re.fullmatch(r"\S+:(\d{1,5})", rendezvous, re.ASCII)
    if rendezvous is not None and (found is None or not 0 < int(found[1]) <= _LAST_PORT):
        raise SettingError(
            f"--rendezvous {rendezvous!r}: expected HOST:PORT, as in node-1:29400, with a port of 1 to {_LAST_PORT}"
        )
    here, rest = divmod(config.processes or 1, nodes)
    if rest:
        raise SettingError(
            f"{counted(config.processes or 1, 'process', 'processes')} on {nodes} nodes: not as many each"
        )
    return here


@contextmanager
def _environment(folder: Path, here: int) -> Generator[None]:
    """What the processes find in their environment; that of this one is as before afterwards."""
    wanted = {
        FOLDER: str(folder),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(torch.get_num_threads() // here, 1))),
        _ENDING: os.environ.get(_ENDING, str(_ENDING_SECONDS)),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _as_before() -> Generator[None]:
    """torch's launcher logs a page about a process that failed, of which Ganvas says a line, and keeps the signals."""
    log = logging.getLogger("torch.distributed.elastic")
    before, handlers = log.level, {number: signal.getsignal(number) for number in _SIGNALS}
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


@contextmanager
def _answering(folder: str | None) -> Generator[Callable[[Finished], None]]:
    """A block of a process that `launch` started: what it ends with, or raises, is written down for that."""

    def answer(values: dict[str, object]) -> None:
        if folder is not None:
            path = Path(folder) / _ANSWER.format(os.environ.get("RANK", "0"))
            replace_text(path, json.dumps({"local_rank": rank_here(), **values}))

    def answer_finished(finished: Finished) -> None:
        kept = {name: value for name, value in asdict(finished).items() if not isinstance(value, Path)}
        answer({"finished": kept})

    try:
        yield answer_finished
    except GanvasError as error:
        answer({"error": type(error).__name__, "message": str(error)})
        raise


def _raise_answered(folder: Path) -> None:
    """Raise what a process answered that it raised, but for what followed from the end of another."""
    for one in _answers(folder):
        if one.get("error") in _ERRORS:
            raise _ERRORS[one["error"]](one["message"])


def _finished(folder: Path, out: Path) -> Finished | None:
    """What the first process of this machine answered; None if it did not come to its end."""
    for values in (one["finished"] for one in _answers(folder) if one["local_rank"] == 0 and "finished" in one):
        return Finished(root=out, report=out / "index.html", **values | {"verdict": tuple(values["verdict"])})
    return None


def _answers(folder: Path) -> list[dict[str, Any]]:
    return [read_json(path) for path in sorted(folder.glob(_ANSWER.format("*")))]


def _signal(number: int) -> str:
    """As people call it; those of real time have a number alone."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _lost(wanted: WantedRun, exits: dict[int, int]) -> ProcessError:
    """The error for processes that ended with these statuses; some did so because another one had."""
    followed = ProcessError.exit_status, -signal.SIGTERM
    rank = min(exits, key=lambda each: (exits[each] in followed, each))
    exit_code = exits[rank]
    how = f"was killed by {_signal(-exit_code)}" if exit_code < 0 else f"ended with status {exit_code}"
    images = saved_images(RunFolder(wanted.out).checkpoint)
    kept = (
        "nothing was saved yet"
        if images is None
        else f"the same command again goes on from the last saved state, after {counted(images, 'image')}"
    )
    return ProcessError(f"process {rank} of {wanted.config.processes} {how}; {kept}")
