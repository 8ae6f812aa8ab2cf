"""Every setting of a run, in sections; what was asked of it, and its plan.

Settings are frozen; unknown names are refused. A number that shapes what a run does is a field here, with its source.
"""

from ganvas.config.learning import (
    SWIFT_OBJECTIVE,
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
from ganvas.config.run import Precision, RunConfig, RunFile, checked, from_toml, to_toml, with_settings, with_values
from ganvas.config.running import (
    HealthSettings,
    LimitSettings,
    MeasuringSettings,
    Plan,
    RecordingSettings,
    StartSettings,
    image_limit,
)

__all__ = [
    "SWIFT_OBJECTIVE",
    "SWIFT_RATES",
    "AnchorSettings",
    "AugmentationSettings",
    "EnlargingSettings",
    "HealthSettings",
    "LimitSettings",
    "MatchingSettings",
    "MeasuringSettings",
    "NetworkSettings",
    "ObjectiveSettings",
    "OptimizerSettings",
    "PictureSettings",
    "Plan",
    "Precision",
    "ReconstructionSettings",
    "RecordingSettings",
    "RunConfig",
    "RunFile",
    "StartSettings",
    "StatisticsSettings",
    "TrainingSettings",
    "checked",
    "from_toml",
    "image_limit",
    "to_toml",
    "with_settings",
    "with_values",
]
