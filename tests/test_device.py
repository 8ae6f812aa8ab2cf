import ctypes
import itertools
import subprocess
import sys
import time

import pytest
import torch

from ganvas.device import (
    choose_device,
    device_of_rank,
    mixed_precision,
    prepare,
    random_numbers,
    seconds_asleep,
    seeded_layers,
)
from ganvas.errors import SettingError


def first_number(*arguments):
    return torch.rand((), generator=random_numbers(*arguments)).item()


def test_seeds_purposes_and_clocks_all_have_numbers_of_their_own():
    every = itertools.product(range(20), ("latents", "augment", "layers"), range(0, 1280, 64))
    found = [first_number(*arguments) for arguments in every]
    assert len(set(found)) == len(found)
    assert abs(sum(found) / len(found) - 0.5) < 0.03


def test_the_same_arguments_give_the_same_numbers():
    assert first_number(3, "latents", 640) == first_number(3, "latents", 640)


def test_an_unknown_purpose_is_refused():
    with pytest.raises(ValueError, match="dice"):
        random_numbers(0, "dice")


def test_layers_draw_their_own_numbers_inside_and_leave_the_outside_alone():
    before = torch.random.get_rng_state()
    drawn = []
    for _ in range(2):
        with seeded_layers(1, 64, torch.device("cpu")):
            drawn.append(torch.nn.functional.dropout(torch.ones(50)))
    assert torch.equal(*drawn)
    assert torch.equal(before, torch.random.get_rng_state())


def test_auto_finds_a_device_and_cpu_is_always_there():
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["abacus", "cuda:x", ""])
def test_a_device_that_is_none_is_a_setting_error(name):
    with pytest.raises(SettingError, match="device"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_a_setting_error():
    with pytest.raises(SettingError, match="not on this machine"):
        choose_device("cuda")


def test_the_cpu_stays_in_full_precision():
    with mixed_precision(torch.device("cpu"), "auto"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_a_machine_that_is_awake_sleeps_no_longer():
    before = seconds_asleep()
    time.sleep(0.2)
    assert before >= 0
    assert abs(seconds_asleep() - before) < 0.1


def test_preparing_twice_does_no_harm():
    for _ in range(2):
        prepare(torch.device("cpu"))


STARTER_BYTES = 512 << 20  # more than PyTorch takes
ON_LINUX = sys.platform.startswith("linux")


@pytest.fixture(scope="module")
def process_of_a_large_one():
    """What a process says of its memory that was started by one of STARTER_BYTES and more: its pages at the beginning,
    the most so far, and the share of a big map that is handed back when it is freed."""
    script = """
import resource, torch
from pathlib import Path
from ganvas.device import peak_memory_bytes, prepare
held = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
prepare(torch.device("cpu"))
print(held(), peak_memory_bytes())
map = torch.ones(16, 32, 256, 256)
before, size = held(), 4 * map.numel()
del map
print((before - held()) / size)
"""
    large = b"x" * STARTER_BYTES
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout.split()
    assert len(large) == STARTER_BYTES
    return [float(each) for each in said]


@pytest.mark.skipif(not ON_LINUX or not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc")
def test_memory_of_a_big_map_is_kept_when_it_is_freed(process_of_a_large_one):
    *_, handed_back = process_of_a_large_one
    assert handed_back < 0.1


@pytest.mark.skipif(not ON_LINUX, reason="other systems count from the start of a program")
def test_the_most_memory_of_a_process_is_not_that_of_the_one_that_started_it(process_of_a_large_one):
    held, most, _ = process_of_a_large_one
    assert held / 2 < most < STARTER_BYTES


def test_processes_share_the_cpu_and_have_a_gpu_each():
    assert device_of_rank(torch.device("cpu"), 3) == torch.device("cpu")
    for name, rank in (("cuda", 99), ("cuda:0", 0), ("mps", 0)):
        with pytest.raises(SettingError, match=f"device '{name}' for process {rank + 1} of this machine"):
            device_of_rank(torch.device(name), rank)
