"""Every target takes its own options and no others: over the whole table, and over the command line."""

from itertools import chain, combinations

import pytest
import typer
from typer.testing import CliRunner

from ganvas.cli.main import app
from ganvas.errors import ModelError, SettingError
from ganvas.publishing.targets import TARGETS, options_for

VALUES = {"webgpu": True, "perform": True, "python": "3.12", "architecture": "arm64", "repository": "ada/cats"}
OWN = {name: set(target.options.model_fields) for name, target in TARGETS.items()}
SUBSETS = list(chain.from_iterable(combinations(VALUES, size) for size in range(len(VALUES) + 1)))
PARAMETERS = {each.name: each for each in typer.main.get_command(app).commands["publish"].params}


def typed(name):
    return [f"--{name}"] if VALUES[name] is True else [f"--{name}", VALUES[name]]


def published(tmp_path, *arguments):
    """What `ganvas publish` of a folder without a model raises: ModelError once the options are accepted."""
    command = ["publish", str(tmp_path), "--out", str(tmp_path / "out"), *arguments]
    return CliRunner().invoke(app, command).exception


def test_every_option_of_a_target_is_tested_here():
    assert set.union(*OWN.values()) == set(VALUES)


@pytest.mark.parametrize("given", SUBSETS, ids=" ".join)
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_takes_any_of_its_own_options_and_none_of_others(target, given):
    values = {name: VALUES[name] for name in given}
    if set(given) <= OWN[target]:
        made = options_for(target, values)
        assert made == TARGETS[target].options(**values)
        assert made.model_fields_set == set(given)
        return
    with pytest.raises(SettingError) as caught:
        options_for(target, values)
    wrong = next(name for name in given if name not in OWN[target])
    (owner,) = (name for name, own in OWN.items() if wrong in own)
    takes = ", ".join(f"--{name}" for name in TARGETS[target].options.model_fields) or "no options of its own"
    assert str(caught.value) == f"--{wrong} goes with --to {owner}, not {target}, which takes {takes}"


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("target", TARGETS)
def test_the_command_hands_over_what_was_typed_and_nothing_else(target, name, tmp_path):
    error = published(tmp_path, "--to", target, *typed(name))
    if name in OWN[target]:
        assert isinstance(error, ModelError)
    else:
        assert isinstance(error, SettingError)
        assert f"not {target}" in str(error)
    assert isinstance(published(tmp_path, "--to", target), ModelError)


@pytest.mark.parametrize("name", VALUES)
def test_the_help_of_an_option_is_its_description_behind_its_target(name):
    (owner,) = (target for target, own in OWN.items() if name in own)
    assert PARAMETERS[name].help == f"{owner}: {TARGETS[owner].options.model_fields[name].description}"
    assert PARAMETERS[name].default is None


def test_no_option_of_a_target_is_one_of_the_command_itself():
    shared = {"model", "to", "out", "title", "about", "licence", "against", "at", "scored", "yes"}
    assert set(PARAMETERS) - set(VALUES) - {"help"} == shared


@pytest.mark.parametrize(
    ("target", "values", "told"),
    [
        ("lambda", {"python": "3.11"}, "--python 3.11: expected 3.12 or later, whose runtimes are new enough"),
        ("lambda", {"python": "latest"}, "--python latest: expected 3.12 or later, whose runtimes are new enough"),
        ("lambda", {"architecture": "riscv"}, "--architecture riscv: input should be 'x86_64' or 'arm64'"),
        ("hub", {"repository": "cats"}, "--repository cats: expected OWNER/NAME, as in ada/cats"),
        ("moon", {}, "--to moon: expected one of site, lambda, docker, server, hub"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(target, values, told):
    with pytest.raises(SettingError) as caught:
        options_for(target, values)
    assert str(caught.value) == told
