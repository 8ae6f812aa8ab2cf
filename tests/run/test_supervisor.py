"""What a run does about its measures: real runs of tiny networks, most of them measured by a script."""

import functools
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.config import LimitSettings, MeasuringSettings, Plan, from_toml, with_settings
from ganvas.errors import DivergedError, SettingError
from ganvas.features import load_extractor
from ganvas.formats.log import read_log
from ganvas.formats.log_events import Assessed, Diverged, Ended, Rescued, Unmeasured
from ganvas.formats.manifest import read_description
from ganvas.metrics import Measure
from ganvas.model.weights import load_model
from ganvas.recipes import RECIPES
from ganvas.run.events import Finished
from ganvas.run.execute import RunParts
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import Monitor
from ganvas.training import architecture, save_checkpoint, training_loop
from ganvas.workflows.generate import Generator
from ganvas.workflows.train import train

BATCH, EVERY, COUNT = 4, 8, 12
NAMES = [field.name for field in fields(Measure)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 20 drawn pictures of 16 px."""
    folder, numbers = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for index in range(20):
        Image.fromarray(numbers.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(folder / f"{index}.png")
    return folder


@pytest.fixture(autouse=True)
def one_cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def config(pictures):
    """A function: images to show, settings -> configuration with small sheets and neither films nor curves."""

    def make(images, *assignments):
        small = [f"training.batch={BATCH}", "network.width=0.02", "network.z_dim=4"]
        small += [f"pictures.source={pictures}", "pictures.width=16", "pictures.height=16", "device=cpu"]
        small += ["recording.drawn_px=16", "recording.report=false"]
        made = with_settings(RECIPES["dcgan28"].config, [*small, *assignments])
        return made.model_copy(update={"limits": LimitSettings(images=images)})

    return make


class Scripted(Monitor):
    """A monitor without an extractor, which finds what `script` holds for the images shown; else better every time.

    Args:
        script: images shown -> some of the values of that measure.
        seconds_per_picture: answers, in order; the last for good.
    """

    def __init__(self, script, config, description, pictures, state, seconds_per_picture=(1e-3,)):
        self.config, self.description, self.pictures, self.state = config, description, pictures, state
        self.script, self.answers, self.measures = script, list(seconds_per_picture), []

    def seconds_per_picture(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def measure(self, count):
        images = self.state.images
        usual = dict.fromkeys(NAMES[1:], 0.0) | {"kernel_distance": 1 / images, "pca_distance": 0.25}
        usual |= {"spread": 1.0, "copied_chance": 0.1}
        values = usual | {f"mean_{name}": value for name, value in self._means_found().items()}
        values |= self.script.get(images, {})
        self.measures.append(Measure(images=images, **values))
        return values

    def _means_found(self):
        """A mean over the steps since the last measure, so that it shows if a resumed run loses count."""
        return {"real_sign": float(f"{self._means()['real_sign']:.6g}")}


def scripted(script):
    """Parts of a run that is measured by the script."""
    return RunParts(monitor=functools.partial(Scripted, script))


def missing(*arguments):
    raise SettingError("scores need the package 'weights'")


def plan_of(config, every=EVERY):
    images, width = config.limits.images, config.network.width
    return Plan(images=images, images_per_second=100, width=width, measure_every=every, measure_count=COUNT)


def run(config, out, sitting=None, *, every=EVERY, parts=None):
    """The events of one sitting.

    Args:
        sitting: of so many steps; to the end if None.
        every: images between two measures, in the plan; None: the run settles it; 'kept': nothing is planned here.
    """
    plan = None if every == "kept" else plan_of(config, every)
    steps = iter(range(10**9))
    interrupted = lambda: sitting is not None and next(steps) + 1 >= sitting  # noqa: E731
    return list(train(config, out, plan=plan, interrupted=interrupted, parts=parts or RunParts()))


def log_of(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def measures_of(out):
    return [{name: entry[name] for name in NAMES} for entry in read_log(out / "log.jsonl").numbers if "spread" in entry]


def measured_at(out):
    return [one["images"] for one in measures_of(out)]


def events_of(out, kind):
    return [event for event in read_log(out / "log.jsonl").events if isinstance(event, kind)]


def rescued_at(out):
    return [event.images for event in events_of(out, Rescued)]


def verdicts_of(out):
    """Each change of the verdict: images shown, and its kind. What a sitting says at its end repeats the last."""
    said = [(event.images, event.kind) for event in events_of(out, Assessed)]
    return [one for before, one in zip([(0, ""), *said], said, strict=False) if before[1] != one[1]]


def weights(folder):
    (path,) = folder.glob("*.safetensors")
    return load_file(path)


def clock(folder):
    values = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    return {name: value for name, value in values.items() if name != "seconds"}


def same_run(one, other):
    """Bit for bit: the whole state, the good state, what is shipped, every measure, and what was said about them."""
    for part in ("checkpoint", "good", "model"):
        assert_close(weights(one / part), weights(other / part), rtol=0, atol=0)
    for part in ("checkpoint", "good"):
        assert clock(one / part) == clock(other / part)
    assert (one / "model" / "model.json").read_bytes() == (other / "model" / "model.json").read_bytes()
    assert measures_of(one) == measures_of(other)
    assert verdicts_of(one) == verdicts_of(other)
    assert [event.text for event in events_of(one, Rescued)] == [event.text for event in events_of(other, Rescued)]
    assert rescued_at(one) == rescued_at(other)


def collapsed(*moments):
    return {images: {"same": 0.5, "kernel_distance": 0.9} for images in moments}


def test_a_real_monitor_measures_when_it_is_due_and_the_log_keeps_every_number(config, tmp_path):
    news = run(config(40), tmp_path / "run")
    assert measured_at(tmp_path / "run") == [8, 16, 24, 32, 40]
    for one in measures_of(tmp_path / "run"):
        assert 0 <= one["same"] <= 1
        assert 0 <= one["copied_low"] <= one["copied"] <= 1
        assert one["kernel_distance_error"] > 0
        assert one["spread"] > 0
        assert np.isfinite(list(one.values())).all()
    assert news[-1].verdict[1].startswith("best after")


@pytest.mark.parametrize(
    ("seconds_a_measure", "limits", "moments"),
    [
        (0.3, {"seconds": 1e6}, [*range(8, 257, 8)]),  # every 3.5 s, of which 0.0875 is 0.306 s
        (2.0, {"seconds": 1e6}, [8, 16, 32, 64, 128, 192, 256]),  # at last every 27.6 s
        (50.0, {"seconds": 1e6}, [8, 16, 32, 64, 128, 256]),
        (50.0, {}, [*range(8, 257, 8)]),
    ],
    ids=["as planned", "somewhat dearer", "far dearer", "limited by images"],
)
def test_measures_far_dearer_than_planned_come_less_often_where_the_clock_ends_the_run(
    seconds_a_measure, limits, moments, config, tmp_path
):
    monitors = []

    class Slow(Scripted):
        taken = 0.0

        def measure(self, count):
            self.taken += seconds_a_measure
            return super().measure(count)

    def monitor(*arguments):
        monitors.append(Slow({}, *arguments))
        return monitors[-1]

    def clock():
        return sum(one.state.images * 0.4 + one.taken for one in monitors)

    made = config(256).model_copy(update={"limits": LimitSettings(images=256, **limits)})
    run(made, tmp_path / "run", parts=RunParts(monitor=monitor, clock=clock))
    assert measured_at(tmp_path / "run") == moments


def test_a_sleep_of_the_machine_is_told_once_with_its_length(config, tmp_path):
    slept = iter([100.0, 105.0, *[3705.0] * 100])  # before the first step, too short, then an hour
    parts = replace(scripted({}), asleep=lambda: next(slept))
    run(config(40, "recording.log_seconds=0"), tmp_path / "run", parts=parts)
    told = [one for one in log_of(tmp_path / "run") if one.get("event") == "slept"]
    assert [one["slept"] for one in told] == [3605.0]
    assert read_log(tmp_path / "run" / "log.jsonl").events[-2].text != ""


def test_means_are_over_the_steps_since_the_measure_before(config, tmp_path):
    run(config(24, "recording.log_seconds=0"), tmp_path / "run", parts=scripted({}))  # a line each step
    numbers = read_log(tmp_path / "run" / "log.jsonl").numbers
    steps = {entry["images"]: entry["real_sign"] for entry in numbers if "real_sign" in entry}
    for one in measures_of(tmp_path / "run"):
        of_two = np.mean([steps[one["images"] - BATCH], steps[one["images"]]])
        assert one["mean_real_sign"] == pytest.approx(of_two, abs=1e-6)


def test_the_best_model_is_kept_and_shipped_and_drawn(config, tmp_path):
    parts = scripted({16: {"kernel_distance": 0.001}})
    out = tmp_path / "run"
    run(config(40), out, parts=parts)
    assert load_model(out).description.images == 16
    assert clock(out / "good")["images"] == 16
    shipped, good = weights(out / "model"), weights(out / "good")
    assert_close(shipped, {name: good[f"generator.{name}"] for name in shipped}, rtol=0, atol=0)
    last = weights(out / "checkpoint")
    assert any((last[f"generator.{name}"] != tensor).any() for name, tensor in shipped.items())
    drawn = [
        Generator.read(model).save_pictures(tmp_path / name, range(2), singles=False).read_bytes()
        for name, model in (("run's", out), ("shipped", out / "model"))
    ]
    assert drawn[0] == drawn[1]
    assert "after 16 of them" in (out / "model" / "README.md").read_text(encoding="utf-8")


def test_how_the_run_came_to_its_model_is_said_once_it_has_ended(config, tmp_path):
    out = tmp_path / "run"
    run(config(24), out, parts=scripted({16: {"kernel_distance": 0.001}}))
    made = read_description(out / "model").provenance
    assert (made.images, made.device) == (24, "cpu")
    longer = train(config(40), out, plan=plan_of(config(40)), parts=scripted({32: {"kernel_distance": 0.0001}}))
    assert any(isinstance(event, Ended) for event in longer)  # and killed there
    longer.close()
    shipped = read_description(out / "model")
    assert (shipped.images, shipped.provenance) == (32, None)  # that of the first sitting is no longer true


def test_the_preview_is_of_the_best_model_and_not_of_the_last(config, tmp_path):
    parts = scripted({16: {"kernel_distance": 0.001}})
    run(config(32), tmp_path / "run", parts=parts)
    preview = (tmp_path / "run" / "model" / "preview.png").read_bytes()
    samples = tmp_path / "run" / "samples"
    assert preview == (samples / "000000016.png").read_bytes() != (samples / "000000032.png").read_bytes()


def test_a_moment_that_measures_alike_but_less_surely_is_not_the_best(config, tmp_path):
    surely = {"kernel_distance": 0.002, "kernel_distance_error": 0.0001}
    parts = scripted(
        {8: surely, 16: surely | {"kernel_distance": 0.0019, "kernel_distance_error": 0.01}, 24: {"spread": 1.0}}
    )
    run(config(24), tmp_path / "run", parts=parts)
    assert load_model(tmp_path / "run").description.images == 8


def test_without_measures_the_last_model_is_shipped(config, tmp_path):
    run(config(24), tmp_path / "run", every=0)
    assert load_model(tmp_path / "run").description.images == 24
    assert measured_at(tmp_path / "run") == []
    assert not (tmp_path / "run" / "good").exists()


def test_an_extended_run_does_not_replace_the_best_model_by_a_worse_one(config, tmp_path):
    parts = scripted({8: {"kernel_distance": 1e-6}})
    out = tmp_path / "run"
    run(config(24), out, parts=parts)
    best = weights(out / "model")
    run(config(64), out, every="kept", parts=parts)
    assert clock(out / "checkpoint")["images"] == 64
    assert load_model(out).description.images == 8
    assert_close(weights(out / "model"), best, rtol=0, atol=0)


def test_after_a_collapse_the_run_goes_back_at_half_the_rates_and_the_clock_goes_on(config, tmp_path):
    parts = scripted(collapsed(24, 32))
    out = tmp_path / "run"
    run(config(32), out, parts=parts)
    assert verdicts_of(out)[-1] == (32, "collapse")
    (rescued,) = events_of(out, Rescued)
    assert (rescued.images, rescued.good_images) == (32, 16)
    assert (rescued.rescues, rescued.most_rescues) == (1, MeasuringSettings().most_rescues)
    assert_close(weights(out / "checkpoint"), weights(out / "good"), rtol=0, atol=0)
    saved = clock(out / "checkpoint")
    assert (saved["images"], saved["rescues"], saved["augment_share"]) == (32, 1, 1.0)


def test_a_rescued_run_trains_at_half_the_rates_also_after_it_was_resumed(config, tmp_path):
    rates = []

    def noted(state, *arguments, **more):
        for progress in training_loop(state, *arguments, **more):
            rates.append((state.images, state.optimizers["generator"].rate_scale))
            yield progress

    parts = replace(scripted(collapsed(24, 32)), loop=noted)
    run(config(48), tmp_path / "run", sitting=10, parts=parts)
    run(config(48), tmp_path / "run", parts=parts)
    assert rates == [(images, 1.0 if images <= 32 else 0.5) for images in range(4, 52, 4)]


def test_one_bad_measure_is_no_collapse(config, tmp_path):
    parts = scripted(collapsed(24, 40))
    run(config(56), tmp_path / "run", parts=parts)
    assert "collapse" not in dict(map(reversed, verdicts_of(tmp_path / "run")))
    assert rescued_at(tmp_path / "run") == []


def test_how_often_a_run_goes_back_and_how_much_slower_are_settings(config, tmp_path):
    parts = scripted(collapsed(*range(24, 400, 8)))
    settings = ["measuring.most_rescues=1", "measuring.rescue_rate_factor=0.25"]
    run(with_settings(config(400), settings), tmp_path / "run", parts=parts)
    (rescued,), (ended,) = events_of(tmp_path / "run", Rescued), events_of(tmp_path / "run", Ended)
    assert (rescued.rescues, rescued.most_rescues, rescued.rate_factor) == (1, 1, 0.25)
    assert "0.25 of the learning rates" in rescued.text
    assert (ended.images, ended.reason, ended.rescues) == (56, "rescues", 1)


def test_what_was_measured_before_a_rescue_does_not_count_against_what_comes_after(config, tmp_path):
    parts = scripted(collapsed(24, 32, 40))
    run(config(56), tmp_path / "run", parts=parts)
    assert rescued_at(tmp_path / "run") == [32]


def test_a_run_goes_back_three_times_at_most_and_then_stops(config, tmp_path):
    parts = scripted(collapsed(*range(24, 400, 8)))
    out = tmp_path / "run"
    news = run(config(400), out, parts=parts)
    back = rescued_at(out)
    assert back == [32, 56, 80]
    assert news[-1].images == 104
    (ended,) = events_of(out, Ended)
    assert (ended.images, ended.reason, ended.rescues) == (104, "rescues", 3)
    plan = from_toml(out / "run.toml").plan
    assert (plan.images, plan.final) == (104, True)
    assert load_model(out).description.images == 16
    assert news[-1].verdict[0].startswith("collapse")


def test_a_stopped_run_stays_stopped_and_still_says_how_good_it_got(config, tmp_path):
    parts = scripted(collapsed(*range(24, 400, 8)))
    made, out = config(400), tmp_path / "run"
    first = run(made, out, parts=parts)[-1]
    again = run(made, out, every="kept", parts=parts)[-1]
    assert again.images == first.images == 104
    assert again.verdict == first.verdict


def test_without_rescue_a_collapse_is_said_and_the_run_goes_on(config, tmp_path):
    parts = scripted(collapsed(*range(24, 65, 8)))
    out = tmp_path / "run"
    run(config(64, "measuring.rescue=false"), out, parts=parts)
    assert verdicts_of(out)[-1] == (32, "collapse")
    assert rescued_at(out) == []
    assert [event.reason for event in events_of(out, Ended)] == ["finished"]
    assert clock(out / "checkpoint")["images"] == 64
    assert clock(out / "checkpoint")["rescues"] == 0


def test_a_collapse_that_measures_as_the_best_so_far_is_not_what_the_run_goes_back_to(config, tmp_path):
    parts = scripted({24: {"same": 0.5, "kernel_distance": 0.9}, 32: {"same": 0.5}})
    run(config(32), tmp_path / "run", parts=parts)
    assert [event.good_images for event in events_of(tmp_path / "run", Rescued)] == [16]


@pytest.mark.parametrize("is_whole", [True, False], ids=["in one sitting", "in two"])
def test_a_default_run_in_pieces_from_its_first_measure_on_begins_again_at_half_the_rates(is_whole, config, tmp_path):
    parts = scripted(
        {images: {"kernel_distance": 2.0} for images in (8, 16, 24)}
    )  # the PCA baseline, where it began: 0.25
    swift, out = RECIPES["swift"].config, tmp_path / "run"
    made = config(40, "network.architecture=swift-blind", "objective.loss=relativistic")
    needed = architecture("swift-blind").needs
    made = made.model_copy(update={section: getattr(swift, section) for section in needed})
    if not is_whole:
        run(made, out, sitting=4, parts=parts)
        first, again = load_model(out, at=0).generator.state_dict(), weights(out / "checkpoint")
        kept = {name: tensor for name, tensor in again.items() if name.startswith("generator.") and tensor.ndim > 1}
        assert kept
        assert_close({name: t.half().float() for name, t in kept.items()}, {n: first[n[10:]] for n in kept})
    run(made, out, parts=parts)
    assert [(event.images, event.good_images) for event in events_of(out, Rescued)] == [(16, 0)]
    assert verdicts_of(out) == [(8, "too early"), (16, "divergence"), (24, "too early")]
    assert (clock(out / "checkpoint")["rescues"], clock(out / "good")["images"]) == (1, 40)


def test_a_run_that_begins_with_noise_may_be_far_behind_the_eigen_line(config, tmp_path):
    parts = scripted({images: {"kernel_distance": 2.0} for images in (8, 16, 24)})
    run(config(40), tmp_path / "run", parts=parts)
    assert rescued_at(tmp_path / "run") == []


PLATEAU = {images: {"kernel_distance": 0.5} for images in range(8, 400, 8)}


def test_until_plateau_stops_at_it(config, tmp_path):
    parts = scripted(PLATEAU)
    out = tmp_path / "run"
    news = run(config(400, "measuring.until=plateau"), out, parts=parts)
    assert news[-1].images == 48
    assert news[-1].interrupted is False
    assert verdicts_of(out)[-1] == (48, "plateau")
    assert [(event.images, event.reason) for event in events_of(out, Ended)] == [(48, "plateau")]
    assert clock(out / "checkpoint")["images"] == 48


def test_until_the_limit_goes_on_through_a_plateau(config, tmp_path):
    parts = scripted(PLATEAU)
    assert run(config(64), tmp_path / "run", parts=parts)[-1].images == 64
    assert verdicts_of(tmp_path / "run")[-1] == (48, "plateau")


def test_a_share_of_0_measures_nothing_and_says_so_once(config, tmp_path):
    made, out, parts = config(32, "measuring.share=0"), tmp_path / "run", scripted({})
    run(made, out, sitting=4, every=None, parts=parts)
    run(made, out, every="kept", parts=parts)
    assert measured_at(out) == []
    assert [event.reason for event in events_of(out, Unmeasured)] == ["measuring.share is 0"]
    assert from_toml(out / "run.toml").plan.measure_every == 0


def test_a_short_run_is_not_measured_and_a_long_one_settles_how_often(config, tmp_path):
    last = run(config(32), tmp_path / "short", every=None, parts=scripted({}))[-1]
    assert "too short" in events_of(tmp_path / "short", Unmeasured)[0].reason
    assert last.verdict == ("no verdict: the run is too short for it",)
    run(config(100_000), tmp_path / "long", sitting=2, every=None, parts=scripted({}))
    plan = from_toml(tmp_path / "long" / "run.toml").plan
    assert plan.measure_every > 0
    assert plan.measure_every % BATCH == 0
    assert plan.measure_count >= 128


@pytest.mark.parametrize("later", [1e-3, 1e3], ids=["free again", "slow"])
def test_a_machine_that_was_held_at_the_start_is_planned_for_once_more(later, config, tmp_path):
    made = config(100_000, "measuring.retry_seconds=0", "measuring.retry_share=1e-9")
    plans = []

    def monitor(*arguments):
        plans.append(Scripted({}, *arguments, seconds_per_picture=[(1e3, later)[len(plans)]]))
        return plans[-1]

    run(made, tmp_path / "run", sitting=6, every=None, parts=RunParts(monitor=monitor))
    assert len(plans) == 2
    is_measured = from_toml(tmp_path / "run" / "run.toml").plan.measure_every > 0
    assert is_measured == (later < 1)
    assert len(events_of(tmp_path / "run", Unmeasured)) == (0 if is_measured else 1)


def test_a_run_that_ends_before_its_first_measure_says_so(config, tmp_path):
    last = run(config(EVERY - BATCH), tmp_path / "run", parts=scripted({}))[-1]
    assert last.verdict == ("no verdict: the run ended before its first measure",)


@pytest.mark.parametrize("every", [None, EVERY])
def test_without_the_extractors_weights_the_run_goes_on_and_says_so(every, config, tmp_path):
    out = tmp_path / "run"
    events = run(config(10_000), out, sitting=5, every=every, parts=RunParts(monitor=missing))
    assert events[-1].images == 20
    assert [event.reason for event in events_of(out, Unmeasured)] == ["scores need the package 'weights'"]
    assert [event for event in events if isinstance(event, Unmeasured)] == events_of(out, Unmeasured)
    assert measured_at(out) == []
    assert load_model(out).description.images == 20


def test_a_resumed_run_without_the_weights_keeps_the_best_model_that_was_measured(config, tmp_path):
    out = tmp_path / "run"
    run(config(32), out, sitting=4)
    best = load_model(out).description.images
    run(config(32), out, parts=RunParts(monitor=missing))
    assert load_model(out).description.images == best <= 16
    assert events_of(out, Unmeasured)


@pytest.mark.parametrize("moment", [12, 16, 72])
def test_weights_that_are_not_finite_are_never_shipped(moment, config, tmp_path):
    """After 12 images only drawn, after 16 measured and drawn, after 72 only measured."""

    def broken(state, *arguments, **more):
        for progress in training_loop(state, *arguments, **more):
            if state.images == moment:
                next(state.generator.parameters()).data.fill_(float("nan"))
            yield progress

    with pytest.raises(DivergedError, match="a weight is not a finite number"):
        run(config(100), tmp_path / "run", parts=replace(scripted({}), loop=broken))
    assert [event.what for event in events_of(tmp_path / "run", Diverged)] == ["a weight"]
    assert load_model(tmp_path / "run").description.images == (moment - 1) // EVERY * EVERY
    for part in ("model", "good", "checkpoint"):
        assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "run" / part).values())


def test_the_first_step_is_never_measured_so_that_a_repeat_measures_the_same(config, tmp_path):
    """How often is settled after it; a repeat, which knows it before, must not measure once more."""
    run(config(16), tmp_path / "run", every=BATCH, parts=scripted({}))
    assert measured_at(tmp_path / "run") == [8, 12, 16]


def test_measures_are_read_back_on_resume_and_the_best_of_them_still_counts(config, tmp_path):
    parts, out = scripted({8: {"kernel_distance": 0.001}}), tmp_path / "run"
    run(config(40), out, sitting=5, parts=parts)
    events = run(config(40), out, parts=parts)
    assert measured_at(out) == [8, 16, 24, 32, 40]
    assert load_model(out).description.images == 8
    assert events[-1].verdict[1].startswith("best after 8 images")


def test_the_log_ends_with_the_verdict_also_where_it_did_not_change(config, tmp_path):
    events = run(config(40), tmp_path / "run", parts=scripted({}))
    said = events_of(tmp_path / "run", Assessed)
    assert len(said) > len(verdicts_of(tmp_path / "run"))
    assert (said[-1].images, said[-1].text) == (40, events[-1].verdict[0])


def test_a_run_that_is_resumed_at_its_end_still_knows_its_verdict(config, tmp_path):
    first, again = (run(config(24), tmp_path / "run")[-1] for _ in range(2))
    assert first.verdict == again.verdict
    assert "PCA baseline" in first.verdict[1]


class Projection(torch.nn.Module):
    """(B, 3, S, S) -> (B, 12): an extractor that costs nothing."""

    def forward(self, images):
        small = F.adaptive_avg_pool2d(images, 8).flatten(1)
        return small @ torch.randn(192, 12, generator=torch.Generator().manual_seed(1))


class RealButUnlucky(Monitor):
    """Measures really, with a cheap extractor, but the verdict hangs on what is written here: two collapses."""

    def __init__(self, *arguments):
        super().__init__(*arguments, extractor=cheap_extractor())

    def measure(self, count):
        images, values = self.state.images, super().measure(count)
        values |= {"kernel_distance_error": 0.0, "spread": 1.0, "same": 0.0}
        values["kernel_distance"] = float(f"{1 / images + 1e-4 * values['kernel_distance']:.6g}")
        values |= collapsed(24, 32, 48, 56).get(images, {})
        self.measures[-1] = Measure(images=images, **{name: values[name] for name in NAMES[1:]})
        return values


UNLUCKY = RunParts(monitor=RealButUnlucky)


@functools.cache
def cheap_extractor():
    real = load_extractor("lite", (16, 16), Path("no-downloads"))
    return replace(real, network=Projection(), sha256="projection")


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """The uninterrupted run of the tests below: two rescues, one measure after the last."""
    return tmp_path_factory.mktemp("whole") / "run"


@pytest.fixture
def unlucky(config, whole):
    made = config(68, "objective.augment=color,translation")
    if not whole.exists():
        run(made, whole, parts=UNLUCKY)
        assert rescued_at(whole) == [32, 56]
        assert measured_at(whole) == list(range(8, 68, 8))
    return made


@pytest.fixture
def eager(unlucky):
    """The same, saved at every step."""
    return with_settings(unlucky, ["recording.save_seconds=0"])


def is_killed(config, out, parts):
    with pytest.raises(KeyboardInterrupt):
        run(config, out, parts=parts)


@pytest.mark.parametrize("sittings", [[1] * 17, [3, 3, 3, 3, 3], [8], [13, 1, 1]], ids=str)
def test_a_run_interrupted_between_steps_is_the_run_that_was_not(sittings, unlucky, whole, tmp_path):
    for sitting in sittings:
        assert isinstance(run(unlucky, tmp_path / "run", sitting, parts=UNLUCKY)[-1], Finished)
    run(unlucky, tmp_path / "run", parts=UNLUCKY)
    same_run(tmp_path / "run", whole)


@pytest.mark.parametrize(("stride", "save_seconds"), [(1, 45.0), (2, 0.0)])
def test_a_run_killed_in_the_middle_of_anything_is_the_run_that_was_not(stride, save_seconds, unlucky, whole, tmp_path):
    """Killed after its every event, a few later each time, with nothing saved on the way out."""
    config = with_settings(unlucky, [f"recording.save_seconds={save_seconds}"])
    pieces, is_over = 4, False
    while not is_over:
        events = train(config, tmp_path / "run", plan=plan_of(config), parts=UNLUCKY)
        is_over = any(isinstance(one, Finished) for one, _ in zip(events, range(pieces), strict=False))
        events.close()
        pieces += stride
    same_run(tmp_path / "run", whole)


@pytest.mark.parametrize(
    ("part", "moment"), [("good", 16), ("good", 40), ("checkpoint", 16), ("checkpoint", 32), ("checkpoint", 56)]
)
def test_a_run_killed_while_it_saves_is_the_run_that_was_not(part, moment, eager, whole, tmp_path):
    is_saved = []

    def killed(state, folder):
        if state.images == moment and folder.name == part and not is_saved:
            is_saved.append(folder)
            raise KeyboardInterrupt
        save_checkpoint(state, folder)

    is_killed(eager, tmp_path / "run", replace(UNLUCKY, save=killed))
    run(eager, tmp_path / "run", parts=UNLUCKY)
    same_run(tmp_path / "run", whole)


class Unwritten(RunFolder):
    """A run folder whose writer is killed before it logs a rescue."""

    def log_event(self, event):
        if isinstance(event, Rescued):
            raise KeyboardInterrupt
        super().log_event(event)


def test_a_run_killed_before_the_word_of_a_rescue_is_the_run_that_was_not(unlucky, whole, tmp_path):
    is_killed(unlucky, tmp_path / "run", replace(UNLUCKY, folder=Unwritten))
    run(unlucky, tmp_path / "run", parts=UNLUCKY)
    same_run(tmp_path / "run", whole)


def test_a_rescue_that_was_logged_but_not_saved_is_forgotten_and_done_again(config, tmp_path):
    def killed(state, folder):
        if state.rescues:
            raise KeyboardInterrupt
        save_checkpoint(state, folder)

    parts, out = scripted(collapsed(24, 32)), tmp_path / "run"
    is_killed(config(40), out, replace(parts, save=killed))
    assert len(rescued_at(out)) == 1
    run(config(40), out, parts=parts)
    assert len(rescued_at(out)) == 1
    assert clock(out / "checkpoint")["rescues"] == 1


def test_a_repeat_from_run_toml_measures_and_goes_back_at_the_same_moments(unlucky, whole, tmp_path):
    repeated, plan = from_toml(RunFolder(whole).config_path)
    assert plan.final
    for _ in train(repeated, tmp_path / "run", plan=plan, parts=UNLUCKY):
        pass
    same_run(tmp_path / "run", whole)
