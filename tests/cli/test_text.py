"""What the commands say of results that are made up here."""

from pathlib import Path

import pytest

from ganvas.cli.text import export_text, publish_text, recipe_list, recipe_page
from ganvas.config import with_settings
from ganvas.formats.manifest import Publication
from ganvas.model.quantize import Trial
from ganvas.recipes import DEFAULT, RECIPES
from ganvas.workflows.publish import ExportResult, PublishResult

PUBLICATION = Publication(title="", sha256="0" * 64, weights="float16", compared_seeds=256, largest_difference=1)
EXPORTED = ExportResult(Path("exported"), PUBLICATION, 1_250_000, "it was left out", None)
WRITTEN = "model.onnx: 1.2 MB, weights in float16, over 256 seeds at most 1 of 255 grey levels from the original"


def of(**changes):
    return PUBLICATION.model_copy(update=changes)


def test_an_export_without_a_score_card_says_why():
    assert export_text(EXPORTED).splitlines() == ["It was not scored: it was left out.", WRITTEN, "exported"]


def test_an_export_says_what_was_found_and_what_eight_bits_did():
    trial = Trial(b"", 5, 5, faster=1.0, loss=0.0)
    told = export_text(ExportResult(Path("exported"), of(findings=("Fine.",)), 1_250_000, "", trial))
    assert told.splitlines() == ["Fine.", str(trial), WRITTEN, "exported"]


@pytest.mark.parametrize(
    ("copying", "told"),
    [
        (None, ["Warning: whether it copies its training pictures was not measured; --against them does."]),
        (True, ["Warning: this model copies its training pictures, which are published with it. Copying: 9%."]),
        (False, []),
    ],
)
def test_what_is_published_is_listed_behind_what_is_known_of_copying(copying, told):
    publication = of(copying=copying, findings=("Copying: 9%.",))
    result = PublishResult(Path("site"), {"index.html": 2_000}, publication, None)
    assert publish_text(result).splitlines() == [*told, "    0.002 MB  index.html", "site"]


def test_an_export_that_came_first_is_told_first():
    result = PublishResult(Path("site"), {}, of(copying=False), EXPORTED)
    assert publish_text(result).splitlines() == [*export_text(EXPORTED).splitlines(), "site"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_listed_and_its_page_says_how_it_fails(name):
    assert f"\n{name}" in "\n" + recipe_list()
    page = recipe_page(name)
    assert RECIPES[name].failings in page
    assert all(said in page for said in RECIPES[name].how)


def test_the_default_recipe_is_explained_in_ten_sentences():
    how = RECIPES[DEFAULT].how
    assert len(how) == 10
    assert all(said.count(".") == 1 and said.endswith(".") for said in how)


@pytest.mark.parametrize("name", RECIPES)
def test_the_page_of_a_recipe_leaves_no_section_of_settings_out(name):
    page = recipe_page(name)
    sections = RECIPES[name].config.model_dump(exclude_none=True)
    for section, settings in sections.items():
        if isinstance(settings, dict) and section != "limits":
            assert all(f"{section}.{field} =" in " ".join(page.split()) for field in settings), section


@pytest.mark.parametrize("name", RECIPES)
def test_the_settings_of_a_recipes_page_can_be_typed_as_they_stand_there(name):
    shown = [line.partition(" # ")[0].rstrip() for line in recipe_page(name).splitlines() if " = " in line]
    assignments = [line.replace(" = ", "=", 1) for line in shown if not line.endswith("(not set)")]
    assert len(assignments) > 30
    assert with_settings(RECIPES[name].config, assignments) == RECIPES[name].config
