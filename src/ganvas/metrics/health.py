"""The verdict on a run: what its measures say together, in one word, with the evidence and one piece of advice.

Pure functions of what was logged. Trends count, not single values: a gain must be larger than the errors of measuring
explain, and an alarm needs two measures in a row.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganvas.config import HealthSettings
from ganvas.formats.log_events import VerdictKind
from ganvas.wording import counted

LOWER_RATES = "Lower optimizer.generator_rate and optimizer.discriminator_rate."
DEFAULT_RULES = HealthSettings()
MEDIAN_STEP = 0.954  # of the absolute difference of two normal numbers, in standard deviations of one


@dataclass(frozen=True)
class Measure:
    """What was measured of one moment of a run, by the names under which the log keeps it.

    kernel_distance: KID against one and the same real sample; kernel_distance_error: its standard error over generated
    samples; pca_distance: that of draws from the set's principal components. spread: 1 as the real set. same: share
    of pairs that cannot be told apart. copied, copied_low: the share of copies and the low end of its interval;
    copied_chance: the high end of that of real pictures. The rest are means over the steps since the measure before:
    both losses, how far the scores of real pictures lie above those of generated ones, and the mean sign of the real
    ones.
    """

    images: int
    kernel_distance: float
    kernel_distance_error: float
    pca_distance: float
    precision: float
    recall: float
    spread: float
    same: float
    copied: float
    copied_low: float
    copied_chance: float
    mean_discriminator_loss: float
    mean_generator_loss: float
    mean_score_gap: float
    mean_real_sign: float


@dataclass(frozen=True)
class Verdict:
    """kind, and sentences for a person: what shows it, and what to do about it, naming a setting."""

    kind: VerdictKind
    evidence: str
    advice: str

    @property
    def is_alarm(self) -> bool:
        """Whether the run is going wrong, as against going on or being done."""
        return self.kind in ("collapse", "divergence")


def assess(
    measures: Sequence[Measure],
    *,
    before: Sequence[Measure] = (),
    from_pca: bool = False,
    rules: HealthSettings = DEFAULT_RULES,
) -> Verdict:
    """The verdict after the last of `measures`: those of one run, in order, since it started or was last rescued.

    Args:
        before: those from before the last rescue; only spread is compared with them, which a rescue may not bring back.
        from_pca: the run's first pictures were draws from the set's principal components.
        rules: the thresholds.
    """
    if len(measures) < rules.alarm_measures:
        return Verdict("too early", "fewer than two measures so far", "Keep going.")
    peak = _peak_spread([*before, *measures[: -rules.alarm_measures]])
    return (
        _runaway(measures, rules)
        or _collapse(measures, peak, rules)
        or (None if from_pca and _has_hardly_begun(measures, rules) else _decline(measures, rules))
        or (_spoilt(measures, rules) if from_pca else None)
        or _copying(measures, rules)
        or _trend(measures, rules)
    )


def is_sound(measures: Sequence[Measure], *, from_pca: bool = False, rules: HealthSettings = DEFAULT_RULES) -> bool:
    """Whether the last of all `measures` of a run is of a state worth going back to: not behind where the run began,
    and as varied as it was.
    """
    *earlier, latest = measures
    behind = from_pca and is_behind_baseline(latest, rules)
    return not behind and latest.spread >= rules.lost_spread * _peak_spread(earlier)


def is_behind_baseline(measure: Measure, rules: HealthSettings = DEFAULT_RULES) -> bool:
    """Whether its pictures are clearly worse than draws from the set's principal components."""
    return measure.kernel_distance - 2 * measure.kernel_distance_error > rules.behind_factor * measure.pca_distance


def best_measure(measures: Sequence[Measure], rules: HealthSettings = DEFAULT_RULES) -> Measure | None:
    """The measure whose generator to ship: the latest that is nearly as safe as the safest; None of none.

    Nearly: within the error of that one, or a trifle of the PCA baseline. Between moments so alike an eye, and other
    features, are for the later one, unless more of its pictures are copies or equal than should be.
    """
    safest = _safest(measures)
    if safest is None:
        return None
    limit = _upper_end(safest) + max(2 * safest.kernel_distance_error, rules.least_gain * safest.pca_distance)
    near = [one for one in measures if _upper_end(one) <= limit and not (_copies(one) or one.same > rules.same_share)]
    return near[-1] if near else safest


def _safest(measures: Sequence[Measure]) -> Measure | None:
    """The lowest upper end of its KID's interval; None of none."""
    return min(measures, key=_upper_end, default=None)


def _upper_end(measure: Measure) -> float:
    return measure.kernel_distance + 2 * measure.kernel_distance_error


def _runaway(measures: Sequence[Measure], rules: HealthSettings) -> Verdict | None:
    if not _is_worse(measures, rules):
        return None
    earlier, latest = measures[: -rules.alarm_measures], measures[-rules.alarm_measures :]
    for name, player in (("mean_discriminator_loss", "discriminator"), ("mean_generator_loss", "generator")):
        usual = max(math.log(2), float(np.median([abs(getattr(one, name)) for one in earlier])))
        now = min(abs(getattr(one, name)) for one in latest)
        if now > rules.runaway_factor * usual:
            return Verdict("divergence", f"the {player}'s loss ran from about {usual:.2g} to {now:.2g}", LOWER_RATES)
    return None


def _peak_spread(measures: Sequence[Measure]) -> float:
    """The most spread of them, but at most 1: noise may lie further apart than real pictures do, and may come back."""
    return min(max((one.spread for one in measures), default=0.0), 1.0)


def _collapse(measures: Sequence[Measure], peak: float, rules: HealthSettings) -> Verdict | None:
    latest = measures[-rules.alarm_measures :]
    advice = "Set objective.augment=color,translation,cutout, or lower the learning rates."
    if len(measures) > rules.alarm_measures and all(one.same > rules.same_share for one in latest):
        share = f"{100 * latest[-1].same:.0f}% of pairs of its pictures cannot be told apart"
        return Verdict("collapse", share, advice)
    if peak > 0 and all(one.spread < rules.lost_spread * peak for one in latest):
        lost = f"its pictures lie {latest[-1].spread:.2f} times as far apart as real ones, {peak:.2f} at best"
        return Verdict("collapse", lost, advice)
    saturated = [
        one.mean_score_gap > rules.saturated_gap and one.mean_real_sign > rules.saturated_sign for one in latest
    ]
    if all(saturated) and _is_worse(measures, rules):
        gap = latest[-1].mean_score_gap
        return Verdict("collapse", f"the discriminator is saturated (scores {gap:.0f} apart)", advice)
    return None


def _decline(measures: Sequence[Measure], rules: HealthSettings) -> Verdict | None:
    lowest = _safest(measures)
    assert lowest is not None
    if not (_is_worse(measures, rules) or _is_slowly_worse(measures, rules)):
        return None
    now = measures[-1].kernel_distance
    worse = f"pictures got worse: KD {now:.3g} now, {lowest.kernel_distance:.3g} after {lowest.images:,}"
    return Verdict("divergence", worse, LOWER_RATES)


def _has_hardly_begun(measures: Sequence[Measure], rules: HealthSettings) -> bool:
    """Whether a run from the PCA baseline never came half the way to the set: it has little but its blur to lose, which
    may score better than the first outlines of flat shapes.
    """
    return all(one.kernel_distance > rules.hardly_begun_share * one.pca_distance for one in measures)


def _spoilt(measures: Sequence[Measure], rules: HealthSettings) -> Verdict | None:
    """A run that goes to pieces before its first measure has no better one to be compared with than its beginning."""
    latest = measures[-rules.alarm_measures :]
    if not all(is_behind_baseline(one, rules) for one in latest):
        return None
    now, eigen = latest[-1].kernel_distance, latest[-1].pca_distance
    return Verdict(
        "divergence",
        f"pictures are worse than the draws they began as: KD {now:.3g}, PCA baseline {eigen:.3g}",
        LOWER_RATES,
    )


def _copying(measures: Sequence[Measure], rules: HealthSettings) -> Verdict | None:
    if not all(map(_copies, measures[-rules.alarm_measures :])):
        return None
    return Verdict(
        "copying",
        f"{100 * measures[-1].copied:.0f}% of its pictures are training pictures again",
        "Add pictures, set objective.augment=color,translation,cutout, or stop here and use an earlier moment (--at).",
    )


def _copies(measure: Measure) -> bool:
    """Whether chance does not explain how many of its pictures are training pictures again."""
    return measure.copied_low > measure.copied_chance


def _trend(measures: Sequence[Measure], rules: HealthSettings) -> Verdict:
    stretch = measures[-max(math.ceil(rules.stretch_share * len(measures)), rules.alarm_measures) :]
    lowest = _safest(measures)
    assert lowest is not None
    value = f"KD {measures[-1].kernel_distance:.3g}"
    if len(measures) < rules.fewest_for_trend:
        return Verdict("too early", f"{value} after {counted(len(measures), 'measure')}", "Keep going.")
    before = measures[: len(measures) - len(stretch)]
    gain, error = _gain(before, stretch)
    medians = _smoothed(measures, rules)
    is_recent = int(np.argmin(medians)) >= len(medians) - len(stretch)
    if is_recent and gain > max(error, rules.least_gain * abs(lowest.kernel_distance)):
        return Verdict("improving", f"{value}, {gain:.2g} less than before the last stretch", "Keep going.")
    share = 100 * len(stretch) / len(measures)
    return Verdict(
        "plateau",
        f"no gain beyond the error of measuring in the last {share:.0f}% of the run; the best is "
        f"KD {lowest.kernel_distance:.3g} after {counted(lowest.images, 'image')}",
        "Stop if an eye sees no gain either, or give it far more time, more pictures or a larger network.width.",
    )


def _gain(before: Sequence[Measure], stretch: Sequence[Measure]) -> tuple[float, float]:
    """How much the mean KID of `stretch` lies under that of as many measures before it, and its standard error."""
    old, new = ([one.kernel_distance for one in part] for part in (before[-len(stretch) :], stretch))
    return float(np.mean(old) - np.mean(new)), _scatter([*before, *stretch]) * math.sqrt(2 / len(stretch))


def _is_worse(measures: Sequence[Measure], rules: HealthSettings) -> bool:
    """Whether the last measures are all clearly worse than the best one before them.

    Clearly: by a factor, by more than moments of this run differ anyway, and by more than a trifle of where it came
    from; the last is what counts where the best is about 0 and a factor means nothing.
    """
    earlier, latest = measures[: -rules.alarm_measures], measures[-rules.alarm_measures :]
    lowest = _safest(earlier)
    if lowest is None:
        return False
    upper = _upper_end(lowest)
    limit = max(rules.worse_factor * upper, upper + _trifle(earlier, rules)) + 2 * _scatter(earlier)
    return all(one.kernel_distance - 2 * one.kernel_distance_error > limit for one in latest)


def _is_slowly_worse(measures: Sequence[Measure], rules: HealthSettings) -> bool:
    """Whether the median of the last few measures is clearly above that of some neighbours before: a slow decline.

    Clearly: by a factor, smaller than that of single measures since a median errs less; by three times its error; and
    by more than a trifle of where it came from.
    """
    medians = _smoothed(measures, rules)
    earlier = medians[: -rules.smoothed_measures]
    if not earlier:
        return False
    lowest, trifle = min(earlier), _trifle(measures[: -rules.smoothed_measures], rules)
    error = _scatter(measures[len(measures) // 2 :]) * math.sqrt(2 / rules.smoothed_measures)
    return medians[-1] > max(rules.slowly_worse_factor * lowest, lowest + trifle, lowest + 3 * error)


def _trifle(measures: Sequence[Measure], rules: HealthSettings) -> float:
    """A difference that is nothing beside how far the run has come: from its worst moment, or from the PCA baseline.

    A run that begins at the PCA baseline is soon so near that moments differ by half without an eye seeing why.
    """
    return rules.least_gain * max(max(abs(one.kernel_distance), one.pca_distance) for one in measures)


def _smoothed(measures: Sequence[Measure], rules: HealthSettings) -> list[float]:
    """The median KID of every few neighbours."""
    kernel_distances = [one.kernel_distance for one in measures]
    return [
        float(np.median(kernel_distances[at - rules.smoothed_measures : at]))
        for at in range(rules.smoothed_measures, len(measures) + 1)
    ]


def _scatter(measures: Sequence[Measure]) -> float:
    """Standard deviation of single KIDs about their trend: what they are measured with, and what moments differ by.

    From the median step between neighbours, which neither a trend nor a single jump moves much.
    """
    kernel_distances = [one.kernel_distance for one in measures]
    error = float(np.median([one.kernel_distance_error for one in measures]))
    steps = np.abs(np.diff(kernel_distances))
    return max(float(np.median(steps)) / MEDIAN_STEP, error) if len(steps) else error
