"""The whole configuration of a run: sections of settings, checked as they are made, and TOML in and out.

Settings are frozen; unknown names are refused. The text after each field is its help on the command line and in docs.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import tomli_w
from pydantic import BeforeValidator, Field, PositiveInt, ValidationError

from ganvas.errors import SettingError
from ganvas.settings import LARGEST_PX, SMALLEST_PX, STEP_PX, Settings, first_fault

S = TypeVar("S", bound=Settings)
# Of a run folder: 1 had no number and no sections for the swift step, 2 no [statistics] and the planned width as width.
FORMAT = 3
SWIFT_OBJECTIVE: dict[str, Any] = {"out_of_range_weight": 0.25}
SWIFT_RATES: dict[str, Any] = {"warmup_images": 512, "full_rate_px": 64, "full_rate_width": 1.0}


class PictureSettings(Settings):
    """Which pictures, and what is done to each before the network sees it."""

    source: str = Field(default="avatars", description="a folder, zip, tar, .npy or the name of a set")
    width: int = Field(default=64, ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX, description="pixels")
    height: int = Field(default=64, ge=SMALLEST_PX, le=LARGEST_PX, multiple_of=STEP_PX, description="pixels")
    fit: Literal["crop", "pad", "stretch"] = Field(
        default="crop", description="how a picture of another shape is made to fit"
    )
    channels: Literal["auto", "grey", "rgb", "rgba"] = Field(
        default="auto", description="auto: grey if every picture is, else rgb; rgba keeps transparency"
    )
    conditional: bool = Field(default=False, description="sub-folders (or the set's own classes) are labels")
    per_class: float = Field(default=1.0, gt=0, le=1, description="the share of every class that is used")
    mirror: bool = Field(default=False, description="show every second picture mirrored left to right")


class NetworkSettings(Settings):
    """The two players."""

    architecture: str = Field(description="a name in networks.ARCHITECTURES")
    z_dim: int = Field(default=100, ge=1, le=4096, description="numbers in a latent")
    z_distribution: Literal["normal", "uniform"] = Field(default="normal", description="N(0, 1), or uniform on [-1, 1]")
    width: Literal["planned"] | Annotated[float, Field(gt=0, le=4)] = Field(
        default=1.0, description="multiplies the channels of every layer; planned: as much as the time allows"
    )
    wide: float = Field(
        default=1.5,
        gt=0,
        le=4,
        description="the width that is planned for long runs (journal, 2026-11-26, sixth round)",
    )
    wide_from_images: int = Field(
        default=150_000, gt=0, description="images that a run must show at width 1 to be planned wider (likewise)"
    )
    weights: Literal["normal", "kaiming"] = Field(
        default="normal", description="initial weights: N(0, 0.02), or He et al. 2015"
    )


def _split(value: object) -> object:
    """'color,cutout' -> ('color', 'cutout'), so that a command line needs no brackets."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class ObjectiveSettings(Settings):
    """What the players minimise."""

    loss: str = Field(default="bce", description="a name in objectives.LOSSES")
    r1_weight: float = Field(default=0.0, ge=0, description="penalty on the discriminator's gradient at real pictures")
    r2_weight: float = Field(default=0.0, ge=0, description="the same at generated pictures")
    penalty_every: int = Field(
        default=1, ge=1, description="R1 and R2 every so many updates, weighted up to make it even"
    )
    gradient_penalty_weight: float = Field(
        default=0.0, ge=0, description="WGAN-GP's penalty between real and generated"
    )
    augment: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=(), description="names in objectives.AUGMENTS, for all pictures that the discriminator scores"
    )
    rescue_augment: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=("color", "translation", "cutout"), description="the same after a rescue, where `augment` names none"
    )
    augment_target: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="augment just so often that the mean sign of real scores stays there, as 0.6; not set: always",
    )
    augment_adapting_images: int = Field(
        default=20_000,
        gt=0,
        description="images over which so adapted augmentation goes from no picture to all of them; a pace for small "
        "sets (Karras et al. 2020, arXiv:2006.06676, have 500,000), chosen once and not varied",
    )
    reconstruction_weight: float = Field(
        default=0.0, ge=0, description="VAE-GAN: reconstruction against fooling, for the decoder"
    )
    out_of_range_weight: float = Field(
        default=0.0,
        ge=0,
        description="swift: penalty on the mean square by which pixels leave [-1, 1]; without it cars become blobs: "
        "precision 0.68 for 0.79 (journal, 2026-11-26, seventh round)",
    )


class AugmentationSettings(Settings):
    """How strongly `objective.augment` changes pictures in [-1, 1].

    Strengths of color, translation and cutout: Zhao et al. 2020, arXiv:2006.10738. Those of tint were chosen once.
    """

    brightness: float = Field(default=0.5, ge=0, description="color: added, at most, either way")
    saturation: float = Field(default=1.0, ge=0, description="color: its factor is 1, this more or less")
    contrast: float = Field(default=0.5, ge=0, description="color: its factor is 1, this more or less")
    tint_brightness: float = Field(default=0.2, ge=0, description="tint: as brightness")
    tint_saturation: float = Field(default=0.5, ge=0, description="tint: as saturation")
    tint_contrast: float = Field(default=0.25, ge=0, description="tint: as contrast")
    largest_shift: float = Field(default=1 / 8, ge=0, le=1, description="translation: of a side")
    cut_side: float = Field(default=1 / 2, ge=0, le=1, description="cutout: of a side")


class OptimizerSettings(Settings):
    """Adam, for each player."""

    generator_rate: float = Field(default=2e-4, gt=0, description="learning rate")
    discriminator_rate: float = Field(default=2e-4, gt=0, description="learning rate")
    beta1: float = Field(default=0.5, ge=0, lt=1, description="memory of the gradients' mean")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="memory of the gradients' squares")
    epsilon: float = Field(default=1e-8, gt=0, description="added to the root of those (Kingma & Ba 2014)")
    largest_step: float | None = Field(
        default=None, gt=0, description="times the rate, over which a step of all weights is shortened; None: none is"
    )
    warmup_images: int = Field(
        default=0,
        ge=0,
        description="swift: images over which the generator's rate rises from 0; without, the first steps spoil the "
        "PCA draw: cars at 1.2 of the PCA baseline after five seconds (journal, 2026-11-26, seventh round)",
    )
    full_rate_px: int | None = Field(
        default=None,
        gt=0,
        description="swift: pixels of the longer side up to which both rates are full; above, they fall with its root "
        "(journal, 2026-11-27, what begins well and goes to pieces)",
    )
    full_rate_width: float | None = Field(
        default=None,
        gt=0,
        description="swift: network.width up to which both rates are full; above, they fall in proportion "
        "(journal, 2026-11-26, sixth round)",
    )


class StatisticsSettings(Settings):
    """What is computed from the set before the first step: its principal components, and moments of its features.

    Numbers whose description names no measurement were chosen once and not varied.
    """

    pca_pictures: int = Field(
        default=2000, ge=1, description="pictures, drawn at random, that the principal components are computed from"
    )
    feature_pictures: int = Field(
        default=512,
        ge=1,
        description="of those, evenly spread, that mean and deviation of the frozen features are computed from; the "
        "first of a sorted set would all be of one class (journal, 2026-11-26, sixth round)",
    )
    least_deviation: float = Field(
        default=1e-3,
        gt=0,
        description="added to the deviation of a feature, so that one that hardly varies stays small",
    )


class NoiseSettings(Settings):
    """Instance noise: Gaussian noise on all that a saturated discriminator is shown. Images in [-1, 1].

    Source: Sønderby et al. 2016, arXiv:1610.04490; that the loss decides is our own. Every number is measured in
    docs/journal.md, 2026-11-28, unless said otherwise.
    """

    largest_deviation: float = Field(default=0.6, ge=0, description="at a loss of 0; 0: there is never any noise")
    under_loss: float = Field(default=0.2, gt=0, description="nats; the discriminator's loss under which there is any")
    saturated_loss: float = Field(
        default=0.1, gt=0, description="nats; only a discriminator whose loss was once under this is shown noise"
    )
    average_images: int = Field(default=500, gt=0, description="images over which that loss is averaged")
    fades_from_images: int = Field(default=8000, ge=0, description="images shown from which on noise fades")
    fades_over_images: int = Field(default=8000, gt=0, description="images over which it fades")
    lasting_deviation: float = Field(
        default=0.15,
        ge=0,
        description="noise that is larger than this when it begins to fade stays for the whole run: flat shapes on a "
        "coloured ground need 0.21 to 0.31, cars and faces at most 0.13",
    )
    lasting_decrease: float = Field(default=0.1, ge=0, description="taken off the deviation of noise that stays")


class AnchorSettings(Settings):
    """Broad light and tint of a drawn picture are held to those of its PCA draw, which vary as the set's do."""

    weight: float = Field(
        default=5.0,
        ge=0,
        description="of the mean square difference; 1 and 20 were worse (journal, 2026-11-22, second round)",
    )
    cells: int = Field(
        default=4, gt=0, description="parts of a side whose light is compared (journal, 2026-11-22, second round)"
    )
    saturated_tint_weight: float = Field(
        default=5.0,
        ge=0,
        description="times the weight of tint once the discriminator was saturated; else flat shapes of every colour "
        "soon have one (journal, 2026-11-28, noise for a discriminator that is certain)",
    )


class MatchingSettings(Settings):
    """Feature matching: mean and deviation of the frozen features of drawn pictures against those of the set.

    Sources: Salimans et al. 2016, arXiv:1606.03498; dos Santos et al. 2019, arXiv:1904.02762.
    """

    weight: float = Field(
        default=3.0, ge=0, description="of the root of the mismatch (journal, 2026-11-26, sixth round)"
    )
    from_images: int = Field(
        default=16_000,
        ge=0,
        description="images shown before anything is matched; sooner, blobs are filled with texture (the same round)",
    )
    rise_images: int = Field(
        default=16_000, gt=0, description="images over which the weight rises to its full value; at once it jolts"
    )
    half_life_images: float = Field(
        default=2000.0,
        gt=0,
        description="of the moving averages over drawn pictures; not varied (journal, 2026-11-26, fifth round)",
    )
    least_variance: float = Field(
        default=0.1,
        gt=0,
        description="added to the set's variance of a feature, about 1 on average, that its mismatch is divided by, so "
        "that one that hardly varies does not outweigh the others; chosen once and not varied",
    )


class TrainingSettings(Settings):
    """How the players take turns, and what is kept."""

    batch: int = Field(default=64, ge=1, le=4096, description="pictures an update")
    double_batch_at: int | None = Field(
        default=None, ge=0, description="images shown from which on the batch is twice as large"
    )
    discriminator_updates: int = Field(
        default=1, ge=1, le=100, description="per update of the generator, each on new pictures"
    )
    balance_margin: float | None = Field(default=None, gt=0, description="losses are kept within this of each other")
    balance_limit: int = Field(default=10, ge=1, description="extra updates a batch may take")
    average_half_life_images: int = Field(default=0, ge=0, description="of the averaged generator; 0: none is kept")
    average_ramp: float = Field(
        default=0.05,
        ge=0,
        description="of the images shown so far: the half-life is never longer, so that the first weights are soon "
        "forgotten (Karras et al. 2023, arXiv:2312.02696)",
    )
    average_fewest_steps: int = Field(
        default=8,
        ge=1,
        description="steps that the half-life has at least; with fewer, what is drawn follows every swing of the first "
        "hundred steps (journal, 2026-11-27, an average of no fewer than eight steps)",
    )

    @property
    def step_images(self) -> int:
        """Images of a step at its largest, a batch for every update of the discriminator; all clocks count in these."""
        return self.batch * self.discriminator_updates * (1 if self.double_batch_at is None else 2)

    def step_after(self, images: int) -> int:
        """Images of the step that follows after `images` shown: half of `step_images` until the batch has doubled."""
        begun = images // self.step_images * self.step_images
        is_small = self.double_batch_at is not None and begun < self.double_batch_at
        return self.step_images // 2 if is_small else self.step_images


class MeasuringSettings(Settings):
    """How a run is measured while it goes on, and what follows from it.

    Numbers whose description names no measurement were chosen once and not varied.
    """

    share: float = Field(default=0.035, ge=0, le=0.5, description="of the time that measuring may take; 0: none")
    until: Literal["limit", "plateau"] = Field(
        default="limit", description="plateau: stop when nothing improves any more, before the limit"
    )
    rescue: bool = Field(
        default=True, description="at a collapse, go back to the last good state at lower learning rates"
    )
    most_rescues: int = Field(default=3, ge=0, description="times that a run goes back; then it stops")
    rescue_rate_factor: float = Field(
        default=0.5, gt=0, le=1, description="that every learning rate is multiplied with each time"
    )
    counts: tuple[PositiveInt, ...] = Field(
        default=(1024, 512, 256, 128),
        min_length=1,
        description="pictures of a measure; the largest that can be taken `fewest` times, else the last",
    )
    fewest: int = Field(default=16, ge=2, description="measures that a run should have")
    most: int = Field(default=64, ge=2, description="measures that it has at most")
    preparation: int = Field(
        default=3, ge=0, description="measures that the real pictures and the PCA baseline take about as long as"
    )
    least_seconds: float = Field(
        default=0.5, ge=0, description="of measuring in the whole run; for less the network is not loaded"
    )
    retry_seconds: float = Field(
        default=10.0, ge=0, description="of training, after which a run that seemed too short is planned once more"
    )
    retry_share: float = Field(default=0.1, ge=0, le=1, description="of the whole run, likewise; the later counts")
    too_slow_factor: float = Field(
        default=2.5, ge=1, description="times `share`, over which a measure makes the next ones half as frequent"
    )
    resamples: int = Field(default=200, ge=2, description="bootstrap samples that the error of KD is taken from")
    neighbours: int = Field(
        default=5, ge=1, description="k of precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991, has 3)"
    )
    copy_ratio: float = Field(
        default=0.4,
        gt=0,
        lt=1,
        description="a picture is a copy if its nearest training picture is nearer than this share of the distance to "
        "the fifth nearest",
    )
    copied_from: int = Field(default=2000, ge=7, description="training pictures that copies are looked for among")
    same_levels: float = Field(
        default=1.0, ge=0, description="grey levels, root mean square, within which two pictures look the same"
    )
    pca_pictures: int = Field(default=1000, ge=2, description="training pictures that the PCA baseline is made of")
    pca_components: int = Field(default=256, ge=1, description="principal components of the PCA baseline")


class RecordingSettings(Settings):
    """What a run writes as it goes; none of it changes what is learned. Chosen once, not varied."""

    drawn_px: int = Field(default=480, gt=0, description="side of the sheets of drawn moments, at most 8 pictures")
    moments_per_octave: int = Field(
        default=4, ge=1, description="moments that are drawn while the images shown double, on whole steps"
    )
    save_seconds: float = Field(default=45.0, ge=0, description="between two saved states")
    log_seconds: float = Field(default=1.0, ge=0, description="between two lines of the log")
    report: bool = Field(default=True, description="the page, the curves and the film; false: none of them")


class HealthSettings(Settings):
    """The rules of the verdict on a run. KD is the kernel distance of one measure.

    They were tuned on 39 runs and tried on 20 others (`python -m bench.verdicts`, docs/scores.md); where a number has
    a story of its own, its description names it.
    """

    alarm_measures: int = Field(default=2, ge=1, description="measures in a row that an alarm needs")
    fewest_for_trend: int = Field(default=6, ge=2, description="measures before anything is said of the trend")
    stretch_share: float = Field(
        default=0.35, gt=0, lt=1, description="of the measures, the last stretch, compared with as many before it"
    )
    least_gain: float = Field(
        default=0.05, ge=0, description="of the best KD, the PCA baseline or the worst moment: less is no gain, no loss"
    )
    same_share: float = Field(
        default=0.02, ge=0, le=1, description="of pairs that look the same, above which: collapse"
    )
    lost_spread: float = Field(default=0.6, ge=0, description="times the best spread of the run, below which: collapse")
    worse_factor: float = Field(default=1.3, ge=1, description="times the best KD, above which: divergence")
    behind_factor: float = Field(
        default=1.1,
        ge=1,
        description="times the PCA baseline, above which a run that began there is diverging; a healthy run has shown "
        "0.96 at most (journal, 2026-11-27, what begins well and goes to pieces)",
    )
    hardly_begun_share: float = Field(
        default=0.5,
        gt=0,
        description="of the PCA baseline: a run that began there and never came below cannot decline "
        "(journal, 2026-11-28, noise that stays where much of it is needed)",
    )
    smoothed_measures: int = Field(default=3, ge=1, description="neighbours whose median a slow decline is seen in")
    slowly_worse_factor: float = Field(
        default=1.2, ge=1, description="times the lowest such median, above which: a slow decline"
    )
    runaway_factor: float = Field(default=8.0, ge=1, description="times a player's usual loss, above which it ran away")
    saturated_sign: float = Field(
        default=0.98, ge=0, le=1, description="mean sign of real scores, above which the discriminator is saturated"
    )
    saturated_gap: float = Field(default=10.0, ge=0, description="between real and generated scores, likewise")


class LimitSettings(Settings):
    """When to stop: whichever comes first. None: no such limit."""

    seconds: float | None = Field(default=None, gt=0)
    images: int | None = Field(default=None, gt=0, description="images shown")
    epochs: float | None = Field(default=None, gt=0, description="passes over the set")


class Plan(Settings):
    """What a run will do: what it decided before its first step, so that it can be repeated and resumed exactly."""

    images: int = Field(gt=0, description="images shown at the end; a multiple of the images of one step")
    images_per_second: float = Field(gt=0, description="as probed")
    width: float = Field(default=1.0, gt=0, description="of the networks: network.width, or what was planned")
    measure_every: int | None = Field(
        default=None, ge=0, description="images shown from one measure to the next; 0: nothing is measured"
    )
    measure_count: int = Field(default=0, ge=0, description="pictures drawn for a measure")
    final: bool = Field(
        default=False, description="the run reached its end there; a repeat stops there too, whatever the clock"
    )


class RunConfig(Settings):
    """Everything that was asked of a run; its `Plan` is what will be done.

    Sections that an architecture's step does not use are None.
    """

    recipe: str
    seed: int = Field(default=0, ge=0, lt=2**32)
    device: str = "auto"
    keep_bytes: int = Field(default=500_000_000, ge=0, description="disk for the models of past moments")
    pictures: PictureSettings
    network: NetworkSettings
    objective: ObjectiveSettings
    augmentation: AugmentationSettings = AugmentationSettings()
    optimizer: OptimizerSettings
    training: TrainingSettings
    statistics: StatisticsSettings | None = None
    noise: NoiseSettings | None = None
    anchor: AnchorSettings | None = None
    matching: MatchingSettings | None = None
    measuring: MeasuringSettings = MeasuringSettings()
    health: HealthSettings = HealthSettings()
    recording: RecordingSettings = RecordingSettings()
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
        raise SettingError(f"setting {first.where} = {first.found!r:.80}: {message}") from error


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
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"{path}: cannot be read as a configuration: {error}") from error
    values.pop("versions", None)
    written = values.pop("format", 1)
    if written not in range(1, FORMAT + 1):
        raise SettingError(f"{path}: format {written!r}, expected at most {FORMAT}; a newer Ganvas made it")
    if written < 3:
        values = _with_what_was_in_code(values, written)
    plan = values.pop("plan", None)
    config = checked(RunConfig, values)
    if isinstance(plan, dict) and written < FORMAT:
        plan = {**plan, "width": config.network.width}
    return RunFile(config, None if plan is None else checked(Plan, plan))


def _with_what_was_in_code(values: dict[str, Any], written: int) -> dict[str, Any]:
    """A configuration of format 1 or 2, with the sections of the swift step that were in its code then."""
    if not str(values.get("network", {}).get("architecture", "")).startswith("swift"):
        return values
    if written == 2:
        return {"statistics": {}} | values
    added = {"statistics": {}, "noise": {}, "anchor": {}, "matching": {}}
    for section, more in (("objective", SWIFT_OBJECTIVE), ("optimizer", SWIFT_RATES)):
        added[section] = more | values.get(section, {})
    return values | added


def _sections(values: dict[str, Any]) -> list[str]:
    return [name for name, value in values.items() if isinstance(value, dict)]


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
