"""The run itself: steps, and what is logged, measured, drawn and saved where it is time to."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganvas.data import BatchStream
from ganvas.device import compile_network, seconds_asleep
from ganvas.formats.log_events import Ended, PicturesLost, Slept
from ganvas.run.events import Finished, RunEvent, Stepped
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import Monitor
from ganvas.run.recorder import Recorder
from ganvas.run.schedule import Schedule
from ganvas.run.supervisor import Supervisor
from ganvas.training import Progress, TrainingState, save_checkpoint, training_loop
from ganvas.training.trials import Compile, Step, largest_step

_REFRESH_SECONDS = 15  # of the page while a run goes on
_NOTICED_SLEEP_SECONDS = 10.0  # shorter ones tell a person nothing


@dataclass(frozen=True)
class RunParts:
    """What a run is driven by; tests and studies hand in others.

    clock: seconds since any moment. asleep: seconds that the machine has slept, since any moment. loop: as
    training_loop. supervisor, monitor: make the Supervisor and the Monitor. save: as save_checkpoint. folder: as
    RunFolder. largest_step: as that of training/trials. compile: one network, in place.
    """

    clock: Callable[[], float] = time.perf_counter
    asleep: Callable[[], float] = seconds_asleep
    loop: Callable[..., Iterator[Progress]] = training_loop
    supervisor: Callable[..., Supervisor] = Supervisor
    monitor: Callable[..., Monitor] = Monitor
    save: Callable[[TrainingState, Path], None] = save_checkpoint
    folder: Callable[[Path], RunFolder] = RunFolder
    largest_step: Step = largest_step
    compile: Compile = compile_network


def execute(
    state: TrainingState,
    stream: BatchStream,
    schedule: Schedule,
    recorder: Recorder,
    supervisor: Supervisor,
    interrupted: Callable[[], bool],
    parts: RunParts,
) -> Iterator[RunEvent]:
    """Run the loop until the schedule, the supervisor or whoever interrupts ends it.

    Raises:
        DivergedError: a loss or a weight is no longer finite.
    """
    recording = schedule.config.recording
    done, stopped = schedule.is_over(state.images, 0.0), False
    if state.images == 0:
        yield recorder.draw()
    if schedule.plan.measure_every:
        yield from supervisor.plan()
    saved_at = reported_at = state.seconds
    until = schedule.until or sys.maxsize
    asleep = parts.asleep()
    for progress in () if done else parts.loop(state, stream, schedule.config, until, clock=parts.clock):
        recorder.collect(progress)
        stopped = interrupted()
        done = schedule.is_over(progress.images, progress.seconds)
        is_drawn = done or schedule.is_drawn(progress.images)
        is_measured = supervisor.is_due(progress.images)
        is_saved = done or stopped or not recorder.has_saved or progress.seconds - saved_at >= recording.save_seconds
        if is_drawn or is_measured or is_saved or recorder.seconds_collected >= recording.log_seconds:
            numbers = recorder.flush(supervisor.measure() if is_measured else {})
            yield _stepped(progress, schedule, numbers)
            if losses := stream.losses():
                yield recorder.event(
                    PicturesLost,
                    pictures=sum(loss.pictures for loss in losses),
                    where=losses[0].where,
                    reason=losses[0].reason,
                )
            if (slept := parts.asleep() - asleep) >= _NOTICED_SLEEP_SECONDS:
                yield recorder.event(Slept, slept=slept)
                asleep += slept
        if is_drawn:
            yield recorder.draw()
        if is_measured:
            yield from supervisor.act()
            done = done or bool(supervisor.stop)
        if is_saved or (done and not stopped):
            recorder.save()
            saved_at = progress.seconds
        if done or stopped:
            break
        if not supervisor.is_planned:
            # Only now, so that the first step shows as soon as it can.
            yield from supervisor.plan()
        if progress.seconds > 2 * reported_at + 5:
            recorder.report_progress(refresh_seconds=_REFRESH_SECONDS)
            reported_at = progress.seconds
    if done and not schedule.plan.final:
        # From here on the images reached are the plan, so that the run can be repeated whatever the clock says then.
        schedule.change(images=state.images, final=True)
    verdict = supervisor.last_words()
    reason = "interrupted" if stopped else supervisor.stop or "finished"
    yield recorder.event(Ended, reason=reason, rescues=state.rescues)
    yield from recorder.finish()
    root = schedule.folder.root
    yield Finished(root, root / "index.html", state.images, state.seconds, stopped, verdict)


def _stepped(progress: Progress, schedule: Schedule, numbers: dict[str, float]) -> Stepped:
    return Stepped(
        progress.images,
        schedule.expected_images(progress.images),
        progress.seconds,
        schedule.seconds_left(progress.images, progress.seconds, numbers["images_per_second"]),
        numbers,
    )
