"""What is searched, by recipe: settings that exist, ranges that can be used, defaults inside them."""

import pytest

from ganvas.config import with_values
from ganvas.recipes import RECIPES
from ganvas.searched import SEARCHED, Choice
from ganvas.workflows.searching import changes_of
from ganvas.workflows.study import usual_values
from ganvas.workflows.train import check_parts


def ends(span):
    return span.options if isinstance(span, Choice) else (span.low, span.high)


def test_every_recipe_has_something_to_search():
    assert SEARCHED.keys() == RECIPES.keys()


@pytest.mark.parametrize("name", SEARCHED)
def test_the_recipe_as_it_is_lies_within_every_range(name):
    assert usual_values(RECIPES[name].config, SEARCHED[name]).keys() == SEARCHED[name].keys()


@pytest.mark.parametrize("name", SEARCHED)
def test_every_end_of_a_range_is_a_value_that_the_recipe_can_have(name):
    for path, span in SEARCHED[name].items():
        assert span.reason
        for value in ends(span):
            changed = with_values(RECIPES[name].config, changes_of({path: value}, SEARCHED[name]))
            check_parts(changed)
            for each in (path, *span.also):
                section, field = each.split(".")
                found = getattr(getattr(changed, section), field)
                assert (",".join(found) if isinstance(found, tuple) else found) == value


@pytest.mark.parametrize("name", SEARCHED)
def test_ratios_are_searched_only_of_numbers_above_0(name):
    assert all(isinstance(span, Choice) or not span.is_log or span.low > 0 for span in SEARCHED[name].values())
