"""One step of training: the discriminator's updates, the generator's, and the rules between them.

Everything random is drawn from generators made for (seed, images shown), so that a step is a pure function of the
state, the pictures and the configuration.
"""

from collections.abc import Callable

from ganvas.config import RunConfig
from ganvas.data import Batch
from ganvas.device import seeded_layers
from ganvas.training.balance import adapted_share
from ganvas.training.ema import update_average
from ganvas.training.state import TrainingState
from ganvas.training.tally import Report
from ganvas.training.updates import Numbers

Play = Callable[[TrainingState, Batch, RunConfig, Numbers], Report]
"""How the players take turns on the pictures of one step."""


def train_step(state: TrainingState, batch: Batch, config: RunConfig, play: Play) -> Report:
    """Train on one step's pictures, move the clock, and say how it went.

    Args:
        state: changed in place.
        batch: this rank's pictures of all the discriminator's updates; every rank has as many.
        play: how the players take turns on those pictures.
    Returns:
        Scalars by name, on the state's device: both losses, the mean score of real and of generated pictures, and
        whatever penalties and extra updates there were; of the whole batch, though each rank has a part of it.
    """
    numbers, ranks = Numbers.at(config.seed, state.images), state.ranks
    count = len(batch.images) * ranks.count  # of all ranks
    with seeded_layers(config.seed, state.images, state.device):
        report = play(state, batch, config, numbers)
    report = ranks.mean_numbers(report)
    target, over_images = config.objective.augment_target, config.objective.augment_adapting_images
    if target is not None:  # the next step's random numbers depend on the share: this one waits for the device
        state.augment_share = adapted_share(state.augment_share, float(report["real_sign"]), target, count, over_images)
        report["augment_share"] = state.augment_share
    state.tally.add(report)
    state.images += count
    if state.averaged is not None:
        update_average(
            state.averaged,
            state.generator,
            images=state.images,
            step_images=count,
            settings=config.training,
        )
    return report
