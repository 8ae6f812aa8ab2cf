"""Names of directions, from directions.json to the sliders of the page."""

import json

import pytest
from pages import hosted

import ganvas
from ganvas.explore.directions import FILE
from ganvas.formats.manifest import read_description
from ganvas.model.weights import save_model


@pytest.fixture(scope="module")
def folder(make_model, tmp_path_factory):
    """A model whose directions were found and exported."""
    path, model = tmp_path_factory.mktemp("named"), make_model()
    save_model(path, model.description, model.generator)
    ganvas.directions(path)
    ganvas.export(path, scored=False)
    return path


def rename(folder, number, name):
    stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
    stored["directions"][number]["name"] = name
    (folder / FILE).write_text(json.dumps(stored), encoding="utf-8")


def names_of(folder):
    published = read_description(folder / "exported").published
    assert published is not None
    return [each.name for each in published.directions]


def test_names_last_through_exports_and_are_on_the_sliders_of_the_page(folder, opened, tmp_path):
    usual = names_of(folder)
    rename(folder, 1, "smile")
    for about in ("Words.", "Others."):
        ganvas.export(folder, scored=False, about=about)
        assert names_of(folder) == [usual[0], "smile", *usual[2:]]
    ganvas.directions(folder)
    rename(folder, 2, "hat")  # after the export, which publishing does not make again
    ganvas.publish(folder, "site", tmp_path / "site", scored=False)
    with hosted(tmp_path / "site") as address:
        page = opened(address)
        shown = page.locator("#directions .name").evaluate_all("(fields) => fields.map((each) => each.value)")
    assert shown == [usual[0], "smile", "hat", *usual[3:]]
