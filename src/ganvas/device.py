"""Where and how the arithmetic is done: device, precision, threads, memory and seeds. All device code is here."""

import contextlib
import ctypes
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from ganvas.config import Precision
from ganvas.errors import SettingError

_PURPOSES = ("weights", "latents", "augment", "measure", "layers", "interpolate", "encode", "components", "crops")
_MMAP_MAX, _TRIM_THRESHOLD = -4, -1
_MOST_KEPT_BYTES = 2**31 - 1  # mallopt takes an int


def seconds_asleep() -> float:
    """For how long this machine has slept since it was started; always 0 on Windows, which does not tell.

    Source: CLOCK_BOOTTIME of Linux and CLOCK_MONOTONIC of macOS go on in sleep; the clocks that are taken off do not.
    """
    if sys.platform == "linux":
        awake = time.clock_gettime(time.CLOCK_MONOTONIC)
        return time.clock_gettime(time.CLOCK_BOOTTIME) - awake
    if sys.platform == "darwin":
        awake = time.clock_gettime(time.CLOCK_UPTIME_RAW)
        return time.clock_gettime(time.CLOCK_MONOTONIC) - awake
    return 0.0


def choose_device(name: str = "auto") -> torch.device:
    """'auto' -> CUDA if there is one, else MPS, else the CPU; any other name as torch understands it.

    Raises:
        SettingError: torch does not know the name, or this machine does not have the device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SettingError(f"device {name!r}: expected auto, cpu, cuda, cuda:1 or mps") from error
    present = {"cpu": True, "meta": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(device.type, False):
        raise SettingError(f"device {name!r} is not on this machine; --device auto takes the best there is")
    return device


def device_of_rank(device: torch.device, rank_here: int) -> torch.device:
    """The device of one of several processes: the GPU of its number on its machine, or the CPU that they share.

    Raises:
        SettingError: there is no GPU for it.
    """
    if device.type == "cpu":
        return device
    found = torch.cuda.device_count() if device.type == "cuda" else 0  # there is no NCCL for others
    if device.index is not None or rank_here >= found:
        raise SettingError(
            f"device {str(device)!r} for process {rank_here + 1} of this machine, where {found} can have a GPU each; "
            "start fewer processes, give --device cuda without a number, or --device cpu"
        )
    torch.cuda.set_device(rank_here)
    return torch.device("cuda", rank_here)


def mixed_precision(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[object]:
    """bfloat16 where it is quicker and safe without loss scaling (CUDA from Ampere on, MPS); float32 elsewhere.

    Args:
        precision: as RunConfig's; "float32" has that everywhere.
    """
    if precision == "float32":
        return contextlib.nullcontext()
    if (device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)) or device.type == "mps":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def prepare(device: torch.device) -> None:
    """Process-wide settings that make training quicker and repeatable; call once, from a program's entry point.

    On Linux with glibc, freed memory is kept instead of being handed back after every step, so that big maps are not
    mapped and zeroed anew; elsewhere that part does nothing.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)
    if sys.platform == "linux":
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Have glibc reuse big blocks instead of handing them back, page by page, after every step."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    # A block over 32 MB, which a map at 256 px is, has a mapping of its own and is handed back whatever the thresholds.
    if mallopt is not None and mallopt(_MMAP_MAX, 0):
        mallopt(_TRIM_THRESHOLD, _MOST_KEPT_BYTES)


def random_numbers(seed: int, purpose: str, clock: int = 0) -> torch.Generator:
    """A CPU generator that depends on nothing but its arguments.

    Every step draws from generators made for its own place on the clock, so that a run that starts again there sees
    the same numbers and no generator's state has to be saved.

    Raises:
        ValueError: an unknown purpose.
    """
    if purpose not in _PURPOSES:
        raise ValueError(f"purpose {purpose!r}: expected one of {', '.join(_PURPOSES)}")
    # A multiplicative hash keeps neighbouring clocks and purposes apart; torch's Mersenne twister expands the rest.
    mixed = (
        seed * 0x9E3779B97F4A7C15 + clock * 0xBF58476D1CE4E5B9 + _PURPOSES.index(purpose) * 0x94D049BB133111EB
    ) % 2**64
    mixed = ((mixed ^ (mixed >> 31)) * 0xD6E8FEB86659FD93) % 2**64
    return torch.Generator().manual_seed(mixed >> 1)


@contextlib.contextmanager
def seeded_layers(seed: int, clock: int, device: torch.device) -> Iterator[None]:
    """Inside, layers that draw by themselves (dropout) draw the numbers of (seed, clock); outside nothing changes."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(random_numbers(seed, "layers", clock).initial_seed())
        yield


def compile_network(network: nn.Module) -> None:
    """Have PyTorch's compiler make kernels for `network`, in place, when it is next called: then it may fail too."""
    network.compile()  # pyright: ignore[reportUnknownMemberType]


def upload(values: Tensor, device: torch.device) -> Tensor:
    """`values`, which are on the CPU, on `device`; on CUDA without waiting for what the device is still at.

    A copy from pinned memory takes its turn behind the work that was asked for before, while this process goes on: so
    the pictures of the next step are on their way while a step is computed. From other memory the process would wait.
    Copies to MPS that do not wait are known to read memory that was freed meanwhile (pytorch/pytorch#189690).
    """
    if device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def synchronise(device: torch.device) -> None:
    """Wait for the device, so that a clock read afterwards includes its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak_memory_bytes() -> int | None:
    """The most memory this process has used so far, in bytes; None where the system does not tell.

    Linux counts into `ru_maxrss` what the process held that started this one; its VmHWM begins anew with a program.
    """
    with contextlib.suppress(OSError):
        said = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
        if said:
            return int(said[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
