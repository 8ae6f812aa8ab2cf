"""The forecast of many GPUs: its counts and its parts are those of closed forms."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from bench.lines import keep
from bench.processes import RESULTS as PROCESSES
from bench.scale import __main__ as scale
from bench.scale import here
from bench.scale.counts import Counts, Kept, Operations, Recorded, StepCost, counted
from bench.scale.forecast import forecast, ring_hops, ring_seconds, sum_latency, tree_hops
from bench.scale.hardware import GPUS, NETWORKS, Device, Network
from torch.nn import functional as F

from ganvas.config import with_values
from ganvas.objectives import gradient_penalty_at
from ganvas.recipes import recipe

GPU = Device("made", flops=1e12, bytes=1e11, launch_s=1e-5, runs_ahead=True)
NETWORK = Network(per_node=8, inside=1e11, between=1e10, sum_s=2e-5, hop_s=1e-5, host_hop_s=1e-4)
ENDLESS = Network(8, float("inf"), float("inf"), 0.0, 0.0, 0.0)
IMAGES, CHANNELS, MAPS, SIDE = 2, 3, 8, 16
CONVOLUTION = 2 * IMAGES * MAPS * CHANNELS * 9 * SIDE**2  # operations of a 3x3 convolution


def made_cost(flops: float = 1e9, *, operations: int = 10, sums: int = 3) -> StepCost:
    """A step whose work grows with its pictures, and nothing else."""

    def counts(pictures: int) -> Counts:
        each = flops * pictures / operations
        step = Operations([each] * operations, [0.0] * operations, [4e6] * sums)
        return Counts(pictures, [step], None, kept=1000 * pictures, weights=10, saved=120)

    return StepCost(counts(4), counts(8))


def made_forecast(processes: int, pictures: int, device: Device = GPU, network: Network = NETWORK):
    return forecast(made_cost(), made_cost(), device, network, processes, pictures)


def test_one_process_sends_nothing():
    found = made_forecast(1, 16)
    assert (found.sums, found.said) == (0, 0)
    assert found.seconds == pytest.approx(16 * 1e9 / GPU.flops)


def test_where_sending_takes_no_time_as_many_times_the_processes_show_as_many_times_the_images():
    one, many = made_forecast(1, 16), made_forecast(256, 16, network=ENDLESS)
    assert many.images_per_second == pytest.approx(256 * one.images_per_second)


def test_a_slower_network_is_slower_and_a_larger_batch_hides_it():
    small, large = (
        made_forecast(256, each).images_per_second / (256 * made_forecast(1, each).images_per_second)
        for each in (16, 256)
    )
    assert small < large < 1


@pytest.mark.parametrize(("processes", "times"), [(1, 0), (2, 1), (4, 1.5), (8, 1.75)])
def test_a_sum_sends_what_a_ring_of_so_many_sends(processes, times):
    assert ring_seconds(1e9, processes, NETWORK) == pytest.approx(times * 1e9 / NETWORK.inside)


def test_a_sum_between_nodes_has_the_rate_and_the_hops_of_what_joins_them():
    assert ring_seconds(1e9, 16, NETWORK) == pytest.approx(2 * 15 / 16 * 1e9 / NETWORK.between)
    assert [sum_latency(count, NETWORK) for count in (1, 8, 16, 256)] == [0, 2e-5, 4e-5, pytest.approx(12e-5)]
    assert [(ring_hops(count), tree_hops(count)) for count in (2, 256)] == [(2, 1), (510, 8)]


def test_a_gpu_takes_the_longer_of_launching_and_computing_and_a_core_takes_both():
    launched = replace(GPU, launch_s=1.0)
    assert made_forecast(1, 16, launched).compute == pytest.approx(10.0)
    assert made_forecast(1, 16, replace(launched, runs_ahead=False)).compute == pytest.approx(
        10.0 + 16 * 1e9 / GPU.flops
    )


def test_an_operation_takes_as_long_as_its_arithmetic_or_its_bytes():
    assert Operations([1e12, 0.0], [0.0, 2e11]).seconds(GPU) == pytest.approx(1.0 + 2.0)


def convolved():
    images = torch.randn(IMAGES, CHANNELS, SIDE, SIDE, requires_grad=True)
    kernel = torch.randn(MAPS, CHANNELS, 3, 3, requires_grad=True)
    return images, kernel, lambda: F.conv2d(images, kernel, padding=1)


def test_a_convolution_counts_its_formula_and_its_gradients_twice_that():
    *_, work = convolved()
    with Recorded() as forward:
        maps = work()
    with Recorded() as backward:
        maps.sum().backward()
    assert sum(forward.operations.flops) == CONVOLUTION
    assert sum(backward.operations.flops) == 2 * CONVOLUTION


def test_a_penalty_counts_the_gradient_and_the_gradient_of_the_gradient():
    images, kernel, work = convolved()
    scores = work().square().sum((1, 2, 3))
    with Recorded() as recorded:
        gradient_penalty_at([images], scores).sum().backward(inputs=[kernel])
    # The gradient, and of what depends on it: the maps' own part and the kernel's, then the kernel's of the first pass.
    assert sum(recorded.operations.flops) == 4 * CONVOLUTION


def test_what_backward_keeps_is_counted_once_and_let_go():
    kept, numbers = Kept(), torch.randn(1000, requires_grad=True)
    with kept.watched():
        for _ in range(2):
            numbers.exp().square().exp().sum().backward()  # each keeps its result; the square keeps that of the first
    assert kept.most == 2 * 4000


def test_of_several_processes_one_sums_gradients_once_a_player_and_draws_for_all():
    config = with_values(recipe("r3gan").config, {"objective.penalty_every": 2})
    alone, together = (counted(config, 16, 4, 0.25, together=several) for several in (False, True))
    step = together.steps[0]
    assert len(together.steps) == 2
    assert sum(step.summed) >= 4 * together.weights
    assert len(step.summed) == 4  # one a player, the middle of the scores, and what the step reports
    assert alone.steps[0].summed == []
    assert step.drawn == 2 * alone.steps[0].drawn > 0
    with_penalty, without = (sum(each.flops) for each in together.steps)
    assert with_penalty > without


def test_a_line_through_two_counts_meets_a_third():
    config = recipe("quick").config
    few, many, more = (counted(config, 16, pictures, 0.25) for pictures in (4, 8, 16))
    cost = StepCost(few, many)
    assert cost.flops(16) == pytest.approx(float(sum(more.steps[0].flops)))
    assert cost.operations(16) == pytest.approx(float(len(more.steps[0].flops)))
    assert cost.seconds(16, GPU) == pytest.approx(more.steps[0].seconds(GPU), rel=0.01)


@pytest.mark.parametrize("name", GPUS)
def test_every_gpu_has_a_network_and_a_price(name):
    assert NETWORKS[name].between <= NETWORKS[name].inside < GPUS[name].bytes
    assert GPUS[name].dollars > 0


MEASURED = {"flops": 1e11, "bytes": 1e10, "launch_s": 1e-5, "sum_s": 1e-4, "sum_after_work_s": 1e-3, "sum_bytes": 1e9}


def cells(printed: str) -> list[list[str]]:
    """Of each row of the tables but their heads."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line[:3] == "| q"]


def test_the_forecast_is_held_against_what_was_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    worse = {"decode_s": dict.fromkeys(map(str, here.SIZES), 1e-3), "features_s": 1e-2}
    keep(here.RESULTS, MEASURED | worse | {"flops": 1e10})
    keep(here.RESULTS, MEASURED | worse | {"sum_s": 1e-3})
    assert {name: here.found_here()[name] for name in MEASURED} == MEASURED
    for batch, one, several in ((32, 100.0, 150.0), (8, 100.0, 50.0)):
        keep(
            PROCESSES,
            {"recipe": "quick", "size": 16, "batch": batch, "processes": 2, "one": one, "several": several},
        )
    scale.main(["--only", "held", "--recipes", "quick"])
    fitted, other = cells(capsys.readouterr().out)
    assert fitted[1:3] + fitted[-2:-1] == ["8", "100.0", "50.0"]  # what a sum takes is fitted to the slower
    assert float(other[-2]) < float(other[5])  # so that it is longer than as it was measured, and the other slower


@pytest.mark.slow
def test_every_table_is_printed_from_what_is_measured_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(here.__file__).parents[2]))  # of the processes that are started
    here.main(["--turns", "1"])
    scale.main(["--recipes", "quick", "--sizes", "64", "--gpus", "L4", "--only", "counts", "strong", "weak", "limits"])
    rows = cells(capsys.readouterr().out)
    assert len(rows) == 1 + 1 + 3 + 3
    assert sum("cannot be divided" in row for row in rows) == 1
