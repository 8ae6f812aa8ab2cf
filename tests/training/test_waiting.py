"""That a step leaves its device alone: nothing is read back, and what is brought there is uploaded in one way.

A step on `meta` computes nothing and knows no number, so that whatever reads one fails there.
"""

import sys

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ganvas.device import upload
from ganvas.objectives import AUGMENTS
from ganvas.recipes import RECIPES
from ganvas.training import training_loop
from ganvas.training.tally import MOST_UNREAD, TALLIED, Tally, read

META = torch.device("meta")


class OneWayIn(TorchDispatchMode):
    """Collects the shapes of what is copied from the CPU to `meta` other than by `upload`."""

    def __init__(self):
        super().__init__()
        self.others = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._fused_adam_.tensor_lr:  # which PyTorch does not have on meta
            return None
        made = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default and args[0].device.type == "cpu" and made.device == META:
            frame = sys._getframe()
            while frame is not None and frame.f_code is not upload.__code__:
                frame = frame.f_back
            if frame is None:
                self.others.append(tuple(made.shape))
        return made


def without_margin(config):
    """The margin rule reads the losses by which it decides whose turn it is."""
    return config.model_copy(update={"training": config.training.model_copy(update={"balance_margin": None})})


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_reads_nothing_back_and_uploads_in_one_way(name, tiny):
    names = ",".join(AUGMENTS)
    config, stream, fresh = tiny(
        name, f"objective.augment={names}", "pictures.conditional=true", classes=3, device=META
    )
    state = fresh()
    with OneWayIn() as copies:
        (step,) = training_loop(state, stream, without_margin(config), until_images=1)
    assert {value.device for value in step.report.values()} == {META}
    assert copies.others == []


@pytest.mark.slow
def test_nor_does_one_with_levels_or_with_features_that_are_kept(tiny):
    config, stream, fresh = tiny("swift", "pictures.width=72", device=META)
    state = fresh()
    with OneWayIn() as copies:
        for _ in training_loop(state, stream, config, until_images=8):
            pass
    assert len(state.features) == 8
    assert copies.others == []


@pytest.mark.parametrize(
    ("name", "settings"),
    [("balanced", []), ("dcgan", ["objective.augment=color", "objective.augment_target=0.5"])],
)
def test_rules_that_need_a_number_of_the_step_do_read_it(name, settings, tiny):
    """Which says that the tests above would see it."""
    config, stream, fresh = tiny(name, *settings, device=META)
    with pytest.raises(RuntimeError, match="item"), OneWayIn():
        next(training_loop(fresh(), stream, config, config.training.step_images))


def test_a_copy_that_is_made_in_another_way_is_seen():
    with OneWayIn() as copies:
        upload(torch.zeros(2), META)
        torch.zeros(3).to(META)
    assert copies.others == [(3,)]


def report(value):
    return {name: torch.tensor(value, dtype=torch.float32) for name in TALLIED}


def test_the_sums_of_a_tally_are_those_of_numbers_read_one_by_one_bit_for_bit():
    values = torch.rand(MOST_UNREAD + 3, generator=torch.Generator().manual_seed(0)).tolist()
    tally, expected = Tally({"real_sign": 0.1, "steps": 2.0}), dict.fromkeys(TALLIED, 0.0) | {"real_sign": 0.1}
    for value in values:
        tally.add(report(value))
        expected = {name: total + float(torch.tensor(value)) for name, total in expected.items()}
    assert tally.sums() == tally.sums() == expected | {"steps": 2.0 + len(values)}


def test_a_tally_keeps_few_scalars_on_the_device():
    tally = Tally()
    for _ in range(MOST_UNREAD - 1):
        tally.add({name: torch.zeros((), device=META) for name in TALLIED})
    with pytest.raises(NotImplementedError):
        tally.add({name: torch.zeros((), device=META) for name in TALLIED})


def test_reports_are_read_as_they_are_whatever_kind_of_number_they_hold():
    mixed = {"a": torch.tensor(0.1), "b": 0.1, "c": torch.tensor(0.1, dtype=torch.float64)}
    assert read([mixed, {}, {"b": 2.0}]) == [{"a": float(torch.tensor(0.1)), "b": 0.1, "c": 0.1}, {}, {"b": 2.0}]
    assert read([]) == []
