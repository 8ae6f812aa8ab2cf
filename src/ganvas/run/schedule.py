"""When a run does what: its plan, of which this is the one owner, and its limits."""

import math
from typing import Any

from ganvas.config import Plan, RunConfig
from ganvas.run.folder import RunFolder
from ganvas.training.plan import is_drawn_moment

_LEAST_SECONDS = 1e-6  # so that a step is taken, and there is a model, where starting took all the time


class Schedule:
    """The plan of a run and what follows from it for a moment; every change of the plan is written to run.toml.

    Args:
        until: images shown at the end, in whole steps; None where the clock alone decides. The images of a final plan
            count instead, whatever the clock says.
        started_after: seconds that this sitting took to start, which are of the time that was given.
    """

    def __init__(
        self, config: RunConfig, plan: Plan, folder: RunFolder, until: int | None, started_after: float = 0.0
    ) -> None:
        self.config, self.folder = config, folder
        self.until = plan.images if plan.final else until
        limit = math.inf if plan.final else config.limits.seconds or math.inf
        self.seconds_limit = max(limit - started_after, _LEAST_SECONDS)
        self._plan = plan
        folder.write_config(config, plan)

    @property
    def plan(self) -> Plan:
        """What will be done, as far as it is known."""
        return self._plan

    def change(self, **values: Any) -> None:
        """Change parts of the plan, and write it down, so that the run can be repeated and resumed exactly."""
        self._plan = self._plan.model_copy(update=values)
        self.folder.write_config(self.config, self._plan)

    def is_over(self, images: int, seconds: float) -> bool:
        """Whether a limit is reached."""
        return (self.until is not None and images >= self.until) or seconds >= self.seconds_limit

    def is_drawn(self, images: int) -> bool:
        """Whether the same latents are drawn again."""
        return is_drawn_moment(images, self.config.training.step_images, self.config.recording.moments_per_octave)

    def is_measured(self, images: int) -> bool:
        """Whether to measure after `images` shown: never after the first step, when it is not settled yet."""
        is_first = images <= self.config.training.step_images
        return not is_first and images % (self._plan.measure_every or 1) == 0

    def seconds_left(self, images: int, seconds: float, images_per_second: float) -> float:
        """By whichever limit comes first, at this speed."""
        by_images = math.inf if self.until is None else (self.until - images) / max(images_per_second, 1e-9)
        return max(min(self.seconds_limit - seconds, by_images), 0.0)

    def expected_images(self, images: int) -> int:
        """Images shown at the end, as far as it is known."""
        return max(self._plan.images if self.until is None else self.until, images)
