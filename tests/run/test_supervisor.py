"""What a run does about its measures: real runs of tiny networks, most of them under a judge whose words are written
beforehand; his verdicts are the real ones."""

import functools
import json
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F
from torch.testing import assert_close

import ganvas.run.monitor
import ganvas.run.recorder
import ganvas.run.supervisor
import ganvas.workflows.train
from ganvas.config import LimitSettings, PlanSettings, from_toml, with_settings
from ganvas.errors import DivergedError, SettingError
from ganvas.features import load_extractor
from ganvas.formats.manifest import read_description
from ganvas.metrics import Measure
from ganvas.model.weights import load_model
from ganvas.recipes import RECIPES
from ganvas.run.events import Finished, Happened
from ganvas.run.folder import RunFolder
from ganvas.run.monitor import Monitor
from ganvas.training import MOST_RESCUES
from ganvas.workflows.generate import DrawOptions, draw_pictures

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
def quick(monkeypatch, tmp_path_factory):
    """One cache for all, small grids, and neither films nor curves."""
    monkeypatch.setattr(ganvas.run.recorder, "_DRAWN_PX", 16)
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    for name in ("write_film", "draw_curves", "write_report"):
        monkeypatch.setattr(ganvas.run.recorder, name, lambda *arguments, **options: None)


@pytest.fixture
def config(pictures):
    """A function: images to show, how often to measure (None: the run settles it), settings -> configuration."""

    def make(images, *assignments, every=EVERY):
        small = [f"training.batch={BATCH}", "network.width=0.02", "network.z_dim=4"]
        small += [f"pictures.source={pictures}", "pictures.width=16", "pictures.height=16", "device=cpu"]
        made = with_settings(RECIPES["dcgan28"].config, [*small, *assignments])
        plan = PlanSettings(images=images, images_per_second=100, measure_every=every, measure_count=COUNT)
        return made.model_copy(update={"limits": LimitSettings(images=images), "plan": plan})

    return make


class Scripted(Monitor):
    """A judge without an extractor, who finds what `script` holds for the images shown; better every time otherwise."""

    script: dict[int, dict[str, float]] = {}  # noqa: RUF012 - replaced as a whole, never changed

    def __init__(self, config, description, pictures, state):
        self.config, self.description, self.pictures, self.state = config, description, pictures, state
        self.measures = []

    def seconds_per_picture(self):
        return 1e-3

    def measure(self, count):
        images = self.state.images
        usual = dict.fromkeys(NAMES[1:], 0.0) | {"kernel_distance": 1 / images, "eigen_distance": 0.25}
        usual |= {"spread": 1.0, "copied_chance": 0.1}
        values = usual | {f"mean_{name}": value for name, value in self._means_found().items()}
        values |= self.script.get(images, {})
        self.measures.append(Measure(images=images, **values))
        return values

    def _means_found(self):
        """A mean over the steps since the last measure, so that it shows if a resumed run loses count."""
        return {"real_sign": float(f"{self._means()['real_sign']:.6g}")}


@pytest.fixture
def scripted(monkeypatch):
    """A function: images shown -> what is found then."""

    def write(script):
        monkeypatch.setattr(ganvas.run.supervisor, "Monitor", type("Monitor", (Scripted,), {"script": script}))

    return write


def run(config, out, sitting=None):
    """The news of one sitting, of so many steps; to the end if None."""
    steps = iter(range(10**9))
    return list(
        ganvas.workflows.train.train(
            config, out, interrupted=lambda: sitting is not None and next(steps) + 1 >= sitting
        )
    )


def log_of(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def measures_of(out):
    return [{name: entry[name] for name in NAMES} for entry in log_of(out) if "kernel_distance" in entry]


def measured_at(out):
    return [one["images"] for one in measures_of(out)]


def events_of(out, *beginnings):
    return [(one["images"], one["event"]) for one in log_of(out) if one.get("event", "").startswith(beginnings)]


def verdicts_of(out):
    """Each change of the verdict: images shown, and its kind. What a sitting says at its end repeats the last."""
    said = [(entry["images"], entry["verdict"]) for entry in log_of(out) if "verdict" in entry]
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
    assert events_of(one, "went back") == events_of(other, "went back")


def collapsed(*moments):
    return {images: {"same": 0.5, "kernel_distance": 0.9} for images in moments}


def test_a_real_judge_measures_when_it_is_due_and_the_log_keeps_every_number(config, tmp_path):
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
    seconds_a_measure, limits, moments, config, tmp_path, monkeypatch
):
    class Slow(Scripted):
        taken = 0.0

        def measure(self, count):
            Slow.taken += seconds_a_measure
            return super().measure(count)

        def seconds_now(self):
            return self.state.images * 0.4 + Slow.taken

    judges = []
    monkeypatch.setattr(
        ganvas.run.supervisor, "Monitor", lambda *arguments: judges.append(Slow(*arguments)) or judges[-1]
    )
    clock = SimpleNamespace(perf_counter=lambda: judges[-1].seconds_now())
    monkeypatch.setattr(ganvas.run.supervisor, "time", clock)
    made = config(256).model_copy(update={"limits": LimitSettings(images=256, **limits)})
    run(made, tmp_path / "run")
    assert measured_at(tmp_path / "run") == moments


def test_means_are_over_the_steps_since_the_measure_before(config, scripted, tmp_path, monkeypatch):
    scripted({})
    monkeypatch.setattr(ganvas.workflows.train, "SECONDS_BETWEEN_LOG_LINES", 0.0)  # a line each step
    run(config(24), tmp_path / "run")
    steps = {entry["images"]: entry["real_sign"] for entry in log_of(tmp_path / "run") if "real_sign" in entry}
    for one in measures_of(tmp_path / "run"):
        of_two = np.mean([steps[one["images"] - BATCH], steps[one["images"]]])
        assert one["mean_real_sign"] == pytest.approx(of_two, abs=1e-6)


def test_the_best_model_is_kept_and_shipped_and_drawn(config, scripted, tmp_path):
    scripted({16: {"kernel_distance": 0.001}})
    out = tmp_path / "run"
    run(config(40), out)
    assert load_model(out).description.images == 16
    assert clock(out / "good")["images"] == 16
    shipped, good = weights(out / "model"), weights(out / "good")
    assert_close(shipped, {name: good[f"generator.{name}"] for name in shipped}, rtol=0, atol=0)
    last = weights(out / "checkpoint")
    assert any((last[f"generator.{name}"] != tensor).any() for name, tensor in shipped.items())
    drawn = [
        draw_pictures(model, DrawOptions(2, 0, 1.0, None, None, singles=False), tmp_path / name).read_bytes()
        for name, model in (("run's", out), ("shipped", out / "model"))
    ]
    assert drawn[0] == drawn[1]
    assert "after 16 of them" in (out / "model" / "README.md").read_text(encoding="utf-8")


def test_how_the_run_came_to_its_model_is_said_once_it_has_ended(config, scripted, tmp_path, monkeypatch):
    scripted({16: {"kernel_distance": 0.001}})
    out = tmp_path / "run"
    run(config(24), out)
    made = read_description(out / "model").provenance
    assert (made.images, made.device) == (24, "cpu")
    scripted({32: {"kernel_distance": 0.0001}})
    monkeypatch.setattr(ganvas.run.recorder.Recorder, "finish", lambda self: iter(()))
    run(config(40), out)
    shipped = read_description(out / "model")
    assert (shipped.images, shipped.provenance) == (32, None)  # that of the first sitting is no longer true


def test_the_preview_is_of_the_best_model_and_not_of_the_last(config, scripted, tmp_path):
    scripted({16: {"kernel_distance": 0.001}})
    run(config(32), tmp_path / "run")
    preview = (tmp_path / "run" / "model" / "preview.png").read_bytes()
    samples = tmp_path / "run" / "samples"
    assert preview == (samples / "000000016.png").read_bytes() != (samples / "000000032.png").read_bytes()


def test_a_moment_that_measures_alike_but_less_surely_is_not_the_best(config, scripted, tmp_path):
    surely = {"kernel_distance": 0.002, "kernel_distance_error": 0.0001}
    scripted({8: surely, 16: surely | {"kernel_distance": 0.0019, "kernel_distance_error": 0.01}, 24: {"spread": 1.0}})
    run(config(24), tmp_path / "run")
    assert load_model(tmp_path / "run").description.images == 8


def test_without_measures_the_last_model_is_shipped(config, tmp_path):
    run(config(24, every=0), tmp_path / "run")
    assert load_model(tmp_path / "run").description.images == 24
    assert measured_at(tmp_path / "run") == []
    assert not (tmp_path / "run" / "good").exists()


def test_an_extended_run_does_not_replace_the_best_model_by_a_worse_one(config, scripted, tmp_path):
    scripted({8: {"kernel_distance": 1e-6}})
    out = tmp_path / "run"
    run(config(24), out)
    best = weights(out / "model")
    longer = config(64).model_copy(update={"plan": None})  # as the command line does where limits were changed
    run(longer, out)
    assert clock(out / "checkpoint")["images"] == 64
    assert load_model(out).description.images == 8
    assert_close(weights(out / "model"), best, rtol=0, atol=0)


def test_after_a_collapse_the_run_goes_back_at_half_the_rates_and_the_clock_goes_on(config, scripted, tmp_path):
    scripted(collapsed(24, 32))
    out = tmp_path / "run"
    run(config(32), out)
    assert verdicts_of(out)[-1] == (32, "collapse")
    ((images, told),) = events_of(out, "went back")
    assert images == 32
    assert "the state after 16 images" in told
    assert f"1 of {MOST_RESCUES}" in told
    assert_close(weights(out / "checkpoint"), weights(out / "good"), rtol=0, atol=0)
    saved = clock(out / "checkpoint")
    assert (saved["images"], saved["rescues"], saved["augment_share"]) == (32, 1, 1.0)


def test_a_rescued_run_trains_at_half_the_rates_also_after_it_was_resumed(config, scripted, tmp_path, monkeypatch):
    scripted(collapsed(24, 32))
    rates, step = [], ganvas.workflows.train.training_loop

    def noted(state, *arguments):
        for progress in step(state, *arguments):
            rates.append((state.images, state.optimizers["generator"].rate_scale))
            yield progress

    monkeypatch.setattr(ganvas.workflows.train, "training_loop", noted)
    run(config(48), tmp_path / "run", sitting=10)
    run(config(48), tmp_path / "run")
    assert rates == [(images, 1.0 if images <= 32 else 0.5) for images in range(4, 52, 4)]


def test_one_bad_measure_is_no_collapse(config, scripted, tmp_path):
    scripted(collapsed(24, 40))
    run(config(56), tmp_path / "run")
    assert "collapse" not in dict(map(reversed, verdicts_of(tmp_path / "run")))
    assert events_of(tmp_path / "run", "went back") == []


def test_what_was_measured_before_a_rescue_does_not_count_against_what_comes_after(config, scripted, tmp_path):
    scripted(collapsed(24, 32, 40))
    run(config(56), tmp_path / "run")
    assert [images for images, _ in events_of(tmp_path / "run", "went back")] == [32]


def test_a_run_goes_back_three_times_at_most_and_then_stops(config, scripted, tmp_path):
    scripted(collapsed(*range(24, 400, 8)))
    out = tmp_path / "run"
    news = run(config(400), out)
    back = [images for images, _ in events_of(out, "went back")]
    assert back == [32, 56, 80]
    assert len(back) == MOST_RESCUES
    assert news[-1].images == 104
    assert events_of(out, "stopped: it went wrong again")[0][0] == 104
    plan = from_toml(out / "run.toml").plan
    assert (plan.images, plan.final) == (104, True)
    assert load_model(out).description.images == 16
    assert news[-1].verdict[0].startswith("collapse")


def test_a_stopped_run_stays_stopped_and_still_says_how_good_it_got(config, scripted, tmp_path):
    scripted(collapsed(*range(24, 400, 8)))
    made, out = config(400), tmp_path / "run"
    first = run(made, out)[-1]
    again = run(made.model_copy(update={"plan": None}), out)[-1]
    assert again.images == first.images == 104
    assert again.verdict == first.verdict


def test_without_rescue_a_collapse_is_said_and_the_run_goes_on(config, scripted, tmp_path):
    scripted(collapsed(*range(24, 65, 8)))
    out = tmp_path / "run"
    run(config(64, "measuring.rescue=false"), out)
    assert verdicts_of(out)[-1] == (32, "collapse")
    assert events_of(out, "went back", "stopped") == []
    assert clock(out / "checkpoint")["images"] == 64
    assert clock(out / "checkpoint")["rescues"] == 0


def test_a_collapse_that_measures_as_the_best_so_far_is_not_what_the_run_goes_back_to(config, scripted, tmp_path):
    scripted({24: {"same": 0.5, "kernel_distance": 0.9}, 32: {"same": 0.5}})
    run(config(32), tmp_path / "run")
    ((_, told),) = events_of(tmp_path / "run", "went back")
    assert "the state after 16 images" in told


@pytest.mark.parametrize("is_whole", [True, False], ids=["in one sitting", "in two"])
def test_a_default_run_in_pieces_from_its_first_measure_on_begins_again_at_half_the_rates(
    is_whole, config, scripted, tmp_path
):
    scripted({images: {"kernel_distance": 2.0} for images in (8, 16, 24)})  # the eigen line, where it began: 0.25
    swift, out = RECIPES["swift"].config, tmp_path / "run"
    made = config(40, "network.architecture=swift-blind", "objective.loss=relativistic")
    made = made.model_copy(update={name: getattr(swift, name) for name in ("noise", "anchor", "matching")})
    if not is_whole:
        run(made, out, sitting=4)
        first, again = load_model(out, at=0).generator.state_dict(), weights(out / "checkpoint")
        kept = {name: tensor for name, tensor in again.items() if name.startswith("generator.") and tensor.ndim > 1}
        assert kept
        assert_close({name: t.half().float() for name, t in kept.items()}, {n: first[n[10:]] for n in kept})
    run(made, out)
    ((images, told),) = events_of(out, "went back")
    assert images == 16
    assert "the state after 0 images" in told
    assert verdicts_of(out) == [(8, "too early"), (16, "divergence"), (24, "too early")]
    assert (clock(out / "checkpoint")["rescues"], clock(out / "good")["images"]) == (1, 40)


def test_a_run_that_begins_with_noise_may_be_far_behind_the_eigen_line(config, scripted, tmp_path):
    scripted({images: {"kernel_distance": 2.0} for images in (8, 16, 24)})
    run(config(40), tmp_path / "run")
    assert events_of(tmp_path / "run", "went back") == []


PLATEAU = {images: {"kernel_distance": 0.5} for images in range(8, 400, 8)}


def test_until_plateau_stops_at_it(config, scripted, tmp_path):
    scripted(PLATEAU)
    out = tmp_path / "run"
    news = run(config(400, "measuring.until=plateau"), out)
    assert news[-1].images == 48
    assert news[-1].interrupted is False
    assert verdicts_of(out)[-1] == (48, "plateau")
    assert [images for images, _ in events_of(out, "stopped at a plateau")] == [48]
    assert clock(out / "checkpoint")["images"] == 48


def test_until_the_limit_goes_on_through_a_plateau(config, scripted, tmp_path):
    scripted(PLATEAU)
    assert run(config(64), tmp_path / "run")[-1].images == 64
    assert verdicts_of(tmp_path / "run")[-1] == (48, "plateau")


def test_a_share_of_0_measures_nothing_and_says_so_once(config, scripted, tmp_path):
    scripted({})
    made, out = config(32, "measuring.share=0", every=None), tmp_path / "run"
    run(made, out, sitting=4)
    run(made.model_copy(update={"plan": None}), out)
    assert measured_at(out) == []
    assert [told for _, told in events_of(out, "nothing is measured")] == [
        "nothing is measured: measuring.share is 0",
    ]
    assert from_toml(out / "run.toml").plan.measure_every == 0


def test_a_short_run_is_not_measured_and_a_long_one_settles_how_often(config, scripted, tmp_path):
    scripted({})
    run(config(32, every=None), tmp_path / "short")
    assert "too short" in events_of(tmp_path / "short", "nothing is measured")[0][1]
    run(config(100_000, every=None), tmp_path / "long", sitting=2)
    plan = from_toml(tmp_path / "long" / "run.toml").plan
    assert plan.measure_every > 0
    assert plan.measure_every % BATCH == 0
    assert plan.measure_count >= 128


@pytest.mark.parametrize("later", [1e-3, 1e3], ids=["free again", "slow"])
def test_a_machine_that_was_held_at_the_start_is_asked_once_more(later, config, scripted, tmp_path, monkeypatch):
    scripted({})
    answers = [1e3, later]
    monkeypatch.setattr(ganvas.run.supervisor.Monitor, "seconds_per_picture", lambda judge: answers.pop(0))
    monkeypatch.setattr(ganvas.run.supervisor, "_SECOND_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(ganvas.run.supervisor, "_SECOND_LOOK_SHARE", 1e-9)
    run(config(100_000, every=None), tmp_path / "run", sitting=6)
    assert answers == []
    is_measured = from_toml(tmp_path / "run" / "run.toml").plan.measure_every > 0
    assert is_measured == (later < 1)
    assert len(events_of(tmp_path / "run", "nothing is measured")) == (0 if is_measured else 1)


@pytest.mark.parametrize("every", [None, EVERY])
def test_without_the_extractors_weights_the_run_goes_on_and_says_so(every, config, tmp_path, monkeypatch):
    def missing(*arguments):
        raise SettingError("scores need the package 'weights'")

    monkeypatch.setattr(ganvas.run.monitor, "load_extractor", missing)
    out = tmp_path / "run"
    made = config(10_000, every=every)
    news = run(made, out, sitting=5)
    assert news[-1].images == 20
    assert [told for _, told in events_of(out, "nothing")] == ["nothing is measured: scores need the package 'weights'"]
    assert "nothing is measured" in " ".join(one.text for one in news if isinstance(one, Happened))
    assert measured_at(out) == []
    assert load_model(out).description.images == 20


def test_a_resumed_run_without_the_weights_keeps_the_best_model_that_was_measured(config, tmp_path, monkeypatch):
    out = tmp_path / "run"
    run(config(32), out, sitting=4)
    best = load_model(out).description.images

    def missing(*arguments):
        raise SettingError("gone")

    monkeypatch.setattr(ganvas.run.monitor, "load_extractor", missing)
    run(config(32), out)
    assert load_model(out).description.images == best <= 16
    assert events_of(out, "nothing is measured: gone")


@pytest.mark.parametrize("moment", [12, 16, 72])
def test_weights_that_are_not_finite_are_never_shipped(moment, config, scripted, tmp_path, monkeypatch):
    """After 12 images only drawn, after 16 measured and drawn, after 72 only measured."""
    scripted({})
    step = ganvas.workflows.train.training_loop

    def broken(state, *arguments):
        for progress in step(state, *arguments):
            if state.images == moment:
                next(state.generator.parameters()).data.fill_(float("nan"))
            yield progress

    monkeypatch.setattr(ganvas.workflows.train, "training_loop", broken)
    with pytest.raises(DivergedError):
        run(config(100), tmp_path / "run")
    assert "a weight is not a finite number" in log_of(tmp_path / "run")[-1]["event"]
    assert load_model(tmp_path / "run").description.images == (moment - 1) // EVERY * EVERY
    for part in ("model", "good", "checkpoint"):
        assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "run" / part).values())


def test_the_first_step_is_never_measured_so_that_a_repeat_measures_the_same(config, scripted, tmp_path):
    """How often is settled after it; a repeat, which knows it before, must not measure once more."""
    scripted({})
    run(config(16, every=BATCH), tmp_path / "run")
    assert measured_at(tmp_path / "run") == [8, 12, 16]


def test_measures_are_read_back_on_resume_and_the_best_of_them_still_counts(config, scripted, tmp_path):
    scripted({8: {"kernel_distance": 0.001}})
    out = tmp_path / "run"
    run(config(40), out, sitting=5)
    news = run(config(40), out)
    assert measured_at(out) == [8, 16, 24, 32, 40]
    assert load_model(out).description.images == 8
    assert news[-1].verdict[1].startswith("best after 8 images")


def test_the_log_ends_with_the_verdict_also_where_it_did_not_change(config, scripted, tmp_path):
    scripted({})
    news = run(config(40), tmp_path / "run")
    said = [entry for entry in log_of(tmp_path / "run") if "verdict" in entry]
    assert len(said) > len(verdicts_of(tmp_path / "run"))
    assert (said[-1]["images"], said[-1]["event"]) == (40, news[-1].verdict[0])


def test_a_run_that_is_resumed_at_its_end_still_knows_its_verdict(config, tmp_path):
    first, again = (run(config(24), tmp_path / "run")[-1] for _ in range(2))
    assert first.verdict == again.verdict
    assert "eigen line" in first.verdict[1]


class Projection(torch.nn.Module):
    """(B, 3, S, S) -> (B, 12): an extractor that costs nothing."""

    def forward(self, images):
        small = F.adaptive_avg_pool2d(images, 8).flatten(1)
        return small @ torch.randn(192, 12, generator=torch.Generator().manual_seed(1))


class RealButUnlucky(Monitor):
    """Measures really, with a cheap extractor, but the verdict hangs on what is written here: two collapses."""

    def __init__(self, config, description, pictures, state):
        super().__init__(config, description, pictures, state)
        self.extractor = replace(self.extractor, network=Projection(), sha256="projection")

    def measure(self, count):
        images, values = self.state.images, super().measure(count)
        values |= {"kernel_distance_error": 0.0, "spread": 1.0, "same": 0.0}
        values["kernel_distance"] = float(f"{1 / images + 1e-4 * values['kernel_distance']:.6g}")
        values |= collapsed(24, 32, 48, 56).get(images, {})
        self.measures[-1] = Measure(images=images, **{name: values[name] for name in NAMES[1:]})
        return values


@functools.cache
def real_extractor():
    return load_extractor("lite", (16, 16), Path("no-downloads"))


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """The uninterrupted run of the tests below: two rescues, one measure after the last."""
    return tmp_path_factory.mktemp("whole") / "run"


@pytest.fixture
def unlucky(config, whole, monkeypatch):
    loaded = real_extractor()
    monkeypatch.setattr(ganvas.run.monitor, "load_extractor", lambda *arguments: loaded)
    monkeypatch.setattr(ganvas.run.supervisor, "Monitor", RealButUnlucky)
    made = config(68, "objective.augment=color,translation")
    if not whole.exists():
        run(made, whole)
        assert [images for images, _ in events_of(whole, "went back")] == [32, 56]
        assert measured_at(whole) == list(range(8, 68, 8))
    return made


@pytest.mark.parametrize("sittings", [[1] * 17, [3, 3, 3, 3, 3], [8], [13, 1, 1]], ids=str)
def test_a_run_interrupted_between_steps_is_the_run_that_was_not(sittings, unlucky, whole, tmp_path):
    for sitting in sittings:
        assert isinstance(run(unlucky, tmp_path / "run", sitting)[-1], Finished)
    run(unlucky, tmp_path / "run")
    same_run(tmp_path / "run", whole)


@pytest.mark.parametrize(("stride", "seconds_between_saves"), [(1, 45.0), (2, 0.0)])
def test_a_run_killed_in_the_middle_of_anything_is_the_run_that_was_not(
    stride, seconds_between_saves, unlucky, whole, tmp_path, monkeypatch
):
    """Killed after its every piece of news, a few later each time, with nothing saved on the way out."""
    monkeypatch.setattr(ganvas.workflows.train, "SECONDS_BETWEEN_SAVES", seconds_between_saves)
    pieces, is_over = 4, False
    while not is_over:
        news = ganvas.workflows.train.train(unlucky, tmp_path / "run")
        is_over = any(isinstance(one, Finished) for one, _ in zip(news, range(pieces), strict=False))
        news.close()
        pieces += stride
    same_run(tmp_path / "run", whole)


@pytest.mark.parametrize(
    ("part", "moment"), [("good", 16), ("good", 40), ("checkpoint", 16), ("checkpoint", 32), ("checkpoint", 56)]
)
def test_a_run_killed_while_it_saves_is_the_run_that_was_not(part, moment, unlucky, whole, tmp_path, monkeypatch):
    is_saved = []

    def killed(save):
        def saving(state, folder):
            if state.images == moment and folder.name == part and not is_saved:
                is_saved.append(folder)
                raise KeyboardInterrupt
            save(state, folder)

        return saving

    monkeypatch.setattr(ganvas.workflows.train, "SECONDS_BETWEEN_SAVES", 0.0)
    for module in (ganvas.run.recorder, ganvas.run.supervisor):
        monkeypatch.setattr(module, "save_checkpoint", killed(module.save_checkpoint))
    with pytest.raises(KeyboardInterrupt):
        run(unlucky, tmp_path / "run")
    run(unlucky, tmp_path / "run")
    same_run(tmp_path / "run", whole)


def test_a_run_killed_before_the_word_of_a_rescue_is_the_run_that_was_not(unlucky, whole, tmp_path, monkeypatch):
    event = ganvas.run.recorder.Recorder.event

    def killed(self, text, **more):
        if text.startswith("went back"):
            raise KeyboardInterrupt
        return event(self, text, **more)

    monkeypatch.setattr(ganvas.run.recorder.Recorder, "event", killed)
    with pytest.raises(KeyboardInterrupt):
        run(unlucky, tmp_path / "run")
    monkeypatch.setattr(ganvas.run.recorder.Recorder, "event", event)
    run(unlucky, tmp_path / "run")
    same_run(tmp_path / "run", whole)


def test_a_rescue_that_was_logged_but_not_saved_is_forgotten_and_done_again(config, scripted, tmp_path, monkeypatch):
    scripted(collapsed(24, 32))
    out, save = tmp_path / "run", ganvas.run.recorder.save_checkpoint

    def killed(state, folder):
        if state.rescues:
            raise KeyboardInterrupt
        save(state, folder)

    monkeypatch.setattr(ganvas.run.recorder, "save_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        run(config(40), out)
    assert len(events_of(out, "went back")) == 1
    monkeypatch.setattr(ganvas.run.recorder, "save_checkpoint", save)
    run(config(40), out)
    assert len(events_of(out, "went back")) == 1
    assert clock(out / "checkpoint")["rescues"] == 1


def test_a_repeat_from_run_toml_measures_and_goes_back_at_the_same_moments(unlucky, whole, tmp_path):
    repeated = from_toml(RunFolder(whole).config_path)
    assert repeated.plan.final
    run(repeated, tmp_path / "run")
    same_run(tmp_path / "run", whole)
