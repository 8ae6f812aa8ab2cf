import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from ganvas.pixels import to_float
from ganvas.training.swift import swift_play
from ganvas.training.updates import Numbers, sample_latents

STILL = ("optimizer.generator_rate=1e-30", "optimizer.discriminator_rate=1e-30", "objective.augment=")


def test_the_losses_are_the_relativistic_ones_over_all_looks(tiny):
    config, stream, fresh = tiny("swift", *STILL)
    state = fresh()
    state.discriminator.eval()  # its spectral norms stand still
    stored, _ = stream.batch_at(0, 4)
    report = swift_play(state, stored, None, config, Numbers.at(0, 0))
    z = sample_latents(4, config, Numbers.at(0, 0).latents)
    with torch.no_grad():
        real, fake = (
            state.discriminator.judge(state.discriminator.see(images))
            for images in (to_float(stored), state.generator(z))
        )
    assert_close(report["discriminator_loss"], F.softplus(fake - real).mean())
    assert_close(report["generator_loss"], F.softplus(real - fake).mean())
    assert_close(report["real_score"], real.mean())


def test_what_sticks_out_is_pulled_back(tiny, monkeypatch):
    """Where the discriminator is indifferent, the overshoot alone moves the generator, and it falls."""
    config, stream, fresh = tiny("swift", "objective.augment=")
    state = fresh()
    with torch.no_grad():
        state.generator.out.bias.fill_(1.5)
    weight = state.discriminator.look[0].score.weight
    monkeypatch.setattr(state.discriminator, "judge", lambda seen, labels: 0 * seen[-1].flatten(1) * weight.sum())
    overshoots = [
        float(swift_play(state, stream.batch_at(0, 4)[0], None, config, Numbers.at(0, 0))["overshoot"])
        for _ in range(5)
    ]
    assert overshoots[0] > 0.1
    assert overshoots == sorted(overshoots, reverse=True)
    assert overshoots[-1] < 0.99 * overshoots[0]


@pytest.mark.parametrize(("still", "moved"), [("generator", "discriminator"), ("discriminator", "generator")])
def test_each_player_is_moved_at_its_own_rate(still, moved, tiny):
    config, stream, fresh = tiny("swift", f"optimizer.{still}_rate=1e-30")
    state = fresh()

    def weights(player):
        return torch.cat([parameter.detach().flatten() for parameter in state.modules()[player].parameters()])

    before = {player: weights(player) for player in (still, moved)}
    swift_play(state, stream.batch_at(0, 4)[0], None, config, Numbers.at(0, 0))
    assert_close(weights(still), before[still], rtol=0, atol=1e-20)
    assert not torch.equal(weights(moved), before[moved])
    assert all(parameter.requires_grad for parameter in state.discriminator.parameters())
