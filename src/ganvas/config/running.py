"""How a run is measured, assessed, recorded and limited, and what it plans. None of it is part of the networks."""

import math
from typing import Literal

from pydantic import Field, PositiveInt

from ganvas.settings import Settings


class MeasuringSettings(Settings):
    """How a run is measured while it goes on, and what follows from it.

    Numbers whose description names no measurement were chosen once and not varied.
    """

    features: Literal["multiscale", "lite"] = Field(
        default="multiscale",
        description="the extractor that KD, precision, recall and spread are measured with; lite overlooks shapes "
        "(docs/scores.md, what the judge sees)",
    )
    share: float = Field(default=0.035, ge=0, le=0.5, description="of the time that measuring may take; 0: none")
    short_share: float = Field(
        default=0.1,
        ge=0,
        le=0.5,
        description="the same where `share` leaves no room for two measures, as in two minutes",
    )
    until: Literal["limit", "plateau"] = Field(
        default="limit", description="plateau: stop when nothing improves any more, before the limit"
    )
    rescue: bool = Field(
        default=True, description="at a collapse, go back to the last good state at lower learning rates"
    )
    most_rescues: int = Field(default=3, ge=0, description="times that a run goes back; then it stops")
    rescue_rate_factor: float = Field(
        default=0.5, gt=0, le=1, description="that every learning rate is multiplied with each time"
    )
    counts: tuple[PositiveInt, ...] = Field(
        default=(1024, 512, 256, 128),
        min_length=1,
        description="pictures of a measure; the largest that can be taken `fewest` times, else the last",
    )
    fewest: int = Field(default=16, ge=2, description="measures that a run should have")
    most: int = Field(default=64, ge=2, description="measures that it has at most")
    preparation: int = Field(
        default=3, ge=0, description="measures that the real pictures and the PCA baseline take about as long as"
    )
    least_seconds: float = Field(
        default=0.5, ge=0, description="of measuring in the whole run; for less the network is not loaded"
    )
    retry_seconds: float = Field(
        default=10.0, ge=0, description="of training, after which a run that seemed too short is planned once more"
    )
    retry_share: float = Field(default=0.1, ge=0, le=1, description="of the whole run, likewise; the later counts")
    too_slow_factor: float = Field(
        default=2.5, ge=1, description="times `share`, over which a measure makes the next ones half as frequent"
    )
    resamples: int = Field(default=200, ge=2, description="bootstrap samples that the error of KD is taken from")
    neighbours: int = Field(
        default=5, ge=1, description="k of precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991, has 3)"
    )
    copy_ratio: float = Field(
        default=0.4,
        gt=0,
        lt=1,
        description="a picture is a copy if its nearest training picture is nearer than this share of the distance to "
        "the fifth nearest",
    )
    copied_from: int = Field(default=2000, ge=7, description="training pictures that copies are looked for among")
    same_levels: float = Field(
        default=1.0, ge=0, description="grey levels, root mean square, within which two pictures look the same"
    )
    pca_pictures: int = Field(default=1000, ge=2, description="training pictures that the PCA baseline is made of")
    pca_px: int = Field(default=128, gt=0, description="longer side that the PCA baseline is made at, at most")
    pca_components: int = Field(default=256, ge=1, description="principal components of the PCA baseline")


class RecordingSettings(Settings):
    """What a run writes as it goes; none of it changes what is learned. Chosen once, not varied."""

    drawn_px: int = Field(default=480, gt=0, description="side of the sheets of drawn moments, at most 8 pictures")
    moments_per_octave: int = Field(
        default=4, ge=1, description="moments that are drawn while the images shown double, on whole steps"
    )
    save_seconds: float = Field(default=45.0, ge=0, description="between two saved states")
    log_seconds: float = Field(default=1.0, ge=0, description="between two lines of the log")
    report: bool = Field(default=True, description="the page, the curves and the film; false: none of them")


class HealthSettings(Settings):
    """The rules of the verdict on a run. KD is the kernel distance of one measure.

    They were tuned on 39 runs and tried on 20 others (`python -m bench.verdicts`, docs/scores.md); where a number has
    a story of its own, its description names it.
    """

    alarm_measures: int = Field(default=2, ge=1, description="measures in a row that an alarm needs")
    fewest_for_trend: int = Field(default=6, ge=2, description="measures before anything is said of the trend")
    stretch_share: float = Field(
        default=0.35, gt=0, lt=1, description="of the measures, the last stretch, compared with as many before it"
    )
    least_gain: float = Field(
        default=0.05, ge=0, description="of the best KD, the PCA baseline or the worst moment: less is no gain, no loss"
    )
    same_share: float = Field(
        default=0.02, ge=0, le=1, description="of pairs that look the same, above which: collapse"
    )
    lost_spread: float = Field(default=0.6, ge=0, description="times the best spread of the run, below which: collapse")
    worse_factor: float = Field(default=1.3, ge=1, description="times the best KD, above which: divergence")
    behind_factor: float = Field(
        default=1.1,
        ge=1,
        description="times the PCA baseline, above which a run that began there is diverging; a healthy run has shown "
        "0.96 at most (journal, 2026-11-27, what begins well and goes to pieces)",
    )
    hardly_begun_share: float = Field(
        default=0.5,
        gt=0,
        description="of the PCA baseline: a run that began there and never came below cannot decline "
        "(journal, 2026-11-28, noise that stays where much of it is needed)",
    )
    smoothed_measures: int = Field(default=3, ge=1, description="neighbours whose median a slow decline is seen in")
    slowly_worse_factor: float = Field(
        default=1.2, ge=1, description="times the lowest such median, above which: a slow decline"
    )
    runaway_factor: float = Field(default=8.0, ge=1, description="times a player's usual loss, above which it ran away")
    saturated_sign: float = Field(
        default=0.98, ge=0, le=1, description="mean sign of real scores, above which the discriminator is saturated"
    )
    saturated_gap: float = Field(default=10.0, ge=0, description="between real and generated scores, likewise")


class StartSettings(Settings):
    """Weights that a run begins with in place of new ones, of a run or a model with networks of the same shapes."""

    model: str = Field(min_length=1, description="a run folder or a model folder")
    at: int | None = Field(
        default=None,
        ge=0,
        description="of a run: its moment at or before so many images shown; not set: its last saved state",
    )


class LimitSettings(Settings):
    """When to stop: whichever comes first. None: no such limit."""

    seconds: float | None = Field(default=None, gt=0, le=1e9, description="of the whole run; 1e9 are 30 years")
    images: int | None = Field(default=None, gt=0, le=10**15, description="images shown")
    epochs: float | None = Field(default=None, gt=0, le=1e6, description="passes over the set")


def image_limit(limits: LimitSettings, *, picture_count: int, step_images: int) -> int | None:
    """Images to show under the limits that do not depend on speed, in whole steps, rounded up; None: no such limit."""
    wanted = [limits.images, None if limits.epochs is None else limits.epochs * picture_count]
    steps = [math.ceil(images / step_images) for images in wanted if images is not None]
    return min(steps) * step_images if steps else None


class Plan(Settings):
    """What a run will do: what it decided before its first step, so that it can be repeated and resumed exactly."""

    images: int = Field(gt=0, description="images shown at the end; a multiple of the images of one step")
    images_per_second: float = Field(gt=0, description="as probed")
    width: float = Field(default=1.0, gt=0, description="of the networks: network.width, or what was planned")
    measure_every: int | None = Field(
        default=None, ge=0, description="images shown from one measure to the next; 0: nothing is measured"
    )
    measure_count: int = Field(default=0, ge=0, description="pictures drawn for a measure")
    start_key: str = Field(default="", description="a hash of the weights of [start], so that others are refused")
    final: bool = Field(
        default=False, description="the run reached its end there; a repeat stops there too, whatever the clock"
    )
