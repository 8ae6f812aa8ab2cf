import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from ganvas.config import Plan, RunConfig, checked, from_toml, to_toml, with_settings
from ganvas.config.run import FORMAT
from ganvas.errors import SettingError
from ganvas.recipes import RECIPES
from ganvas.workflows.parse import parse_count, parse_duration, parse_share, parse_size


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_toml(name, tmp_path):
    config = RECIPES[name].config
    (tmp_path / "run.toml").write_text(to_toml(config), encoding="utf-8")
    assert from_toml(tmp_path / "run.toml") == (config, None)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_told_of_by_its_own_name(name):
    known = RECIPES[name]
    assert known.config.recipe == name
    assert all([known.title, known.source, known.reached, known.failings])


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1h30m", 5400), ("2M", 120)]
)
def test_durations_are_read_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5m", "ten", "m", "1..2s", "5 minutes ago", "٣"])
def test_a_duration_that_is_none_is_refused(text):
    with pytest.raises(SettingError, match="expected something like"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "size"), [("64", (64, 64)), ("96x64", (96, 64)), ("96X64", (96, 64))])
def test_sizes_are_width_by_height(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64x", "big", "64x64x3", "-64", "6.4", "٦٤"])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(SettingError, match="expected pixels"):
        parse_size(text)


@given(st.integers(0, 10**9))
def test_plain_counts_are_themselves(count):
    assert parse_count(str(count)) == count


@pytest.mark.parametrize(
    ("text", "unit", "count"), [("200k", "", 200_000), ("1.5M", "", 1_500_000), ("500MB", "B", 500_000_000)]
)
def test_counts_take_powers_of_a_thousand(text, unit, count):
    assert parse_count(text, unit) == count


@pytest.mark.parametrize("text", ["5%", "0.05", " 5 % "])
def test_shares_are_percents_or_fractions(text):
    assert parse_share(text.replace(" %", "%")) == pytest.approx(0.05)


@pytest.mark.parametrize("text", ["0%", "101%", "some", "-1", "٣%"])
def test_a_share_outside_all_is_refused(text):
    with pytest.raises(SettingError, match="expected something like"):
        parse_share(text)


def test_settings_are_changed_by_their_path():
    config = with_settings(
        RECIPES["dcgan"].config, ["optimizer.beta1=0.9", "objective.augment=color,cutout", "pictures.fit=pad", "seed=7"]
    )
    assert config.optimizer.beta1 == 0.9
    assert config.objective.augment == ("color", "cutout")
    assert config.pictures.fit == "pad"
    assert config.seed == 7


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("optimizer.bet1=0.9", "bet1"),
        ("optimiser.beta1=0.9", "optimiser"),
        ("optimizer.beta1=1.5", "optimizer.beta1 = 1.5"),
        ("optimizer.beta1", "section.field=value"),
        ("pictures.width=65", "pictures.width = 65"),
    ],
)
def test_a_wrong_setting_is_named(assignment, told):
    with pytest.raises(SettingError, match=told):
        with_settings(RECIPES["dcgan"].config, [assignment])


@pytest.mark.parametrize("text", ["not toml [", 'recipe = "dcgan"', "\x00"])
def test_a_damaged_configuration_is_a_setting_error(text, tmp_path):
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError):
        from_toml(tmp_path / "run.toml")


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        RECIPES["dcgan"].config.seed = 3


def test_an_unknown_section_is_refused():
    values = RECIPES["dcgan"].config.model_dump() | {"magic": 1}
    with pytest.raises(SettingError, match="magic"):
        checked(RunConfig, values)


def test_a_run_file_of_format_2_holds_the_planned_width_as_the_width(tmp_path):
    path = tmp_path / "run.toml"
    config = with_settings(RECIPES["swift"].config, ["network.width=1.5"])
    written = to_toml(config, Plan(images=64, images_per_second=2.0, width=1.0)).replace(
        f"format = {FORMAT}", "format = 2"
    )
    path.write_text(written, encoding="utf-8")
    assert from_toml(path) == (config, Plan(images=64, images_per_second=2.0, width=1.5))


@pytest.mark.parametrize("written", [1, 2, 3])
def test_a_run_of_an_earlier_format_goes_on_measuring_as_it_began(written, tmp_path):
    values = tomllib.loads(to_toml(RECIPES["quick"].config)) | {"format": written}
    del values["measuring"]["features"]
    (tmp_path / "run.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    assert from_toml(tmp_path / "run.toml").config.measuring.features == "lite"
    assert RECIPES["quick"].config.measuring.features == "multiscale"


ADDED_IN_FORMAT_3 = {
    "objective": ["augment_adapting_images"],
    "matching": ["half_life_images", "least_variance"],
    "training": ["average_ramp", "average_fewest_steps"],
    "measuring": ["most_rescues", "rescue_rate_factor"],  # and, with another value, features
}


def as_before_cascades(config):
    """What the recipe swift was while formats up to 3 were written, with what holds it now."""
    network = config.network.model_copy(update={"architecture": "swift"})
    matching = config.matching.model_copy(update={"from_images": 16_000, "rise_images": 16_000})
    statistics = config.statistics.model_copy(update={"length_share": 1.0})
    sections = {"network": network, "matching": matching, "statistics": statistics, "enlarging": None}
    return config.model_copy(update=sections)


@pytest.mark.parametrize("written", [1, 2])
@pytest.mark.parametrize(
    "config", [as_before_cascades(RECIPES["swift"].config), RECIPES["quick"].config], ids=["swift", "quick"]
)
def test_what_earlier_formats_had_in_code_is_read_with_the_same_values(config, written, tmp_path):
    path = tmp_path / "run.toml"
    values = tomllib.loads(to_toml(config)) | {"format": written}
    values.pop("statistics", None)
    for section, fields in ADDED_IN_FORMAT_3.items():
        for field in fields if section in values else ():
            del values[section][field]
    if written == 1:
        for section in ("format", "anchor", "matching"):
            values.pop(section, None)
    values.pop("reconstruction", None)
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    assert from_toml(path).config == config


@pytest.mark.parametrize(("name", "penalty"), [("swift", 0.3), ("quick", 0.0)])
def test_a_run_of_format_4_is_held_by_what_took_the_place_of_noise_and_anchor(name, penalty, tmp_path):
    config = RECIPES[name].config
    values = tomllib.loads(to_toml(config)) | {"format": 4}
    values["objective"] |= {"r1_weight": 0.0, "r2_weight": 0.0}
    if name == "swift":
        values |= {"noise": {"largest_deviation": 0.6}, "anchor": {"weight": 4.0, "saturated_tint_weight": 5.0}}
        values["reconstruction"] = {"share": 0.25, "weight": 1.0}
    (tmp_path / "run.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    read = from_toml(tmp_path / "run.toml").config
    assert (read.objective.r1_weight, read.objective.r2_weight) == (penalty, penalty)
    if name == "swift":
        assert (read.reconstruction.share, read.anchor.weight) == (0.25, 4.0)


def test_a_run_of_format_5_goes_on_without_the_features_of_its_own_pictures(tmp_path):
    values = tomllib.loads(to_toml(RECIPES["swift"].config)) | {"format": 5}
    values["reconstruction"] |= {"share": 0.25, "weight": 1.0}
    (tmp_path / "run.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    assert from_toml(tmp_path / "run.toml").config.reconstruction.share == 0.25


def test_a_run_file_of_a_newer_version_is_refused(tmp_path):
    newer = to_toml(RECIPES["swift"].config).replace(f"format = {FORMAT}", f"format = {FORMAT + 1}")
    (tmp_path / "run.toml").write_text(newer, encoding="utf-8")
    with pytest.raises(SettingError, match="a newer Ganvas"):
        from_toml(tmp_path / "run.toml")
