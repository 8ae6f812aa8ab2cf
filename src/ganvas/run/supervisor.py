"""What a run does about its measures: it keeps the best model, says how it goes, goes back after a collapse, stops."""

import time
from collections.abc import Iterator

from ganvas.config import PlanSettings, RunConfig
from ganvas.data import PictureSet
from ganvas.errors import GanvasError, ModelError
from ganvas.metrics import Verdict, best_measure
from ganvas.model.weights import spec_of
from ganvas.report import read_log
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import Monitor, measures_in
from ganvas.run.recorder import Recorder
from ganvas.training import MOST_RESCUES, TrainingState, has_checkpoint, new_state, rescue, save_checkpoint
from ganvas.training.plan import measuring_plan
from ganvas.training.updates import augmentations

RESCUED = "went back"
_LEAST_SECONDS = 0.5  # of measuring, below which loading the network is not worth it
_SECOND_LOOK_SECONDS, _SECOND_LOOK_SHARE = 10.0, 0.1  # when a run that seemed too short is asked again
_MUCH_TOO_DEAR = 2.5  # times the share of the time that is measuring's; the weather of a shared machine is less


class Supervisor:
    """Measures when it is due, and acts on what the measures say.

    verdict: the latest; None before the first measure. stop: why the run should end now; "" while it should go on.
    """

    def __init__(
        self, config: RunConfig, folder: RunFolder, pictures: PictureSet, recorder: Recorder, state: TrainingState
    ) -> None:
        self.config, self.folder, self.pictures, self.recorder, self.state = config, folder, pictures, recorder, state
        self.verdict: Verdict | None = None
        self.stop = ""
        self._monitor: Monitor | None = None
        self._why_off = ""
        self._second_look: float | None = None
        self._measured_at: float | None = None  # by the clock, in this sitting
        self._since = 0
        # Known before anything is saved: what an earlier sitting shipped as its best is not to be replaced.
        self._earlier = read_log(folder.log_path)
        recorder.best = best_measure(measures_in(self._earlier), config.health)

    @property
    def is_planned(self) -> bool:
        """Whether it is settled for now how often the run is measured, if at all, and all is ready for it."""
        waits = self._second_look is not None and self.state.seconds < self._second_look
        return self._monitor is not None or bool(self._why_off) or waits

    def plan(self, seconds: float) -> Iterator[str]:
        """Settle how often and on how many pictures a run with so many seconds left is measured; says why not, if so.

        Args:
            seconds: infinite where images alone limit the run.
        """
        plan = self._plan
        speed = plan.images_per_second if self._second_look is None else self.state.images / self.state.seconds
        left = min(seconds, (plan.images - self.state.images) / speed)
        share = self.config.measuring.share
        if plan.measure_every == 0 or (plan.measure_every is None and share * left < _LEAST_SECONDS):
            yield from self._switch_off("the run is too short for it" if share else "measuring.share is 0")
            return
        try:
            self._monitor = Monitor(self.config, self.recorder.description, self.pictures, self.state)
        except GanvasError as error:
            yield from self._switch_off(str(error))
            return
        self._recall()
        if plan.measure_every is None:
            every, count = measuring_plan(
                seconds=left,
                images=int(left * speed),
                step_images=self.config.training.step_images,
                share=share,
                seconds_per_picture=self._monitor.seconds_per_picture(),
            )
            if every:
                self._settle(every, count)
            elif self._looks_again(left):
                self._monitor = None
            else:
                yield from self._switch_off("the run is too short for it")

    def _looks_again(self, seconds_left: float) -> bool:
        """Whether to ask once more later, and from when on: another program may have held the machine just now."""
        if self._second_look is not None:
            return False
        total = self.state.seconds + seconds_left
        self._second_look = max(_SECOND_LOOK_SECONDS, _SECOND_LOOK_SHARE * total)
        return self._second_look < total / 2

    def config_with_plan(self, changes: dict[str, int | bool]) -> RunConfig:
        """The configuration with parts of its plan changed."""
        assert self.config.plan is not None
        return self.config.model_copy(update={"plan": self.config.plan.model_copy(update=changes)})

    def is_due(self, images: int) -> bool:
        """Whether to measure after `images` shown: never after the first step, when it is not settled yet."""
        is_first = images <= self.config.training.step_images
        return self._monitor is not None and not is_first and images % (self._plan.measure_every or 1) == 0

    def measure(self) -> dict[str, float]:
        """Measure, and give the numbers for the log.

        Raises:
            DivergedError: a weight is not finite.
        """
        assert self._monitor is not None
        self.recorder.check_weights()
        started = time.perf_counter()
        numbers = self._monitor.measure(self._plan.measure_count)
        self._space_out(started, time.perf_counter())
        return numbers

    def _space_out(self, started: float, ended: float) -> None:
        """Measure half as often from here on if this took much more than its share of the time since the one before.

        So it is where another program held the machine while the run was planned: far more images follow.
        Runs that images alone limit stay as planned: they measure at the same moments wherever they are repeated.
        """
        since, self._measured_at = self._measured_at, ended
        if since is None or self.config.limits.seconds is None or self._plan.final:
            return
        assert self._plan.measure_every is not None
        if ended - started > _MUCH_TOO_DEAR * self.config.measuring.share * (ended - since):
            self._settle(2 * self._plan.measure_every, self._plan.measure_count)

    def last_words(self) -> tuple[str, ...]:
        """How it went and how good it got, written into the log too; if nothing was measured, why not."""
        if self._why_off:
            return (f"no verdict: {self._why_off}",)
        if self._monitor is None or self._monitor.best is None or self.verdict is None:
            return ()
        self.recorder.event(str(self.verdict), verdict=self.verdict.kind)
        return (str(self.verdict), self._monitor.best_line())

    @property
    def _plan(self) -> PlanSettings:
        assert self.config.plan is not None
        return self.config.plan

    def _switch_off(self, reason: str) -> Iterator[str]:
        self._monitor, self._why_off = None, reason
        planned = self._plan.measure_every
        if planned is None:
            self._settle(0, 0)
        if planned != 0:
            yield self.recorder.event(f"nothing is measured: {reason}")

    def _settle(self, every: int, count: int) -> None:
        """Write it down, so that the run can be repeated and resumed exactly."""
        self.config = self.config_with_plan({"measure_every": every, "measure_count": count})
        self.folder.write_config(self.config)

    def _recall(self) -> None:
        """Take over what an earlier sitting measured, and what was the verdict on it."""
        assert self._monitor is not None
        self._monitor.recall(self._earlier)
        rescues = [entry["images"] for entry in self._earlier if str(entry.get("event", "")).startswith(RESCUED)]
        self._since = rescues[-1] if rescues else 0
        if self._monitor.measures:
            # A rescue right after the last measure came of its verdict, and counts from the next one on.
            last = self._monitor.measures[-1].images
            self.verdict = self._monitor.verdict(max((images for images in rescues if images < last), default=0))

    def act(self) -> Iterator[str]:
        """After a measure: keep the model if it is the best, judge, do what the verdict asks for; says what it did."""
        assert self._monitor is not None
        best = self._monitor.best
        before, self.verdict = self.verdict, self._monitor.verdict(self._since)
        if best is not None and best.images == self.state.images:
            self.recorder.ship_best(best)
            if not self.verdict.is_alarm and self._monitor.latest_is_sound:  # else a rescue would end where it began
                save_checkpoint(self.state, self.folder.good)
        if before is None or before.kind != self.verdict.kind:
            yield self.recorder.event(str(self.verdict), verdict=self.verdict.kind)
        if self.verdict.is_alarm and self.config.measuring.rescue:
            yield from self._rescue()
        elif self.verdict.kind == "plateau" and self.config.measuring.until == "plateau":
            self.stop = "stopped at a plateau"

    def _rescue(self) -> Iterator[str]:
        if self.state.rescues >= MOST_RESCUES:
            self.stop = f"stopped: it went wrong again after {MOST_RESCUES} rescues"
            return
        if not has_checkpoint(self.folder.good):
            spec = spec_of(self.recorder.description)
            save_checkpoint(new_state(self.config, spec, self.state.device, self.pictures), self.folder.good)
        try:
            images = rescue(self.state, self.folder.good)
        except ModelError as error:
            yield self.recorder.event(f"cannot go back: {error}")
            return
        self._since = self.state.images
        more = " and full augmentation" if augmentations(self.state, self.config) else ""
        # The log comes first: a state that was saved as rescued, without the word of it, would be judged otherwise.
        told = self.recorder.event(
            f"{RESCUED} to the state after {images:,} images, with half the learning rates{more} "
            f"({self.state.rescues} of {MOST_RESCUES})"
        )
        self.recorder.save()
        yield told
