import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.errors import SettingError
from ganvas.studio.home import MOST_LETTERS, Home, checked_name, entries, free_name, inside, is_entry, named
from ganvas.studio.problems import Problem

BAD = (
    "",
    ".",
    "..",
    ".hidden",
    "a/b",
    "a\\b",
    "../a",
    "/etc",
    "a\0b",
    "a\nb",
    "C:",
    "a:b",
    "a*",
    "~",
    " a",
    "a ",
    "a.",
)
BAD_NEW = (*BAD, "ä", "con", "COM1.txt", "nul", "x" * (MOST_LETTERS + 1), "-a", "_a", "a?", "a|b", "a<b")


@pytest.mark.parametrize("name", BAD_NEW)
def test_a_new_thing_has_no_name_that_some_system_reads_as_something_else(name):
    with pytest.raises(Problem) as refused:
        checked_name(name)
    assert (refused.value.status, refused.value.field) == (422, "name")


@pytest.mark.parametrize("name", ["a", "cats 2", "My.Run-3_b", "0", "x" * MOST_LETTERS])
def test_ordinary_names_are_taken_as_they_are(name):
    assert checked_name(name) == named(name, "other") == name


@given(st.text(max_size=200))
def test_any_text_becomes_a_name_that_is_taken(text):
    assert checked_name(named(text, "other"))


@given(st.text(max_size=300))
def test_what_is_an_entry_is_never_a_path(name):
    if is_entry(name):
        assert not {"/", "\\", "\0"} & set(name)
        assert name not in (".", "..")


@pytest.mark.parametrize("kind", ["run", "set", "publication"])
@pytest.mark.parametrize("name", [*BAD[:12], "missing", "a file"])
def test_what_is_not_a_folder_there_is_missing(name, kind, tmp_path):
    home = Home(tmp_path)
    for folder in (home.runs, home.sets, home.published):
        folder.mkdir()
        (folder / "a file").touch()
    (tmp_path / "secret").mkdir()
    with pytest.raises(Problem) as refused:
        getattr(home, kind)(name)
    assert refused.value.status == 404


def test_runs_of_a_terminal_may_have_names_that_the_studio_would_not_give(tmp_path):
    home = Home(tmp_path)
    (home.runs / "Bärchen").mkdir(parents=True)
    assert home.run("Bärchen") == home.runs / "Bärchen"
    assert entries(home.runs) == ["Bärchen"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text on other systems")
def test_a_folder_whose_name_is_no_text_is_passed_over(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / "café").mkdir()
    assert entries(tmp_path) == ["café"]


def test_a_name_that_is_taken_in_any_letter_case_gets_a_number(tmp_path):
    for name in ("Cats", "cats 2", "x" * MOST_LETTERS):
        (tmp_path / name).mkdir()
    assert free_name(tmp_path, "dogs") == "dogs"
    assert free_name(tmp_path, "cats") == "cats 3"
    assert free_name(tmp_path, "x" * MOST_LETTERS) == "x" * (MOST_LETTERS - 2) + " 2"


@pytest.mark.parametrize(
    "relative", ["../a", "a/../../b", "/etc/passwd", "a//b", "a/", "", "a\\b", "a/.git/b", "a\0", "x" * 2000]
)
def test_a_file_of_a_set_lies_below_the_set(relative, tmp_path):
    with pytest.raises(Problem):
        inside(tmp_path, relative)


def test_a_link_that_leads_out_of_a_set_is_not_followed(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Problem):
        inside(tmp_path / "set", "link")
    assert inside(tmp_path / "set", "cats/1.jpg") == tmp_path / "set" / "cats" / "1.jpg"


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="the studio works in a folder"):
        Home(tmp_path / "file")
