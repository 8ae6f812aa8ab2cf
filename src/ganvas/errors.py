"""What can go wrong because of a user's files or settings, as one small tree.

    GanvasError
    |-- SettingError     exit 2: a command or a setting is wrong, or an optional package is missing
    |-- PicturesError    exit 3: the pictures cannot be used
    |-- ModelError       exit 4: the model cannot be read
    |-- DiskError        exit 5: the disk is full or fails
    |-- ProcessError     exit 6: another process of a run of several ended
    `-- DivergedError    exit 1: the losses stopped being finite numbers

Every message is one line that says what was found, what was expected and what to do.
A wrong call from Python raises ValueError instead.
"""


class GanvasError(Exception):
    """Base of every error that a user can mend; `exit_status` is what the command line returns for it."""

    exit_status = 1


class SettingError(GanvasError):
    """A command or a setting is wrong."""

    exit_status = 2


class PicturesError(GanvasError):
    """The pictures cannot be used."""

    exit_status = 3


class ModelError(GanvasError):
    """The model cannot be read."""

    exit_status = 4


class DiskError(GanvasError):
    """The disk is full or fails; what was written before is whole."""

    exit_status = 5


class ProcessError(GanvasError):
    """Another process of several that work together ended or cannot be reached; what was saved before is kept."""

    exit_status = 6


class DivergedError(GanvasError):
    """A loss or a score is no longer a finite number; the last good state is kept."""


def missing_package(package: str, extra: str, purpose: str) -> SettingError:
    """The error for an optional package that is not installed.

    Args:
        package: the name on PyPI.
        extra: the extra of Ganvas that brings it.
        purpose: what it is needed for, as the start of a sentence: "MP4 films".
    """
    return SettingError(
        f"{purpose} need the package {package!r}, which is not installed: pip install 'ganvas[{extra}]'"
    )
