"""Recipes and the machine, as a page is told of them."""

import json
import sys

import pytest
from studios import opened

from ganvas.config import RunConfig, with_values
from ganvas.data.limits import LARGEST_PIXELS
from ganvas.recipes import RECIPES
from ganvas.studio.limits import PIXELS
from ganvas.studio.machine import battery
from ganvas.studio.settings_of import described, recipe_settings


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("home")) as one:
        yield one.page


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_of_a_recipe_is_shown_with_its_value_and_its_words(name):
    shown = {one["path"]: one for one in recipe_settings(RECIPES[name])}
    config = RECIPES[name].config.model_dump(mode="json")
    for section, values in config.items():
        if section in ("limits", "start", "recipe") or values is None:
            continue
        for field, value in values.items() if isinstance(values, dict) else [("", values)]:
            one = shown[f"{section}.{field}".rstrip(".")]
            assert one["default"] == value
    assert all(one["description"] for path, one in shown.items() if "." in path)
    assert {one["kind"] for one in shown.values()} <= {"switch", "whole", "number", "choice", "list", "text"}
    json.dumps(list(shown.values()), allow_nan=False)


@pytest.mark.parametrize("name", RECIPES)
def test_every_value_that_is_offered_is_one_that_may_be_set(name):
    config = RECIPES[name].config
    for one in recipe_settings(RECIPES[name]):
        for value in [one["default"], *(one["choices"] or [])]:
            if one["kind"] == "list" and isinstance(value, str):
                value = [value]
            if value is not None or one["optional"]:
                assert isinstance(with_values(config, {one["path"]: value}), RunConfig)


def test_bounds_choices_and_units_are_those_of_the_setting():
    shown = {one["path"]: one for one in recipe_settings(RECIPES["swift"])}
    width = shown["pictures.width"]
    assert (width["kind"], width["minimum"], width["maximum"], width["step"]) == ("whole", 16, 1024, 4)
    assert (shown["pictures.fit"]["kind"], shown["pictures.fit"]["choices"]) == ("choice", ["crop", "pad", "stretch"])
    assert (shown["network.width"]["kind"], shown["network.width"]["choices"]) == ("number", ["planned"])
    assert shown["pictures.mirror"]["kind"] == "switch"
    assert shown["objective.augment"]["kind"] == "list"
    assert "color" in shown["objective.augment"]["choices"]
    assert (shown["optimizer.muon_momentum"]["optional"], shown["optimizer.beta1"]["optional"]) == (True, False)
    assert shown["matching.from_images"]["unit"] == "images"
    assert shown["recording.save_seconds"]["unit"] == "s"


def test_options_of_other_things_are_described_alike():
    from ganvas.publishing.targets import TARGETS

    for target in TARGETS.values():
        for one in described(target.options):
            assert one["description"]


def test_recipes_are_told_with_the_default_marked(page):
    told = page.get("/api/recipes").json()
    assert [one["name"] for one in told] == list(RECIPES)
    assert [one["name"] for one in told if one["is_default"]] == ["swift"]
    assert all(one["about"] and one["source"] and one["settings"] for one in told)


def test_the_machine_is_told(page):
    told = page.get("/api/home").json()
    assert told["free_bytes"] > 0
    assert told["cores"] >= 1
    assert told["recipes"] == list(RECIPES)
    assert told["limits"]["pixels"] == PIXELS == LARGEST_PIXELS
    assert {"video", "export"} <= told["extras"].keys()
    assert "avatars" in {one["name"] for one in told["known"]}
    assert told["battery"] is None or 0 <= told["battery"]["share"] <= 1


SUPPLIES = {
    "a desktop": ({}, None),
    "a mouse": ({"hid": {"type": "Battery", "scope": "Device", "status": "Discharging", "capacity": "50"}}, None),
    "a laptop on its battery": (
        {
            "AC": {"type": "Mains", "online": "0"},
            "BAT0": {"type": "Battery", "status": "Discharging", "capacity": "63"},
        },
        {"on_battery": True, "share": 0.63},
    ),
    "a laptop that is plugged in": (
        {"AC": {"type": "Mains", "online": "1"}, "BAT0": {"type": "Battery", "status": "Charging", "capacity": "80"}},
        {"on_battery": False, "share": 0.8},
    ),
    "a laptop with two batteries": (
        {
            "BAT0": {"type": "Battery", "status": "Discharging", "capacity": "40"},
            "BAT1": {"type": "Battery", "status": "Unknown", "capacity": "100"},
        },
        {"on_battery": True, "share": 0.7},
    ),
    "a battery that tells nothing": ({"BAT0": {"type": "Battery"}}, None),
}


@pytest.mark.skipif(sys.platform != "linux", reason="tells of batteries in another way")
@pytest.mark.parametrize("machine", SUPPLIES)
def test_a_battery_is_read_as_linux_tells_of_it(machine, tmp_path):
    supplies, expected = SUPPLIES[machine]
    for name, values in supplies.items():
        (tmp_path / name).mkdir()
        for file, value in values.items():
            (tmp_path / name / file).write_text(f"{value}\n")
    assert battery(tmp_path) == expected
