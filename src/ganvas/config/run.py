"""The whole configuration of a run, checked as it is made; changes by path; run.toml in and out, of every format."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import tomli_w
from pydantic import Field, ValidationError

from ganvas.config.learning import (
    SWIFT_OBJECTIVE,
    SWIFT_PENALTY,
    SWIFT_RATES,
    AnchorSettings,
    AugmentationSettings,
    EnlargingSettings,
    MatchingSettings,
    NetworkSettings,
    ObjectiveSettings,
    OptimizerSettings,
    PictureSettings,
    ReconstructionSettings,
    StatisticsSettings,
    TrainingSettings,
)
from ganvas.config.running import (
    HealthSettings,
    LimitSettings,
    MeasuringSettings,
    Plan,
    RecordingSettings,
    StartSettings,
)
from ganvas.errors import SettingError
from ganvas.files import read_toml
from ganvas.settings import Settings, first_fault, shortened

S = TypeVar("S", bound=Settings)
Precision = Literal["auto", "float32"]
# Of a run folder: 1 had no number and no sections for the swift step, 2 no [statistics] and the planned width as width,
# 3 measured with the extractor lite, 4 had [noise] and anchored tint harder under it, 5 held own pictures to their
# features.
FORMAT = 6


class RunConfig(Settings):
    """Everything that was asked of a run; its `Plan` is what will be done.

    Sections that an architecture's step does not use are None.
    """

    recipe: str
    seed: int = Field(default=0, ge=0, lt=2**32)
    device: str = "auto"
    precision: Precision = Field(
        default="auto", description="of the networks' passes; auto: bfloat16 on GPUs that are quicker with it"
    )
    compile: bool = Field(
        default=False,
        description="parts of the networks are compiled by PyTorch, which takes minutes before the first step; where "
        "that fails the run goes on without, and says so",
    )
    processes: int | None = Field(
        default=None, ge=1, le=4096, description="that train it together, on all machines; None: one"
    )
    keep_bytes: int = Field(default=500_000_000, ge=0, description="disk for the models of past moments")
    pictures: PictureSettings
    network: NetworkSettings
    objective: ObjectiveSettings
    augmentation: AugmentationSettings = AugmentationSettings()
    optimizer: OptimizerSettings
    training: TrainingSettings
    statistics: StatisticsSettings | None = None
    anchor: AnchorSettings | None = None
    matching: MatchingSettings | None = None
    reconstruction: ReconstructionSettings | None = None
    enlarging: EnlargingSettings | None = None
    measuring: MeasuringSettings = MeasuringSettings()
    health: HealthSettings = HealthSettings()
    recording: RecordingSettings = RecordingSettings()
    start: StartSettings | None = None
    limits: LimitSettings = LimitSettings()


def checked(kind: type[S], values: Mapping[str, object]) -> S:
    """`values` as settings of `kind`.

    Raises:
        SettingError: names the first field that is wrong, what was given and what was expected.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = first_fault(error)
        if first.kind == "extra_forbidden":
            raise SettingError(f"there is no setting {first.where!r}; `ganvas recipes NAME` lists them") from error
        message = first.message[:1].lower() + first.message[1:]
        raise SettingError(f"setting {first.where} = {shortened(first.found)}: {message}") from error


def with_values(config: RunConfig, changes: Mapping[str, object]) -> RunConfig:
    """`config` with values changed by their paths, as in {"optimizer.beta1": 0.5, "seed": 7}.

    Raises:
        SettingError: a path does not exist, or a value is out of range.
    """
    values = config.model_dump()
    for path, value in changes.items():
        *sections, field = path.strip().split(".")
        at = values
        for section in sections:
            if not isinstance(at.get(section), dict):
                raise SettingError(f"there is no section {section!r}; there are {', '.join(_sections(values))}")
            at = at[section]
        at[field] = value
    return checked(RunConfig, values)


def with_settings(config: RunConfig, assignments: Sequence[str]) -> RunConfig:
    """`config` with `section.field=value` applied; values are TOML, and bare words are taken as strings.

    Raises:
        SettingError: an assignment cannot be read, or what it names does not exist or is out of range.
    """
    changes = {}
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator:
            raise SettingError(f"--set {assignment!r}: expected section.field=value, as in optimizer.beta1=0.5")
        changes[path] = _toml_value(text.strip())
    return with_values(config, changes)


def to_toml(config: RunConfig, plan: Plan | None = None) -> str:
    """run.toml: what was asked, and under [plan] what was planned; None is left out."""
    values = {"format": FORMAT, **config.model_dump(mode="json", exclude_none=True)}
    return tomli_w.dumps(values if plan is None else values | {"plan": plan.model_dump(exclude_none=True)})


class RunFile(NamedTuple):
    """What run.toml holds."""

    config: RunConfig
    plan: Plan | None


def from_toml(path: Path) -> RunFile:
    """What `to_toml` wrote, also by earlier versions.

    Raises:
        SettingError: the file is missing, is not TOML or does not hold a valid configuration.
    """
    try:
        values = read_toml(path)
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: cannot be read as a configuration: {error}") from error
    values.pop("versions", None)
    written = values.pop("format", 1)
    if not isinstance(written, int) or written not in range(1, FORMAT + 1):
        found = shortened(written)
        raise SettingError(f"{path}: format {found}, expected at most {FORMAT}; a newer Ganvas made it")
    if written < 3:
        values = _with_what_was_in_code(values, written)
    if written < 4 and isinstance(measuring := values.get("measuring", {}), dict):
        values["measuring"] = {"features": "lite", "pca_px": 256, **measuring}  # no picture was larger
    if written < 5:
        values = _with_what_holds_it_now(values)
    if written < 6 and isinstance(rebuilt := values.get("reconstruction"), dict):
        values["reconstruction"] = {name: value for name, value in rebuilt.items() if name != "weight"}
    plan = values.pop("plan", None)
    try:
        config = checked(RunConfig, values)
        if isinstance(plan, dict) and written < 3:
            plan = {**plan, "width": config.network.width}
        return RunFile(config, None if plan is None else checked(Plan, plan))
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error


def _with_what_was_in_code(values: dict[str, Any], written: int) -> dict[str, Any]:
    """A configuration of format 1 or 2, with the sections of the swift step that were in its code then."""
    if not _is_swift(values):
        return values
    if written == 2:
        return {"statistics": {}} | values
    matching = {"from_images": 16_000, "rise_images": 16_000}
    added = {"statistics": {}, "anchor": {}, "matching": matching}
    for section, more in (("objective", SWIFT_OBJECTIVE), ("optimizer", SWIFT_RATES)):
        given = values.get(section, {})
        added[section] = more | given if isinstance(given, dict) else given
    return values | added


def _with_what_holds_it_now(values: dict[str, Any]) -> dict[str, Any]:
    """A configuration of format 4 or before, with a penalty and own pictures for instance noise."""
    kept = {name: value for name, value in values.items() if name != "noise"}
    if isinstance(anchor := kept.get("anchor"), dict):
        kept["anchor"] = {name: value for name, value in anchor.items() if name != "saturated_tint_weight"}
    objective = kept.get("objective", {})
    if not _is_swift(values) or not isinstance(objective, dict):
        return kept
    statistics = kept.get("statistics", {})
    kept["statistics"] = {"length_share": 1.0} | statistics if isinstance(statistics, dict) else statistics
    return {"reconstruction": {}} | kept | {"objective": objective | SWIFT_PENALTY}


def _is_swift(values: dict[str, Any]) -> bool:
    network = values.get("network")
    return isinstance(network, dict) and str(network.get("architecture", "")).startswith(("swift", "cascade"))  # pyright: ignore


def _sections(values: dict[str, Any]) -> list[str]:
    return [name for name, value in values.items() if isinstance(value, dict)]


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or a number with more digits than Python reads
        return text
