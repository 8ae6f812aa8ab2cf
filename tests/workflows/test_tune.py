"""Searching settings. Trainings are told: KD follows from the settings at once; one test at the end trains."""

import math
import multiprocessing
import re
import subprocess
import sys
import threading
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

import ganvas
from ganvas.config import from_toml, with_values
from ganvas.errors import SettingError
from ganvas.recipes import RECIPES
from ganvas.report.tuning_page import best_of, default_of
from ganvas.searched import SEARCHED
from ganvas.workflows.searching import Worker
from ganvas.workflows.trial import TrialEnd

BASE = with_values(RECIPES["quick"].config, {"limits.seconds": 60.0})
BEST_RATE = 1.5e-3


def kd_of(config):
    """Smallest where the generator's rate is BEST_RATE; the recipe as it is lies far from it."""
    return 0.1 + abs(math.log(config.optimizer.generator_rate / BEST_RATE))


def told(config, folder, is_pruned):
    """A training that takes no time: the KD of its settings at every measure, and at the end."""
    kd = kd_of(config)
    if any(is_pruned(share, kd) for share in (0.1, 0.26, 0.4, 0.55, 0.9)):
        return TrialEnd("pruned", reason="among the worse half")
    return TrialEnd("finished", kd, kd - 0.05, kd + 0.05)


@pytest.fixture
def search(tmp_path):
    """A function: the search of the recipe quick in one folder, by trainings that are told."""

    def go(trials, run=told, **options):
        return ganvas.tune(
            "avatars",
            recipe="quick",
            time="60s",
            trials=trials,
            run=run,
            progress=False,
            **{"out": tmp_path / "t"} | options,
        )

    return go


def worker(out, run, **options):
    return Worker(out, BASE, SEARCHED["quick"], None, run, lambda line: None, **options)


def test_the_recipe_as_it_is_comes_first_and_is_finished_however_bad_it_is(search):
    found = search(12)
    first = found.trials[0]
    assert first.is_default
    assert (first.state, first.values["optimizer.generator_rate"]) == ("finished", 4e-4)
    assert default_of(found.trials) is first


def test_what_is_written_as_the_best_is_the_smallest_kd_of_those_that_were_finished(search, tmp_path):
    found = search(12)
    finished = [trial for trial in found.trials if trial.state == "finished"]
    best = min(finished, key=lambda trial: trial.value)
    assert best.value <= kd_of(RECIPES["quick"].config)
    written = from_toml(tmp_path / "t" / "best.toml").config
    assert written == found.best
    assert written.optimizer.generator_rate == best.values["optimizer.generator_rate"]
    assert written.limits.seconds == 60
    assert written.keep_bytes == RECIPES["quick"].config.keep_bytes
    assert best.measured in str(found)
    assert f"--config {tmp_path / 't' / 'best.toml'}" in str(found)


def test_trials_that_do_worse_than_others_at_fixed_times_are_not_gone_on_with(search):
    states = [trial.state for trial in search(16).trials]
    assert "pruned" in states
    assert set(states) == {"finished", "pruned"}


def test_measures_are_compared_at_a_quarter_and_at_half_of_the_time_alone(search):
    assert {share for trial in search(8).trials for share in trial.early} == {0.25, 0.5}


def test_the_same_call_again_goes_on(search):
    assert len(search(3).trials) == 3
    again = search(5)
    assert [trial.number for trial in again.trials] == [0, 1, 2, 3, 4]
    assert len(search(5).trials) == 5  # there is nothing left to do


def test_another_search_in_the_folder_is_refused_and_the_difference_named(search):
    search(1)
    with pytest.raises(SettingError, match=r"pictures\.source = 'avatars', not 'digits'"):
        ganvas.tune("digits", recipe="quick", time="60s", trials=1, run=told, progress=False, out=search(1))
    with pytest.raises(SettingError, match=r"training\.batch = 16, not 8"):
        search(1, settings=["training.batch=8"])
    with pytest.raises(SettingError, match=r"searched training\.batch"):
        search(1, settings=["training.batch=16"])


def test_what_is_given_is_not_searched(search):
    found = search(6, settings={"optimizer.generator_rate": 5e-4})
    assert all("optimizer.generator_rate" not in trial.values for trial in found.trials)
    assert found.best is not None
    assert found.best.optimizer.generator_rate == 5e-4


def test_to_give_all_that_is_searched_is_refused(search):
    everything = dict.fromkeys(SEARCHED["mlp"], "") | {"network.width": 1.0, "training.batch": 32}
    everything |= {"optimizer.generator_rate": 1e-4, "optimizer.discriminator_rate": 1e-4}
    with pytest.raises(SettingError, match="leave one out"):
        ganvas.tune("avatars", recipe="mlp", run=told, progress=False, settings=everything)


def test_what_copies_its_pictures_is_never_the_best(search):
    def copying(config, folder, is_pruned):
        if config.optimizer.generator_rate == 4e-4:  # the recipe as it is
            return TrialEnd("finished", 1.0, 0.9, 1.1)
        return TrialEnd("finished", 0.01, 0.0, 0.02, "its pictures copy those of the set")

    found = search(10, copying)
    assert best_of(found.trials).is_default
    copies = found.trials[1:]
    assert all((trial.state, "copy" in trial.reason) == ("pruned", True) for trial in copies)


def test_a_trial_that_is_stopped_from_outside_goes_on_in_its_folder_by_the_next_call(search):
    begun = []

    def stopping(config, folder, is_pruned):
        begun.append((folder, config))
        if len(begun) == 2:
            return TrialEnd("interrupted", reason="stopped from outside")
        return told(config, folder, is_pruned)

    first = search(3, stopping)
    assert first.interrupted
    assert len(begun) == 2
    found = search(3, stopping)
    assert not found.interrupted
    assert begun[2] == begun[1]
    assert len({trial.folder for trial in found.trials}) == 3
    assert [trial.state for trial in found.trials][:2] == ["finished", "stopped"]


def test_a_search_that_is_asked_to_end_while_it_gives_a_trial_up_ends(search):
    begun = []

    def given_up(config, folder, is_pruned):
        begun.append(folder)
        return TrialEnd("pruned", reason="among the worse half", is_last=True)

    assert search(5, given_up).interrupted
    assert len(begun) == 1


def hanging(out, begun):
    """A process that begins a trial and never ends it."""

    def run(config, folder, is_pruned):
        is_pruned(0.3, 1.0)
        begun.set()
        threading.Event().wait()
        raise AssertionError

    worker(out, run).work(2)


def test_a_trial_whose_process_was_killed_goes_on_at_once_and_hinders_no_other(tmp_path):
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    process = context.Process(target=hanging, args=(tmp_path, begun))
    process.start()
    assert begun.wait(300)
    beside = worker(tmp_path, told, grace_seconds=0)
    beside.work(2)  # while the other is at work on the first
    assert [trial.state for trial in beside.views()] == ["running", "finished"]
    process.kill()
    process.join()
    after = worker(tmp_path, told, grace_seconds=0)
    after.work(2)
    states = [(trial.folder, trial.state, trial.is_default) for trial in after.views()]
    assert states == [
        ("trials/000000", "stopped", True),
        ("trials/000001", "finished", False),
        ("trials/000000", "finished", True),
    ]
    assert after.views()[0].reason == "its process ended"


class Ended(BaseException):
    """The process ends here: nothing is told of the trial in hand."""


def test_a_trial_that_ends_its_process_every_time_is_given_up(tmp_path):
    begun = []

    def ending(config, folder, is_pruned):
        begun.append(folder.name)
        raise Ended

    for _ in range(6):
        one = worker(tmp_path, ending, grace_seconds=0)
        with suppress(Ended):
            one.work(1)
    assert begun == ["000000"] * 3
    assert {trial.state for trial in one.views()} == {"stopped"}


def taking_part(out, count):
    worker(out, told).work(count)


def test_processes_share_a_search(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=taking_part, args=(tmp_path, 8)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0, 0]
    views = worker(tmp_path, told).views()
    assert [trial.number for trial in views] == list(range(len(views)))
    assert len(views) == 8
    assert sum(trial.is_default for trial in views) == 1
    assert {trial.state for trial in views} <= {"finished", "pruned"}


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # which is that of a trial that goes on
@pytest.mark.parametrize("storage", [None, pytest.param("sqlite:///{}/studies.db", marks=pytest.mark.slow)])
def test_of_processes_that_take_trials_at_once_only_as_many_go_on_as_are_wanted(storage, tmp_path):
    url = storage and storage.format(tmp_path)
    studies = [Worker(tmp_path / "t", BASE, SEARCHED["quick"], url, told, lambda line: None).study for _ in range(3)]
    assert all(study.wants_more(2) for study in studies)
    taken = [study.kept.ask() for study in studies]  # before any of them sees what the others did
    assert [study.refuses(trial, 2) for study, trial in zip(studies, taken, strict=True)] == [False, False, True]
    assert all([trial.number for trial in study.trials()] == [0, 1] for study in studies)
    assert studies[0].wants_more(3)


def test_a_line_of_the_journal_that_was_cut_short_is_dropped(search, tmp_path):
    search(3)
    with (tmp_path / "t" / "study.log").open("ab") as journal:
        journal.write(b'{"op_code":4,"wor')
    assert len(search(5).trials) == 5


def test_a_database_keeps_a_search_too(search, tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    search(2, storage=url)
    found = search(4, storage=url)
    assert len(found.trials) == 4
    assert not (tmp_path / "t" / "study.log").exists()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "nosuch://me:secret@host/name", "secret"])
def test_a_database_that_cannot_be_had_is_told_in_a_line_without_its_password(url, search):
    with pytest.raises(SettingError, match="--storage") as caught:
        search(1, storage=url)
    assert "\n" not in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_no_trial_is_begun_after_its_time_but_the_first(search):
    assert len(search(5, within=1e-9).trials) == 1


@pytest.mark.parametrize(
    ("options", "said"), [({"trials": 0}, "trials 0"), ({"settings": {"limits.images": 5}}, "time")]
)
def test_a_search_that_cannot_be_is_refused(options, said, search):
    with pytest.raises(SettingError, match=said):
        search(**{"trials": 1, **options})


def test_the_page_shows_every_trial_with_a_link_to_its_run_and_charts_of_what_was_searched(search, tmp_path):
    found = search(9)
    page = (tmp_path / "t" / "index.html").read_text(encoding="utf-8")
    for trial in found.trials:
        assert f'href="{trial.folder}/index.html"' in page
    titles = re.findall("<h3>(.*?)</h3>", page)
    assert titles == ["KD by trial, with 95% intervals", *SEARCHED["quick"]]
    measured = [trial for trial in found.trials if trial.value is not None]
    assert page.count("<circle") == len(measured) * len(titles)
    assert best_of(found.trials).measured in page
    assert "lucky" in page


@pytest.fixture
def pictures(tmp_path):
    numbers = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for index in range(24):
        coarse = numbers.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((16, 16)).save(tmp_path / "pictures" / f"{index}.png")
    return tmp_path / "pictures"


def test_a_trial_is_a_training_and_its_kd_is_what_score_finds(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    small = {"network.width": 0.1, "recording.report": False, "measuring.share": 0.3, "measuring.counts": (32,)}
    found = ganvas.tune(
        pictures, recipe="dcgan28", size=16, time="4s", trials=2, settings=small, progress=False, out=tmp_path / "t"
    )
    run = ganvas.Run(tmp_path / "t" / found.trials[0].folder)
    assert run.config.limits.seconds == 4
    assert found.trials[0].early.keys() <= {0.25, 0.5}
    scored = ganvas.score(run, pictures).model.kernel_distance
    assert found.trials[0].value == pytest.approx(scored.value, abs=1e-6)
    assert (found.trials[0].low, found.trials[0].high) == pytest.approx((scored.low, scored.high), abs=1e-6)


def test_without_optuna_the_error_names_the_command_that_installs_it(tmp_path):
    code = "import sys; sys.modules['optuna'] = None; sys.argv = ['ganvas', 'tune', 'avatars']\n"
    code += "from ganvas.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'ganvas[tune]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
