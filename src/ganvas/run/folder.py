"""The run folder: where each thing is, and the upkeep that keeps it true after a crash."""

import json
import math
import platform
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import nn

from ganvas import __version__
from ganvas.config import RunConfig, from_toml, to_toml
from ganvas.errors import SettingError
from ganvas.files import replace_text, writing_to
from ganvas.model.weights import MOMENTS, kept_moments, save_weights

_MAY_CHANGE = {"limits", "plan", "device", "keep_bytes"}


class RunFolder:
    """The paths of one run. Every other command and other people's tools read them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config_path = root / "run.toml"
        self.checkpoint = root / "checkpoint"
        self.good = root / "good"
        self.model = root / "model"
        self.log_path = root / "log.jsonl"
        self.samples = root / "samples"
        self.rebuilt = root / "rebuilt"
        self.data_path = root / "data.json"
        self.curves_path = root / "curves.png"

    def make(self) -> None:
        """Create the folder.

        Raises:
            SettingError: it cannot be created or written.
        """
        with writing_to(self.root):
            self.samples.mkdir(parents=True, exist_ok=True)

    def config(self) -> RunConfig | None:
        """The configuration of the run that is there; None if there is none.

        Raises:
            SettingError: it cannot be read.
        """
        return from_toml(self.config_path) if self.config_path.exists() else None

    def continued(self, config: RunConfig) -> RunConfig:
        """`config`, with the plan of the run that is already here if it is the same one.

        Raises:
            SettingError: another run is here; names the first setting that differs.
        """
        there = self.config()
        if there is None:
            return config
        if there.network.width != "planned":
            config = config.with_width(there.network.width)
        theirs = there.model_dump()
        for section, value in config.model_dump(exclude=_MAY_CHANGE).items():
            if value == theirs[section]:
                continue
            what, ours, other = section, value, theirs[section]
            if isinstance(value, dict):
                field = next(name for name in value if value[name] != other[name])
                what, ours, other = f"{section}.{field}", value[field], other[field]
            raise SettingError(
                f"{self.root} holds a run with {what} = {other!r}, not {ours!r}; choose another folder with --out, "
                "or repeat its command to go on with it"
            )
        if config.plan is None and config.limits == there.limits:
            return config.model_copy(update={"plan": there.plan})
        return config

    def write_config(self, config: RunConfig) -> None:
        """Replace run.toml, with the versions that made the run as a table that is not read back."""
        versions = {"ganvas": __version__, "torch": version("torch"), "python": platform.python_version()}
        table = "\n[versions]\n" + "".join(f'{name} = "{version}"\n' for name, version in versions.items())
        replace_text(self.config_path, to_toml(config) + table)

    def write_data(self, report: dict[str, Any]) -> None:
        """Replace data.json: what the doctor found."""
        replace_text(self.data_path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")

    def pictures_key(self) -> str:
        """The content key of the pictures that the run was last trained on; '' if there is no telling."""
        try:
            return str(json.loads(self.data_path.read_text(encoding="utf-8"))["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def log(self, line: dict[str, Any]) -> None:
        """Append one object to log.jsonl."""
        with self.log_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def forget_after(self, images: int) -> None:
        """Drop from the log what a crash left behind of the time after the saved state, which is trained again."""
        if not self.log_path.exists():
            return
        kept = []
        for line in self.log_path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:  # the last line, cut off in the middle
                break
            if entry["images"] <= images:
                kept.append(line + "\n")
        replace_text(self.log_path, "".join(kept))

    def keep_moment(self, generator: nn.Module, images: int, budget_bytes: int) -> None:
        """Keep the generator of this moment at half precision, thinning older ones to stay within `budget_bytes`.

        The moment that goes is the one nearest to its predecessor on a scale of ratios, so that what remains stays
        log-spaced; the newest stays. A budget too small for two keeps none but the newest.
        """
        path = self.root / MOMENTS / f"{moment_name(images)}.safetensors"
        save_weights(path, generator, half=True)
        moments = kept_moments(self.root)
        while len(moments) > 1 and sum(file.stat().st_size for file in moments.values()) > budget_bytes:
            counts = sorted(moments)
            gaps = [math.log2((later + 1) / (earlier + 1)) for earlier, later in pairwise(counts)]
            # counts[-1] is never dropped: its gap decides only whether its predecessor goes.
            nearest = gaps.index(min(gaps))
            victim = counts[nearest + 1] if nearest + 1 < len(counts) - 1 else counts[nearest]
            moments.pop(victim).unlink()

    def drawn(self) -> list[Path]:
        """The drawn moments in order."""
        return sorted(path for path in self.samples.glob("*.png") if path.stem.isdigit())


def moment_name(images: int) -> str:
    """The name, without ending, of what belongs to the moment after `images`: 000012800."""
    return f"{images:09d}"
