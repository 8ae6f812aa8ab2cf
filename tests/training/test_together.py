"""Several processes train as one does that has the whole batch."""

import json
from pathlib import Path

import pytest
import torch
from ranked import CASES, LARGE, RESCUED, begun, configuration, rescued, trained
from torch import nn
from torch.testing import assert_close

from ganvas.ranks import ALONE, Ranks
from ganvas.training.checkpoint import state_tensors
from processes import started

SECONDS = 900
LOSSES = ("discriminator_loss", "generator_loss")


def trained_by_two(out: Path, cases):
    processes = started(2, [str(Path(__file__).with_name("ranked.py")), str(out), *cases])
    for process in processes:
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, errors
    return [json.loads((out / f"rank{rank}.json").read_text()) for rank in range(2)]


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    return trained_by_two(tmp_path_factory.mktemp("ranks"), [*CASES, RESCUED])


def assert_as_one(case, by_two):
    first, second = (found[case] for found in by_two)
    assert_alike(trained(case)[0], first["reports"])
    assert first == second  # whatever the order of sums, to the last bit


def assert_alike(alone, together):
    """Losses at every step, and at the first one all that it reports.

    Later scores are not compared: a relativistic loss leaves what is common to all of them to rounding.
    """
    assert [each.keys() for each in together] == [each.keys() for each in alone]
    for step, (one, other) in enumerate(zip(alone, together, strict=True)):
        for name in LOSSES:
            assert one[name] == pytest.approx(other[name], rel=1e-4), (step, name)
    for name in alone[0]:
        scale = max(abs(each[name]) for each in alone if name in each)
        assert alone[0][name] == pytest.approx(together[0][name], abs=1e-3 * scale), name


@pytest.mark.parametrize("case", CASES)
def test_two_processes_report_what_one_does_over_twenty_steps(case, by_two):
    assert_as_one(case, by_two)


def test_a_rescue_by_the_first_is_one_of_all(by_two, tmp_path):
    first, second = (found[RESCUED] for found in by_two)
    assert_alike(rescued(tmp_path)[0], first["reports"])
    assert first["tensors"] == second["tensors"]


@pytest.mark.slow
@pytest.mark.parametrize("case", LARGE)
def test_so_do_they_where_only_one_of_them_has_a_crop(case, tmp_path):
    assert_as_one(case, trained_by_two(tmp_path, [case]))


def test_parts_of_a_batch_drop_and_double_nothing():
    whole = torch.arange(12)
    for count in (1, 2, 3, 4, 6, 12):
        ranks = [Ranks(rank, count) for rank in range(count)]
        assert sorted(int(one) for each in ranks for one in each.mine(whole)) == whole.tolist()
        for first in range(13):
            assert [each.mine_of(first) for each in ranks] == [int((each.mine(whole) < first).sum()) for each in ranks]


def test_means_over_uneven_parts_are_weighted_to_the_mean_over_all():
    values, ranks = torch.rand(5), [Ranks(rank, 3) for rank in range(3)]
    parts = [each.mine(values) for each in ranks]
    weighted = [each.weight(len(part), 5) * part.mean() for each, part in zip(ranks, parts, strict=True)]
    assert_close(torch.stack(weighted).mean(), values.mean())
    assert Ranks(2, 3).weight(0, 2) == 0


def test_a_run_of_one_process_has_no_process_group_and_the_layers_of_torch():
    state, _ = begun(configuration("balanced"), ALONE)
    assert not torch.distributed.is_initialized()
    kinds = {type(layer) for network in state.modules().values() for layer in network.modules()}
    assert {nn.BatchNorm2d, nn.Dropout} <= kinds
    several, _ = begun(configuration("balanced"), Ranks(1, 2))
    kinds = {type(layer) for network in several.modules().values() for layer in network.modules()}
    assert kinds.isdisjoint({nn.BatchNorm2d, nn.Dropout})
    assert state_tensors(several).keys() == state_tensors(state).keys()


def test_a_run_of_one_process_is_given_back_what_it_gives():
    values = torch.rand(3)
    assert all(each is values for each in (ALONE.mine(values), ALONE.mean(values), ALONE.mean_with_gradient(values)))
    assert ALONE.weight(3, 3) == 1
    assert ALONE.variance(values) == values.var()
