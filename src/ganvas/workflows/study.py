"""The study of a search, as Optuna keeps it: where it lies, what is tried next, and trials whose process ended.

By default it is a journal in the study's folder, which every process on this machine may append to; a database does
for several machines. Whether a process still works on a trial is told by a lock that the system takes back with the
process, and in a database also by Optuna's heartbeat.
"""

import json
import tomllib
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import optuna
from filelock import FileLock, Timeout
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from ganvas.config import RunConfig, to_toml
from ganvas.errors import SettingError
from ganvas.report.reading import flat
from ganvas.searched import Choice, Searched
from ganvas.settings import shortened

JOURNAL, TRIALS = "study.log", "trials"
# Trials are compared after a quarter and half of their time, and the better half goes on (Li et al. 2018,
# arXiv:1603.06560, with a factor of 2). Sooner, runs of ten minutes have not come to all parts of their objective.
QUARTERS, FACTOR = 4, 2
RUNGS = (1, 2)  # in quarters
GRACE_SECONDS = 30  # between asking for a trial and locking its folder lie microseconds
HEARTBEAT_SECONDS, SILENCE_SECONDS = 60, 180
MOST_SITTINGS = 3  # of one trial: what ends its process every time would else be begun for ever
_TOO_MANY = "one too many"  # an attribute of a trial
_MAY_DIFFER = {"device", "precision", "compile", "keep_bytes", "recording"}


class _SystemLock(JournalFileOpenLock):
    """The journal's lock, which the system takes back with the process that has it."""

    def __init__(self, journal: str) -> None:
        super().__init__(journal)
        self._lock = FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


@dataclass(frozen=True)
class Study:
    """A search that is kept in `out`: the configuration that is varied, what of it, and Optuna's study.

    url: of a database; None: a journal in `out`.
    """

    out: Path
    base: RunConfig
    searched: Searched
    kept: optuna.Study
    url: str | None
    grace_seconds: float = GRACE_SECONDS

    def folder_name(self, trial: FrozenTrial | optuna.Trial) -> str:
        """Of the run of a trial, in `out`/trials; a trial that goes on with another has that one's."""
        return str(trial.user_attrs.get("folder", f"{trial.number:06d}"))

    def trials(self) -> list[FrozenTrial]:
        """All that were begun or wait, in order, but for those that were one too many."""
        return [trial for trial in self.kept.get_trials(deepcopy=False) if not trial.user_attrs.get(_TOO_MANY)]

    def wants_more(self, count: int) -> bool:
        """Whether fewer than `count` were begun, or one waits to go on."""
        trials = self.trials()
        waits = any(trial.state == TrialState.WAITING for trial in trials)
        begun = {self.folder_name(trial) for trial in trials if trial.state != TrialState.WAITING}
        return waits or len(begun) < count

    def refuses(self, trial: optuna.Trial, count: int) -> bool:
        """Whether `count` others were taken before this one, which is then left out of the search.

        Processes that ask at once all see that one more is wanted. Optuna numbers trials in the order in which they
        were taken, so that all processes agree on which were the first.
        """
        before = {self.folder_name(one) for one in self.trials() if one.number < trial.number}
        is_refused = self.folder_name(trial) not in before and len(before) >= count
        if is_refused:
            trial.set_user_attr(_TOO_MANY, value=True)
        return is_refused

    def best(self) -> FrozenTrial | None:
        """The finished trial with the smallest KD; None before there is one."""
        done = [trial for trial in self.trials() if trial.state == TrialState.COMPLETE]
        return min(done, key=lambda trial: trial.value or 0.0, default=None)

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """The values of a trial by their paths."""
        values: dict[str, Any] = {}
        for path, span in self.searched.items():
            if isinstance(span, Choice):
                values[path] = trial.suggest_categorical(path, span.options)
            elif span.is_whole:
                values[path] = trial.suggest_int(path, int(span.low), int(span.high), log=span.is_log)
            else:
                values[path] = trial.suggest_float(path, span.low, span.high, log=span.is_log)
        return values

    @contextmanager
    def working_on(self, folder: str) -> Generator[None]:
        """Say to the other processes that this one works on a trial, for as long as the block lasts."""
        with FileLock(_lock_path(self.out, folder)):
            yield

    def fail_left(self) -> None:
        """Fail the trials whose process ended, so that each is gone on with by whoever asks next."""
        with FileLock(self.out / "left.lock"):
            for trial in self.trials():
                if trial.state == TrialState.RUNNING and self._is_left(trial):
                    with suppress(optuna.exceptions.UpdateFinishedTrialError, ValueError):  # it ended meanwhile
                        self.kept.tell(trial.number, state=TrialState.FAIL)
                        self.set_aside(trial.number)

    def set_aside(self, number: int) -> None:
        """Let the trial of that number go on, which was stopped: another one with its values waits, in its folder."""
        set_aside(self.kept, self.kept.get_trials(deepcopy=False)[number])

    def _is_left(self, trial: FrozenTrial) -> bool:
        began = trial.datetime_start
        lock = _lock_path(self.out, self.folder_name(trial))
        is_elsewhere = self.url is not None and not lock.exists()  # on another machine: the heartbeat tells
        if is_elsewhere or began is None or (datetime.now(began.tzinfo) - began).total_seconds() < self.grace_seconds:
            return False
        try:
            with FileLock(lock, blocking=False):
                return True
        except Timeout:
            return False


def set_aside(kept: optuna.Study, trial: FrozenTrial) -> None:
    """As `Study.set_aside`; what ended before it had values is not gone on with."""
    sitting = int(trial.user_attrs.get("sitting", 1)) + 1
    if sitting <= MOST_SITTINGS and trial.params:
        folder = trial.user_attrs.get("folder", f"{trial.number:06d}")
        is_default = bool(trial.user_attrs.get("default"))
        kept.enqueue_trial(trial.params, user_attrs={"folder": folder, "sitting": sitting, "default": is_default})


def open_study(
    out: Path, base: RunConfig, searched: Searched, url: str | None, grace_seconds: float = GRACE_SECONDS
) -> Study:
    """The study in `out`, or a new one whose first trial are the settings of `base`.

    Args:
        url: of a database, as "postgresql+psycopg://user@host/name"; None: a journal in `out`.
        grace_seconds: for which a trial that was begun is believed to go on.
    Raises:
        SettingError: another search is there, or the database cannot be reached.
    """
    with FileLock(out / "left.lock"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            kept = optuna.create_study(
                storage=_storage(out, url),
                study_name=out.resolve().name,
                sampler=optuna.samplers.TPESampler(),  # Bergstra et al. 2011; over all settings together
                pruner=optuna.pruners.HyperbandPruner(1, QUARTERS, FACTOR),
                load_if_exists=True,
            )
        study = Study(out, base, searched, kept, url, grace_seconds)
        asked = _asked(study)
        if (there := kept.user_attrs.get("asked")) is not None:
            _check_same(study, str(there), asked)
        else:
            kept.set_user_attr("asked", asked)
            kept.enqueue_trial(usual_values(base, searched), user_attrs={"default": True})
    return study


def usual_values(base: RunConfig, searched: Searched) -> dict[str, Any]:
    """The values that `base` has of what is searched, as a trial has them.

    A choice of none of the options is left to the sampler, as where `base` is no recipe of ours.
    """
    values: dict[str, Any] = {}
    for path, span in searched.items():
        section, field = path.split(".")
        value = getattr(getattr(base, section), field)
        value = ",".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
        if isinstance(span, Choice):
            is_there = value in span.options
        else:
            is_there = isinstance(value, int | float) and span.low <= value <= span.high
        if is_there:
            values[path] = value
    return values


@contextmanager
def problems_of_storage(url: str | None) -> Generator[None]:
    """A block in which what goes wrong with the database is told in a line.

    Raises:
        SettingError: it cannot be reached, or there is no such kind of database.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, ImportError) as error:
        if url is None:
            raise
        said = " ".join(str(error.__cause__ or error).split())
        advice = "install its driver, as pip install 'psycopg[binary]'" if isinstance(error, ImportError) else ""
        advice = advice or "mend that and repeat the command, which goes on where it stopped"
        raise SettingError(f"--storage {_without_password(url)}: {said[:200]}; {advice}") from error


@contextmanager
def quiet_optuna() -> Generator[None]:
    """A block in which Optuna does not log; the study's own lines say what happens."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _storage(out: Path, url: str | None) -> BaseStorage:
    if url is not None:
        return RDBStorage(
            url,
            engine_kwargs={"pool_pre_ping": True},  # a connection that was lost is made anew
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=SILENCE_SECONDS,
            heartbeat_stale_trial_callback=set_aside,
        )
    journal = out / JOURNAL
    lock = _SystemLock(str(journal))
    lock.acquire()
    try:
        _mend(journal)
    finally:
        lock.release()
    return JournalStorage(JournalFileBackend(str(journal), lock_obj=lock))


def _mend(journal: Path) -> None:
    """Drop a last line that a failing disk or machine cut short: whatever followed would be joined to it."""
    if not journal.exists():
        return
    stored = journal.read_bytes()
    whole = stored.rfind(b"\n") + 1
    if whole < len(stored):
        with journal.open("rb+") as file:
            file.truncate(whole)


def _lock_path(out: Path, folder: str) -> Path:
    return out / TRIALS / f"{folder}.lock"


def _asked(study: Study) -> str:
    """What makes two searches the same one, as JSON."""
    base = tomllib.loads(to_toml(study.base))
    settings = {name: value for name, value in base.items() if name not in _MAY_DIFFER}
    return json.dumps(flat(settings) | {f"searched {path}": str(span) for path, span in study.searched.items()})


def _check_same(study: Study, there: str, asked: str) -> None:
    theirs: dict[str, Any] = json.loads(there)
    ours: dict[str, Any] = json.loads(asked)
    for name in [*ours, *theirs]:
        one, other = theirs.get(name), ours.get(name)
        if one != other:
            raise SettingError(
                f"{study.out} holds a search with {name} = {shortened(one)}, not {shortened(other)}; choose another "
                "--out, or repeat its command to go on with it"
            )


def _without_password(url: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return shortened(url.partition("@")[2] or url)
