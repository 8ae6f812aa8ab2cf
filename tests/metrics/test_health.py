"""Series of measures made by formula, of which it is known how the run went."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.config import HealthSettings
from ganvas.metrics import Measure, assess, best_measure, is_sound

HEALTHY = Measure(
    images=0,
    kernel_distance=1.0,
    kernel_distance_error=0.0,
    pca_distance=0.0,
    precision=0.6,
    recall=0.4,
    spread=0.95,
    same=0.0,
    copied=0.0,
    copied_low=0.0,
    copied_chance=0.01,
    mean_discriminator_loss=1.2,
    mean_generator_loss=0.9,
    mean_score_gap=1.0,
    mean_real_sign=0.4,
)
LEFT_TO_CHANCE = ("too early", "improving", "plateau")


def run(kernel_distances, *, error=0.0, **columns):
    """Measures with these KIDs, each with the relative `error`; columns: other fields, one value a measure."""
    series = []
    for index, distance in enumerate(kernel_distances):
        more = {name: float(values[index]) for name, values in columns.items()}
        value = float(distance)
        one = replace(HEALTHY, images=1000 * (index + 1), kernel_distance=value, **more)
        series.append(replace(one, kernel_distance_error=error * abs(value)))
    return series


def at_the_end(usual, odd, count, of):
    """`of` values, the last `count` of them odd."""
    return [usual] * (of - count) + [odd] * count


def falling(count, *, floor=3.0, fall=4.0):
    """KIDs of a run that gets better all the time, ever more slowly."""
    return floor + fall * np.exp(-np.arange(count) / count)


def settled(count):
    return np.full(count, 3.0)


def noisy(kernel_distances, seed, size):
    return np.asarray(kernel_distances) * np.exp(
        size * np.random.default_rng(seed).standard_normal(len(kernel_distances))
    )


def moments(series):
    """What was said after each measure."""
    return [assess(series[:end]) for end in range(len(series) + 1)]


def text(verdict):
    return f"{verdict.kind} {verdict.evidence} {verdict.advice} {verdict}".lower()


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_measures_are_too_early(count):
    assert assess(run(falling(count))).kind == "too early"


def test_a_few_measures_are_too_early_for_a_trend_whichever_way_they_point():
    assert assess(run([3, 3.3, 3.6, 3.9])).kind == "too early"
    assert assess(run([3.9, 3.6, 3.3, 3])).kind == "too early"


@pytest.mark.parametrize("count", [6, 7, 20])
def test_a_run_that_gets_better_without_noise_is_improving_from_the_first_trend_on(count):
    assert {verdict.kind for verdict in moments(run(falling(count), error=0.02))[6:]} == {"improving"}


@pytest.mark.parametrize("seed", range(8))
def test_a_run_that_gets_better_under_noise_is_improving(seed):
    assert assess(run(noisy(falling(40), seed, 0.03), error=0.02)).kind == "improving"


@pytest.mark.parametrize("seed", range(8))
def test_a_long_level_stretch_is_a_plateau_whatever_came_before(seed):
    level = 3 + 4 * np.exp(-np.arange(40) / 3)
    verdict = assess(run(noisy(level, seed, 0.02), error=0.02))
    assert verdict.kind == "plateau"
    assert not verdict.is_alarm


@pytest.mark.parametrize("distance", [0.0, 3.0, -0.01])
@pytest.mark.parametrize("error", [0.0, 0.05])
def test_constant_measures_are_a_plateau(distance, error):
    kinds = [verdict.kind for verdict in moments(run([distance] * 30, error=error))]
    assert kinds == ["too early"] * 6 + ["plateau"] * 25


def test_a_gain_of_less_than_a_twentieth_is_a_plateau_even_without_noise():
    assert assess(run(np.linspace(1.02, 1, 20))).kind == "plateau"
    assert assess(run(np.linspace(1.3, 1, 20))).kind == "improving"


def test_a_plateau_names_the_best_moment_and_a_setting():
    series = run([*settled(10), 2.9, *settled(9)], error=0.02)
    verdict = assess(series)
    assert verdict.kind == "plateau"
    assert "2.9 after 11,000 images" in verdict.evidence
    assert "network.width" in verdict.advice


def test_pictures_that_lose_their_spread_for_two_measures_are_a_collapse():
    series = run(settled(12), spread=at_the_end(0.95, 0.4, 2, of=12))
    verdict = assess(series)
    assert verdict.kind == "collapse"
    assert verdict.is_alarm
    assert "0.40" in verdict.evidence
    assert assess(series[:-1]).kind == "plateau"


def test_a_spread_that_comes_down_from_noise_to_that_of_real_pictures_is_no_collapse():
    series = run(falling(12), spread=[2.5, 2.2, *[1.0] * 10])
    assert not any(verdict.is_alarm for verdict in moments(series))


def test_a_spread_that_was_never_there_is_not_lost():
    assert assess(run(falling(12), spread=[0.3] * 12)).kind == "improving"


def test_spread_that_was_lost_before_a_rescue_is_still_lost_after_it():
    before, after = run(settled(3), spread=[0.9, 0.8, 0.4]), run(settled(8), spread=[0.4] * 8)
    assert assess(after).kind == "plateau"
    assert assess(after, before=before).kind == "collapse"
    assert assess(after[:1], before=before).kind == "too early"
    assert assess(run(settled(8), spread=[0.6] * 8), before=before).kind == "plateau"


def test_a_state_is_sound_while_it_is_as_varied_as_it_was_and_not_behind_where_it_began():
    assert [is_sound(run(settled(2), spread=[0.9, later])) for later in (0.55, 0.5)] == [True, False]
    assert [is_sound(run(settled(2), spread=[2.5, later])) for later in (0.65, 0.55)] == [True, False]  # noise first
    behind = run(settled(1), pca_distance=[2.0])
    assert is_sound(behind)
    assert not is_sound(behind, from_pca=True)


def test_identical_pictures_in_two_measures_are_a_collapse_after_the_start():
    verdict = assess(run(settled(12), same=at_the_end(0.0, 0.5, 2, of=12)))
    assert verdict.kind == "collapse"
    assert "50% of pairs" in verdict.evidence
    assert assess(run(falling(2), same=[1.0, 1.0])).kind == "too early"


def test_a_discriminator_certain_of_everything_is_a_collapse_only_while_pictures_get_worse():
    certain: dict[str, Any] = {
        "mean_score_gap": at_the_end(1, 40, 2, of=12),
        "mean_real_sign": at_the_end(0.4, 1, 2, of=12),
    }
    verdict = assess(run(at_the_end(3, 9, 2, of=12), **certain))
    assert verdict.kind == "collapse"
    assert "40 apart" in verdict.evidence
    assert assess(run(falling(12), **certain)).kind == "improving"
    unsure: dict[str, Any] = certain | {"mean_real_sign": [0.9] * 12}
    assert assess(run(at_the_end(3, 9, 2, of=12), **unsure)).kind == "divergence"


def test_pictures_that_get_worse_are_a_divergence_that_names_both_moments():
    verdict = assess(run([*falling(12), 9, 9.5], error=0.02))
    assert verdict.kind == "divergence"
    assert verdict.is_alarm
    assert "KD 9.5 now" in verdict.evidence
    assert "after 12,000" in verdict.evidence


def test_a_slow_decline_is_a_divergence_before_any_measure_is_far_off():
    slow = [*falling(10), *np.linspace(4.7, 5.9, 8)]
    said = [verdict.kind for verdict in moments(run(slow, error=0.02))]
    assert said[-1] == "divergence"
    assert max(slow[10:]) < 1.3 * min(slow)
    assert "divergence" not in said[:12]


def test_a_run_that_was_better_before_the_last_stretch_is_not_improving():
    assert assess(run([9, 8, 7, 6, 5, 4, 3, 3.1, 3.2, 3.2, 3.3, 3.3, 3.3])).kind == "plateau"


def test_a_run_from_its_best_beginning_may_diverge_too():
    assert assess(run([3, 3, 6, 7], error=0.02)).kind == "divergence"
    assert assess(run([3, 6, 7], error=0.02)).kind == "divergence"


def test_a_run_that_begins_at_the_eigen_line_has_diverged_when_it_falls_behind_it_even_from_its_first_measure_on():
    series = run([3, 3], error=0.02, pca_distance=[2, 2])
    verdict = assess(series, from_pca=True)
    assert verdict.kind == "divergence"
    assert "KD 3, PCA baseline 2" in verdict.evidence
    assert assess(series).kind == "too early"  # of one that began with noise
    for healthy, error in (([3, 1], 0.02), ([1, 3], 0.02), ([2.1, 2.1], 0.0), ([2.5, 2.5], 0.1)):
        series = run(healthy, error=error, pca_distance=[2, 2])
        assert assess(series, from_pca=True).kind == "too early"


@pytest.mark.parametrize(("eigen", "kind"), [(5, "too early"), (7, "divergence")])
def test_a_run_from_the_eigen_line_declines_only_from_more_than_half_the_way_to_the_set(eigen, kind):
    series = run([3, 4.4, 4.4], error=0.02, pca_distance=[eigen] * 3)
    assert assess(series, from_pca=True).kind == kind
    assert assess(series).kind == "divergence"


@pytest.mark.parametrize(("player", "sign"), [("discriminator", 1), ("generator", 1), ("generator", -1)])
def test_a_loss_that_runs_away_with_the_pictures_is_named(player, sign):
    losses: dict[str, Any] = {f"mean_{player}_loss": at_the_end(0.9, sign * 30.0, 2, of=14)}
    verdict = assess(run([*falling(12), 9, 9.5], error=0.02, **losses))
    assert verdict.kind == "divergence"
    assert f"the {player}'s loss ran from about 0.9 to 30" in verdict.evidence
    assert assess(run(falling(14), error=0.02, **losses)).kind == "improving"


def test_copies_above_chance_in_two_measures_are_copying_but_no_alarm():
    low, shares = at_the_end(0.0, 0.2, 2, of=12), at_the_end(0.0, 0.3, 2, of=12)
    series = run(falling(12), copied=shares, copied_low=low)
    verdict = assess(series)
    assert verdict.kind == "copying"
    assert not verdict.is_alarm
    assert "30%" in verdict.evidence
    assert assess(series[:-1]).kind == "improving"


def test_copies_that_chance_explains_are_none():
    shares: dict[str, Any] = {"copied": [0.3] * 12, "copied_low": [0.2] * 12, "copied_chance": [0.2] * 12}
    assert assess(run(falling(12), **shares)).kind == "improving"


BAD = {
    "kernel_distance": 50.0,
    "spread": 0.05,
    "same": 1.0,
    "copied_low": 1.0,
    "mean_discriminator_loss": 1e4,
    "mean_generator_loss": -1e4,
    "mean_score_gap": 1e4,
    "mean_real_sign": 1.0,
}


@pytest.mark.parametrize("at", range(16))
@pytest.mark.parametrize("names", [*((name,) for name in BAD), tuple(BAD)], ids="-".join)
def test_one_bad_measure_alone_raises_no_alarm_and_two_of_everything_do(names, at):
    series = run(noisy(falling(16), 3, 0.02), error=0.02)
    once = [replace(one, **{name: BAD[name] for name in names}) if i == at else one for i, one in enumerate(series)]
    assert all(verdict.kind in LEFT_TO_CHANCE for verdict in moments(once))
    twice = [*series, *(replace(series[-1], **BAD) for _ in range(2))]
    assert assess(twice).is_alarm


def test_a_run_whose_moments_differ_much_has_not_diverged_when_two_poor_ones_follow_each_other():
    assert assess(run([3, 2, 3, 2, 3, 2, 3, 3])).kind == "plateau"
    assert assess(run([3, 2, 3, 2, 3, 2, 9, 9])).kind == "divergence"


def test_a_rise_that_is_a_trifle_of_where_the_run_came_from_is_no_divergence():
    assert assess(run([4, *[0.001] * 9, 0.01, 0.01])).kind == "plateau"
    assert assess(run([4, *[0.001] * 9, 0.5, 0.5])).kind == "divergence"


def test_a_rise_that_is_a_trifle_beside_the_eigen_line_is_no_divergence():
    near = [0.27, 0.18, 0.17, 0.16, 0.15, 0.13, 0.13, 0.14, 0.16, 0.2, 0.19, 0.2]
    for eigen, worse, kind in ((0.0, near, "divergence"), (2.3, near, "plateau"), (2.3, [*near, 1, 1], "divergence")):
        assert assess(run(worse, pca_distance=[eigen] * len(worse))).kind == kind


def test_kids_about_zero_are_no_divergence_since_a_factor_means_nothing_there():
    about_zero = [2, 1, 0.5, 0.2, 0.05, -0.01, 0.01, -0.012, 0.012, 0.01, 0.02, 0.02]
    assert all(verdict.kind in LEFT_TO_CHANCE for verdict in moments(run(about_zero)))
    assert assess(run([*about_zero, 1, 1])).kind == "divergence"


def test_kids_that_fall_below_zero_are_an_improvement():
    assert assess(run(np.linspace(1, -1, 12))).kind == "improving"
    assert not any(verdict.is_alarm for verdict in moments(run(-np.geomspace(1, 1.5, 20))))


@pytest.mark.slow
def test_fewer_than_one_healthy_noisy_run_in_fifty_raises_an_alarm_at_any_measure():
    runs, alarms = 150, 0
    for seed in range(runs):
        numbers = np.random.default_rng(seed)
        floor, half_life, moments_differ_by = (
            numbers.choice([0, 0.3, 3]),
            numbers.uniform(2, 30),
            numbers.uniform(0, 0.1),
        )
        clean = floor + 4 * 0.5 ** (np.arange(30) / half_life)
        measured = noisy(clean, seed + 1000, moments_differ_by) * (1 + 0.02 * numbers.standard_normal(30))
        spreads, sames = numbers.uniform(0.8, 1.1, 30), numbers.uniform(0, 0.01, 30)
        series = run(measured, error=0.02, spread=spreads, same=sames)
        alarms += any(verdict.is_alarm for verdict in moments(series))
    assert alarms < runs / 50


sizes = st.floats(-1e6, 1e6)
shares = st.floats(0, 1)
losses = st.floats()  # those of steps may be anything, even infinite or not a number
any_measure = st.builds(
    Measure,
    images=st.integers(0, 10**9),
    kernel_distance=sizes,
    kernel_distance_error=st.floats(0, 1e6),
    pca_distance=sizes,
    precision=shares,
    recall=shares,
    spread=st.floats(0, 1e3),
    same=shares,
    copied=shares,
    copied_low=shares,
    copied_chance=shares,
    mean_discriminator_loss=losses,
    mean_generator_loss=losses,
    mean_score_gap=losses,
    mean_real_sign=losses,
)


@given(st.lists(any_measure, max_size=14))
def test_whatever_was_measured_gets_a_verdict_without_nan(series):
    verdict = assess(series)
    assert "nan" not in text(verdict)
    assert verdict.advice.endswith(".")
    assert verdict.is_alarm == (verdict.kind in ("collapse", "divergence"))


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(0, 0.5))
def test_healthy_measures_that_only_fall_never_raise_an_alarm(distances, error):
    series = run(sorted(distances, reverse=True), error=error)
    assert all(verdict.kind in LEFT_TO_CHANCE for verdict in moments(series))


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=14), st.integers(-9, 9))
def test_the_verdict_does_not_depend_on_the_unit_of_the_distance(distances, exponent):
    series, scaled = (run(np.array(distances) * unit, error=0.02) for unit in (1.0, 2.0**exponent))
    assert assess(series).kind == assess(scaled).kind


@given(st.lists(any_measure, min_size=1, max_size=8))
def test_the_best_measure_is_hardly_less_safe_than_any_and_none_after_it_is_both_so_safe_and_sound(series):
    best = best_measure(series)
    assert best is not None
    at_worst = [one.kernel_distance + 2 * one.kernel_distance_error for one in series]
    safest = series[at_worst.index(min(at_worst))]
    limit = min(at_worst) + max(2 * safest.kernel_distance_error, 0.05 * safest.pca_distance)
    place = max(at for at, one in enumerate(series) if one is best)
    assert at_worst[place] <= limit
    for upper, one in zip(at_worst[place + 1 :], series[place + 1 :], strict=True):
        assert upper > limit or one.same > 0.02 or one.copied_low > one.copied_chance


def test_a_sure_measure_is_better_than_a_lower_but_unsure_one_and_of_equals_the_latest():
    sure, unsure = replace(HEALTHY, kernel_distance_error=0.1), replace(HEALTHY, kernel_distance=0.9)
    unsure = replace(unsure, kernel_distance_error=0.4)
    assert best_measure([unsure, sure, unsure]) is sure
    later = replace(sure, images=5)
    assert best_measure([sure, later]) is later
    assert best_measure([]) is None


def test_what_differs_by_a_trifle_of_the_eigen_line_goes_to_the_latest():
    lowest = replace(HEALTHY, kernel_distance=0.15, pca_distance=2.2)
    near, far = replace(lowest, kernel_distance=0.25), replace(lowest, kernel_distance=0.27)
    assert best_measure([lowest, near, far]) is near


@pytest.mark.parametrize("column", ["copied_low", "same"])
def test_of_moments_alike_one_that_copies_or_repeats_itself_is_not_shipped(column):
    sound, unsound = HEALTHY, replace(HEALTHY, **{column: 0.1})
    assert best_measure([sound, unsound]) is sound
    assert best_measure([unsound]) is unsound


TIGHT = np.append(settled(12), [3.5, 3.5])  # 1.17 times the best, for two measures


@pytest.mark.parametrize(
    ("series", "rule", "value", "kind"),
    [
        (run(settled(12), spread=at_the_end(0.95, 0.4, 2, of=12)), "lost_spread", 0.3, "plateau"),
        (run(settled(12), spread=at_the_end(0.95, 0.4, 1, of=12)), "alarm_measures", 1, "collapse"),
        (run(settled(12), same=at_the_end(0.0, 0.5, 2, of=12)), "same_share", 0.6, "plateau"),
        (run(TIGHT), "worse_factor", 1.1, "divergence"),
        (run(falling(8)), "fewest_for_trend", 20, "too early"),
        (run(falling(40), error=0.02), "least_gain", 0.9, "plateau"),
    ],
)
def test_the_rules_are_settings_that_the_verdict_follows(series, rule, value, kind):
    changed = HealthSettings().model_copy(update={rule: value})
    assert assess(series).kind != kind
    assert assess(series, rules=changed).kind == kind
