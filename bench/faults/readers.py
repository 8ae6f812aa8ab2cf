"""What Ganvas reads back: for each file a good one, and a function that reads it as the commands do.

A reader takes the bytes that stand in the place of the file. It returns what it read or raises a GanvasError of one
line; anything else is a fault, as are seconds and gigabytes. A file that is new to Ganvas needs a row in one of these.
"""

from bench.faults.of_models import MODELS
from bench.faults.of_pictures import PICTURES
from bench.faults.of_runs import RUNS
from bench.faults.trying import Build

READERS: dict[str, Build] = RUNS | MODELS | PICTURES
