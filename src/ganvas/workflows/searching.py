"""One process of a search: it takes trials from the study, one after the other, and writes down what is known."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from ganvas.config import RunConfig, to_toml, with_values
from ganvas.files import replace_text, writing_to
from ganvas.report.tuning_page import TrialView, best_of, write_tuning
from ganvas.searched import Searched
from ganvas.workflows.study import (
    GRACE_SECONDS,
    QUARTERS,
    RUNGS,
    TRIALS,
    Study,
    open_study,
    problems_of_storage,
    quiet_optuna,
)
from ganvas.workflows.trial import IsPruned, TrialEnd

BEST = "best.toml"
RunTrial = Callable[[RunConfig, Path, IsPruned], TrialEnd]
_STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "stopped", "RUNNING": "running", "WAITING": "waiting"}


_KEPT_BYTES = 0  # for models of past moments: those of thirty runs would fill a disk


class _NotTold(Exception):
    """Nothing is told of the trial in hand: it was stopped from outside, or is one too many."""


class Worker:
    """Takes trials of the search in `out` to their ends.

    Args:
        base: the configuration that is varied, with a limit in seconds. searched: what of it.
        url: of a database; None: a journal in `out`.
        run: trains and scores one trial. tell: is told a line at its beginning and its end.
        grace_seconds: for which a trial that was begun is believed to go on.
    Raises:
        SettingError: another search is there, or the database cannot be reached.
    """

    def __init__(
        self,
        out: Path,
        base: RunConfig,
        searched: Searched,
        url: str | None,
        run: RunTrial,
        tell: Callable[[str], None],
        *,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        with writing_to(out):
            (out / TRIALS).mkdir(parents=True, exist_ok=True)
        self._run, self._tell, self.is_stopped = run, tell, False
        with quiet_optuna(), writing_to(out), problems_of_storage(url):
            self.study: Study = open_study(out, base, searched, url, grace_seconds)

    def work(self, count: int, until: float | None = None) -> None:
        """Take trials until `count` were begun by all processes together, or one is stopped from outside.

        Args:
            until: of `time.monotonic`, from which on none but the first is begun.
        Raises:
            GanvasError: a training cannot be begun, or the database can no longer be reached.
        """
        study, is_first = self.study, True
        with quiet_optuna(), writing_to(study.out), problems_of_storage(study.url):
            study.fail_left()
            while study.wants_more(count) and (is_first or until is None or time.monotonic() < until):
                is_first = False
                with suppress(_NotTold):
                    study.kept.optimize(lambda trial: self._objective(trial, count), n_trials=1)
                self.write()
                if self.is_stopped:
                    return
                study.fail_left()

    def views(self) -> tuple[TrialView, ...]:
        """All trials as they are now."""
        return tuple(_view(self.study, trial) for trial in self.study.trials())

    def best(self) -> RunConfig | None:
        """The configuration of the best; None before one was finished."""
        best = self.study.best()
        return None if best is None else self._config(best.params)

    def write(self) -> None:
        """Replace the page and the best configuration by what is known now."""
        study, views, best = self.study, self.views(), self.best()
        said = {path: f"{span}: {span.reason}" for path, span in study.searched.items()}
        write_tuning(study.out, views, said, study.base)
        found = best_of(views)
        if best is not None and found is not None:
            replace_text(study.out / BEST, f"# {found.title}: {found.measured}\n{to_toml(best)}")

    def _config(self, values: Mapping[str, object]) -> RunConfig:
        return with_values(self.study.base, changes_of(values, self.study.searched))

    def _objective(self, trial: optuna.Trial, count: int) -> float:
        study, is_default = self.study, bool(trial.user_attrs.get("default"))
        if study.refuses(trial, count):
            raise _NotTold
        folder = study.folder_name(trial)
        with study.working_on(folder):
            values = study.suggest(trial)
            said = ", ".join(f"{path} {_short(value)}" for path, value in values.items())
            self._tell(f"trial {trial.number}{', the recipe as it is' if is_default else ''}: {said}")
            config = with_values(self._config(values), {"keep_bytes": _KEPT_BYTES})
            end = self._run(config, study.out / TRIALS / folder, _Rungs(trial, is_kept=is_default))
            if end.value is not None:
                trial.set_user_attr("measured", [end.value, end.low, end.high])
            trial.set_user_attr("reason", end.reason)
            self._tell(f"trial {trial.number}: {_ending(end)}")
            self.is_stopped = end.is_last or end.how == "interrupted"
            if end.how == "interrupted":
                study.set_aside(trial.number)
                raise _NotTold
            if end.value is None or end.reason:
                raise optuna.TrialPruned(end.reason)
            return end.value


class _Rungs:
    """Reports the KD of a trial at the fixed shares of its time, and says whether it is to stop there."""

    def __init__(self, trial: optuna.Trial, *, is_kept: bool) -> None:
        self._trial, self._is_kept, self._passed = trial, is_kept, set[int]()

    def __call__(self, share: float, kd: float) -> bool:
        reached = {rung for rung in RUNGS if share >= rung / QUARTERS} - self._passed
        for rung in sorted(reached):
            self._trial.report(kd, rung)
            self._passed.add(rung)
        # The recipe's own settings are what all others are held against, so that they are always finished.
        return bool(reached) and self._trial.should_prune() and not self._is_kept


def changes_of(values: Mapping[str, object], searched: Searched) -> dict[str, object]:
    """'section.field' -> value of all settings that a trial's values change."""
    changes: dict[str, object] = {}
    for path, value in values.items():
        changes |= dict.fromkeys((path, *searched[path].also), value)
    return changes


def _view(study: Study, trial: FrozenTrial) -> TrialView:
    state = _STATES[trial.state.name]
    value, low, high = trial.user_attrs.get("measured") or (None, None, None)
    end, start = trial.datetime_complete, trial.datetime_start
    reason = str(trial.user_attrs.get("reason") or "")
    return TrialView(
        number=trial.number,
        state=state,
        folder=f"{TRIALS}/{study.folder_name(trial)}",
        values=dict(trial.params),
        value=value,
        low=low,
        high=high,
        early={step / QUARTERS: kd for step, kd in trial.intermediate_values.items()},
        seconds=None if end is None or start is None else (end - start).total_seconds(),
        reason=reason or ("its process ended" if state == "stopped" else ""),
        is_default=bool(trial.user_attrs.get("default")),
    )


def _ending(end: TrialEnd) -> str:
    kd = "" if end.value is None else f"KD {end.value:.3g} [{end.low:.3g}, {end.high:.3g}]"
    return ", ".join(part for part in (kd, end.reason) if part) or end.how


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value) or "none"
