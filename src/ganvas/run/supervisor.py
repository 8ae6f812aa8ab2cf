"""What a run does about its measures: it keeps the best model, says how it goes, goes back after a collapse, stops."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from ganvas.data import PictureSet
from ganvas.errors import GanvasError, ModelError
from ganvas.formats.log import Log
from ganvas.formats.log_events import Assessed, LoggedEvent, NotRescued, Rescued, Unmeasured
from ganvas.metrics import Verdict
from ganvas.model.weights import spec_of
from ganvas.run.monitor import Monitor, measures_in
from ganvas.run.recorder import Recorder
from ganvas.run.schedule import Schedule
from ganvas.training import TrainingState, has_checkpoint, new_state, rescue, save_checkpoint
from ganvas.training.plan import measuring_plan
from ganvas.training.updates import augmentations


class Supervisor:
    """Measures when it is due, and acts on what the measures say.

    verdict: the latest; None before the first measure. stop: why the run should end now; "" while it should go on.

    Args:
        log: of earlier sittings.
        monitor: makes the Monitor; it may raise a GanvasError, which is said, and nothing is measured.
        clock: seconds since any moment. save: as save_checkpoint.
    """

    def __init__(
        self,
        schedule: Schedule,
        recorder: Recorder,
        pictures: PictureSet,
        state: TrainingState,
        log: Log,
        *,
        monitor: Callable[..., Monitor] = Monitor,
        clock: Callable[[], float] = time.perf_counter,
        save: Callable[[TrainingState, Path], None] = save_checkpoint,
    ) -> None:
        self.schedule, self.recorder, self.pictures, self.state = schedule, recorder, pictures, state
        self.config, self.folder = schedule.config, schedule.folder
        self.verdict: Verdict | None = None
        self.stop: Literal["", "plateau", "rescues"] = ""
        self._make_monitor, self._clock, self._save = monitor, clock, save
        self._monitor: Monitor | None = None
        self._why_off = ""
        self._retry_at: float | None = None  # seconds of training; None until a first plan found the run too short
        self._measured_at: float | None = None  # by the clock, in this sitting
        self._since = 0
        self._earlier = log

    @property
    def is_planned(self) -> bool:
        """Whether it is settled for now how often the run is measured, if at all, and all is ready for it."""
        waits = self._retry_at is not None and self.state.seconds < self._retry_at
        return self._monitor is not None or bool(self._why_off) or waits

    def plan(self) -> Iterator[LoggedEvent]:
        """Settle how often and on how many pictures the rest of the run is measured; says why not, if so."""
        plan, measuring = self.schedule.plan, self.config.measuring
        speed = plan.images_per_second if self._retry_at is None else self.state.images / self.state.seconds
        by_clock = self.schedule.seconds_limit - self.state.seconds
        left = min(by_clock, (plan.images - self.state.images) / speed)
        is_short = measuring.share * left < measuring.least_seconds
        if plan.measure_every == 0 or (plan.measure_every is None and is_short):
            yield from self._switch_off("the run is too short for it" if measuring.share else "measuring.share is 0")
            return
        try:
            self._monitor = self._make_monitor(self.config, self.recorder.description, self.pictures, self.state)
        except GanvasError as error:
            yield from self._switch_off(str(error))
            return
        self._recall(self._monitor)
        if plan.measure_every is None:
            every, count = measuring_plan(
                measuring,
                seconds=left,
                images=int(left * speed),
                step_images=self.config.training.step_images,
                seconds_per_picture=self._monitor.seconds_per_picture(),
            )
            if every:
                self.schedule.change(measure_every=every, measure_count=count)
            elif self._is_retried(left):
                self._monitor = None
            else:
                yield from self._switch_off("the run is too short for it")

    def _is_retried(self, seconds_left: float) -> bool:
        """Whether to plan once more later, and from when on: another program may have held the machine just now."""
        if self._retry_at is not None:
            return False
        total, measuring = self.state.seconds + seconds_left, self.config.measuring
        self._retry_at = max(measuring.retry_seconds, measuring.retry_share * total)
        return self._retry_at < total / 2

    def is_due(self, images: int) -> bool:
        """Whether to measure after `images` shown."""
        return self._monitor is not None and self.schedule.is_measured(images)

    def measure(self) -> dict[str, float]:
        """Measure, and give the numbers for the log.

        Raises:
            DivergedError: a weight is not finite.
        """
        assert self._monitor is not None
        self.recorder.check_weights()
        started = self._clock()
        numbers = self._monitor.measure(self.schedule.plan.measure_count)
        self._space_out(started, self._clock())
        return numbers

    def _space_out(self, started: float, ended: float) -> None:
        """Measure half as often from here on if this took much more than its share of the time since the one before.

        So it is where another program held the machine while the run was planned: far more images follow.
        Runs that images alone limit stay as planned: they measure at the same moments wherever they are repeated.
        """
        since, self._measured_at = self._measured_at, ended
        plan, measuring = self.schedule.plan, self.config.measuring
        if since is None or self.config.limits.seconds is None or plan.final:
            return
        assert plan.measure_every is not None
        if ended - started > measuring.too_slow_factor * measuring.share * (ended - since):
            self.schedule.change(measure_every=2 * plan.measure_every)

    def last_words(self) -> tuple[str, ...]:
        """How it went and how good it got, written into the log too; if nothing was measured, why not."""
        if self._why_off:
            return (f"no verdict: {self._why_off}",)
        if self._monitor is None:
            return ("no verdict: the run was too short to be measured",)
        if self._monitor.best is None or self.verdict is None:
            return ("no verdict: the run ended before its first measure",)
        return (self._say(self.verdict).text, self._monitor.best_line())

    def act(self) -> Iterator[LoggedEvent]:
        """After a measure: keep the model if it is the best, say and do what the verdict asks for."""
        assert self._monitor is not None
        best = self._monitor.best
        before, self.verdict = self.verdict, self._monitor.verdict(self._since)
        if best is not None and best.images == self.state.images:
            self.recorder.ship_best(best)
            if not self.verdict.is_alarm and self._monitor.latest_is_sound:  # else a rescue would end where it began
                self._save(self.state, self.folder.good)
        if before is None or before.kind != self.verdict.kind:
            yield self._say(self.verdict)
        if self.verdict.is_alarm and self.config.measuring.rescue:
            yield from self._rescue()
        elif self.verdict.kind == "plateau" and self.config.measuring.until == "plateau":
            self.stop = "plateau"

    def _say(self, verdict: Verdict) -> Assessed:
        return self.recorder.event(Assessed, kind=verdict.kind, evidence=verdict.evidence, advice=verdict.advice)

    def _switch_off(self, reason: str) -> Iterator[LoggedEvent]:
        self._monitor, self._why_off = None, reason
        planned = self.schedule.plan.measure_every
        if planned is None:
            self.schedule.change(measure_every=0, measure_count=0)
        if planned != 0:
            yield self.recorder.event(Unmeasured, reason=reason)

    def _recall(self, monitor: Monitor) -> None:
        """Take over what an earlier sitting measured, and what was the verdict on it."""
        monitor.recall(measures_in(self._earlier.numbers))
        rescues = [event.images for event in self._earlier.events if isinstance(event, Rescued)]
        self._since = rescues[-1] if rescues else 0
        if monitor.measures:
            # A rescue right after the last measure came of its verdict, and counts from the next one on.
            last = monitor.measures[-1].images
            self.verdict = monitor.verdict(max((images for images in rescues if images < last), default=0))

    def _rescue(self) -> Iterator[LoggedEvent]:
        if self.state.rescues >= self.config.measuring.most_rescues:
            self.stop = "rescues"
            return
        if not has_checkpoint(self.folder.good):
            spec = spec_of(self.recorder.description)
            self._save(new_state(self.config, spec, self.state.device, self.pictures), self.folder.good)
        try:
            images = rescue(self.state, self.folder.good)
        except ModelError as error:
            yield self.recorder.event(NotRescued, reason=str(error))
            return
        self._since = self.state.images
        # The log comes first: a state that was saved as rescued, without the word of it, would be assessed otherwise.
        event = self.recorder.event(
            Rescued,
            good_images=images,
            rescues=self.state.rescues,
            most_rescues=self.config.measuring.most_rescues,
            rate_factor=self.config.measuring.rescue_rate_factor,
            augmented=bool(augmentations(self.state, self.config)),
        )
        self.recorder.save()
        yield event
