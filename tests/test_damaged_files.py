"""Every small file that is read back: whatever it holds, it is read or refused in one line."""

import json
import tomllib

import numpy as np
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exported_models import small_model
from ganvas.config import LimitSettings, Plan, from_toml, to_toml
from ganvas.data.cache import open_content, read_index, read_inspections
from ganvas.errors import GanvasError, ModelError, SettingError
from ganvas.formats.log import forget_after, read_log
from ganvas.formats.manifest import Provenance, Publication, read_description
from ganvas.model.weights import kept_moments
from ganvas.recipes import RECIPES
from ganvas.report import write_report
from ganvas.run.folder import RunFolder
from ganvas.training import load_checkpoint, save_checkpoint

ODD = [
    10**400,
    -(10**400),
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    -1,
    0,
    "",
    "x" * 1000,
    "\x00",
    None,
    True,
    [],
    {},
]
DEEP = b"[" * 900 + b"]" * 900
BROKEN = [b"", b"\xff\xfe", DEEP, b"9" * 5000, b"1e400", b'{"a": "\\ud800"}', b"null", b"[]", b'"x"', b"{}", b"a = 1"]
odd_json = st.recursive(
    st.sampled_from([*ODD[:-2]]) | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fuzzed = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def paths_in(value, at=()):
    """The place of everything in nested dicts and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for name, each in inner for path in paths_in(each, (*at, name)))]


def damaged(good, path, odd):
    """A copy with something else at that place."""
    copy = json.loads(json.dumps(good))
    if not path:
        return odd
    at = copy
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = odd
    return copy


def damage(good):
    """A strategy: the bytes of JSON that are nothing, anything, or `good` with one field damaged."""
    one_field = st.builds(lambda path, odd: damaged(good, path, odd), st.sampled_from(paths_in(good)), odd_json)
    anything = st.builds(lambda value: json.dumps(value).encode(), one_field | odd_json)
    cut = st.builds(lambda at: json.dumps(good).encode()[:at], st.integers(0, 400))
    return st.sampled_from(BROKEN) | st.binary(max_size=60) | anything | cut


def one_line_or_fine(read, *kinds):
    """Call it; an error is one of those kinds and fits on one line that a terminal can show."""
    try:
        return read()
    except kinds as error:
        told = str(error)
    assert "\n" not in told
    assert len(told.encode()) < 1500
    return None


MODEL = small_model().description
PUBLISHED = Publication(title="T", sha256="0" * 64, weights="float16", compared_seeds=3, largest_difference=0)
MODEL_JSON = json.loads(MODEL.model_copy(update={"published": PUBLISHED}).to_json())
PROVENANCE = Provenance(date="2026-01-31", images=3, seconds=1.5, device="cpu").model_dump()
CONFIG = RECIPES["swift"].config.model_copy(update={"limits": LimitSettings(seconds=5)})
RUN_TOML = tomllib.loads(to_toml(CONFIG, Plan(images=64, images_per_second=3.5, measure_every=0)))
DATA = {
    "source": "s",
    "key": "k",
    "found": 3,
    "used": 2,
    "classes": {"a": 1},
    "broken": [{"file": "f", "reason": "r"}],
    "duplicates": [{"file": "f", "same_as": "g"}],
    "notes": ["n"],
}


@fuzzed
@given(stored=damage(MODEL_JSON))
def test_a_model_json_is_read_or_refused(stored, tmp_path):
    (tmp_path / "model.json").write_bytes(stored)
    found = one_line_or_fine(lambda: read_description(tmp_path), ModelError)
    if found is not None:
        (tmp_path / "model.json").write_text(found.to_json(), encoding="utf-8")
        assert read_description(tmp_path) == found


@fuzzed
@given(stored=damage(PROVENANCE))
def test_a_training_json_is_read_or_refused(stored, tmp_path):
    (tmp_path / "model.json").write_text(MODEL.to_json())
    (tmp_path / "training.json").write_bytes(stored)
    one_line_or_fine(lambda: read_description(tmp_path), ModelError)


def as_toml(value):
    """TOML of what it can say; JSON's bytes where it cannot."""
    try:
        return tomli_w.dumps(value).encode()
    except (TypeError, ValueError, AttributeError):
        return json.dumps(value).encode()


@fuzzed
@given(
    stored=st.sampled_from(BROKEN)
    | st.binary(max_size=60)
    | st.builds(
        lambda path, odd, written: as_toml(damaged(RUN_TOML | {"format": written}, path, odd)),
        st.sampled_from(paths_in(RUN_TOML)[1:]),
        odd_json,
        st.sampled_from([1, 2, 3]),
    )
    | st.builds(lambda number: f"seed = {number}\n".encode(), st.sampled_from(["9" * 400, "9" * 5000, "nan", "-1"]))
    | st.just(b"a" + b".a" * 900 + b" = 1")
)
def test_a_run_toml_is_read_or_refused(stored, tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(stored)
    found = one_line_or_fine(lambda: from_toml(path), SettingError)
    if found is not None:
        path.write_text(to_toml(*found), encoding="utf-8")
        assert from_toml(path) == found


@pytest.mark.parametrize("path", paths_in(DATA))
def test_the_page_of_a_run_with_one_field_of_data_json_damaged_is_written_or_refused(path, tmp_path):
    for odd in ODD:
        (tmp_path / "data.json").write_text(json.dumps(damaged(DATA, path, odd)))
        assert isinstance(RunFolder(tmp_path).pictures_key(), str)
        one_line_or_fine(lambda: write_report(tmp_path), SettingError)


@pytest.mark.parametrize("section", [None, *(name for name, value in RUN_TOML.items() if isinstance(value, dict))])
def test_a_run_toml_with_one_field_damaged_is_read_or_refused(section, tmp_path):
    path = tmp_path / "run.toml"
    places = [at for at in paths_in(RUN_TOML)[1:] if (at[0] == section if section else len(at) == 1)]
    for at, odd in ((at, odd) for at in places for odd in ODD):
        path.write_bytes(as_toml(damaged(RUN_TOML, at, odd)))
        found = one_line_or_fine(lambda: from_toml(path), SettingError)
        if found is not None:
            path.write_text(to_toml(*found), encoding="utf-8")
            assert from_toml(path) == found
    one_line_or_fine(lambda: write_report(tmp_path), SettingError)


@pytest.mark.parametrize("name", ["pictures", "recipe", "plan", "limits", "format"])
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:12])
def test_the_page_of_a_run_with_a_section_that_is_none_is_written_or_refused(name, odd, tmp_path):
    (tmp_path / "run.toml").write_bytes(as_toml(damaged(RUN_TOML, (name,), odd)))
    one_line_or_fine(lambda: write_report(tmp_path), SettingError)


@pytest.mark.parametrize(("kind", "good"), [("model", MODEL_JSON), ("training", PROVENANCE)])
def test_a_description_with_one_field_damaged_is_read_or_refused(kind, good, tmp_path):
    (tmp_path / "model.json").write_text(MODEL.to_json())
    for at, odd in ((at, odd) for at in paths_in(good) for odd in ODD):
        (tmp_path / f"{kind}.json").write_text(json.dumps(damaged(good, at, odd)))
        found = one_line_or_fine(lambda: read_description(tmp_path), ModelError)
        if found is not None:
            found.to_json().encode()


@fuzzed
@given(stored=damage(DATA))
def test_a_data_json_is_read_or_refused(stored, tmp_path):
    (tmp_path / "data.json").write_bytes(stored)
    assert isinstance(RunFolder(tmp_path).pictures_key(), str)
    one_line_or_fine(lambda: write_report(tmp_path), SettingError)


@fuzzed
@given(lines=st.lists(damage({"images": 3, "seconds": 1.5, "event": "note", "words": "w"}), max_size=4))
def test_a_log_is_read_whatever_its_lines_hold_and_the_good_ones_stay(lines, tmp_path):
    path = tmp_path / "log.jsonl"
    lines = [line.replace(b"\n", b"") for line in lines]
    path.write_bytes(b"\n".join([*lines, b'{"images": 7, "seconds": 2.0}', b'{"images": 99}', b'{"ima']))
    assert {"images": 99} in read_log(path).numbers
    assert forget_after(path, 7) >= 0
    assert read_log(path).numbers[-1] == {"images": 7, "seconds": 2.0}
    assert forget_after(path, 7) == 0  # said once
    one_line_or_fine(lambda: write_report(tmp_path), SettingError)


@fuzzed
@given(stored=damage([["a", "b", 3]]))
def test_what_the_cache_keeps_is_read_or_made_again(stored, tmp_path):
    for folder, names in (("index", ["print.json"]), ("pictures/key", ["verdicts.json", "classes.json"])):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            (tmp_path / folder / name).write_bytes(stored)
    np.save(tmp_path / "pictures/key/images.npy", np.zeros((1, 2, 2, 3), np.uint8))
    np.save(tmp_path / "pictures/key/labels.npy", np.zeros(1, np.int64))
    read_index(tmp_path, "print")
    read_inspections(tmp_path, "key")
    open_content(tmp_path, "key")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved state, what its state.json holds, and a function that makes a fresh state for it."""
    import torch

    from ganvas.config import with_settings
    from ganvas.networks import NetworkSpec
    from ganvas.training import new_state

    small = ["network.width=0.02", "network.z_dim=6", "pictures.width=16", "pictures.height=16"]
    config = with_settings(RECIPES["dcgan28"].config, small)
    folder = tmp_path_factory.mktemp("state")

    def fresh():
        return new_state(config, NetworkSpec(16, 16, 3, 6, 0, 0.02), torch.device("cpu"))

    save_checkpoint(fresh(), folder)
    return folder, json.loads((folder / "state.json").read_text()), fresh()


def test_a_state_json_with_one_field_damaged_is_read_or_refused(saved):
    folder, good, state = saved
    for at, odd in ((at, odd) for at in paths_in(good) for odd in ODD):
        (folder / "state.json").write_text(json.dumps(damaged(good, at, odd)))
        one_line_or_fine(lambda: load_checkpoint(state, folder), ModelError)
        assert 0 <= state.augment_share <= 1
        assert 0 <= state.seconds < float("inf")


@pytest.mark.parametrize("name", ["x" * 4000, "😀" * 200, "../state.json", "a/b", "a\n", "", ".."])
def test_a_state_json_with_an_odd_name_of_its_tensors_is_refused(name, saved):
    folder, good, state = saved
    (folder / "state.json").write_text(json.dumps(good | {"tensors": name}))
    with pytest.raises(ModelError) as caught:
        load_checkpoint(state, folder)
    assert len(str(caught.value)) < 700
    assert "\n" not in str(caught.value)


@fuzzed
@given(data=st.data())
def test_a_state_json_is_read_or_refused(data, saved):
    folder, good, state = saved
    stored = data.draw(damage(good))
    (folder / "state.json").write_bytes(stored)
    one_line_or_fine(lambda: load_checkpoint(state, folder), ModelError)
    assert state.images >= 0
    assert isinstance(state.tally.sums(), dict)


def test_files_with_the_names_of_moments_that_are_none_are_left_alone(tmp_path):
    (tmp_path / "moments").mkdir()
    for name in ("000000064", "9" * 200, "²", "-1", "1e3", "٣"):
        (tmp_path / "moments" / f"{name}.safetensors").touch()
    (tmp_path / "moments" / "000000128.safetensors").mkdir()
    assert list(kept_moments(tmp_path)) == [64]


def test_only_errors_of_one_tree_are_raised():
    assert {ModelError, SettingError} <= set(GanvasError.__subclasses__())
