import pytest

from exported_models import small_model
from ganvas.model.weights import save_model


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A function: an architecture and changes -> the folder of a small model."""
    made = {}

    def make(architecture="cascade-narrow", **changes):
        key = architecture, tuple(sorted(changes.items()))
        if key not in made:
            model = small_model(architecture, **changes)
            path = tmp_path_factory.mktemp("models") / f"{architecture}{len(made)}"
            save_model(path, model.description, model.generator)
            made[key] = path
        return made[key]

    return make
