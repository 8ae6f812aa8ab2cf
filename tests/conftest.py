import pytest
import torch
from hypothesis import settings

pytest_plugins = ["exported_models"]

# How long an example takes says something of the machine, not of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# The networks of the tests are tiny: a second thread costs them more than it brings, and less is left for other work.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def the_same_weights_at_every_run() -> None:
    """A layer's first weights come from torch's global generator, which a test would else begin somewhere else."""
    torch.manual_seed(0)
