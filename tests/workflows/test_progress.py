"""What a person is told of a run."""

import pytest

from ganvas.config import Plan, with_settings
from ganvas.recipes import RECIPES
from ganvas.run.events import Planned
from ganvas.workflows.progress import FEW_IMAGES, plan_text


def planned(images, *settings, speed=10.0):
    config = with_settings(RECIPES["swift"].config, settings)
    return plan_text(Planned(config, Plan(images=images, images_per_second=speed), {"generator": 1_200_000}, 0, None))


def test_a_plan_says_what_the_time_buys():
    assert planned(FEW_IMAGES).splitlines() == [
        "plan: recipe swift, 6,000 images, about 10.0 minutes at 10 images/s",
        "parameters at width 1: generator 1.20 M",
    ]


@pytest.mark.parametrize(("px", "advice"), [(64, "give it more --time"), (512, "more --time or a smaller --size")])
def test_a_time_that_is_short_for_the_size_is_forecast_to_show_little(px, advice):
    told = planned(FEW_IMAGES - 16, f"pictures.width={px}", speed=3.0)
    assert "few sets show much before 6,000 images, which take 34 minutes at this speed" in told
    assert told.endswith(advice)
    asked = planned(FEW_IMAGES - 16, f"pictures.width={px}", f"limits.images={FEW_IMAGES - 16}", speed=3.0)
    assert "short" not in asked
