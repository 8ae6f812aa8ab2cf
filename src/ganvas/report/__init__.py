"""What a run looks like: curves, films, and pages that open from disk.

Everything here reads a run folder as files; nothing imports torch or any room of Ganvas that trains.
"""

from ganvas.report.comparison import write_comparison
from ganvas.report.curves import draw_curves
from ganvas.report.film import write_film
from ganvas.report.run_page import write_report

__all__ = [
    "draw_curves",
    "write_comparison",
    "write_film",
    "write_report",
]
