"""What steps reported, read off the device late and many numbers at once: each read waits for all that was asked of it.

On a GPU a step is only asked for; this process goes on to the next while it is computed. A number that is read at every
step would keep the two from overlapping.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Report = dict[str, Tensor | float]
"""Scalars by name, on the device or as numbers."""
TALLIED = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "real_sign")
MOST_UNREAD = 256  # steps whose scalars are kept on the device: 5 small allocations each


def read(reports: Sequence[Report]) -> list[dict[str, float]]:
    """The same reports as numbers, read at once."""
    unread = [value for report in reports for value in report.values() if isinstance(value, Tensor)]
    values = iter(torch.stack(unread).tolist() if unread else ())
    return [
        {name: next(values) if isinstance(value, Tensor) else value for name, value in report.items()}
        for report in reports
    ]


class Tally:
    """Sums of what the steps reported since it was made, of TALLIED and, under "steps", how many there were.

    Args:
        sums: to go on from.
    """

    def __init__(self, sums: Mapping[str, float] | None = None) -> None:
        self._sums = dict(sums or {})
        self._unread: list[Report] = []

    def add(self, report: Report) -> None:
        """Take in one step."""
        self._unread.append({name: report[name] for name in TALLIED})
        if len(self._unread) >= MOST_UNREAD:
            self.sums()

    def sums(self) -> dict[str, float]:
        """All of them by name; waits for the device. Empty before the first step."""
        for numbers in read(self._unread):
            for name, value in {**numbers, "steps": 1.0}.items():
                self._sums[name] = self._sums.get(name, 0.0) + value
        self._unread = []
        return dict(self._sums)
